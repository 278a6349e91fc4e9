//! A Func whose loops run on vectors: its code, and that of its strips.

use crate::native::{Frame, Native};
use kiln_codegen::{
    Backend, CodegenConfig, CodegenError, Entry, Level, Source, StripCall, Target, frame,
};
use kiln_ir::{Func, Node, NodeId, RegionId, StripInput};
use kiln_opt::{strips, widen_strip};

/// Code at one lane, and the strips that it calls at a level.
#[derive(Debug)]
pub struct Vectors {
    code: Native,
    strips: Vec<Native>,
    /// Strips that read where data say.
    gathers: usize,
    /// Strips with a loop under a condition.
    conditions: usize,
    /// The address of each strip.
    table: Vec<*const u8>,
}

impl Vectors {
    /// Makes code for a Func after the passes, that of the strips by a back
    /// end.
    ///
    /// # Errors
    /// When code generation refuses the Func. A strip that it refuses is left
    /// out, as it is by the engine.
    pub fn new(
        func: &Func,
        target: &Target,
        level: Level,
        backend: Backend,
    ) -> Result<Vectors, CodegenError> {
        let mut found = Vec::new();
        for strip in strips(func).into_iter().filter_map(|plan| plan.strip.ok()) {
            let config = CodegenConfig {
                backend: Some(backend),
                ..CodegenConfig::new(Entry::Strip, level)
            };
            let Ok(widened) = widen_strip(&strip, 8 * level.vector_bytes() as u32) else {
                continue;
            };
            if let Ok(code) = kiln_codegen::compile(&widened, target, &config) {
                found.push((strip, code));
            }
        }
        let calls: Vec<StripCall<'_>> = found
            .iter()
            .map(|(strip, code)| StripCall {
                strip,
                lanes: code.lanes,
            })
            .collect();
        let source = Source {
            func,
            strips: &calls,
        };
        let config = CodegenConfig::new(Entry::Frame, Level::One);
        let code = kiln_codegen::compile(source, target, &config)?;
        let is_whole = |input: &StripInput| matches!(input, StripInput::Array(_));
        let gathers = found
            .iter()
            .filter(|(strip, _)| strip.inputs.iter().any(is_whole));
        let gathers = gathers.count();
        let conditions = found.iter().filter(|(strip, _)| asks_for_loop(&strip.func));
        let conditions = conditions.count();
        let strips: Vec<Native> = found.iter().map(|(_, code)| Native::new(code)).collect();
        Ok(Vectors {
            code: Native::new(&code),
            table: strips.iter().map(Native::entry).collect(),
            strips,
            gathers,
            conditions,
        })
    }

    /// How many loops have a strip.
    pub fn strips(&self) -> usize {
        self.strips.len()
    }

    /// How many of these strips read where data say.
    pub fn gathers(&self) -> usize {
        self.gathers
    }

    /// How many of these strips have a loop under a condition.
    pub fn conditions(&self) -> usize {
        self.conditions
    }

    /// Calls it through its frame.
    pub fn call(&self, frame: &mut Frame) -> i64 {
        frame.put(frame::STRIPS, self.table.as_ptr() as u64);
        self.code.call(frame)
    }
}

/// Whether there is a loop on a side of an `if`.
fn asks_for_loop(func: &Func) -> bool {
    let is_loop = |&id: &NodeId| matches!(func.node(id), Node::For { .. } | Node::While { .. });
    let has_loop = |side: RegionId| func.region(side).effects.iter().any(is_loop);
    (0..func.node_count())
        .map(NodeId::new)
        .any(|id| matches!(func.node(id), Node::If { .. }) && func.regions_of(id).any(has_loop))
}
