//! Formulas and functions of one row over arrays of several dimensions.
//!
//! NumPy's rule decides which elements meet. Arrays are [`Arg`]s, as they are
//! for an [`ArrayKernel`](crate::ArrayKernel): values, slices, views, and, as
//! outputs, views to be written and [`Output`](crate::Output)s. There are no
//! missing values here: an array has no validity.

use crate::column::{ColumnBuf, Columns};
use crate::error::{Error, Kind, list};
use crate::kernel::{Bound, Kernel};
use kiln_formula::{InputType, nearest};
use kiln_ir::{ParamType, Scalar};
use kiln_runtime::{Arg, Operand, Ran};
use std::ops::Index;
use std::sync::Arc;

/// What [`Kernel::map_arrays`] gives: outputs by name, each as long as their
/// one shape has elements, row-major.
#[derive(Clone, Debug)]
pub struct Arrays {
    shape: Vec<usize>,
    columns: Columns,
}

impl Arrays {
    /// The extent of each dimension of every output.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The outputs, in order.
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// The outputs, in order.
    pub fn into_columns(self) -> Columns {
        self.columns
    }
}

impl Index<&str> for Arrays {
    type Output = ColumnBuf;

    fn index(&self, name: &str) -> &ColumnBuf {
        &self.columns[name]
    }
}

impl Kernel {
    /// Computes every element of the shape that the inputs broadcast to by
    /// NumPy's rule: dimensions are matched from the last, and one of extent
    /// 1, or one that is not there, is repeated.
    ///
    /// ```
    /// use kiln::View;
    ///
    /// let k = "x * scale + offset".parse::<kiln::Formula>()?.kernel();
    /// let (x, offset) = ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [10.0, 20.0]);
    /// let y = k.map_arrays(&[
    ///     ("x", View::new(&x, [2, 3])?.into()),
    ///     ("scale", 0.5.into()),
    ///     ("offset", View::new(&offset, [2, 1])?.into()),
    /// ])?;
    /// assert_eq!(y.shape(), [2, 3]);
    /// assert_eq!(y["result"].as_slice(), Some(&[10.5, 11.0, 11.5, 22.0, 22.5, 23.0][..]));
    ///
    /// let rows = View::new(&x, [3, 2])?;
    /// let error = k.map_arrays(&[
    ///     ("x", View::new(&x, [2, 3])?.into()),
    ///     ("scale", rows.into()),
    ///     ("offset", 0.0.into()),
    /// ]);
    /// let message = error.unwrap_err().to_string();
    /// assert_eq!(message, "the shape [3, 2] does not broadcast to [2, 3]");
    /// # Ok::<(), kiln::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`Kernel::map`], where a [`row`](Error::row) is the place of an
    /// element in row-major order; two shapes that do not go together.
    pub fn map_arrays(&self, inputs: &[(&str, Arg<'_>)]) -> Result<Arrays, Error> {
        let bound = self.bound_arrays(inputs, &[])?;
        let args: Vec<Arg<'_>> = bound
            .input_names(self)
            .filter_map(|name| Some(find(inputs, name)?.1.read()))
            .collect();
        let mapped = bound.columns(self.parallelism())?.map_arrays(&args)?;
        Ok(Arrays {
            shape: mapped.shape,
            columns: bound.collect(mapped.outputs, mapped.ran),
        })
    }

    /// As [`map_arrays`](Kernel::map_arrays) into given arrays of one shape, to
    /// which the inputs broadcast. An input that is not given and has the
    /// name of an output is that output, read and then written over.
    ///
    /// ```
    /// use kiln::{View, ViewMut};
    ///
    /// let k = "x = x - mean".parse::<kiln::Formula>()?.kernel();
    /// let (mut x, mean) = ([1.0, 2.0, 3.0, 6.0], [2.0, 4.0]);
    /// // Each column of the array, seen from its last row on.
    /// let turned = ViewMut::strided(&mut x, 2, [2, 2], [-2, 1])?;
    /// k.map_arrays_into(&[("mean", (&mean).into())], &mut [("x", turned.into())])?;
    /// assert_eq!(x, [-1.0, -2.0, 1.0, 2.0]);
    /// # Ok::<(), kiln::Error>(())
    /// ```
    ///
    /// # Errors
    /// As there, and an output that is missing, of another type or shape, or
    /// not to be written. Where a guard fails, the elements before it are
    /// written and no other, but on several [threads](Kernel::parallel).
    pub fn map_arrays_into(
        &self,
        inputs: &[(&str, Arg<'_>)],
        outputs: &mut [(&str, Arg<'_>)],
    ) -> Result<Ran, Error> {
        let bound = self.bound_arrays(inputs, outputs)?;
        let names: Vec<&str> = bound.output_names().collect();
        bound.check_names(&names, outputs)?;
        let operands: Vec<Operand<'_>> = bound
            .input_names(self)
            .filter_map(|name| match find(inputs, name) {
                Some((_, arg)) => Some(Operand::Arg(arg.read())),
                None => names
                    .iter()
                    .position(|&known| known == name)
                    .map(Operand::Output),
            })
            .collect();
        // In the order of the results.
        outputs.sort_by_key(|(name, _)| names.iter().position(|known| known == name));
        let mut results: Vec<Arg<'_>> = outputs.iter_mut().map(|(_, arg)| arg.write()).collect();
        let kernel = bound.columns(self.parallelism())?;
        Ok(kernel.map_arrays_into(&operands, &mut results)?)
    }

    /// The specialisation for the types of arrays.
    fn bound_arrays(
        &self,
        inputs: &[(&str, Arg<'_>)],
        outputs: &[(&str, Arg<'_>)],
    ) -> Result<Arc<Bound>, Error> {
        let all: Vec<(&str, InputType)> = inputs
            .iter()
            .map(|(name, arg)| (*name, InputType::new(scalar(arg))))
            .collect();
        let unused = |name: &str| !self.names().any(|known| known == name);
        if let Some(&(name, _)) = all.iter().find(|(name, _)| unused(name)) {
            let given = |known: &&str| all.iter().any(|(name, _)| name == known);
            let near = nearest(name, self.names().filter(|known| !given(known)));
            return Err(Error::from(Kind::ExtraInput {
                name: name.to_owned(),
                near: near.map(str::to_owned),
            }));
        }
        for (at, (name, _)) in all.iter().enumerate() {
            if all[..at].iter().any(|(other, _)| other == name) {
                return Err(Error::from(Kind::Twice {
                    name: (*name).to_owned(),
                }));
            }
        }
        let types = self.names().map(|name| {
            let input = find(inputs, name).or_else(|| find(outputs, name));
            Some(InputType::new(scalar(&input?.1)))
        });
        let bound = self.bound_for(types.collect(), &all)?;
        bound.row_wise()?;
        Ok(bound)
    }
}

impl Bound {
    /// Refuses outputs that are not those of the computation.
    fn check_names(&self, names: &[&str], outputs: &[(&str, Arg<'_>)]) -> Result<(), Error> {
        for (at, (name, _)) in outputs.iter().enumerate() {
            if !names.contains(name) {
                let near = nearest(name, names.iter().copied());
                return Err(Error::from(Kind::NoSuchOutput {
                    name: (*name).to_owned(),
                    near: near.map(str::to_owned),
                }));
            }
            if outputs[..at].iter().any(|(other, _)| other == name) {
                return Err(Error::from(Kind::Twice {
                    name: (*name).to_owned(),
                }));
            }
        }
        if outputs.len() == names.len() {
            return Ok(());
        }
        Err(Error::from(Kind::OutputCount {
            found: names.len(),
            names: list(names.iter().copied()),
            asked: outputs.len(),
        }))
    }
}

/// The entry of this name.
fn find<'l, 'n, 'a>(list: &'l [(&'n str, Arg<'a>)], name: &str) -> Option<&'l (&'n str, Arg<'a>)> {
    list.iter().find(|(known, _)| *known == name)
}

fn scalar(arg: &Arg<'_>) -> Scalar {
    match arg.ty() {
        ParamType::Scalar(scalar) => scalar,
        ParamType::Array(array) => array.elem,
    }
}
