//! Polynomials over values, with whole coefficients: what indices are.
//!
//! A sum of products of nodes, exact: an operation whose result would not fit
//! the limits gives `None`, and its caller then knows less, never something
//! wrong.

use crate::func::NodeId;
use crate::range::Interval;
use std::collections::BTreeMap;

/// The most factors of a product.
const DEGREE_MAX: usize = 4;
/// The most products of a sum.
const TERMS_MAX: usize = 24;
/// The greatest size of a coefficient: far from the end of 128 bits.
const COEFFICIENT_MAX: i128 = 1 << 96;

/// A sum of products of nodes, each with a whole coefficient.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
pub struct Poly {
    /// By factors, in order; no coefficient is 0. No factor: the constant.
    terms: BTreeMap<Vec<NodeId>, i128>,
}

impl Poly {
    /// A constant.
    pub fn constant(value: i128) -> Poly {
        let mut poly = Poly::default();
        if value != 0 {
            poly.terms.insert(Vec::new(), value);
        }
        poly
    }

    /// The value of a node.
    pub fn node(id: NodeId) -> Poly {
        Poly {
            terms: BTreeMap::from([(vec![id], 1)]),
        }
    }

    /// The products with their coefficients; no factor is the constant.
    pub fn terms(&self) -> impl Iterator<Item = (&[NodeId], i128)> {
        self.terms.iter().map(|(factors, &c)| (&factors[..], c))
    }

    /// The nodes in it, with repetitions.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.terms.keys().flatten().copied()
    }

    /// The constant, and the rest without it.
    pub fn split_constant(mut self) -> (Poly, i128) {
        let constant = self.terms.remove(&[][..]).unwrap_or(0);
        (self, constant)
    }

    fn add_term(&mut self, factors: Vec<NodeId>, coefficient: i128) -> Option<()> {
        let slot = self.terms.entry(factors).or_insert(0);
        *slot = slot.checked_add(coefficient)?;
        let fits = slot.abs() <= COEFFICIENT_MAX;
        if *slot == 0 {
            self.terms.retain(|_, c| *c != 0);
        }
        (fits && self.terms.len() <= TERMS_MAX).then_some(())
    }

    /// `self + factor * other`.
    pub fn plus(&self, factor: i128, other: &Poly) -> Option<Poly> {
        let mut sum = self.clone();
        for (factors, c) in &other.terms {
            sum.add_term(factors.clone(), c.checked_mul(factor)?)?;
        }
        Some(sum)
    }

    /// The product.
    pub fn times(&self, other: &Poly) -> Option<Poly> {
        let mut product = Poly::default();
        for (left, c) in &self.terms {
            for (right, d) in &other.terms {
                let mut factors = [left.as_slice(), right].concat();
                if factors.len() > DEGREE_MAX {
                    return None;
                }
                factors.sort_unstable();
                product.add_term(factors, c.checked_mul(*d)?)?;
            }
        }
        Some(product)
    }

    /// The highest power of a node in it.
    pub fn degree(&self, of: NodeId) -> usize {
        let power = |factors: &Vec<NodeId>| factors.iter().filter(|&&v| v == of).count();
        self.terms.keys().map(power).max().unwrap_or(0)
    }

    /// The coefficient of a node that occurs in one term alone, as its only
    /// factor.
    pub fn linear_coefficient(&self, of: NodeId) -> Option<i128> {
        let mut with = self.terms.iter().filter(|(f, _)| f.contains(&of));
        match (with.next(), with.next()) {
            (Some((factors, &c)), None) if factors.len() == 1 => Some(c),
            _ => None,
        }
    }

    /// This with a polynomial in place of a node.
    pub fn substitute(&self, node: NodeId, by: &Poly) -> Option<Poly> {
        let mut sum = Poly::default();
        for (factors, &c) in &self.terms {
            let rest: Vec<NodeId> = factors.iter().copied().filter(|&v| v != node).collect();
            let power = factors.len() - rest.len();
            let mut term = Poly {
                terms: BTreeMap::from([(rest, c)]),
            };
            for _ in 0..power {
                term = term.times(by)?;
            }
            sum = sum.plus(1, &term)?;
        }
        Some(sum)
    }

    /// What it grows by when a node grows by 1.
    pub fn difference(&self, node: NodeId) -> Option<Poly> {
        let next = Poly::node(node).plus(1, &Poly::constant(1))?;
        self.substitute(node, &next)?.plus(-1, self)
    }

    /// The values it can have, each product taken by itself; `None` beyond
    /// 128 bits.
    pub fn range(&self, of: impl Fn(NodeId) -> Interval) -> Option<Interval> {
        self.terms
            .iter()
            .try_fold(Interval::point(0), |sum, (factors, &c)| {
                let product = factors
                    .iter()
                    .try_fold(Interval::point(c), |product, &v| product.times(of(v)))?;
                sum.plus(product)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_products_are_exact_and_bounded() {
        let (x, y) = (NodeId::new(1), NodeId::new(2));
        let (px, py) = (Poly::node(x), Poly::node(y));
        // (x + y)(x - y) = x^2 - y^2.
        let sum = px.plus(1, &py).expect("small");
        let difference = px.plus(-1, &py).expect("small");
        let product = sum.times(&difference).expect("small");
        assert_eq!(product.terms().count(), 2);
        assert_eq!((product.degree(x), product.degree(NodeId::new(9))), (2, 0));
        // With y = x it is nothing.
        let nothing = product.substitute(y, &px).expect("small");
        assert_eq!(nothing, Poly::constant(0));
        // (x + 1)^2 - x^2 = 2x + 1.
        let square = px.times(&px).expect("small");
        let grows = square.difference(x).expect("small");
        assert_eq!(grows.linear_coefficient(x), Some(2));
        assert_eq!(grows.split_constant().1, 1);
        let quartic = square.times(&square).expect("four factors");
        assert_eq!(quartic.times(&px), None, "five factors");
        let large = Poly::constant(1 << 90);
        assert_eq!(large.times(&large), None, "beyond the coefficients");
        let range = product.range(|v| match v == x {
            true => Interval { lo: -3, hi: 2 },
            false => Interval::point(1),
        });
        assert_eq!(range, Some(Interval { lo: -7, hi: 8 }));
    }
}
