//! Any bytes as the text of a Func.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kiln_testkit::fuzz::ir_text(data));
