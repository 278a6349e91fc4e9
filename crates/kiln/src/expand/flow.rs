//! Branches and loops: variables that are assigned inside are carried.
//!
//! An expansion names the carried variables, always in the same order: as
//! they are before, as a region gives them, and as they are after.

use super::{Body, Iter, Val, Value};
use kiln_ir::{Combine, FuncBuilder, Interval, NodeId, Op, RegionId, Shape};

/// A branch being built.
///
/// `keep` each variable, build the one side, hand each to `then`, go on with
/// `begin_else`, build the other side, hand each to `otherwise`, `end`, and
/// `take` each.
#[derive(Debug)]
pub struct If<'b> {
    body: &'b Body,
    condition: NodeId,
    kept: Vec<NodeId>,
    yields: Vec<NodeId>,
    then: Option<RegionId>,
    /// What the one side yields, then what all of it gives.
    results: std::vec::IntoIter<NodeId>,
    saved: std::vec::IntoIter<NodeId>,
}

impl Body {
    /// Opens the side of a condition that holds.
    pub fn begin_if<'b>(&'b self, condition: Val<'b, bool>) -> If<'b> {
        self.open(|func| func.begin_if());
        If {
            body: self,
            condition: condition.id(),
            kept: Vec::new(),
            yields: Vec::new(),
            then: None,
            results: Vec::new().into_iter(),
            saved: Vec::new().into_iter(),
        }
    }

    /// `a && b`, where `b` is built between [`begin_and`](Self::begin_and)
    /// and this.
    pub fn begin_and<'b>(&'b self, a: Val<'b, bool>) -> Lazy<'b> {
        Lazy::new(self, a, Op::And)
    }

    /// `a || b`, likewise.
    pub fn begin_or<'b>(&'b self, a: Val<'b, bool>) -> Lazy<'b> {
        Lazy::new(self, a, Op::Or)
    }
}

impl<'b> If<'b> {
    /// Names a variable that a side assigns.
    pub fn keep(&mut self, variable: &impl Value<'b>) {
        variable.push(&mut self.kept);
    }

    /// Hands over a variable as the one side leaves it, and puts it back.
    pub fn then<V: Value<'b>>(&mut self, variable: &mut V) {
        variable.push(&mut self.yields);
        if self.saved.len() == 0 {
            self.saved = self.kept.clone().into_iter();
        }
        variable.pull(&mut self.saved);
    }

    /// Opens the other side.
    pub fn begin_else(&mut self) {
        let yields = std::mem::take(&mut self.yields);
        let then = self.body.close(|func| func.begin_else(&yields));
        self.body.open(|_| ());
        self.then = Some(then);
        self.kept = yields;
    }

    /// Hands over a variable as the other side leaves it.
    pub fn otherwise(&mut self, variable: &impl Value<'b>) {
        variable.push(&mut self.yields);
    }

    /// Closes the branch.
    pub fn end(&mut self) {
        let Some(then) = self.then.take() else {
            unreachable!("the other side is open");
        };
        let (condition, yields) = (self.condition, std::mem::take(&mut self.yields));
        let mut results = self
            .body
            .close(|func| func.end_if(condition, then, &yields));
        for ((result, then), otherwise) in results.iter_mut().zip(&self.kept).zip(&yields) {
            if then == otherwise {
                *result = *then;
            }
        }
        self.results = results.into_iter();
    }

    /// Makes a variable what the branch gave.
    pub fn take<V: Value<'b>>(&mut self, variable: &mut V) {
        variable.pull(&mut self.results);
    }
}

/// `&&` or `||`, whose right side is built only where it counts.
#[derive(Debug)]
pub struct Lazy<'b> {
    body: &'b Body,
    left: NodeId,
    op: Op,
}

impl<'b> Lazy<'b> {
    fn new(body: &'b Body, left: Val<'b, bool>, op: Op) -> Lazy<'b> {
        body.open(|func| func.begin_if());
        Lazy {
            body,
            left: left.id(),
            op,
        }
    }

    /// The right side, which ends it. If nothing in it can fail, both sides
    /// are values and this is a plain operator.
    pub fn end(self, right: Val<'b, bool>) -> Val<'b, bool> {
        let Lazy { body, left, op } = self;
        let is_plain = body.close(|func| func.abandon_pure_region());
        if is_plain {
            return Val::new(body, body.op(op, &[left, right.id()]));
        }
        let short = body.constant(kiln_ir::Const::bool(op == Op::Or));
        let then = body.with(|func| func.begin_else(&[right.id()]));
        let condition = match op {
            Op::Or => body.op(Op::Not, &[left]),
            _ => left,
        };
        let results = body.with(|func| func.end_if(condition, then, &[short]));
        Val::new(body, results[0])
    }
}

/// A loop being built.
///
/// `carry` each variable, open it, `take` each, build the body, hand each to
/// `next`, `close`, and `take` each. A `while` is opened twice: for its test,
/// then for its body.
#[derive(Debug)]
pub struct Loop<'b> {
    body: &'b Body,
    /// The bounds of a loop that counts.
    bounds: Option<(NodeId, NodeId)>,
    init: Vec<NodeId>,
    yields: Vec<NodeId>,
    /// The carried values of a loop that counts, as a round finds them.
    carried: Vec<NodeId>,
    test: Option<RegionId>,
    results: std::vec::IntoIter<NodeId>,
}

impl Body {
    /// Begins a loop over what an iterator gives.
    pub fn begin_for<'b>(&'b self, iter: &impl Iter<'b>) -> Loop<'b> {
        let bounds = iter.bounds();
        Loop::new(self, Some((bounds.0.id(), bounds.1.id())))
    }

    /// Begins a loop with a test before each round.
    pub fn begin_while(&self) -> Loop<'_> {
        Loop::new(self, None)
    }
}

impl<'b> Loop<'b> {
    fn new(body: &'b Body, bounds: Option<(NodeId, NodeId)>) -> Loop<'b> {
        Loop {
            body,
            bounds,
            init: Vec::new(),
            yields: Vec::new(),
            carried: Vec::new(),
            test: None,
            results: Vec::new().into_iter(),
        }
    }

    /// Names a variable that a round assigns.
    pub fn carry(&mut self, variable: &impl Value<'b>) {
        variable.push(&mut self.init);
    }

    /// Opens the body of a loop that counts; gives the index.
    pub fn open(&mut self) -> Val<'b, i64> {
        let (index, carried) = self.body.open(|func| func.begin_for(&self.init));
        self.carried.clone_from(&carried);
        self.results = carried.into_iter();
        if let Some((lo, hi)) = self.bounds {
            self.body.set_index_range(index, lo, hi);
        }
        Val::new(self.body, index)
    }

    /// Opens the test of a `while`.
    pub fn open_test(&mut self) {
        let carried = self.body.open(|func| func.begin_while(&self.init));
        self.results = carried.into_iter();
    }

    /// Ends the test and opens the body.
    pub fn test(&mut self, go_on: Val<'b, bool>) {
        self.body.close(|_| ());
        let (region, carried) = self.body.open(|func| func.begin_do(go_on.id()));
        self.test = Some(region);
        self.results = carried.into_iter();
    }

    /// Hands over a variable as a round leaves it.
    pub fn next(&mut self, variable: &impl Value<'b>) {
        variable.push(&mut self.yields);
    }

    /// Closes the loop.
    pub fn close(&mut self) {
        if let Some(results) = self.close_reassociated() {
            self.results = results.into_iter();
            return;
        }
        let (init, yields) = (&self.init, &self.yields);
        let results = match (self.bounds, self.test) {
            (Some((lo, hi)), _) => self.body.close(|f| f.end_for(lo, hi, 1, init, yields)),
            (None, Some(test)) => self.body.close(|f| f.end_while(test, init, yields)),
            (None, None) => unreachable!("the test of the loop was built"),
        };
        self.results = results.into_iter();
    }

    /// Closes the loop as a reduction, if it is one that may be.
    fn close_reassociated(&mut self) -> Option<Vec<NodeId>> {
        let range = self.bounds?;
        let found = self.body.reassociated(&self.carried, &self.yields)?;
        let combine: Vec<Combine> = found.iter().map(|f| f.combine).collect();
        let values: Vec<NodeId> = found.iter().map(|f| f.value).collect();
        let close =
            |f: &mut FuncBuilder| f.end_for_as_reduce(&combine, Shape::Tree, range, &values);
        let totals = self.body.close(close);
        let joined = combine.iter().zip(self.init.iter().zip(totals));
        let joined = joined.map(|(c, (&init, total))| self.body.op(c.op(), &[init, total]));
        Some(joined.collect())
    }

    /// Makes a variable what it is in a round, or after the loop.
    pub fn take<V: Value<'b>>(&mut self, variable: &mut V) {
        variable.pull(&mut self.results);
    }
}

impl Body {
    /// The index of a round of a loop that counts and can be left.
    pub fn inside<'b>(&'b self, iter: &impl Iter<'b>, index: Val<'b, i64>) -> Val<'b, i64> {
        let (lo, hi) = iter.bounds();
        self.set_index_range(index.id(), lo.id(), hi.id());
        index
    }

    /// The index of the next round.
    pub fn after<'b>(&'b self, index: Val<'b, i64>) -> Val<'b, i64> {
        let one = self.i64(1);
        Val::new(self, self.op(Op::Add, &[index.id(), one]))
    }

    /// In a round the index is at least the one bound and less than the other.
    fn set_index_range(&self, index: NodeId, lo: NodeId, hi: NodeId) {
        let (lo, hi) = (self.range(lo), self.range(hi));
        let range = Interval {
            lo: lo.lo,
            hi: (hi.hi - 1).max(lo.lo),
        };
        self.set_range(index, range);
    }
}
