//! The steps of a Func: which loops come in pieces, which loops and branches
//! are opened for those in them, and what is left in between.

use super::independence::Footprint;
use super::part::{Source, Wanted};
use super::{
    Block, Inside, Kind, NotInPieces, Once, OuterLoop, Part, Pieces, Rounds, Shared, Step,
};
use crate::cost::node_price;
use kiln_ir::{ArrayRef, CallArg, Func, Node, NodeId, RegionId, Schedule, Shape, constant_rounds};
use rustc_hash::FxHashMap;

/// How often a loop runs of which that is not known, for the price alone.
const WHILE_ROUNDS: u32 = 16;

/// Loops and branches that are opened around one in pieces.
const INSIDE_MAX: usize = 3;

/// Steps of a Func: each is compiled alone, with all guards before it. What
/// is behind the last one runs once.
const STEPS_MAX: usize = 32;

/// Rounds of a loop that threads share in each round of another one, at least,
/// where their number is constant.
const ROUNDS_MIN: i64 = 16;

/// Cuts a Func without calls into steps.
pub(super) fn pieces(func: &Func) -> Result<Pieces, NotInPieces> {
    let schedule = &Schedule::of(func);
    let mut planner = Planner {
        source: Source::new(func, schedule),
        tests: FxHashMap::default(),
        path: vec![func.body()],
        guards: Vec::new(),
        asked: 0,
        depth: 0,
        steps: 0,
        insides: 0,
        loops: Vec::new(),
    };
    let body = planner.block(func.body());
    let is_shared = |found: &OuterLoop| matches!(found.shared, Shared::Rounds);
    if !planner.loops.iter().any(is_shared) {
        let first = planner.loops.into_iter().next();
        return Err(match first.map(|found| found.shared) {
            Some(Shared::Not(why) | Shared::Inside(why)) => why,
            Some(Shared::Rounds) | None => NotInPieces::NoLoop,
        });
    }
    Ok(Pieces {
        body,
        values: planner.source.values,
        insides: planner.insides,
        loops: planner.loops,
    })
}

/// Goes through a Func, region by region.
struct Planner<'a> {
    source: Source<'a>,
    /// Whether loops come in pieces, as far as that was asked.
    tests: FxHashMap<NodeId, Result<(), NotInPieces>>,
    /// The region at hand and those around it, the outermost first.
    path: Vec<RegionId>,
    /// The guards in these that stand before what is at hand.
    guards: Vec<NodeId>,
    /// How many of them a step before has asked.
    asked: usize,
    /// How many loops are opened around what is at hand.
    depth: usize,
    steps: usize,
    insides: usize,
    loops: Vec<OuterLoop>,
}

impl Planner<'_> {
    /// The steps of a region. Recurses on the nesting of what is opened,
    /// which is limited.
    fn block(&mut self, region: RegionId) -> Block {
        let func = self.source.func;
        let effects = &func.region(region).effects;
        let local = self.uses_of_locals(effects);
        let mut steps = Vec::new();
        // What runs once, with the guards between.
        let mut pending: Vec<NodeId> = Vec::new();
        for (at, &id) in effects.iter().enumerate() {
            if matches!(func.node(id), Node::Guard { .. }) {
                self.guards.push(id);
                pending.push(id);
                continue;
            }
            let is_cut = if local.contains(&at) {
                Err(match self.uses_local(id) {
                    true => NotInPieces::Local,
                    false => NotInPieces::AmongLocal,
                })
            } else if self.steps >= STEPS_MAX {
                Err(NotInPieces::Steps { limit: STEPS_MAX })
            } else {
                Ok(())
            };
            let how = is_cut.and_then(|()| self.test(id, self.depth > 0));
            let opens = how.as_ref().is_err_and(|why| !is_from_around(why))
                && self.has_rounds(id, self.depth > 0, self.room());
            if how.is_err() && !opens {
                self.tell_alone(id, how.err());
                pending.push(id);
                continue;
            }
            steps.extend(self.flush(&mut pending));
            self.steps += 1;
            steps.push(match how {
                Ok(()) => Step::Rounds(self.rounds(id)),
                Err(why) => Step::Inside(self.inside(id, why)),
            });
        }
        steps.extend(self.flush(&mut pending));
        let yields = func.region(region).yields.clone();
        Block {
            steps,
            yields: self.small(yields),
        }
    }

    /// How many more loops and branches may be opened in each other here.
    fn room(&self) -> usize {
        (INSIDE_MAX + 1).saturating_sub(self.path.len())
    }

    /// The effects of the outermost region from the first to the last that
    /// touches a local array: those begin with zeros in each call of a Func,
    /// so one step has them all. Nothing that touches one is opened.
    fn uses_of_locals(&self, effects: &[NodeId]) -> std::ops::Range<usize> {
        let func = self.source.func;
        if self.path.len() > 1 || func.locals().is_empty() {
            return 0..0;
        }
        let uses = |&id: &NodeId| self.uses_local(id);
        let first = effects.iter().position(uses);
        let last = effects.iter().rposition(uses);
        first
            .zip(last)
            .map_or(0..0, |(first, last)| first..last + 1)
    }

    fn uses_local(&self, id: NodeId) -> bool {
        let Source { func, schedule, .. } = self.source;
        let is_local = |&id: &NodeId| match func.node(id) {
            Node::Load { array, .. } | Node::Store { array, .. } | Node::Scan { array, .. } => {
                matches!(array, ArrayRef::Local(_))
            }
            Node::Call { args, .. } => {
                let is_local = |arg: &CallArg| matches!(arg, CallArg::Array(ArrayRef::Local(_)));
                args.iter().any(is_local)
            }
            _ => false,
        };
        let inside = schedule.inside(func, func.regions_of(id)).into_iter();
        is_local(&id) || inside.flat_map(|r| schedule.nodes(r)).any(is_local)
    }

    /// Whether the rounds of a loop, or of a reduction, come in pieces.
    fn test(&mut self, id: NodeId, in_loop: bool) -> Result<(), NotInPieces> {
        let func = self.source.func;
        let body = match *func.node(id) {
            Node::For {
                ref init,
                lanes: 1,
                body,
                ..
            } if init.is_empty() => body,
            Node::Reduce { shape, body, .. } => {
                let mut values = func.reduced(id).into_iter();
                match shape == Shape::Tree || values.all(|(c, scalar)| c.is_free(scalar)) {
                    true => body,
                    false => return Err(NotInPieces::Carried),
                }
            }
            _ => return Err(NotInPieces::Carried),
        };
        let rounds = constant_rounds(func, id).filter(|&rounds| rounds < ROUNDS_MIN);
        if let (true, Some(rounds)) = (in_loop, rounds) {
            return Err(NotInPieces::Few { rounds });
        }
        let schedule = self.source.schedule;
        let tests = self.tests.entry(id);
        tests
            .or_insert_with(|| Footprint::of(func, schedule, body).independent())
            .clone()
    }

    /// Whether there is a loop in a loop or a branch that comes in pieces.
    /// Recurses on their nesting, as deep as `most` says.
    fn has_rounds(&mut self, id: NodeId, in_loop: bool, most: usize) -> bool {
        let func = self.source.func;
        let in_loop = in_loop || !matches!(func.node(id), Node::If { .. });
        let opens = matches!(
            func.node(id),
            Node::If { .. } | Node::For { lanes: 1, .. } | Node::While { .. }
        );
        opens
            && most > 0
            && !self.uses_local(id)
            && func.regions_of(id).any(|region| {
                let mut effects = func.region(region).effects.iter();
                effects.any(|&id| {
                    self.test(id, in_loop).is_ok() || self.has_rounds(id, in_loop, most - 1)
                })
            })
    }

    /// Writes down that one thread runs a loop, or those of a branch. Recurses
    /// on the nesting of branches, which is limited.
    fn tell_alone(&mut self, id: NodeId, why: Option<NotInPieces>) {
        let func = self.source.func;
        match func.node(id) {
            Node::If { .. } => {
                for region in func.regions_of(id) {
                    for &id in &func.region(region).effects {
                        let found = self.test(id, self.depth > 0).err();
                        self.tell_alone(id, why.clone().filter(is_from_around).or(found));
                    }
                }
            }
            Node::For { .. } | Node::While { .. } | Node::Reduce { .. } | Node::Scan { .. } => {
                let why = why.unwrap_or(NotInPieces::Carried);
                self.tell(id, Shared::Not(why));
            }
            _ => {}
        }
    }

    fn tell(&mut self, id: NodeId, shared: Shared) {
        let Source { func, schedule, .. } = self.source;
        let regions = func.regions_of(id);
        let Some(body) = regions.last() else {
            return;
        };
        self.loops.push(OuterLoop {
            name: Footprint::of(func, schedule, body).describe_loop(),
            depth: self.depth,
            shared,
        });
    }

    /// The step of what runs once, if that is more than guards.
    fn flush(&mut self, pending: &mut Vec<NodeId>) -> Option<Step> {
        let func = self.source.func;
        let effects = std::mem::take(pending);
        let is_guard = |&id: &NodeId| matches!(func.node(id), Node::Guard { .. });
        if effects.iter().all(is_guard) {
            return None;
        }
        self.asked = self.guards.len();
        self.steps += 1;
        Some(Step::Once(self.once(&effects)))
    }

    /// The step that runs these once, and gives all that comes of them.
    fn once(&mut self, effects: &[NodeId]) -> Once {
        let func = self.source.func;
        let mut values: Vec<NodeId> = Vec::new();
        for &id in effects {
            match func.node(id) {
                Node::Load { .. } => values.push(id),
                _ => values.extend(func.projections(id)),
            }
        }
        let mut all = self.guards.clone();
        all.extend(effects);
        let part = self.source.part(&Wanted {
            path: &self.path,
            effects: all,
            values: values.clone(),
            rounds: None,
        });
        let gives = values.into_iter().map(|v| self.source.know(v)).collect();
        Once { part, gives }
    }

    /// A part of values and the guards that nobody has asked yet.
    fn small(&mut self, values: Vec<NodeId>) -> Part {
        let effects = self.guards[self.asked..].to_vec();
        self.asked = self.guards.len();
        self.source.part(&Wanted {
            path: &self.path,
            effects,
            values,
            rounds: None,
        })
    }

    /// The step of a loop in pieces.
    fn rounds(&mut self, id: NodeId) -> Rounds {
        let Source { func, schedule, .. } = self.source;
        let (lo, hi, body) = match *func.node(id) {
            Node::For { lo, hi, body, .. } | Node::Reduce { lo, hi, body, .. } => (lo, hi, body),
            _ => unreachable!("{id} is no counted loop"),
        };
        self.tell(id, Shared::Rounds);
        let range = self.small(vec![lo, hi]);
        let mut effects = self.guards.clone();
        effects.push(id);
        let part = self.source.part(&Wanted {
            path: &self.path,
            effects,
            values: Vec::new(),
            rounds: Some(id),
        });
        let totals = func.reduced(id).into_iter().zip(func.projections(id));
        let totals = totals
            .map(|((combine, scalar), value)| (combine, scalar, self.source.know(value)))
            .collect();
        let is_loop = |&id: &NodeId| {
            !matches!(func.node(id), Node::If { .. }) && func.regions_of(id).next().is_some()
        };
        let inside = schedule.inside(func, [body]).into_iter();
        let arrays = match inside.flat_map(|r| schedule.nodes(r)).any(is_loop) {
            true => Footprint::of(func, schedule, body).own_arrays(),
            false => Vec::new(),
        };
        Rounds {
            part,
            range,
            work: work(func, schedule, body),
            arrays,
            totals,
        }
    }

    /// The step of a loop or a branch that is opened.
    fn inside(&mut self, id: NodeId, why: NotInPieces) -> Inside {
        let func = self.source.func;
        let is_branch = matches!(func.node(id), Node::If { .. });
        if !is_branch {
            self.tell(id, Shared::Inside(why));
        }
        let index = self.insides;
        self.insides += 1;
        self.depth += usize::from(!is_branch);
        let kind = self.kind(id);
        self.depth -= usize::from(!is_branch);
        // Its results are known from here on, not before.
        let once = self.once(&[id]);
        Inside { index, once, kind }
    }

    fn kind(&mut self, id: NodeId) -> Kind {
        let func = self.source.func;
        match *func.node(id) {
            Node::If {
                cond,
                then,
                otherwise,
            } => Kind::If {
                cond: self.small(vec![cond]),
                sides: Box::new([then, otherwise].map(|side| self.side(side).1)),
            },
            Node::For {
                lo,
                hi,
                ref init,
                body,
                ..
            } => {
                let enter = self.small([&[lo, hi], &init[..]].concat());
                let (args, body) = self.side(body);
                Kind::For {
                    enter,
                    args,
                    body: Box::new(body),
                }
            }
            Node::While {
                ref init,
                cond,
                body,
            } => {
                let enter = self.small(init.to_vec());
                let (test_args, test) = self.side(cond);
                let (args, body) = self.side(body);
                Kind::While {
                    enter,
                    test_args,
                    test: Box::new(test),
                    args,
                    body: Box::new(body),
                }
            }
            _ => unreachable!("{id} is not opened"),
        }
    }

    /// The steps of a region of what is opened, and the values that its
    /// arguments are.
    fn side(&mut self, region: RegionId) -> (Vec<usize>, Block) {
        let args = &self.source.func.region(region).args;
        let args = args.iter().map(|&arg| self.source.know(arg)).collect();
        let before = self.guards.len();
        self.path.push(region);
        let block = self.block(region);
        self.path.pop();
        self.guards.truncate(before);
        self.asked = before;
        (args, block)
    }
}

/// Whether a reason is one of what stands around a loop.
fn is_from_around(why: &NotInPieces) -> bool {
    matches!(
        why,
        NotInPieces::Local | NotInPieces::AmongLocal | NotInPieces::Steps { .. }
    )
}

/// The price of everything that runs in a region, the dearer side of each `if`
/// included. Recurses on the nesting of regions, which is limited.
fn work(func: &Func, schedule: &Schedule, region: RegionId) -> u32 {
    let nodes = schedule.nodes(region).iter();
    nodes.fold(0, |sum: u32, &id| {
        let inside = func.regions_of(id).map(|r| work(func, schedule, r));
        let inside = match func.node(id) {
            Node::While { .. } => inside.sum::<u32>().saturating_mul(WHILE_ROUNDS),
            _ => inside.max().unwrap_or(0),
        };
        sum.saturating_add(node_price(func, id))
            .saturating_add(inside)
    })
}
