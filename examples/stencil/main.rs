//! A stencil, with each way to go on beyond the border.
//!
//! A stencil needs neighbours that the first and the last elements do not
//! have. What stands for them is a function from an index to an index:
//! `kiln::border` has those that everybody knows, and any kernel will do. kiln
//! and rustc give the same bits.
//!
//! ```text
//! cargo run --release --bin stencil
//! ```

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "printing is what an example does")]

use anyhow::{Result, ensure};
use kiln::border::{clamp, reflect, wrap};

macro_rules! blurs {
    ($($name:ident: $border:ident;)*) => {$(
        /// The mean of five neighbours, weighted 1 4 6 4 1.
        #[kiln::kernel]
        fn $name(x: &[f64], y: &mut [f64]) {
            assert!(x.len() == y.len(), "x and y have different lengths");
            let n = x.len() as i64;
            for i in 0..n {
                let outer = x[$border(i - 2, n) as usize] + x[$border(i + 2, n) as usize];
                let inner = x[$border(i - 1, n) as usize] + x[$border(i + 1, n) as usize];
                y[i as usize] = (outer + 4.0 * inner + 6.0 * x[i as usize]) / 16.0;
            }
        }
    )*};
}

blurs! {
    blur_wrap: wrap;
    blur_reflect: reflect;
    blur_clamp: clamp;
}

/// Beyond the end there is nothing: such neighbours count as 0.
#[kiln::kernel]
fn blur_zero(x: &[f64], y: &mut [f64]) {
    assert!(x.len() == y.len(), "x and y have different lengths");
    let weights = [1.0, 4.0, 6.0, 4.0, 1.0];
    for i in 0..x.len() {
        let mut sum = 0.0;
        for k in 0..5 {
            if i + k >= 2 && i + k - 2 < x.len() {
                sum += weights[k] * x[i + k - 2];
            }
        }
        y[i] = sum / 16.0;
    }
}

fn main() -> Result<()> {
    let x: Vec<f64> = (0..1000).map(|i| f64::from(i % 7) * 0.3 + 1.0).collect();
    let (mut y, mut expected) = (vec![0.0; x.len()], vec![0.0; x.len()]);
    macro_rules! compare {
        ($($blur:ident)*) => {$(
            ensure!($blur::kernel().prepare(), "there is no native code");
            $blur(&x, &mut y);
            $blur::rust(&x, &mut expected);
            ensure!(y == expected, "{} differs", stringify!($blur));
            let (first, last) = (y[0], y[y.len() - 1]);
            println!("{:13} first {first:.4}, last {last:.4}", stringify!($blur));
        )*};
    }
    compare!(blur_wrap blur_reflect blur_clamp blur_zero);
    Ok(())
}
