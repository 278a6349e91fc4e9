//! Random numbers are the same in kernels of every kind and in plain Rust.

use super::{engines, tier};
use kiln::{Builder, Level, Tier, random};

fn func() -> kiln::Func {
    let b = Builder::new("draws");
    let (seed, i) = (b.input::<u64>("seed"), b.input::<i64>("i"));
    let (i, zero) = (i.cast::<u64>(), b.constant(0u64));
    b.output("bits", random::bits(seed, i, zero));
    b.output("uniform", random::uniform(seed, i, zero));
    b.output("normal", random::normal(seed, i, zero));
    b.finish().unwrap()
}

/// Numbers that stress the halves of the words.
const SEEDS: [u64; 4] = [0, 1, 0xdead_beef_0bad_cafe, u64::MAX];

#[test]
fn every_width_draws_the_same_numbers() {
    let indices: Vec<i64> = (-40..60).chain([i64::MIN, i64::MAX, 1 << 32]).collect();
    // Without native code there is no level to ask for.
    let levels = ["one", "128", "avx2", "avx512"].map(|name| name.parse::<Level>().ok());
    let native = levels.into_iter().flatten().map(|level| {
        let builder = kiln::Engine::builder().tier(Tier::Native);
        builder.level(level).build()
    });
    for engine in engines().into_iter().chain(native) {
        let kernel = engine.kernel(&func());
        for seed in SEEDS {
            let columns = kernel
                .map(&[("seed", seed.into()), ("i", kiln::Column::from(&indices))])
                .unwrap();
            assert_eq!(columns.ran().tier, tier(&engine));
            let bits: &[u64] = columns["bits"].as_slice().unwrap();
            let uniform: &[f64] = columns["uniform"].as_slice().unwrap();
            let normal: &[f64] = columns["normal"].as_slice().unwrap();
            for (row, &i) in indices.iter().enumerate() {
                let i = i as u64;
                assert_eq!(bits[row], random::bits(seed, i, 0));
                assert_eq!(
                    uniform[row].to_bits(),
                    random::uniform(seed, i, 0).to_bits()
                );
                assert_eq!(normal[row].to_bits(), random::normal(seed, i, 0).to_bits());
            }
        }
    }
}

#[test]
fn any_order_of_a_loop_draws_the_same_numbers() {
    let b = Builder::new("fill");
    let (seed, lo) = (b.input::<i64>("seed"), b.input::<i64>("lo"));
    let y = b.array_mut::<f64, 1>("y");
    b.for_each(0, y.len(), |i| {
        y.set(i, random::normal(seed, lo + i, b.constant(1)))
    });
    let fill = b.finish().unwrap();
    for engine in engines() {
        let fill = engine.arrays(&fill).unwrap();
        let mut whole = [0.0; 100];
        fill.call(&mut [9i64.into(), 0i64.into(), (&mut whole).into()])
            .unwrap();
        let mut parts = [0.0; 100];
        for lo in [60, 0, 30] {
            let hi = if lo == 60 { 100 } else { lo + 30 };
            let part = &mut parts[lo..hi];
            fill.call(&mut [9i64.into(), (lo as i64).into(), part.into()])
                .unwrap();
        }
        assert_eq!(whole, parts);
    }
}
