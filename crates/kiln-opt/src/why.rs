//! Why a guard stays, in words that say what to change.

use kiln_ir::{ArrayRef, Bounds, Func, Node, NodeId, Unproved};

/// The condition is of a form that the pass does not read.
pub(crate) const FORM: &str = "its condition is not that an index is less than an extent";
/// Nothing but the guard keeps the load where it is allowed.
pub(crate) const CONDITION: &str =
    "the element is read under a condition that alone keeps the index inside";
/// A test would cost what the guard costs. Not worth a word in the report.
pub(crate) const ONCE: &str = "it is asked once in a call";
/// A Func of very many loops.
pub(crate) const MANY: &str = "the function has too many tests before its loops already";
/// The bound was derived once and not again.
pub(crate) const NOT_AGAIN: &str = "its bounds could not be derived again from the tests";

/// Why no test at entry replaces a guard.
pub(crate) fn stays(func: &Func, bounds: &Bounds<'_>, why: Unproved) -> String {
    match why {
        Unproved::Form => "its least and greatest index are not found: it is no sum of \
                           products of loop variables that only grows or only falls"
            .to_owned(),
        Unproved::Never => "it fails whenever it is reached".to_owned(),
        Unproved::Depends(value) => depends(func, bounds, value),
    }
}

fn depends(func: &Func, bounds: &Bounds<'_>, value: NodeId) -> String {
    match func.node(value) {
        Node::Load { array, .. } => {
            let name = match array {
                ArrayRef::Param(index) => func.params()[*index as usize].name.as_str(),
                ArrayRef::Local(_) => "a local array",
            };
            format!("the index or a loop bound is read from {name} while the kernel runs")
        }
        Node::Arg { region, .. } => {
            let owner = bounds.nest().owner(*region).map(|(_, owner)| owner);
            match owner.map(|owner| func.node(owner)) {
                Some(Node::While { .. }) => "a while loop changes the index, and it is not known \
                                             how often it runs"
                    .to_owned(),
                _ => "the index is carried from round to round instead of computed from the \
                      loop variable"
                    .to_owned(),
            }
        }
        Node::Op { op, .. } => format!(
            "{} is no sum or product, so the least and greatest index are not known",
            op.name()
        ),
        _ => "the index or a loop bound is the result of a loop or a condition".to_owned(),
    }
}
