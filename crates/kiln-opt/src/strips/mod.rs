//! Strips: which loops of a Func run on vectors, cut out of it.
//!
//! Of each nest of loops the one is cut out ([`kiln_ir::cut`]) whose rounds are
//! independent of each other and whose elements are the cheapest to reach; of
//! several such, the innermost. It is then widened as a loop over rows is.
//! Rounds are independent where no round touches what another one writes:
//! every array that the loop writes is touched at one place alone, which moves
//! from round to round. A loop around it may take several rounds at once
//! (`jam`), which makes a second strip. The Func itself stays as it is, and the loop in it
//! runs the rounds that fill no block.

mod access;
mod jam;

use crate::widen::widen;
use access::Rows;
use jam::jammed;
use kiln_ir::{
    Bounds, Func, Node, NodeId, RegionId, Schedule, Shape, Strip, always_inside, constant_rounds,
    cut,
};
use thiserror::Error;

/// Rounds that a loop of known length needs to be worth a strip.
const ROUNDS_MIN: i64 = 8;

/// What becomes of a loop.
#[derive(Debug)]
pub struct LoopPlan {
    /// What it reads and writes, in words.
    pub name: String,
    /// What a round pays for where its rows lie, in loads of whole vectors.
    pub price: u32,
    /// The strip, or why there is none.
    pub strip: Result<Strip, NotAStrip>,
}

/// Why a loop runs one round at a time.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum NotAStrip {
    /// A round begins with what the one before it has computed.
    #[error("a round begins with what the one before it has computed")]
    Carried,
    /// How often it runs is known when a round ends, not before.
    #[error("it is not known before the loop how often it runs")]
    Unbounded,
    /// A loop of a few rounds.
    #[error("it has {rounds} round(s), and a strip takes {least} at least")]
    Short {
        /// How many it has.
        rounds: i64,
        /// How many it would need.
        least: i64,
    },
    /// There is something in it that runs one round at a time.
    #[error("a loop inside each round is a reduction, a scan or a call")]
    InnerLoop,
    /// A loop in it runs differently often in each round, and its accesses
    /// move.
    #[error("a loop inside goes along an array and is not equally long in all rounds")]
    UnevenLoop,
    /// A round touches what another one writes.
    #[error("a round may touch an element of {array} that another one writes")]
    Dependent {
        /// The name of the array.
        array: String,
    },
    /// An access under a condition, which may be what keeps its index inside.
    #[error("what is read or written under a condition may lie outside of its array elsewhere")]
    Conditional,
    /// The index of a store is no multiple of the loop's index plus something
    /// that stays.
    #[error("{array} is written where the index does not move evenly from round to round")]
    Uneven {
        /// The name of the array.
        array: String,
    },
}

/// What becomes of the loops of a Func, in their order. Loops around a strip
/// are not listed.
pub fn strips(func: &Func) -> Vec<LoopPlan> {
    if !(0..func.node_count()).any(|i| is_loop(func, NodeId::new(i))) {
        return Vec::new();
    }
    let mut planner = Planner {
        func,
        schedule: Schedule::of(func),
        bounds: Bounds::of(func),
        plans: Vec::new(),
    };
    planner.region(func.body());
    planner.plans
}

fn is_loop(func: &Func, id: NodeId) -> bool {
    matches!(
        func.node(id),
        Node::For { .. } | Node::While { .. } | Node::Reduce { .. } | Node::Scan { .. }
    )
}

struct Planner<'a> {
    func: &'a Func,
    schedule: Schedule,
    bounds: Bounds<'a>,
    plans: Vec<LoopPlan>,
}

impl Planner<'_> {
    /// Plans the loops in a region; gives whether there are any. Recurses on
    /// the nesting of regions, which is limited.
    fn region(&mut self, region: RegionId) -> bool {
        let mut any = false;
        for &id in &self.func.region(region).effects {
            any |= self.node(id);
        }
        any
    }

    fn node(&mut self, id: NodeId) -> bool {
        let before = self.plans.len();
        let mut inner = false;
        for region in self.func.regions_of(id) {
            inner |= self.region(region);
        }
        if !is_loop(self.func, id) {
            return inner;
        }
        let rows = Rows::of(self.func, &self.schedule, &self.bounds, id);
        let strip = self.strip(id, &rows);
        if self.is_better(&self.plans[before..], &strip, &rows, inner) {
            self.plans.truncate(before);
            self.plans.push(LoopPlan {
                name: rows.describe(self.func),
                price: rows.price(),
                strip,
            });
        } else if let Err(NotAStrip::UnevenLoop) = strip
            && self.plans[before..].iter().all(|plan| plan.strip.is_err())
        {
            // The one around could run on vectors, but for this.
            self.plans.push(LoopPlan {
                name: rows.describe(self.func),
                price: rows.price(),
                strip,
            });
        } else if let Some(plan) = self.jammed(id, &self.plans[before..]) {
            self.plans.push(plan);
        }
        true
    }

    /// Several rounds of a loop at once around the only strip inside of it.
    fn jammed(&self, around: NodeId, inside: &[LoopPlan]) -> Option<LoopPlan> {
        let [LoopPlan { name, price, strip }] = inside else {
            return None;
        };
        let inner = strip.as_ref().ok()?.node;
        let rows = Rows::of(self.func, &self.schedule, &self.bounds, inner);
        let strip = jammed(self.func, &self.schedule, around, inner, &rows)?;
        let rounds = strip.jam?.rounds;
        Some(LoopPlan {
            name: format!("{rounds} rounds around the {name}"),
            price: *price,
            strip: Ok(strip),
        })
    }

    /// Whether a loop is planned, and not those inside of it.
    fn is_better(
        &self,
        inside: &[LoopPlan],
        strip: &Result<Strip, NotAStrip>,
        rows: &Rows,
        has_inner: bool,
    ) -> bool {
        let Ok(strip) = strip else {
            return !has_inner;
        };
        let mut strips = inside.iter().filter(|plan| plan.strip.is_ok()).peekable();
        // What no level can widen must not displace what it can.
        let is_free = strips.peek().is_none();
        is_free || strips.all(|plan| rows.price() < plan.price) && widen(&strip.func, 2).is_ok()
    }

    fn strip(&self, id: NodeId, rows: &Rows) -> Result<Strip, NotAStrip> {
        match *self.func.node(id) {
            Node::For { ref init, .. } if init.is_empty() => {}
            Node::Reduce { shape, .. } if self.joins_in_any_order(id, shape) => {}
            Node::While { .. } => return Err(NotAStrip::Unbounded),
            _ => return Err(NotAStrip::Carried),
        }
        // The lanes of a reduction are given.
        let lanes = Shape::common_lanes(&self.func.reduced(id));
        let least = lanes.map_or(ROUNDS_MIN, i64::from);
        if let Some(rounds) = constant_rounds(self.func, id)
            && rounds < least
        {
            return Err(NotAStrip::Short { rounds, least });
        }
        if !rows.is_regular() {
            return Err(NotAStrip::InnerLoop);
        }
        if rows.goes_along() {
            return Err(NotAStrip::UnevenLoop);
        }
        let accesses = rows.independent(self.func)?;
        let mut conditional = self.conditional(id);
        conditional.retain(|id| accesses.places.contains_key(id));
        let body = self.func.regions_of(id).next();
        if !body.is_some_and(|body| always_inside(self.func, body, &conditional)) {
            return Err(NotAStrip::Conditional);
        }
        Ok(cut(self.func, &self.schedule, id, accesses))
    }

    /// The accesses of a loop that stand under conditions, also in a loop there:
    /// on vectors, rounds that do not want them make them, too.
    fn conditional(&self, id: NodeId) -> Vec<NodeId> {
        let func = self.func;
        let inside = self.schedule.inside(func, func.regions_of(id));
        let effects = inside.into_iter().flat_map(|r| &func.region(r).effects);
        let ifs = effects.filter(|&&id| matches!(func.node(id), Node::If { .. }));
        let sides = ifs.flat_map(|&id| func.regions_of(id));
        let sides = self.schedule.inside(func, sides).into_iter();
        let effects = sides.flat_map(|region| &func.region(region).effects);
        let is_access =
            |id: &NodeId| matches!(func.node(*id), Node::Load { .. } | Node::Store { .. });
        effects.copied().filter(is_access).collect()
    }

    /// Whether the lanes of a reduction give the bits of its shape: lanes are
    /// what the shape `tree` says, and no order shows in integers, least and
    /// greatest values.
    fn joins_in_any_order(&self, id: NodeId, shape: Shape) -> bool {
        let mut values = self.func.reduced(id).into_iter();
        shape == Shape::Tree || values.all(|(combine, scalar)| combine.is_free(scalar))
    }
}
