//! Any bytes as the text of a formula.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kiln_testkit::fuzz::formula_text(data));
