//! What a kernel with arrays is called with: scalars, views, outputs, of
//! types that are known when it is called.

use crate::element::Element;
use crate::grid::Grid;
use crate::output::{Output, Values};
use crate::view::{View, ViewMut};
use kiln_interp::{Slice, SliceMut};
use kiln_ir::meaning::Value;
use kiln_ir::{Access, ArrayType, Const, Layout, ParamType};
use std::fmt;

/// What stands for one parameter when a kernel with arrays is called: a
/// scalar, a [`View`], a [`ViewMut`], an [`Output`], or a slice, which is a
/// view of one dimension. Made with `into()`.
pub struct Arg<'a>(pub(crate) Kind<'a>);

pub(crate) enum Kind<'a> {
    Value(Const),
    Read(Slice<'a>, Grid),
    Write(SliceMut<'a>, Grid),
    /// To be written, and to be told whether it was.
    Output(SliceMut<'a>, Grid, &'a mut Values),
}

impl Arg<'_> {
    /// The same value, or the same array to be read, for a shorter time.
    pub fn read(&self) -> Arg<'_> {
        Arg(match &self.0 {
            Kind::Value(value) => Kind::Value(*value),
            Kind::Read(data, grid) => Kind::Read(*data, *grid),
            Kind::Write(data, grid) | Kind::Output(data, grid, _) => {
                Kind::Read(data.as_slice(), *grid)
            }
        })
    }

    /// The same, to be written if it may be, for a shorter time.
    pub fn write(&mut self) -> Arg<'_> {
        Arg(match &mut self.0 {
            Kind::Value(value) => Kind::Value(*value),
            Kind::Read(data, grid) => Kind::Read(*data, *grid),
            Kind::Write(data, grid) => Kind::Write(data.reborrow(), *grid),
            Kind::Output(data, grid, values) => Kind::Output(data.reborrow(), *grid, values),
        })
    }

    /// What the argument is, in the words of a Func's parameters: a scalar of
    /// a type, or an array of a type and a rank, contiguous or strided, to be
    /// read or also to be written.
    pub fn ty(&self) -> ParamType {
        let (elem, grid, access) = match &self.0 {
            Kind::Value(value) => return ParamType::Scalar(value.scalar()),
            Kind::Read(data, grid) => (data.scalar(), grid, Access::Read),
            Kind::Write(data, grid) | Kind::Output(data, grid, _) => {
                (data.scalar(), grid, Access::Mut)
            }
        };
        ParamType::Array(ArrayType {
            elem,
            rank: grid.rank() as u8,
            access,
            layout: match grid.is_contiguous() {
                true => Layout::Contiguous,
                false => Layout::Strided,
            },
        })
    }

    /// Whether this can stand for a parameter: what may be written may also
    /// only be read, and what lies side by side also has strides.
    #[inline]
    pub fn fits(&self, param: ParamType) -> bool {
        let array = match (&self.0, param) {
            (Kind::Value(value), ParamType::Scalar(scalar)) => return value.scalar() == scalar,
            (Kind::Value(_), _) | (_, ParamType::Scalar(_)) => return false,
            (_, ParamType::Array(array)) => array,
        };
        let (elem, grid, is_mut) = match &self.0 {
            Kind::Value(_) => return false,
            Kind::Read(data, grid) => (data.scalar(), grid, false),
            Kind::Write(data, grid) | Kind::Output(data, grid, _) => (data.scalar(), grid, true),
        };
        elem == array.elem
            && grid.rank() == usize::from(array.rank)
            && (is_mut || array.access == Access::Read)
            && (array.layout == Layout::Strided || grid.is_contiguous())
    }

    /// Whether the elements lie side by side, row-major; a scalar does.
    #[inline]
    pub fn is_contiguous(&self) -> bool {
        match &self.0 {
            Kind::Value(_) => true,
            Kind::Read(_, grid) | Kind::Write(_, grid) | Kind::Output(_, grid, _) => {
                grid.is_contiguous()
            }
        }
    }

    /// The extent of each dimension; none of a scalar.
    pub fn shape(&self) -> &[usize] {
        match &self.0 {
            Kind::Value(_) => &[],
            Kind::Read(_, grid) | Kind::Write(_, grid) | Kind::Output(_, grid, _) => grid.shape(),
        }
    }
}

impl fmt::Debug for Arg<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Value(value) => write!(f, "Arg({}: {value})", value.scalar()),
            _ => write!(f, "Arg({} of {:?})", self.ty(), self.shape()),
        }
    }
}

impl From<Const> for Arg<'_> {
    fn from(value: Const) -> Self {
        Arg(Kind::Value(value))
    }
}

impl<'a, T: Element> From<View<'a, T>> for Arg<'a> {
    fn from(view: View<'a, T>) -> Arg<'a> {
        Arg(Kind::Read(T::slice(view.data), view.grid))
    }
}

impl<'a, T: Element> From<ViewMut<'a, T>> for Arg<'a> {
    fn from(view: ViewMut<'a, T>) -> Arg<'a> {
        Arg(Kind::Write(T::slice_mut(view.data), view.grid))
    }
}

impl<'a, T: Element> From<&'a mut Output<T>> for Arg<'a> {
    fn from(output: &'a mut Output<T>) -> Arg<'a> {
        let (data, grid, values) = output.parts();
        Arg(Kind::Output(T::slice_mut(data), grid, values))
    }
}

/// Slices, and what gives one.
macro_rules! slices {
    ($([$($generics:tt)*] $shared:ty, $unique:ty;)*) => {$(
        impl<'a, $($generics)*> From<&'a $shared> for Arg<'a> {
            fn from(data: &'a $shared) -> Arg<'a> {
                View::from(&data[..]).into()
            }
        }

        impl<'a, $($generics)*> From<&'a mut $unique> for Arg<'a> {
            fn from(data: &'a mut $unique) -> Arg<'a> {
                ViewMut::from(&mut data[..]).into()
            }
        }
    )*};
}

slices! {
    [T: Element] [T], [T];
    [T: Element] Vec<T>, Vec<T>;
    [T: Element, const N: usize] [T; N], [T; N];
}

macro_rules! values {
    ($($ty:ident)*) => {$(
        impl From<$ty> for Arg<'_> {
            fn from(value: $ty) -> Self {
                Arg(Kind::Value(value.to_const()))
            }
        }
    )*};
}

values! { bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 }
