//! Numbers in cells: what is read as one, and how one is written.
//!
//! Reading is Rust's own (correctly rounded), with blanks around a number
//! allowed. Writing is the shortest text that reads back to the same bits.

use std::io::Write;

/// Why a cell has no value of the column's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CellError {
    NotANumber,
    NotAWholeNumber,
    NotTrueOrFalse,
    OutOfRange,
}

impl CellError {
    /// What is wrong, to follow the cell's text.
    pub(crate) fn clause(self) -> &'static str {
        match self {
            CellError::NotANumber => "is not a number",
            CellError::NotAWholeNumber => "is not a whole number",
            CellError::NotTrueOrFalse => "is neither true nor false",
            CellError::OutOfRange => "does not fit the column's type",
        }
    }
}

fn text(cell: &[u8]) -> Option<&str> {
    std::str::from_utf8(cell.trim_ascii()).ok()
}

/// A float: decimal, with or without exponent, `inf` or `nan`.
pub(crate) fn parse_float<T: std::str::FromStr>(cell: &[u8]) -> Result<T, CellError> {
    text(cell)
        .and_then(|text| text.parse().ok())
        .ok_or(CellError::NotANumber)
}

/// A whole number of type `T`.
pub(crate) fn parse_int<T>(cell: &[u8]) -> Result<T, CellError>
where
    T: std::str::FromStr<Err = std::num::ParseIntError>,
{
    use std::num::IntErrorKind::{NegOverflow, PosOverflow};
    let text = text(cell).ok_or(CellError::NotAWholeNumber)?;
    text.parse::<T>().map_err(|error| match error.kind() {
        NegOverflow | PosOverflow => CellError::OutOfRange,
        // The minus of a negative number is an invalid digit of an unsigned type.
        _ if text.parse::<i128>().is_ok() => CellError::OutOfRange,
        _ => CellError::NotAWholeNumber,
    })
}

/// `true` or `false` in any case, `1` or `0`.
pub(crate) fn parse_bool(cell: &[u8]) -> Result<bool, CellError> {
    let cell = cell.trim_ascii();
    if cell == b"1" || cell.eq_ignore_ascii_case(b"true") {
        Ok(true)
    } else if cell == b"0" || cell.eq_ignore_ascii_case(b"false") {
        Ok(false)
    } else {
        Err(CellError::NotTrueOrFalse)
    }
}

/// Appends the shortest text that reads back as `value`: positional in the
/// middle of the range, with an exponent at its ends.
pub(crate) fn write_float<T: Float>(out: &mut Vec<u8>, value: T) {
    let size = value.magnitude();
    // Writing into memory cannot fail.
    let _ = if size == 0.0 || (1e-5..1e16).contains(&size) || !size.is_finite() {
        write!(out, "{value}")
    } else {
        write!(out, "{value:e}")
    };
}

/// The two float types.
pub(crate) trait Float: std::fmt::Display + std::fmt::LowerExp + Copy {
    fn magnitude(self) -> f64;
}

impl Float for f64 {
    fn magnitude(self) -> f64 {
        self.abs()
    }
}

impl Float for f32 {
    fn magnitude(self) -> f64 {
        f64::from(self.abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: f64) -> String {
        let mut out = Vec::new();
        write_float(&mut out, value);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn floats_are_written_short_and_read_back() {
        for (value, text) in [
            (3.0, "3"),
            (-0.0, "-0"),
            (0.1, "0.1"),
            (1e300, "1e300"),
            (123_456.5, "123456.5"),
            (1e-7, "1e-7"),
            (5e-324, "5e-324"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(written(value), text);
            let back: f64 = parse_float(text.as_bytes()).unwrap();
            assert!(back.to_bits() == value.to_bits() || (back.is_nan() && value.is_nan()));
        }
    }

    #[test]
    fn cells_are_read_by_type() {
        assert_eq!(parse_float::<f64>(b" 1.5 "), Ok(1.5));
        assert_eq!(parse_float::<f64>(b"1,5"), Err(CellError::NotANumber));
        assert_eq!(parse_float::<f64>(b"\xff"), Err(CellError::NotANumber));
        assert_eq!(parse_int::<u8>(b"255"), Ok(255));
        assert_eq!(parse_int::<u8>(b"256"), Err(CellError::OutOfRange));
        assert_eq!(parse_int::<u8>(b"-1"), Err(CellError::OutOfRange));
        assert_eq!(parse_int::<i64>(b"1.5"), Err(CellError::NotAWholeNumber));
        assert_eq!(parse_bool(b"TRUE"), Ok(true));
        assert_eq!(parse_bool(b"yes"), Err(CellError::NotTrueOrFalse));
    }
}
