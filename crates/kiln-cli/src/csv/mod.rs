//! CSV as a stream of records whose bytes stay what they are.
//!
//! `records` cuts the input into records and cells with csv-core and keeps the
//! raw bytes beside them; `cell` reads and writes the numbers in cells. What
//! the formulas do not touch is never decoded, so every untouched cell leaves
//! as it came. Absent on purpose: a table in memory.

mod cell;
mod records;

pub(crate) use cell::{CellError, parse_bool, parse_float, parse_int, write_float};
pub(crate) use records::Records;

/// Appends a name as a header cell, in quotes where it needs them.
pub(crate) fn write_name(out: &mut Vec<u8>, name: &str, delimiter: u8) {
    let special = |b: u8| b == delimiter || matches!(b, b'"' | b'\n' | b'\r');
    if !name.bytes().any(special) {
        out.extend_from_slice(name.as_bytes());
        return;
    }
    out.push(b'"');
    for byte in name.bytes() {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}
