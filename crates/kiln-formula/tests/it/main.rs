//! Tests of the language from its text to the numbers it computes.

mod eval;
mod smoke;
