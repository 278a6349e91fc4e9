//! What a kernel cannot do is an error where it stands, which says what to
//! write instead. `TRYBUILD=overwrite` writes down what is said now.

#[test]
fn what_is_refused() {
    trybuild::TestCases::new().compile_fail("tests/refused/*.rs");
}
