//! Pieces: a Func whose outermost loop may run in parts, in any order and at
//! once.
//!
//! A Func comes in pieces if it is tests, then one counted loop that carries
//! nothing or one reduction, and the rounds of that are independent: of every
//! array that the loop writes there is one dimension in which each of its
//! accesses moves with the loop's index, by the same step and from the same
//! place, so that an element is touched in one round only; all other arrays
//! are only read. The test is simple on purpose. What it refuses may still be
//! independent, and [`NotInPieces`] says what it saw.
//!
//! A reduction in the shape of a tree is cut between subtrees, whole blocks of
//! 1,024 values as many as a power of two, whose values are combined as those
//! of blocks are; so how it is cut shows in no bit. In whole numbers, least
//! and greatest values no order shows.
//!
//! The Func of a piece takes two further numbers, `first` and `last`, and runs
//! the rounds of the loop that lie in `first..last`. What stands before the
//! loop runs in every piece: it tests, and stores nothing.
//!
//! Deliberately absent: products of the index and a value that is not known,
//! as in `y[i * w + j]`, which are distinct only where they do not wrap; loops
//! inside of others; two loops in a row; sums in order.

use crate::config::{OptConfig, OptError};
use crate::cost::node_price;
use crate::pipeline::prepare;
use kiln_ir::{
    ArrayRef, Bounds, Combine, Const, Context, Func, FuncBuilder, Node, NodeId, Op, Poly, RegionId,
    Rewrite, Scalar, Schedule, Shape, inline, same_params,
};
use rustc_hash::{FxHashMap, FxHashSet};
use thiserror::Error;

/// The largest step of an index for which rounds that meet again lie further
/// apart than any loop runs: indices are taken modulo 2^64.
const STEP_MAX: i128 = 1 << 15;

/// How often a loop runs of which that is not known, for the price alone.
const WHILE_ROUNDS: u32 = 16;

/// A Func in pieces.
#[derive(Clone, Debug)]
pub struct Pieces {
    /// The Func of a piece: its last two parameters, both `i64`, are the first
    /// round and one past the last. It has the results of the whole Func,
    /// which do not depend on the loop; of a reduction, its value.
    pub func: Func,
    /// The first round of the loop and one past its last, from the parameters
    /// of the Func.
    pub range: Func,
    /// The price of a round: counted loops inside of it are taken once, and
    /// others to run as often as a guess says.
    pub work: u32,
    /// What becomes of the values of the pieces of a reduction.
    pub total: Option<Total>,
}

/// How the value of a reduction is made of those of its pieces, and the
/// results of its Func of that.
#[derive(Clone, Debug)]
pub struct Total {
    /// How two values are combined.
    pub combine: Combine,
    /// What they are.
    pub scalar: Scalar,
    /// The results, from the parameters and the value, which is the last one.
    pub results: Func,
}

/// Why a Func does not come in pieces.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum NotInPieces {
    /// It is something other than tests and then one counted loop or one
    /// reduction.
    #[error("it is not one counted loop or reduction, with nothing but tests before it")]
    Form,
    /// The loop hands values from round to round.
    #[error("a round begins with what the one before it has computed")]
    Carried,
    /// The reduction has several values.
    #[error("it reduces to several values")]
    Several,
    /// A local array is used in the loop.
    #[error("its rounds use a local array")]
    Local,
    /// Two accesses may touch one element in different rounds.
    #[error("rounds may meet at {first} and {second}")]
    Dependent {
        /// The name of the array.
        array: String,
        /// A store.
        first: String,
        /// A store or a load, which may be the same.
        second: String,
    },
    /// The passes refuse it.
    #[error(transparent)]
    Optimise(#[from] OptError),
}

/// Cuts a verified Func, whose accesses are guarded, into pieces.
///
/// # Errors
/// Why that cannot be done, or was not seen to be possible.
pub fn pieces(func: &Func, config: &OptConfig) -> Result<Pieces, NotInPieces> {
    let func = prepare(func, config)?;
    let (node, body, combine) = outer_loop(&func)?;
    let schedule = Schedule::of(&func);
    rounds_are_independent(&func, &schedule, body)?;
    Ok(Pieces {
        work: work(&func, &schedule, body),
        range: copy(&func, node, Part::Range),
        func: copy(&func, node, Part::Piece),
        total: combine.map(|(combine, scalar)| Total {
            combine,
            scalar,
            results: copy(&func, node, Part::Results(scalar)),
        }),
    })
}

/// Whether no round of the loop with this body touches what another one
/// writes.
pub(crate) fn rounds_are_independent(
    func: &Func,
    schedule: &Schedule,
    body: RegionId,
) -> Result<(), NotInPieces> {
    Test::of(func, schedule, body).independent()
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

/// The one loop that a Func ends with, its body, and what it combines if it is
/// a reduction.
fn outer_loop(func: &Func) -> Result<(NodeId, RegionId, Option<(Combine, Scalar)>), NotInPieces> {
    let effects = &func.region(func.body()).effects;
    let Some((&last, before)) = effects.split_last() else {
        return Err(NotInPieces::Form);
    };
    let is_test = |&id: &NodeId| matches!(func.node(id), Node::Guard { .. });
    if !before.iter().all(is_test) {
        return Err(NotInPieces::Form);
    }
    match *func.node(last) {
        Node::For {
            ref init,
            lanes: 1,
            body,
            ..
        } => match init.is_empty() {
            true => Ok((last, body, None)),
            false => Err(NotInPieces::Carried),
        },
        Node::Reduce { shape, body, .. } => match func.reduced(last)[..] {
            [(combine, scalar)] if shape == Shape::Tree || combine.is_free(scalar) => {
                Ok((last, body, Some((combine, scalar))))
            }
            [_] => Err(NotInPieces::Carried),
            _ => Err(NotInPieces::Several),
        },
        _ => Err(NotInPieces::Form),
    }
}

/// What of a Func is copied.
#[derive(Clone, Copy)]
enum Part {
    /// All, its loop over the rounds between two further parameters.
    Piece,
    /// All, its loop over no rounds; it gives which there are.
    Range,
    /// All but its reduction, whose value is a further parameter.
    Results(Scalar),
}

/// Copies a part of `func`, whose outermost loop is `node`.
fn copy(func: &Func, node: NodeId, part: Part) -> Func {
    let mut b = FuncBuilder::new(func.name());
    let (values, arrays) = same_params(&mut b, func);
    let mut further = |name: &str, scalar| {
        let mut name = name.to_owned();
        while func.params().iter().any(|p| p.name == name) {
            name.push('_');
        }
        b.scalar_param(name, scalar)
    };
    let further = match part {
        Part::Piece => vec![further("first", Scalar::I64), further("last", Scalar::I64)],
        Part::Range => Vec::new(),
        Part::Results(scalar) => vec![further("total", scalar)],
    };
    let mut copy = Copy {
        node,
        part,
        further,
        range: Vec::new(),
        value: None,
    };
    let results = inline(&mut b, func, &values, &arrays, &mut copy);
    match (part, copy.value) {
        (Part::Range, _) => b.finish(&copy.range),
        (Part::Piece, Some(value)) => b.finish(&[value]),
        _ => b.finish(&results),
    }
}

/// Copies all but one loop as it is.
struct Copy {
    node: NodeId,
    part: Part,
    /// The further parameters.
    further: Vec<NodeId>,
    /// The range as it was, in the new Func.
    range: Vec<NodeId>,
    /// The value of the reduction, in the new Func.
    value: Option<NodeId>,
}

impl Rewrite for Copy {
    fn replaced(&mut self, old: NodeId) -> Option<Vec<NodeId>> {
        let is_known = old == self.node && matches!(self.part, Part::Results(_));
        is_known.then(|| self.further.clone())
    }

    fn made(&mut self, old: NodeId, results: &[NodeId]) {
        if old == self.node {
            self.value = results.first().copied();
        }
    }

    fn range(
        &mut self,
        b: &mut FuncBuilder,
        old: NodeId,
        (lo, hi): (NodeId, NodeId),
    ) -> (NodeId, NodeId) {
        if old != self.node {
            return (lo, hi);
        }
        self.range = vec![lo, hi];
        match self.further[..] {
            [first, last] => (b.op(Op::Max, &[lo, first]), b.op(Op::Min, &[hi, last])),
            _ => {
                let zero = b.constant(Const::i64(0));
                (zero, zero)
            }
        }
    }
}

/// An access in a loop.
struct Access {
    array: ArrayRef,
    is_store: bool,
    /// By dimension; modulo 2^64.
    index: Vec<Poly>,
}

/// The rounds of a loop, and what they touch.
struct Test<'a> {
    func: &'a Func,
    /// The index of the loop.
    round: NodeId,
    /// What runs in the loop.
    inside: FxHashSet<NodeId>,
    accesses: Vec<Access>,
}

impl<'a> Test<'a> {
    fn of(func: &'a Func, schedule: &Schedule, body: RegionId) -> Test<'a> {
        let bounds = Bounds::of(func);
        let context = Context::default();
        let mut test = Test {
            func,
            round: func.region(body).args[0],
            inside: FxHashSet::default(),
            accesses: Vec::new(),
        };
        for region in schedule.inside(func, [body]) {
            test.inside.extend(&func.region(region).args);
            for &id in schedule.nodes(region) {
                test.inside.insert(id);
                let (array, index, is_store) = match func.node(id) {
                    Node::Load { array, index, .. } => (*array, &index[..], false),
                    Node::Store { array, index, .. } => (*array, &index[..], true),
                    // Its place is its own index, which is not this loop's.
                    Node::Scan { array, .. } => (*array, &[][..], true),
                    _ => continue,
                };
                let poly = |&v: &NodeId| bounds.wrapping_value(&context, v);
                test.accesses.push(Access {
                    array,
                    is_store,
                    index: index.iter().map(poly).collect(),
                });
            }
        }
        test
    }

    fn independent(&self) -> Result<(), NotInPieces> {
        let is_local = |access: &Access| matches!(access.array, ArrayRef::Local(_));
        if self.accesses.iter().any(is_local) {
            return Err(NotInPieces::Local);
        }
        let mut by_array: FxHashMap<ArrayRef, Vec<&Access>> = FxHashMap::default();
        for access in &self.accesses {
            by_array.entry(access.array).or_default().push(access);
        }
        // In the order of the accesses, so that the answer is always the same.
        for store in self.accesses.iter().filter(|access| access.is_store) {
            let all = &by_array[&store.array];
            if let Some(other) = self.meets(store, all) {
                return Err(NotInPieces::Dependent {
                    array: self.func.array_name(store.array).to_owned(),
                    first: self.describe(store),
                    second: self.describe(other),
                });
            }
        }
        Ok(())
    }

    /// The first of the accesses that may touch in another round what `store`
    /// touches; `None` if one dimension tells all rounds apart.
    fn meets<'t>(&self, store: &'t Access, all: &[&'t Access]) -> Option<&'t Access> {
        let mut met = store;
        for (dim, index) in store.index.iter().enumerate() {
            let Some(place) = self.moving(index) else {
                continue;
            };
            let apart = |other: &&&Access| self.moving(&other.index[dim]).as_ref() != Some(&place);
            met = all.iter().find(apart)?;
        }
        Some(met)
    }

    /// An index as a step of the loop's index and a place that stays, if it
    /// is that.
    fn moving(&self, index: &Poly) -> Option<(i128, Poly)> {
        let step = index.linear_coefficient(self.round)?;
        if step == 0 || step.abs() > STEP_MAX {
            return None;
        }
        let place = index.plus(-step, &Poly::node(self.round))?;
        let stays = |v: NodeId| match self.func.node(v) {
            Node::Proj { of, .. } => !self.inside.contains(of),
            _ => !self.inside.contains(&v),
        };
        let is_fixed = place.nodes().all(stays);
        is_fixed.then_some((step, place))
    }

    /// An access as text: `y[i + 1, ..]`, with `i` for the index of the loop.
    fn describe(&self, access: &Access) -> String {
        let index: Vec<String> = access.index.iter().map(|p| self.poly(p)).collect();
        let what = if access.is_store { "a store" } else { "a load" };
        format!(
            "{what} of {}[{}]",
            self.func.array_name(access.array),
            index.join(", ")
        )
    }

    /// An index as text, `..` for what has no name.
    fn poly(&self, index: &Poly) -> String {
        let mut text = String::new();
        for (nodes, factor) in index.terms() {
            let names: Option<Vec<&str>> = nodes.iter().map(|&v| self.name(v)).collect();
            let Some(names) = names else {
                return "..".to_owned();
            };
            let sign = match (text.is_empty(), factor < 0) {
                (true, false) => "",
                (true, true) => "-",
                (false, false) => " + ",
                (false, true) => " - ",
            };
            text.push_str(sign);
            let size = factor.unsigned_abs();
            if size != 1 || names.is_empty() {
                text.push_str(&size.to_string());
                text.push_str(if names.is_empty() { "" } else { " * " });
            }
            text.push_str(&names.join(" * "));
        }
        match text.is_empty() {
            true => "0".to_owned(),
            false => text,
        }
    }

    fn name(&self, id: NodeId) -> Option<&str> {
        match self.func.node(id) {
            _ if id == self.round => Some("i"),
            Node::Param(index) => Some(&self.func.params()[*index as usize].name),
            _ => None,
        }
    }
}
