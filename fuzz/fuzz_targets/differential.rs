//! Any bytes as a source of programs, each run every way.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kiln_testkit::fuzz::differential(data));
