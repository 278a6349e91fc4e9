//! [`Func`]: a computation that the builder made.

use crate::error::{Error, Kind};
use kiln_formula::{InputType, OutputInfo};
use kiln_ir::ParamType;
use std::sync::Arc;

/// A computation of one row whose types are fixed: named inputs, named outputs.
/// Cheap to clone; prints as the text of kiln's language.
#[derive(Clone, Debug)]
pub struct Func {
    func: Arc<kiln_ir::Func>,
    outputs: Arc<[OutputInfo]>,
}

impl Func {
    /// A function of scalars, with one output per result.
    pub(crate) fn new(func: kiln_ir::Func, outputs: Vec<OutputInfo>) -> Func {
        debug_assert!(func.is_scalar() && func.results().len() == outputs.len());
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

    /// The names and types of the inputs.
    pub(crate) fn input_types(&self) -> impl ExactSizeIterator<Item = (&str, InputType)> {
        self.func.params().iter().map(|param| match param.ty {
            ParamType::Scalar(scalar) => (param.name.as_str(), InputType::new(scalar)),
            ParamType::Array(_) => unreachable!("the builder adds scalar inputs only"),
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
