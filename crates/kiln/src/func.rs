//! [`Func`]: a computation that the builder made.

use crate::error::{Error, Kind};
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
