//! The Rust types that values and columns have, and vectors of them whose
//! type is known only at run time.

use kiln_interp::{Slice, SliceMut};
use kiln_ir::Scalar;
use kiln_ir::meaning::Value;

/// A Rust type that the language has as a scalar type: `bool`, the integers
/// of 8 to 64 bits, `f32` and `f64`. Sealed: code that is compiled at run
/// time relies on their size and their bits.
pub trait Element: Value + sealed::Sealed {
    /// The slice as typed data.
    fn slice(data: &[Self]) -> Slice<'_>;
    /// The slice as typed data to write.
    fn slice_mut(data: &mut [Self]) -> SliceMut<'_>;
    /// The vector as typed data.
    fn buffer(data: Vec<Self>) -> Buffer;
    /// The vector that a buffer is.
    ///
    /// # Errors
    /// The buffer, when it has another type.
    fn from_buffer(buffer: Buffer) -> Result<Vec<Self>, Buffer>;
    /// The value as the bits of a slot, those above its size zero.
    fn to_slot(self) -> u64;
    /// The value in the low bits of a slot.
    fn from_slot(slot: u64) -> Self;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! elements {
    ($($variant:ident $ty:ident $to:expr, $from:expr;)*) => {
        /// A vector of one of the scalar types: a column that was computed.
        #[derive(Clone, PartialEq, Debug)]
        #[expect(missing_docs, reason = "each variant is the type of its name")]
        pub enum Buffer {
            $($variant(Vec<$ty>),)*
        }

        impl Buffer {
            /// `len` zeros.
            pub fn zeroed(scalar: Scalar, len: usize) -> Buffer {
                match scalar {
                    $(Scalar::$variant => Buffer::$variant(vec![$ty::default(); len]),)*
                }
            }

            /// Nothing yet, with room for `capacity` elements.
            pub fn with_capacity(scalar: Scalar, capacity: usize) -> Buffer {
                match scalar {
                    $(Scalar::$variant => Buffer::$variant(Vec::with_capacity(capacity)),)*
                }
            }

            /// What each element is.
            pub fn scalar(&self) -> Scalar {
                match self {
                    $(Buffer::$variant(_) => Scalar::$variant,)*
                }
            }

            /// Number of elements.
            pub fn len(&self) -> usize {
                match self {
                    $(Buffer::$variant(data) => data.len(),)*
                }
            }

            /// The elements.
            pub fn as_slice(&self) -> Slice<'_> {
                match self {
                    $(Buffer::$variant(data) => Slice::$variant(data),)*
                }
            }

            /// The elements, to be written.
            pub fn as_slice_mut(&mut self) -> SliceMut<'_> {
                match self {
                    $(Buffer::$variant(data) => SliceMut::$variant(data),)*
                }
            }
        }

        $(
            impl sealed::Sealed for $ty {}

            impl Element for $ty {
                fn slice(data: &[$ty]) -> Slice<'_> {
                    Slice::$variant(data)
                }

                fn slice_mut(data: &mut [$ty]) -> SliceMut<'_> {
                    SliceMut::$variant(data)
                }

                fn buffer(data: Vec<$ty>) -> Buffer {
                    Buffer::$variant(data)
                }

                fn from_buffer(buffer: Buffer) -> Result<Vec<$ty>, Buffer> {
                    match buffer {
                        Buffer::$variant(data) => Ok(data),
                        other => Err(other),
                    }
                }

                #[inline(always)]
                fn to_slot(self) -> u64 {
                    $to(self)
                }

                #[inline(always)]
                fn from_slot(slot: u64) -> $ty {
                    $from(slot)
                }
            }
        )*
    };
}

#[rustfmt::skip]
elements! {
    Bool bool u64::from,               |slot| slot & 1 != 0;
    I8   i8   |x: i8| u64::from(x as u8),   |slot| slot as i8;
    I16  i16  |x: i16| u64::from(x as u16), |slot| slot as i16;
    I32  i32  |x: i32| u64::from(x as u32), |slot| slot as i32;
    I64  i64  |x: i64| x as u64,            |slot| slot as i64;
    U8   u8   u64::from,               |slot| slot as u8;
    U16  u16  u64::from,               |slot| slot as u16;
    U32  u32  u64::from,               |slot| slot as u32;
    U64  u64  |x: u64| x,              |slot: u64| slot;
    F32  f32  |x: f32| u64::from(x.to_bits()), |slot| f32::from_bits(slot as u32);
    F64  f64  |x: f64| x.to_bits(),    f64::from_bits;
}

impl Buffer {
    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements as a vector of their type.
    ///
    /// # Errors
    /// The buffer, when its elements are not of type `T`.
    pub fn into_vec<T: Element>(self) -> Result<Vec<T>, Buffer> {
        T::from_buffer(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_hold_the_bits_of_constants() {
        fn check<T: Element>(value: T) {
            assert_eq!(value.to_slot(), value.to_const().bits());
            assert_eq!(T::from_slot(value.to_slot() | T::DIRT), value);
        }
        trait Dirty {
            /// Bits above the value, which a slot may hold.
            const DIRT: u64;
        }
        impl<T: Element> Dirty for T {
            const DIRT: u64 = match T::SCALAR.bytes() {
                8 => 0,
                bytes => u64::MAX << (8 * bytes),
            };
        }
        check(true);
        check(-3i8);
        check(-3i16);
        check(i32::MIN);
        check(-1i64);
        check(200u8);
        check(60_000u16);
        check(u32::MAX);
        check(u64::MAX);
        check(-1.5f32);
        check(-1.5f64);
    }

    #[test]
    fn a_buffer_is_a_vector_of_its_type_only() {
        let buffer = Buffer::zeroed(Scalar::I32, 3);
        let Err(buffer) = buffer.into_vec::<f32>() else {
            panic!("an i32 buffer is no f32 vector");
        };
        assert_eq!(buffer.into_vec::<i32>(), Ok(vec![0; 3]));
    }
}
