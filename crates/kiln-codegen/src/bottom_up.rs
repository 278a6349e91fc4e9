//! List scheduling from the bottom up: what both lowerings order code with.
//!
//! Of the instructions whose users are all placed, the next is the cheapest;
//! among equals the one that stood last. So code stays as it was but where
//! another order needs less of what the cost counts.

/// Candidates that are compared at a time, so that ordering is linear.
const WINDOW: usize = 32;

/// For each instruction of a run those that must stand before it.
#[derive(Default)]
pub(crate) struct Needs {
    /// Where the needs of each instruction end in `all`.
    ends: Vec<u32>,
    all: Vec<u32>,
    loads: Vec<u32>,
    store: Option<u32>,
}

/// What an instruction does to memory.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Memory {
    None,
    Load,
    Store,
}

impl Needs {
    /// Adds the next instruction, which needs values that others define, and
    /// memory as they leave it.
    pub(crate) fn push(&mut self, values: impl IntoIterator<Item = u32>, memory: Memory) {
        let own = self.ends.len() as u32;
        self.all.extend(values);
        match memory {
            Memory::None => {}
            Memory::Load => {
                self.all.extend(self.store);
                self.loads.push(own);
            }
            Memory::Store => {
                self.all.append(&mut self.loads);
                self.all.extend(self.store);
                self.store = Some(own);
            }
        }
        self.ends.push(self.all.len() as u32);
    }

    fn of(&self, inst: usize) -> &[u32] {
        let start = if inst == 0 { 0 } else { self.ends[inst - 1] };
        &self.all[start as usize..self.ends[inst] as usize]
    }
}

/// The order of instructions, from the first to the last, as their numbers.
/// `cost` and `place` are asked and told about them from the last one on,
/// with what `state` says is alive.
pub(crate) fn bottom_up<S>(
    needs: &Needs,
    state: &mut S,
    cost: impl Fn(&S, usize) -> i32,
    place: impl Fn(&mut S, usize),
) -> Vec<usize> {
    let count = needs.ends.len();
    let mut users = vec![0u32; count];
    for &need in &needs.all {
        users[need as usize] += 1;
    }
    // In order, so that the last ones are those that stood last.
    let mut ready: Vec<usize> = (0..count).filter(|&i| users[i] == 0).collect();
    let mut order = Vec::with_capacity(count);
    while let Some(at) = (ready.len().saturating_sub(WINDOW)..ready.len())
        .rev()
        .min_by_key(|&at| cost(state, ready[at]))
    {
        let next = ready.remove(at);
        order.push(next);
        place(state, next);
        for &need in needs.of(next) {
            let need = need as usize;
            users[need] -= 1;
            if users[need] == 0 {
                let at = ready.partition_point(|&other| other < need);
                ready.insert(at, need);
            }
        }
    }
    order.reverse();
    order
}

#[cfg(test)]
mod tests {
    use super::{Memory, Needs, bottom_up};

    /// The third needs the first, and the fourth the second.
    fn crossed() -> Needs {
        let mut needs = Needs::default();
        for values in [&[][..], &[], &[0], &[1]] {
            needs.push(values.iter().copied(), Memory::None);
        }
        needs
    }

    #[test]
    fn what_costs_the_same_stays_where_it_stood() {
        let order = bottom_up(&crossed(), &mut (), |(), _| 0, |(), _| ());
        assert_eq!(order, [0, 1, 2, 3]);
    }

    #[test]
    fn the_cheapest_comes_last() {
        let cost = |_: &(), i: usize| i32::from(i == 3);
        assert_eq!(
            bottom_up(&crossed(), &mut (), cost, |(), _| ()),
            [1, 3, 0, 2]
        );
    }

    #[test]
    fn loads_and_stores_do_not_pass_each_other() {
        let mut needs = Needs::default();
        for memory in [Memory::Load, Memory::Store, Memory::Load, Memory::None] {
            needs.push([], memory);
        }
        // What stood first costs least, and would come last.
        let cost = |_: &(), i: usize| i as i32;
        assert_eq!(bottom_up(&needs, &mut (), cost, |(), _| ()), [3, 0, 1, 2]);
    }
}
