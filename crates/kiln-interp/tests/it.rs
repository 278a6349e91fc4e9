//! The interpreter against the meaning of each op, and against sequential
//! code where guards fail.

mod it {
    mod ops;
    mod rows;
    mod structure;
}
