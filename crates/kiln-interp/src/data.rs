//! What a program computes on: typed slices, and views of them.

use kiln_ir::{Const, Scalar};

macro_rules! slices {
    ($($variant:ident $ty:ident;)*) => {
        /// The elements of a column or an array that is only read.
        #[derive(Clone, Copy, Debug)]
        #[expect(missing_docs, reason = "each variant is the type of its name")]
        pub enum Slice<'a> {
            $($variant(&'a [$ty]),)*
        }

        /// The elements of a column or an array that is read and written.
        #[derive(Debug)]
        #[expect(missing_docs, reason = "each variant is the type of its name")]
        pub enum SliceMut<'a> {
            $($variant(&'a mut [$ty]),)*
        }

        impl Slice<'_> {
            /// What each element is.
            pub fn scalar(&self) -> Scalar {
                match self {
                    $(Slice::$variant(_) => Scalar::$variant,)*
                }
            }

            /// Number of elements.
            pub fn len(&self) -> usize {
                match self {
                    $(Slice::$variant(data) => data.len(),)*
                }
            }
        }

        impl SliceMut<'_> {
            /// What each element is.
            pub fn scalar(&self) -> Scalar {
                match self {
                    $(SliceMut::$variant(_) => Scalar::$variant,)*
                }
            }

            /// Number of elements.
            pub fn len(&self) -> usize {
                match self {
                    $(SliceMut::$variant(data) => data.len(),)*
                }
            }

            /// The same elements, borrowed for reading.
            pub fn as_slice(&self) -> Slice<'_> {
                match self {
                    $(SliceMut::$variant(data) => Slice::$variant(data),)*
                }
            }
        }

        $(
            impl<'a> From<&'a [$ty]> for Slice<'a> {
                fn from(data: &'a [$ty]) -> Slice<'a> {
                    Slice::$variant(data)
                }
            }

            impl<'a> From<&'a mut [$ty]> for SliceMut<'a> {
                fn from(data: &'a mut [$ty]) -> SliceMut<'a> {
                    SliceMut::$variant(data)
                }
            }

            impl<'a> From<&'a [$ty]> for Arg<'a> {
                fn from(data: &'a [$ty]) -> Arg<'a> {
                    Arg::Slice(Slice::$variant(data))
                }
            }

            impl<'a> From<&'a mut [$ty]> for Arg<'a> {
                fn from(data: &'a mut [$ty]) -> Arg<'a> {
                    Arg::SliceMut(SliceMut::$variant(data))
                }
            }
        )*
    };
}

slices! {
    Bool bool;
    I8 i8;
    I16 i16;
    I32 i32;
    I64 i64;
    U8 u8;
    U16 u16;
    U32 u32;
    U64 u64;
    F32 f32;
    F64 f64;
}

impl Slice<'_> {
    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl SliceMut<'_> {
    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// How the elements of a view lie in its slice: element `(i, j, ..)` is at
/// `origin + i * strides[0] + j * strides[1] + ..`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Geometry {
    /// Where element 0 of every dimension lies.
    pub origin: usize,
    /// The extent of each dimension; those past the rank are 1.
    pub shape: [usize; 4],
    /// The step of each dimension, in elements; those past the rank are 0.
    pub strides: [isize; 4],
}

impl Geometry {
    /// `len` elements side by side.
    pub const fn slice(len: usize) -> Geometry {
        Geometry {
            origin: 0,
            shape: [len, 1, 1, 1],
            strides: [1, 0, 0, 0],
        }
    }
}

/// The argument for one parameter of a Func.
#[derive(Debug)]
pub enum Arg<'a> {
    /// For a scalar parameter.
    Value(Const),
    /// For a rank-1 array that is only read.
    Slice(Slice<'a>),
    /// For a rank-1 array that is written.
    SliceMut(SliceMut<'a>),
    /// For an array of any rank and layout that is only read.
    View(Slice<'a>, Geometry),
    /// For an array of any rank and layout that is written.
    ViewMut(SliceMut<'a>, Geometry),
}

impl From<Const> for Arg<'_> {
    fn from(value: Const) -> Self {
        Arg::Value(value)
    }
}
