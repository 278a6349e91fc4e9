//! [`Func`]: a computation that the builder made.

use crate::error::{Error, Kind, list};
use kiln_formula::{InputType, OutputInfo};
use kiln_ir::ParamType;
use std::sync::Arc;

/// A computation whose types are fixed: named inputs, named outputs. One of a
/// row, whose inputs are all scalars, makes kernels as a formula does; one with
/// arrays makes an [`ArrayKernel`](crate::ArrayKernel). Cheap to clone; prints as the text of kiln's language.
#[derive(Clone, Debug)]
pub struct Func {
    func: Arc<kiln_ir::Func>,
    outputs: Arc<[OutputInfo]>,
}

impl Func {
    /// A function with one output per result.
    pub(crate) fn new(func: kiln_ir::Func, outputs: Vec<OutputInfo>) -> Func {
        debug_assert!(func.results().len() == outputs.len());
        Func {
            func: Arc::new(func),
            outputs: outputs.into(),
        }
    }

    /// The names of the inputs, in the order they were added.
    pub fn inputs(&self) -> impl ExactSizeIterator<Item = &str> {
        self.func.params().iter().map(|param| param.name.as_str())
    }

    /// The names of the outputs, in the order they were added.
    pub fn outputs(&self) -> impl ExactSizeIterator<Item = &str> {
        self.outputs.iter().map(|info| info.name.as_str())
    }

    /// The same with other names for its outputs. Those of a `#[kernel]`
    /// have none of their own; mapped over columns, an output named like an
    /// input can be written over it.
    ///
    /// ```
    /// #[kiln::kernel]
    /// fn axpy(a: f64, x: f64, y: f64) -> f64 {
    ///     y + a * x
    /// }
    ///
    /// let func = axpy::kernel().func().with_outputs(&["y"])?;
    /// let kernel = kiln::Engine::default().kernel(&func);
    /// let (x, mut y) = ([1.0, 2.0], [0.5, 0.25]);
    /// kernel.update(&[("a", 2.0.into()), ("x", (&x).into())], &mut [("y", (&mut y).into())])?;
    /// assert_eq!(y, [2.5, 4.25]);
    /// # Ok::<(), kiln::Error>(())
    /// ```
    ///
    /// # Errors
    /// When there are more or fewer names than outputs, or a name is given
    /// twice.
    pub fn with_outputs(&self, names: &[&str]) -> Result<Func, Error> {
        if names.len() != self.outputs.len() {
            return Err(Error::from(Kind::OutputCount {
                found: self.outputs.len(),
                names: list(self.outputs()),
                asked: names.len(),
            }));
        }
        if let Some(&twice) = (1..names.len()).find_map(|at| {
            let before = &names[..at];
            names[at..=at].iter().find(|name| before.contains(name))
        }) {
            let name = twice.to_owned();
            return Err(Error::from(Kind::Twice { name }));
        }
        let renamed = self
            .outputs
            .iter()
            .zip(names)
            .map(|(info, &name)| OutputInfo {
                name: name.to_owned(),
                ..info.clone()
            });
        Ok(Func {
            func: self.func.clone(),
            outputs: renamed.collect(),
        })
    }

    /// The types that it takes, in the order of the inputs.
    pub fn param_types(&self) -> Vec<ParamType> {
        self.func.params().iter().map(|param| param.ty).collect()
    }

    /// The names and types of the inputs of a computation of one row.
    pub(crate) fn input_types(&self) -> Result<Vec<(&str, InputType)>, Error> {
        let params = self.func.params().iter();
        let input = |param: &'_ kiln_ir::Param| match param.ty {
            ParamType::Scalar(scalar) => Some(InputType::new(scalar)),
            ParamType::Array(_) => None,
        };
        params
            .map(|param| Some((param.name.as_str(), input(param)?)))
            .collect::<Option<_>>()
            .ok_or_else(|| {
                Error::from(kiln_runtime::RuntimeError::Arrays {
                    name: self.func.name().to_owned(),
                })
            })
    }

    pub(crate) fn output_infos(&self) -> &Arc<[OutputInfo]> {
        &self.outputs
    }

    pub(crate) fn ir(&self) -> &Arc<kiln_ir::Func> {
        &self.func
    }
}

/// The text form.
impl std::fmt::Display for Func {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.func.fmt(f)
    }
}

impl Error {
    pub(crate) fn no_output() -> Error {
        Kind::NoOutput.into()
    }
}
