//! Tests of the language from its text to the numbers it computes.

mod codes;
mod docs;
mod eval;
mod grammar;
mod guards;
mod limits;
mod missing;
mod numbers;
mod published;
mod random;
mod reference;
