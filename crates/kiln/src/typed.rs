//! Making a computation a function of stated types.

use crate::engine::Engine;
use crate::error::{Described, Error, Kind, list};
use crate::source::{Source, Specialised};
use kiln_formula::InputType;
use kiln_ir::{FuncBuilder, Keep, NodeId, Scalar, inline};
use kiln_runtime::{Function, Typed};
use std::sync::Arc;

pub(crate) fn typed<F: Function>(
    engine: &Engine,
    source: &impl Source,
    names: &[&str],
) -> Result<Typed<F>, Error> {
    if names.len() != F::PARAMS.len() {
        return Err(Error::from(Kind::NameCount {
            names: names.len(),
            arguments: F::PARAMS.len(),
        }));
    }
    if let Some((at, name)) = names
        .iter()
        .enumerate()
        .find(|(at, n)| names[..*at].contains(n))
    {
        debug_assert!(at > 0);
        return Err(Error::from(Kind::Twice {
            name: (*name).to_owned(),
        }));
    }
    let types = F::PARAMS.iter().map(|&scalar| InputType::new(scalar));
    let inputs: Vec<(&str, InputType)> = names.iter().copied().zip(types).collect();
    let made = source.specialise(&inputs)?;
    made.row_wise()?;
    check_output(&made, F::RESULT)?;
    let func = in_order(&made, &inputs);
    Ok(engine.runtime().scalar(func)?.typed()?)
}

fn check_output(made: &Specialised, asked: Scalar) -> Result<(), Error> {
    let [output] = &*made.outputs else {
        return Err(Error::from(Kind::OutputCount {
            found: made.outputs.len(),
            names: list(made.outputs.iter().map(|info| info.name.as_str())),
            asked: 1,
        }));
    };
    if output.scalar != asked || output.nullable {
        return Err(Error::from(Kind::OutputType {
            name: output.name.clone(),
            found: output.into(),
            asked: Described {
                scalar: asked,
                nullable: false,
            },
        }));
    }
    Ok(())
}

/// The function with one parameter per input, in the order of `inputs`, none
/// of which can be missing.
fn in_order(made: &Specialised, inputs: &[(&str, InputType)]) -> Arc<kiln_ir::Func> {
    let own = made.inputs.iter().map(|(name, _)| &**name);
    if own.eq(inputs.iter().map(|(name, _)| *name)) {
        return made.func.clone();
    }
    let mut b = FuncBuilder::new(made.func.name());
    let params: Vec<NodeId> = inputs
        .iter()
        .map(|&(name, ty)| b.scalar_param(name, ty.scalar))
        .collect();
    let place = |wanted: &str| inputs.iter().position(|(name, _)| *name == wanted);
    let values: Vec<Option<NodeId>> = made
        .inputs
        .iter()
        .map(|(name, _)| place(name).map(|at| params[at]))
        .collect();
    let arrays = vec![None; values.len()];
    let results = inline(&mut b, &made.func, &values, &arrays, &mut Keep);
    Arc::new(b.finish(&results))
}
