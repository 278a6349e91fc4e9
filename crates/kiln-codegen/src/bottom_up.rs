//! List scheduling from the bottom up: what both lowerings order code with.
//!
//! Of the instructions whose users are all placed, the next is the cheapest;
//! among equals the one that stood last. So code stays as it was but where
//! another order needs less of what the cost counts.

use std::collections::BTreeSet;

/// Candidates that are compared at a time, so that ordering is linear.
const WINDOW: usize = 32;

/// The order of instructions, from the first to the last, as their numbers.
/// `before` says which must stand before each; `cost` and `place` are asked
/// and told about them from the last one on, with what `state` says is alive.
pub(crate) fn bottom_up<S>(
    before: &[Vec<usize>],
    state: &mut S,
    cost: impl Fn(&S, usize) -> i32,
    place: impl Fn(&mut S, usize),
) -> Vec<usize> {
    let mut users = vec![0usize; before.len()];
    for needs in before {
        needs.iter().for_each(|&need| users[need] += 1);
    }
    let mut ready: BTreeSet<usize> = (0..before.len()).filter(|&i| users[i] == 0).collect();
    let mut order = Vec::with_capacity(before.len());
    while let Some(next) = ready
        .iter()
        .rev()
        .take(WINDOW)
        .copied()
        .min_by_key(|&i| cost(state, i))
    {
        ready.remove(&next);
        order.push(next);
        place(state, next);
        for &need in &before[next] {
            users[need] -= 1;
            if users[need] == 0 {
                ready.insert(need);
            }
        }
    }
    order.reverse();
    order
}

#[cfg(test)]
mod tests {
    use super::bottom_up;

    #[test]
    fn what_costs_the_same_stays_where_it_stood() {
        let before = vec![vec![], vec![], vec![0], vec![1]];
        let order = bottom_up(&before, &mut (), |(), _| 0, |(), _| ());
        assert_eq!(order, [0, 1, 2, 3]);
    }

    #[test]
    fn the_cheapest_comes_last() {
        let before = vec![vec![], vec![], vec![0], vec![1]];
        let cost = |_: &(), i: usize| i32::from(i == 3);
        assert_eq!(bottom_up(&before, &mut (), cost, |(), _| ()), [1, 3, 0, 2]);
    }
}
