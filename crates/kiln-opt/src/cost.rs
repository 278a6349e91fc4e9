//! What ops cost, and how many rows a round should hold.
//!
//! The prices are those of one vector op at full width, in the time of one
//! addition, after the instruction tables of recent x86-64 cores (Fog,
//! uops.info) by reciprocal throughput. They decide only between shapes that
//! give the same bits, so a price that is off costs time and nothing else.

use crate::report::LoopReport;
use crate::widen::{NotWidened, widen_carrying};
use kiln_ir::{
    Access, Class, Func, Layout, Node, NodeId, Op, RegionId, Schedule, Strip, StripInput, Type,
    is_even, rounds_at_once, strip_loop,
};

/// A side of an `if` that costs no more runs whether or not it is wanted: the
/// price of asking, and of a branch that is guessed wrongly now and then.
pub(crate) const BRANCH_PRICE: u32 = 6;

/// Price of calling a slow-lane op for one lane.
const SLOW_PRICE: u32 = 100;

/// Price of a mathematical function that is not expanded.
const MATH_PRICE: u32 = 60;

/// The price of an op with a result of type `ty`.
pub(crate) fn price(op: Op, ty: Type) -> u32 {
    match op {
        Op::Div | Op::Sqrt | Op::Rem if ty.scalar.is_float() => 8,
        // One lane at a time: no vector has a whole-number division.
        Op::Div | Op::Rem => 40,
        Op::Mul if ty.scalar.bytes() == 8 && ty.scalar.is_int() => 4,
        Op::MulHigh | Op::MulSat | Op::MulOverflows => 8,
        Op::AddSat | Op::SubSat | Op::AddOverflows | Op::SubOverflows => 3,
        Op::Min | Op::Max | Op::Fmin | Op::Fmax => 3,
        Op::Copysign => 3,
        Op::Cast => 2,
        Op::Clz | Op::Ctz | Op::Popcount | Op::Rotl | Op::Rotr => 4,
        Op::Shl | Op::Shr => 1,
        // Bits change their name, not their place.
        Op::RawBits | Op::FromBits | Op::Splat | Op::Iota => 0,
        _ => match op.class() {
            Class::Slow => SLOW_PRICE,
            Class::Math => MATH_PRICE,
            _ => 1,
        },
    }
}

/// The price of a node alone, without the regions it owns.
pub(crate) fn node_price(func: &Func, id: NodeId) -> u32 {
    match func.node(id) {
        Node::Op { op, .. } => price(*op, func.ty(id)),
        Node::Load { .. } | Node::Store { .. } | Node::Guard { .. } => 1,
        _ => 0,
    }
}

/// The price of everything that runs in a region, the dearer side of each
/// `if` included. Recurses on the nesting of regions, which is limited.
pub(crate) fn region_price(func: &Func, schedule: &Schedule, region: RegionId) -> u32 {
    let nodes = schedule.nodes(region).iter();
    nodes.fold(0, |sum, &id| {
        let inside = func.regions_of(id);
        let inside = inside.map(|r| region_price(func, schedule, r)).max();
        sum.saturating_add(node_price(func, id))
            .saturating_add(inside.unwrap_or(0))
    })
}

/// A body of at most this many ops leaves registers for four of it at once.
const SMALL_BODY: u32 = 12;
/// A body of at most this many ops gains by running twice at once what its
/// values take in registers, and more: Black-Scholes and the great-circle
/// distance run 1.3 times as fast. One twice as long gains a tenth at most,
/// and takes twice as long to compile.
const MEDIUM_BODY: u32 = 300;

/// How many rows a round of the row loop of `func` should hold on vectors of
/// `level_bits` bits: a whole number of vectors of its widest values.
pub fn block_lanes(func: &Func, level_bits: u32) -> u16 {
    let Some((ops, widest)) = size_of_body(func) else {
        return 1;
    };
    let vectors = match ops {
        // The longest of few is less long than that of many.
        _ if has_uneven_loop(func) => 1,
        // What it carries takes registers all the time.
        small if small <= SMALL_BODY && has_while(func) => 2,
        small if small <= SMALL_BODY => 4,
        medium if medium <= MEDIUM_BODY => 2,
        _ => 1,
    };
    let lanes_per_vector = (level_bits / widest).max(1);
    let lanes = vectors * lanes_per_vector;
    match reads_many_rows(func) {
        true => lanes.min(ROWS_AT_ONCE.max(lanes_per_vector)) as u16,
        false => lanes as u16,
    }
}

/// Rows that a loop inside may walk along at once: where they lie a power of
/// two apart they share a set of the cache, and a set holds eight lines.
const ROWS_AT_ONCE: u32 = 8;

/// Whether each lane has a row of its own that a loop inside walks along.
fn reads_many_rows(func: &Func) -> bool {
    let arrays = func.params().iter().filter_map(|p| p.ty.as_array());
    arrays
        .into_iter()
        .any(|array| array.layout == Layout::Strided && array.rank > 1)
}

fn has_while(func: &Func) -> bool {
    (0..func.node_count()).any(|i| matches!(func.node(NodeId::new(i)), Node::While { .. }))
}

/// Whether a loop inside is not equally long in all rounds.
fn has_uneven_loop(func: &Func) -> bool {
    (0..func.node_count()).any(|i| match *func.node(NodeId::new(i)) {
        Node::For { lo, hi, .. } => !is_even(func, lo, hi),
        _ => false,
    })
}

/// A strip over blocks, of as many rounds as vectors of `level_bits` bits are
/// best used with.
///
/// # Errors
/// Why its loop must run one round at a time.
pub fn widen_strip(strip: &Strip, level_bits: u32) -> Result<Func, NotWidened> {
    if level_bits <= 128 && is_whole_twice(strip) {
        return Err(NotWidened::LanesApart);
    }
    if level_bits <= 128 && has_uneven_loop(&strip.func) {
        return Err(NotWidened::Uneven);
    }
    let (lanes, step) = match strip.block {
        Some(block) => (lanes_at_once(strip, block, level_bits), block),
        None => {
            let lanes = free_lanes(strip, level_bits)?;
            (lanes, lanes)
        }
    };
    let bytes = carrying(strip, level_bits) * level_bits as usize / 8;
    widen_carrying(&strip.func, lanes, step, bytes)
}

/// How many registers the lanes of a reduction may take: half of them, and two
/// more where none of its lanes have to be there at once. More would push each
/// other out, which costs a load and a store where lanes in memory cost a
/// store. AVX-512 has twice as many.
fn carrying(strip: &Strip, level_bits: u32) -> usize {
    let registers = if strip.shows_order { 10 } else { 8 };
    if level_bits > 256 {
        2 * registers
    } else {
        registers
    }
}

/// How many of the lanes of a reduction run at once: as many as have room in
/// registers for each of its values, and one vector at least. The others run
/// after them, over the same block of the shape, which is in the first cache
/// then. Each lane sees its values in their order, and nothing is computed
/// twice. Where no order shows, one block is the whole loop, and it runs once;
/// so does a loop that stores, whose rounds have to end in their order where one
/// of them fails.
fn lanes_at_once(strip: &Strip, block: u16, level_bits: u32) -> u16 {
    let vector = vector_lanes(&strip.func, level_bits);
    if !strip.shows_order || stores(strip) {
        return block;
    }
    let is_lanes = |input: &&StripInput| matches!(input, StripInput::Lanes { .. });
    let values = strip.inputs.iter().filter(is_lanes).count();
    let mut lanes = block;
    while lanes > vector && values * usize::from(lanes / vector) > carrying(strip, level_bits) {
        lanes /= 2;
    }
    lanes
}

/// Whether a strip stores more than lanes.
fn stores(strip: &Strip) -> bool {
    let inputs = strip.inputs.iter().zip(strip.func.params());
    let mut others = inputs.filter(|(input, _)| !matches!(input, StripInput::Lanes { .. }));
    others.any(|(_, param)| matches!(param.ty.as_array(), Some(ty) if ty.access == Access::Mut))
}

/// A loop of a constant number of rounds below so many blocks is cut into
/// blocks without a rest.
const FEW_BLOCKS: i64 = 4;

/// How many rounds of a strip that is free to choose run at once: as many as
/// its body is best used with, and fewer where it has few rounds. Then those
/// that leave none over are better than those that leave some.
fn free_lanes(strip: &Strip, level_bits: u32) -> Result<u16, NotWidened> {
    let best = block_lanes(&strip.func, level_bits);
    let Some(rounds) = strip.rounds else {
        return Ok(best);
    };
    if rounds >= FEW_BLOCKS * i64::from(best) {
        return Ok(best);
    }
    let vector = vector_lanes(&strip.func, level_bits);
    let halves = || std::iter::successors(Some(best), |lanes| Some(lanes / 2));
    let fitting = || halves().take_while(|&lanes| lanes >= vector);
    let exact = fitting().find(|&lanes| rounds % i64::from(lanes) == 0);
    let whole = || fitting().find(|&lanes| rounds >= i64::from(lanes));
    exact.or_else(whole).ok_or(NotWidened::Short(rounds))
}

/// How many lanes a vector of `level_bits` bits has for the row loop of `func`.
fn vector_lanes(func: &Func, level_bits: u32) -> u16 {
    let widest = size_of_body(func).map_or(64, |(_, widest)| widest);
    (level_bits / widest).max(1) as u16
}

/// Whether a strip reads or writes where floats say: at 128 bits these become
/// whole numbers lane by lane, and are taken out of a vector of two once more.
/// A table between whose elements was interpolated took 1.7 times as long so
/// as one round at a time did.
fn is_whole_twice(strip: &Strip) -> bool {
    let func = &strip.func;
    let is_whole = |input: &StripInput| matches!(input, StripInput::Array(_));
    let is_cast = |i| match func.node(NodeId::new(i)) {
        Node::Op { op: Op::Cast, args } => {
            let ty = func.ty(NodeId::new(i)).scalar;
            func.ty(args[0]).scalar.is_float() && ty.is_int() && ty.bytes() == 8
        }
        _ => false,
    };
    strip.inputs.iter().any(is_whole) && (0..func.node_count()).any(is_cast)
}

/// Ops on the common path of the row loop, and the bits of the widest value on
/// any.
fn size_of_body(func: &Func) -> Option<(u32, u32)> {
    let body = body_of(func)?;
    let schedule = Schedule::of(func);
    let (mut ops, mut widest) = (0, 8);
    for_each_common(func, &schedule, body, &mut |id| {
        ops += u32::from(node_price(func, id) > 0);
    });
    let mut see = |ty: Type| widest = widest.max(ty.scalar.bytes() as u32 * 8);
    for_each_nested(func, &schedule, body, &mut |id| {
        func.value_type(id).map(&mut see);
        if let Node::Store { value, .. } = func.node(id) {
            see(func.ty(*value));
        }
    });
    Some((ops, widest))
}

fn body_of(func: &Func) -> Option<RegionId> {
    func.regions_of(strip_loop(func)?).next()
}

/// Visits everything in a region. Recurses on the nesting of regions, which
/// is limited, as the functions below do.
fn for_each_nested(
    func: &Func,
    schedule: &Schedule,
    region: RegionId,
    visit: &mut impl FnMut(NodeId),
) {
    for &id in schedule.nodes(region) {
        visit(id);
        for inner in func.regions_of(id) {
            for_each_nested(func, schedule, inner, visit);
        }
    }
}

/// Visits what most rows run in a region.
fn for_each_common(
    func: &Func,
    schedule: &Schedule,
    region: RegionId,
    visit: &mut impl FnMut(NodeId),
) {
    for &id in schedule.nodes(region) {
        visit(id);
        if let Some(common) = common_side(func, schedule, id) {
            for_each_common(func, schedule, common, visit);
        }
    }
}

/// Of an `if`, the dearer side that calls no slow-lane op itself: those are
/// for rows that are rare.
fn common_side(func: &Func, schedule: &Schedule, id: NodeId) -> Option<RegionId> {
    let is_slow =
        |&id: &NodeId| matches!(func.node(id), Node::Op { op, .. } if op.class() == Class::Slow);
    func.regions_of(id).max_by_key(|&region| {
        if schedule.nodes(region).iter().any(is_slow) {
            return 0;
        }
        let mut price = 1;
        for_each_common(func, schedule, region, &mut |id| {
            price += node_price(func, id)
        });
        price
    })
}

/// What a round of the row loop of `func` costs; `None` if it has none.
/// `reason` says why the loop was not widened, if it was not.
pub fn loop_report(func: &Func, reason: Option<&NotWidened>) -> Option<LoopReport> {
    let row_loop = strip_loop(func)?;
    let Node::For { body, .. } = *func.node(row_loop) else {
        return None;
    };
    let schedule = Schedule::of(func);
    let (mut ops, mut price, mut guards) = (0, 0, 0);
    for_each_common(func, &schedule, body, &mut |id| {
        let node = node_price(func, id);
        ops += u32::from(node > 0 && matches!(func.node(id), Node::Op { .. }));
        price += node;
        guards += u32::from(matches!(func.node(id), Node::Guard { .. }));
    });
    Some(LoopReport {
        lanes: rounds_at_once(func, row_loop),
        ops,
        price,
        guards,
        slow_ops: crate::pipeline::count_class(func, Class::Slow) as u32,
        reason: reason.map(ToString::to_string).unwrap_or_default(),
        ..LoopReport::default()
    })
}
