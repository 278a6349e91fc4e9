//! numexpr's examples, as formulas under their own text.

use super::{Buffers, Case, Ours, reals, zeros};
use crate::data::uniform;

/// Cache and memory, as for numexpr.
const SIZES: &[usize] = &[65_536, 1 << 23];

fn buffers<const N: usize>(n: usize) -> Buffers {
    let mut columns: Vec<Vec<f64>> = (3..)
        .take(N)
        .map(|seed| uniform(n, 0.0, 1.0, seed))
        .collect();
    columns.push(zeros(n));
    reals(columns)
}

macro_rules! formulas {
    ($($text:literal $exact:literal [$($name:ident)*], $plain:expr;)*) => {
        &[$(Case {
            kernel: $text,
            sizes: SIZES,
            elements: |n| n,
            exact: $exact,
            buffers: buffers::<{ [$(stringify!($name)),*].len() }>,
            plain: |buffers| {
                if let [$($name,)* y] = &mut buffers.reals[..] {
                    for i in 0..y.len() {
                        $(let $name = $name[i];)*
                        y[i] = $plain;
                    }
                }
            },
            ours: Ours::Formula {
                text: $text,
                columns: &[$(stringify!($name)),*],
            },
        }),*]
    };
}

#[rustfmt::skip]
pub(super) const FORMULAS: &[Case] = formulas! {
    "2*a+3*b"               true  [a b],   2.0 * a + 3.0 * b;
    "a**2+b**2+2*a*b"       true  [a b],   a * a + b * b + 2.0 * a * b;
    "sin(a)**2+cos(b)**2"   false [a b],   a.sin() * a.sin() + b.cos() * b.cos();
    "a*exp(-b)+c"           false [a b c], a * (-b).exp() + c;
    "where(a>b,a*c,b-c)"    true  [a b c], if a > b { a * c } else { b - c };
    "sqrt(a*a+b*b+c*c)"     true  [a b c], (a * a + b * b + c * c).sqrt();
};
