//! How many operations each function is, as the optimiser sees it.
//!
//! A third instantiation of the arithmetic: one that records every operation
//! once, however often it is asked for. It holds the common path of each
//! function to a budget, and shows what `sin` and `cos` share.

use kiln_math::{Arith, Binary64, FUNCTIONS, Slow, expand, generic};
use std::collections::HashMap;

/// An operation by name and operands; constants carry their bits.
type Node = (&'static str, Vec<u64>);

/// Records operations; those inside a rare path, and constants, do not count.
#[derive(Default)]
struct Count {
    known: HashMap<Node, u64>,
    common: usize,
    rare: usize,
    depth: usize,
}

impl Count {
    fn node(&mut self, name: &'static str, args: &[u64]) -> u64 {
        let next = self.known.len() as u64;
        let (common, rare, inside) = (&mut self.common, &mut self.rare, self.depth > 0);
        *self.known.entry((name, args.to_vec())).or_insert_with(|| {
            if !name.starts_with("const") && name != "bits" && name != "from_bits" && name != "neg"
            {
                *(if inside { rare } else { common }) += 1;
            }
            next
        })
    }

    fn of(build: impl FnOnce(&mut Count)) -> Count {
        let mut count = Count::default();
        build(&mut count);
        count
    }
}

macro_rules! nodes {
    ($($name:ident($($arg:ident),+);)+) => {
        $(fn $name(&mut self, $($arg: u64),+) -> u64 {
            self.node(stringify!($name), &[$($arg),+])
        })+
    };
}

impl Arith for Count {
    type Format = Binary64;
    type F = u64;
    type I = u64;
    type M = u64;

    nodes! {
        add(x, y); sub(x, y); mul(x, y); div(x, y); fma(x, y, z); sqrt(x); neg(x); abs(x);
        copysign(x, y); rint(x); floor(x); trunc(x); lt(x, y); le(x, y); eq(x, y); ne(x, y);
        and(m, n); or(m, n); not(m); select(m, x, y); select_int(m, x, y); bits(x); from_bits(i);
        iadd(i, j); isub(i, j); iand(i, j); ior(i, j); ixor(i, j); ieq(i, j); ilt(i, j);
    }

    fn float(&mut self, c: f64) -> u64 {
        self.node("const float", &[c.to_bits()])
    }
    fn int(&mut self, c: i64) -> u64 {
        self.node("const int", &[c as u64])
    }
    fn ishl(&mut self, i: u64, n: u32) -> u64 {
        self.node("ishl", &[i, u64::from(n)])
    }
    fn ushr(&mut self, i: u64, n: u32) -> u64 {
        self.node("ushr", &[i, u64::from(n)])
    }
    fn rare(&mut self, cond: u64, then: impl FnOnce(&mut Self) -> u64, common: u64) -> u64 {
        self.depth += 1;
        let other = then(self);
        self.depth -= 1;
        self.node("rare", &[cond, other, common])
    }
    fn slow(&mut self, op: Slow, args: &[u64]) -> u64 {
        self.node(op.name(), args)
    }
}

/// Operations on the common path, and in rare paths. A sign change costs
/// nothing: it is part of an fma. `rare` is a test and a branch.
fn operations(name: &str, arity: usize) -> (usize, usize) {
    let count = Count::of(|a| {
        let x = a.node("const x", &[]);
        let args = if arity == 1 {
            vec![x]
        } else {
            vec![x, a.node("const y", &[])]
        };
        assert!(expand(a, name, &args).is_some(), "{name} has no expansion");
    });
    (count.common, count.rare)
}

#[test]
fn common_paths_keep_to_their_budgets() {
    #[rustfmt::skip]
    let budgets = [
        ("exp", 27), ("log", 36), ("sin", 44), ("cos", 44), ("tan", 58), ("asin", 42),
        ("acos", 48), ("atan", 50), ("atan2", 56), ("tanh", 54), ("cbrt", 50), ("pow", 110),
    ];
    for function in FUNCTIONS {
        let (common, rare) = operations(function.name, function.arity());
        eprintln!("{:9} {common} and {rare} in rare paths", function.name);
        if let Some((name, budget)) = budgets.iter().find(|(name, _)| *name == function.name) {
            assert!(
                common <= *budget,
                "{name} takes {common} operations, more than {budget}"
            );
        }
    }
}

#[test]
fn sine_and_cosine_share_their_reduction_and_polynomials() {
    let alone = operations("sin", 1).0;
    let both = Count::of(|a| {
        let x = a.node("const x", &[]);
        generic::sin(a, x);
        generic::cos(a, x);
    });
    assert!(
        both.common <= alone + 8,
        "{} for both, {alone} for one",
        both.common
    );
}

#[test]
fn hyperbolic_sine_and_cosine_share_too() {
    let alone = operations("sinh", 1).0;
    let both = Count::of(|a| {
        let x = a.node("const x", &[]);
        generic::sinh(a, x);
        generic::cosh(a, x);
    });
    assert!(
        both.common <= alone + 10,
        "{} for both, {alone} for one",
        both.common
    );
}
