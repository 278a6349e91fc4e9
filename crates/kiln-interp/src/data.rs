//! What a program computes on: typed slices, and views of them.

use kiln_ir::{Access, Const, Layout, ParamType, Scalar};

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
            #[inline]
            pub fn scalar(&self) -> Scalar {
                match self {
                    $(Slice::$variant(_) => Scalar::$variant,)*
                }
            }

            /// Number of elements.
            #[inline]
            pub fn len(&self) -> usize {
                match self {
                    $(Slice::$variant(data) => data.len(),)*
                }
            }
        }

        impl SliceMut<'_> {
            /// What each element is.
            #[inline]
            pub fn scalar(&self) -> Scalar {
                match self {
                    $(SliceMut::$variant(_) => Scalar::$variant,)*
                }
            }

            /// Number of elements.
            #[inline]
            pub fn len(&self) -> usize {
                match self {
                    $(SliceMut::$variant(data) => data.len(),)*
                }
            }

            /// The same elements, for a shorter time.
            pub fn reborrow(&mut self) -> SliceMut<'_> {
                match self {
                    $(SliceMut::$variant(data) => SliceMut::$variant(data),)*
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
    #[inline]
    pub const fn slice(len: usize) -> Geometry {
        Geometry {
            origin: 0,
            shape: [len, 1, 1, 1],
            strides: [1, 0, 0, 0],
        }
    }

    /// Where row `row` of a rank-1 view lies.
    #[inline(always)]
    pub(crate) fn at(&self, row: isize) -> usize {
        self.origin.wrapping_add_signed(row * self.strides[0])
    }

    /// Where an element lies; `None` outside the shape.
    fn locate(&self, index: impl Iterator<Item = i64>) -> Option<usize> {
        let mut at = self.origin;
        for (dim, i) in index.enumerate() {
            let i = usize::try_from(i).ok().filter(|&i| i < self.shape[dim])?;
            at = at.wrapping_add_signed(i as isize * self.strides[dim]);
        }
        Some(at)
    }

    /// Whether every element lies within `len` elements.
    fn fits(&self, len: usize) -> bool {
        if self.shape.contains(&0) {
            return true;
        }
        let (mut least, mut greatest) = (self.origin as i128, self.origin as i128);
        for (&extent, &stride) in self.shape.iter().zip(&self.strides) {
            let reach = (extent as i128 - 1) * stride as i128;
            least += reach.min(0);
            greatest += reach.max(0);
        }
        0 <= least && greatest < len as i128
    }

    /// Whether the elements lie row-major without gaps, as no elements do.
    fn is_contiguous(&self, rank: usize) -> bool {
        if self.shape[..rank].contains(&0) {
            return true;
        }
        let mut step = 1;
        for dim in (0..rank).rev() {
            if self.shape[dim] > 1 && self.strides[dim] != step {
                return false;
            }
            step *= self.shape[dim] as isize;
        }
        true
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

impl Arg<'_> {
    /// The extent in one dimension; 0 of a value.
    pub(crate) fn extent(&self, dim: u8) -> usize {
        match self {
            Arg::Value(_) => 0,
            Arg::Slice(data) => data.len(),
            Arg::SliceMut(data) => data.len(),
            Arg::View(_, geometry) | Arg::ViewMut(_, geometry) => geometry.shape[dim as usize],
        }
    }

    /// Where an element lies in the slice; `None` outside the array.
    pub(crate) fn locate(&self, mut index: impl Iterator<Item = i64>) -> Option<usize> {
        match self {
            Arg::Value(_) => None,
            Arg::View(_, geometry) | Arg::ViewMut(_, geometry) => geometry.locate(index),
            Arg::Slice(_) | Arg::SliceMut(_) => {
                let at = usize::try_from(index.next()?).ok()?;
                (at < self.extent(0)).then_some(at)
            }
        }
    }

    /// Whether this is an argument for `param`.
    pub(crate) fn fits(&self, param: ParamType) -> bool {
        let array = match param {
            ParamType::Scalar(scalar) => {
                return matches!(self, Arg::Value(value) if value.scalar() == scalar);
            }
            ParamType::Array(array) => array,
        };
        let elem = match self {
            Arg::Value(_) => return false,
            Arg::Slice(data) | Arg::View(data, _) => data.scalar(),
            Arg::SliceMut(data) | Arg::ViewMut(data, _) => data.scalar(),
        };
        let is_mut = matches!(self, Arg::SliceMut(_) | Arg::ViewMut(..));
        let rank = usize::from(array.rank);
        let lies = match self {
            Arg::View(data, geometry) => geometry.lies(array.layout, rank, data.len()),
            Arg::ViewMut(data, geometry) => geometry.lies(array.layout, rank, data.len()),
            _ => rank == 1,
        };
        elem == array.elem && (is_mut || array.access == Access::Read) && lies
    }
}

impl Geometry {
    fn lies(&self, layout: Layout, rank: usize, len: usize) -> bool {
        self.fits(len) && (layout == Layout::Strided || self.is_contiguous(rank))
    }
}
