//! A column of one block: values of one type, and whether each is there.

use crate::csv::{CellError, parse_bool, parse_float, parse_int, write_float};
use kiln::{Column, ColumnMut, Scalar};
use std::io::Write;

macro_rules! cells {
    ($($variant:ident $ty:ident $parse:ident $write:ident;)*) => {
        /// Values of one scalar type.
        #[derive(Debug)]
        enum Values {
            $($variant(Vec<$ty>),)*
        }

        impl Values {
            fn new(scalar: Scalar) -> Values {
                match scalar {
                    $(Scalar::$variant => Values::$variant(Vec::new()),)*
                }
            }

            fn resize(&mut self, rows: usize) {
                match self {
                    $(Values::$variant(values) => values.resize(rows, <$ty>::default()),)*
                }
            }

            /// Appends what the text says.
            fn push(&mut self, text: &[u8]) -> Result<(), CellError> {
                match self {
                    $(Values::$variant(values) => values.push($parse(text)?),)*
                }
                Ok(())
            }

            /// Appends a value that nobody looks at.
            fn push_missing(&mut self) {
                match self {
                    $(Values::$variant(values) => values.push(<$ty>::default()),)*
                }
            }

            fn write(&self, row: usize, out: &mut Vec<u8>) {
                match self {
                    $(Values::$variant(values) => $write(out, values[row]),)*
                }
            }

            fn column<'a>(&'a self, valid: &'a [bool], from: usize) -> Column<'a> {
                match self {
                    $(Values::$variant(values) => {
                        Column::with_validity(&values[from..], &valid[from..])
                    })*
                }
            }

            fn column_mut<'a>(&'a mut self, valid: &'a mut [bool], from: usize) -> ColumnMut<'a> {
                match self {
                    $(Values::$variant(values) => {
                        ColumnMut::with_validity(&mut values[from..], &mut valid[from..])
                    })*
                }
            }
        }
    };
}

cells! {
    Bool bool parse_bool write_plain;
    I8 i8 parse_int write_plain;
    I16 i16 parse_int write_plain;
    I32 i32 parse_int write_plain;
    I64 i64 parse_int write_plain;
    U8 u8 parse_int write_plain;
    U16 u16 parse_int write_plain;
    U32 u32 parse_int write_plain;
    U64 u64 parse_int write_plain;
    F32 f32 parse_float write_float;
    F64 f64 parse_float write_float;
}

fn write_plain(out: &mut Vec<u8>, value: impl std::fmt::Display) {
    // Writing into memory cannot fail.
    let _ = write!(out, "{value}");
}

/// A column of one block.
#[derive(Debug)]
pub(super) struct Cells {
    values: Values,
    valid: Vec<bool>,
}

impl Cells {
    pub(super) fn new(scalar: Scalar) -> Cells {
        Cells {
            values: Values::new(scalar),
            valid: Vec::new(),
        }
    }

    /// Makes it `rows` long; what is in them is arbitrary.
    pub(super) fn resize(&mut self, rows: usize) {
        self.values.resize(rows);
        self.valid.resize(rows, false);
    }

    /// Appends what the text of a cell says.
    pub(super) fn push(&mut self, text: &[u8]) -> Result<(), CellError> {
        self.values.push(text)?;
        self.valid.push(true);
        Ok(())
    }

    /// Appends a missing value.
    pub(super) fn push_missing(&mut self) {
        self.values.push_missing();
        self.valid.push(false);
    }

    pub(super) fn set_missing(&mut self, row: usize) {
        self.valid[row] = false;
    }

    pub(super) fn missing(&self) -> u64 {
        self.valid.iter().filter(|&&valid| !valid).count() as u64
    }

    /// Appends the text of a row's value; nothing where it is missing.
    pub(super) fn write(&self, row: usize, out: &mut Vec<u8>) {
        if self.valid[row] {
            self.values.write(row, out);
        }
    }

    /// The rows from `from` on, to be read.
    pub(super) fn column(&self, from: usize) -> Column<'_> {
        self.values.column(&self.valid, from)
    }

    /// The rows from `from` on, to be written.
    pub(super) fn column_mut(&mut self, from: usize) -> ColumnMut<'_> {
        self.values.column_mut(&mut self.valid, from)
    }
}
