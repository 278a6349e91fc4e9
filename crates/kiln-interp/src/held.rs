//! How values lie in registers: as the bits of their size in a block's
//! buffer, zero-extended to 64 bits in a scalar register.
//!
//! Registers hold bits, so ops that do not care about the sign of an integer
//! need one loop per width, and reinterpreting costs nothing.

use kiln_ir::meaning::Value;

/// A Rust number that a register holds.
pub(crate) trait Held: Value {
    /// The unsigned integer of its size.
    type Cell: Copy + Default + Send + Sync + std::fmt::Debug + 'static;
    /// The value in a cell.
    fn get(cell: Self::Cell) -> Self;
    /// The cell that holds the value.
    fn put(self) -> Self::Cell;
    /// The value in a scalar register.
    fn of_bits(bits: u64) -> Self;
    /// The scalar register that holds the value.
    fn to_bits64(self) -> u64;
}

impl Held for bool {
    type Cell = u8;

    #[inline(always)]
    fn get(cell: u8) -> bool {
        cell != 0
    }

    #[inline(always)]
    fn put(self) -> u8 {
        u8::from(self)
    }

    #[inline(always)]
    fn of_bits(bits: u64) -> bool {
        bits != 0
    }

    #[inline(always)]
    fn to_bits64(self) -> u64 {
        u64::from(self)
    }
}

macro_rules! integers {
    ($($ty:ident $cell:ident;)*) => {$(
        impl Held for $ty {
            type Cell = $cell;

            #[inline(always)]
            fn get(cell: $cell) -> $ty {
                cell as $ty
            }

            #[inline(always)]
            fn put(self) -> $cell {
                self as $cell
            }

            #[inline(always)]
            fn of_bits(bits: u64) -> $ty {
                bits as $ty
            }

            #[inline(always)]
            fn to_bits64(self) -> u64 {
                u64::from(self as $cell)
            }
        }
    )*};
}

macro_rules! floats {
    ($($ty:ident $cell:ident;)*) => {$(
        impl Held for $ty {
            type Cell = $cell;

            #[inline(always)]
            fn get(cell: $cell) -> $ty {
                <$ty>::from_bits(cell)
            }

            #[inline(always)]
            fn put(self) -> $cell {
                self.to_bits()
            }

            #[inline(always)]
            fn of_bits(bits: u64) -> $ty {
                <$ty>::from_bits(bits as $cell)
            }

            #[inline(always)]
            fn to_bits64(self) -> u64 {
                u64::from(self.to_bits())
            }
        }
    )*};
}

#[rustfmt::skip]
integers! {
    i8 u8; i16 u16; i32 u32; i64 u64;
    u8 u8; u16 u16; u32 u32; u64 u64;
}
floats! { f32 u32; f64 u64; }
