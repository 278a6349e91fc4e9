//! Which strips take several rounds of the loop around them at once.
//!
//! It pays where every round of that loop reads and writes the same elements,
//! as a product of matrices does: they then stay in registers. It is safe
//! where the loop around does nothing but the one inside, and what that writes
//! is at the same place in all its rounds: no element is then touched in
//! another order than before.

use super::access::Rows;
use kiln_ir::{Accesses, Func, Node, NodeId, RegionId, Schedule, Strip, jam, moved_by};

/// Rounds of the loop around that run at once.
const ROUNDS: u16 = 4;

/// The strip of the loop `around` the loop `inner`, if it pays.
pub(super) fn jammed(
    func: &Func,
    schedule: &Schedule,
    around: NodeId,
    inner: NodeId,
    rows: &Rows,
) -> Option<Strip> {
    let body = loop_without_carried(func, around)?;
    let inside = loop_without_carried(func, inner)?;
    if func.region(body).effects[..] != [inner] || !stays(func, schedule, body, inner) {
        return None;
    }
    let accesses = &func.region(inside).effects;
    let is_plain = |id: &NodeId| matches!(func.node(*id), Node::Load { .. } | Node::Store { .. });
    if !accesses.iter().all(is_plain) {
        return None;
    }
    let Accesses {
        rows,
        places,
        whole: [],
    } = rows.independent(func).ok()?
    else {
        return None;
    };
    let moved = moved_by(func, schedule, around, inner, rows.iter().map(|r| r.access));
    let mut is_read_again = false;
    for (number, row) in rows.iter().enumerate().filter(|(_, row)| row.is_written) {
        if moved.contains(&row.access) {
            return None;
        }
        let here = accesses.iter().filter(|id| places[id].0 == number);
        let stores: Vec<bool> = here
            .map(|id| matches!(func.node(*id), Node::Store { .. }))
            .collect();
        match stores[..] {
            [false, true] => is_read_again = true,
            [true] => {}
            _ => return None,
        }
    }
    is_read_again.then(|| jam(func, schedule, (around, inner), ROUNDS, rows, places))
}

fn loop_without_carried(func: &Func, node: NodeId) -> Option<RegionId> {
    match *func.node(node) {
        Node::For { ref init, body, .. } if init.is_empty() => Some(body),
        _ => None,
    }
}

/// Whether a loop runs from and to where it does in all rounds of the one
/// around it.
fn stays(func: &Func, schedule: &Schedule, body: RegionId, inner: NodeId) -> bool {
    let Node::For { lo, hi, .. } = *func.node(inner) else {
        return false;
    };
    let runs_in_body = |v: NodeId| match func.node(v) {
        Node::Proj { of, .. } => schedule.place(*of) == Some(body),
        _ => schedule.place(v) == Some(body),
    };
    !runs_in_body(lo) && !runs_in_body(hi)
}
