//! The fixed shape of a reduction.
//!
//! Values go round the lanes, 16 for 8-byte types and 32 for smaller ones,
//! in blocks of 1,024. The lanes of a block are folded in halves: lane `i`
//! takes lane `i + width` for widths 8, 4, 2, 1 or 16, 8, 4, 2, 1. Blocks are
//! combined like the digits of a binary counter, and at the end from the last
//! block to the first. So the shape depends on the number of values alone.

use kiln_ir::{Combine, Const, Scalar, meaning};

/// Number of values in a block.
const BLOCK: u32 = 1024;

/// A reduction under way.
#[derive(Debug)]
pub(crate) struct Tree {
    combine: Combine,
    ty: Scalar,
    lanes: Vec<Const>,
    /// Number of values in the open block.
    filled: u32,
    /// Number of blocks closed.
    blocks: u64,
    /// One entry per digit 1 of `blocks`, the highest first.
    done: Vec<Const>,
}

impl Tree {
    pub(crate) fn new(combine: Combine, ty: Scalar) -> Tree {
        let lanes = if ty.bytes() == 8 { 16 } else { 32 };
        Tree {
            combine,
            ty,
            lanes: vec![combine.identity(ty); lanes],
            filled: 0,
            blocks: 0,
            done: Vec::new(),
        }
    }

    /// Forgets all values.
    pub(crate) fn clear(&mut self) {
        self.filled = 0;
        self.blocks = 0;
        self.done.clear();
        self.lanes.fill(self.combine.identity(self.ty));
    }

    /// Adds the next value.
    pub(crate) fn add(&mut self, bits: u64) {
        let lane = self.filled as usize % self.lanes.len();
        self.lanes[lane] = self.join(self.lanes[lane], Const::from_bits(self.ty, bits));
        self.filled += 1;
        if self.filled == BLOCK {
            self.close();
        }
    }

    /// What the values combine to; the identity if there are none.
    pub(crate) fn finish(&mut self) -> u64 {
        if self.filled > 0 {
            self.close();
        }
        let combined = self.done.iter().copied().rev().reduce(|right, left| {
            // The blocks on the left came first.
            self.join(left, right)
        });
        combined.unwrap_or(self.combine.identity(self.ty)).bits()
    }

    /// Folds the open block and adds it to those that are done.
    fn close(&mut self) {
        let mut width = self.lanes.len() / 2;
        while width > 0 {
            for i in 0..width {
                self.lanes[i] = self.join(self.lanes[i], self.lanes[i + width]);
            }
            width /= 2;
        }
        let mut value = self.lanes[0];
        let mut digits = self.blocks;
        while digits & 1 == 1 {
            if let Some(left) = self.done.pop() {
                value = self.join(left, value);
            }
            digits >>= 1;
        }
        self.done.push(value);
        self.blocks += 1;
        self.filled = 0;
        self.lanes.fill(self.combine.identity(self.ty));
    }

    fn join(&self, x: Const, y: Const) -> Const {
        join(self.combine, self.ty, x, y)
    }
}

/// `x` and `y` combined, in this order.
fn join(combine: Combine, ty: Scalar, x: Const, y: Const) -> Const {
    // A sum of f64 is what nearly every reduction is.
    match (combine, x.as_f64(), y.as_f64()) {
        (Combine::Sum, Some(x), Some(y)) => Const::f64(x + y),
        _ => meaning::eval(combine.op(), ty, &[x, y]),
    }
}

#[cfg(test)]
mod tests {
    use super::Tree;
    use kiln_ir::{Combine, Const, Scalar};

    fn sum(values: &[f64]) -> f64 {
        let mut tree = Tree::new(Combine::Sum, Scalar::F64);
        values.iter().for_each(|v| tree.add(v.to_bits()));
        f64::from_bits(tree.finish())
    }

    #[test]
    fn an_empty_sum_is_minus_zero_and_the_identities_are_neutral() {
        assert_eq!(sum(&[]).to_bits(), (-0.0f64).to_bits());
        assert_eq!(sum(&[-0.0]).to_bits(), (-0.0f64).to_bits());
        let least = Combine::Max.identity(Scalar::I8);
        assert_eq!(least.as_int(), Some(-128));
        assert_eq!(Combine::All.identity(Scalar::Bool), Const::bool(true));
    }

    #[test]
    fn the_shape_is_lanes_blocks_and_a_counter() {
        let values: Vec<f64> = (0..5000u64)
            .map(|i| ((i * 7919) % 1013) as f64 * 1e-3 + 1e8 * f64::from(i % 3 == 0))
            .collect();
        let block = |chunk: &[f64]| {
            let mut lanes = [-0.0; 16];
            for (i, v) in chunk.iter().enumerate() {
                lanes[i % 16] += v;
            }
            let mut width = 8;
            while width > 0 {
                for i in 0..width {
                    lanes[i] += lanes[i + width];
                }
                width /= 2;
            }
            lanes[0]
        };
        let b: Vec<f64> = values.chunks(1024).map(block).collect();
        assert_eq!(b.len(), 5);
        let expected = ((b[0] + b[1]) + (b[2] + b[3])) + b[4];
        assert_eq!(sum(&values).to_bits(), expected.to_bits());
    }
}
