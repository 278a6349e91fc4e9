//! Replacing calls by the bodies of the Funcs they call.
//!
//! A Func has no recursion, so inlining ends; but calls of calls can multiply
//! beyond any memory, so nodes and local arrays are counted before anything
//! is copied.

use crate::config::{CALL_DEPTH_MAX, OptError};
use kiln_ir::{
    ArrayRef, CallArg, Func, FuncBuilder, LOCALS_BYTES_MAX, NodeId, Rewrite, inline, rewrite,
};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// The name of the pass in reports and errors.
pub(crate) const NAME: &str = "inline";

/// Replaces every call. Gives the number of calls replaced.
pub(crate) fn inline_calls(func: &Func, nodes_max: usize) -> Result<(Func, u32), OptError> {
    let Size { nodes, locals } = size_after(func, 0, &mut FxHashMap::default())?;
    if locals > LOCALS_BYTES_MAX {
        return Err(OptError::Locals {
            bytes: locals,
            limit: LOCALS_BYTES_MAX,
        });
    }
    if nodes > nodes_max {
        return Err(OptError::TooLarge {
            pass: NAME,
            nodes,
            limit: nodes_max,
        });
    }
    let mut pass = Inline { calls: 0 };
    let func = rewrite(func, &mut pass);
    Ok((func, pass.calls))
}

/// What a Func takes.
#[derive(Clone, Copy)]
struct Size {
    nodes: usize,
    /// Bytes of local arrays.
    locals: usize,
}

/// What a Func takes once every call is replaced; saturates. `known` holds the
/// sizes of Funcs by their address, so that the walk is linear in the number
/// of distinct Funcs. Recurses on the depth of calls, which is limited.
fn size_after(
    func: &Func,
    depth: usize,
    known: &mut FxHashMap<*const Func, Size>,
) -> Result<Size, OptError> {
    if depth > CALL_DEPTH_MAX {
        return Err(OptError::CallDepth {
            limit: CALL_DEPTH_MAX,
        });
    }
    let mut nodes = func.node_count();
    let locals = func.locals().iter().map(|local| local.bytes());
    let mut locals = locals.fold(0, usize::saturating_add);
    for index in 0..func.node_count() {
        if let kiln_ir::Node::Call { callee, .. } = func.node(NodeId::new(index)) {
            let callee = &func.callees()[*callee as usize];
            let address = Arc::as_ptr(callee);
            let size = match known.get(&address) {
                Some(&size) => size,
                None => {
                    let size = size_after(callee, depth + 1, known)?;
                    known.insert(address, size);
                    size
                }
            };
            nodes = nodes.saturating_add(size.nodes);
            locals = locals.saturating_add(size.locals);
        }
    }
    Ok(Size { nodes, locals })
}

struct Inline {
    calls: u32,
}

impl Rewrite for Inline {
    fn call(
        &mut self,
        b: &mut FuncBuilder,
        callee: &Arc<Func>,
        args: &[CallArg],
    ) -> Option<Vec<NodeId>> {
        self.calls += 1;
        let values: Vec<Option<NodeId>> = args.iter().map(|arg| as_value(*arg)).collect();
        let arrays: Vec<Option<ArrayRef>> = args.iter().map(|arg| as_array(*arg)).collect();
        Some(inline(b, callee, &values, &arrays, self))
    }
}

fn as_value(arg: CallArg) -> Option<NodeId> {
    match arg {
        CallArg::Value(value) => Some(value),
        CallArg::Array(_) => None,
    }
}

fn as_array(arg: CallArg) -> Option<ArrayRef> {
    match arg {
        CallArg::Array(array) => Some(array),
        CallArg::Value(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kiln_ir::{Op, Scalar, Type};

    /// `f(x) = g(x) + g(x)`: as many levels double the work each.
    fn doubling(levels: usize) -> Func {
        let mut b = FuncBuilder::new("leaf");
        let x = b.scalar_param("x", Scalar::F64);
        let y = b.op(Op::Sqrt, &[x]);
        let mut func = b.finish(&[y]);
        for _ in 0..levels {
            let mut b = FuncBuilder::new("node");
            let x = b.scalar_param("x", Scalar::F64);
            let callee = b.callee(Arc::new(func));
            let left = b.call(callee, &[CallArg::Value(x)])[0];
            let right = b.call(callee, &[CallArg::Value(x)])[0];
            let sum = b.op(Op::Add, &[left, right]);
            func = b.finish(&[sum]);
        }
        func
    }

    #[test]
    fn calls_become_bodies_and_equal_bodies_merge() {
        let (func, calls) = inline_calls(&doubling(3), 1000).unwrap();
        assert_eq!(calls, 14);
        assert_eq!(func.results(), [Type::F64]);
        // x, sqrt x, and one sum per level.
        assert_eq!(func.node_count(), 5);
    }

    #[test]
    fn local_arrays_of_callees_begin_with_zeros_and_are_counted() {
        let text = "func @g(x: f64) -> f64 {
    local t: [f64 x 600]
    v0 = load t[0]
    v1 = add v0, x
    store t[0], v1
    return v1
}
func @f(x: f64) -> f64 {
    v0 = for v1 in 0..4 with v2 = x {
        v3 = call @g v2
        yield v3
    }
    return v0
}
func @many(x: f64) -> f64 {
    v0 = call @g x
    v1 = call @g v0
    v2 = call @g v1
    v3 = call @g v2
    v4 = call @g v3
    v5 = call @g v4
    v6 = call @g v5
    return v6
}";
        let funcs = kiln_ir::parse_file(text).unwrap();
        let (func, _) = inline_calls(&funcs[1], 1000).unwrap();
        assert!(func.to_string().contains("in 0..600"), "{func}");
        let found = inline_calls(&funcs[2], 1000);
        assert!(matches!(found, Err(OptError::Locals { bytes: 33600, .. })));
    }

    #[test]
    fn a_bomb_is_counted_not_built() {
        let found = inline_calls(&doubling(50), 1000);
        assert!(matches!(found, Err(OptError::TooLarge { limit: 1000, .. })));
        let found = inline_calls(&doubling(CALL_DEPTH_MAX + 1), usize::MAX);
        assert!(matches!(found, Err(OptError::CallDepth { .. })));
    }
}
