//! `kiln time`: what a formula costs on this processor.
//!
//! Columns hold fixed pseudo-random numbers between 1 and 2, where few
//! formulas leave their domain. The times are the least of many runs, which
//! says what the code can do and not what else the machine did.

use crate::args::Time;
use crate::report::{Failure, print, print_json, warnings_json};
use crate::source;
use kiln::{Column, Engine, InputType, Kernel, Ran, Scalar, Tier};
use serde_json::json;
use std::time::{Duration, Instant};

/// How long each way of running is repeated.
const REPEAT: Duration = Duration::from_millis(300);

pub(crate) fn run(args: &Time) -> Result<(), Failure> {
    let formula = source::formula(args.formula.as_deref(), &args.common)?;
    let inputs = source::input_types(&formula, &args.common, args.dtype)?;
    let rows = args.rows as usize;
    let data: Vec<(&str, Data)> = inputs
        .iter()
        .enumerate()
        .map(|(seed, (name, ty))| (*name, Data::new(*ty, rows, seed as u64)))
        .collect();
    let columns: Vec<(&str, Column<'_>)> = data
        .iter()
        .map(|(name, data)| (*name, data.column()))
        .collect();

    let native = Engine::builder().tier(Tier::Native).build();
    let start = Instant::now();
    let kernel = native.kernel(&formula);
    let ran = kernel.map_rows(rows, &columns)?.ran();
    let first = start.elapsed();
    let compile = native.stats().compile_time;
    let native_ns = row_ns(&kernel, rows, &columns)?;
    let interpreter = Engine::builder().tier(Tier::Interpreter).build();
    let interpreted_ns = row_ns(&interpreter.kernel(&formula), rows, &columns)?;
    let native_ns = (ran.tier == Tier::Native).then_some(native_ns);
    if args.common.json {
        return print_json(&json!({
            "rows": rows,
            "compile_ns": compile.as_nanos() as u64,
            "first_call_ns": first.as_nanos() as u64,
            "native_ns_per_row": native_ns,
            "interpreted_ns_per_row": interpreted_ns,
            "level": level_name(ran),
            "warnings": warnings_json(&formula),
        }));
    }
    let us = |time: Duration| time.as_nanos() as f64 / 1e3;
    let mut text = format!(
        "rows          {rows}\ncompile       {:.0} us\nfirst call    {:.0} us\n",
        us(compile),
        us(first),
    );
    text.push_str(&match native_ns {
        Some(ns) => format!("native        {ns:.3} ns a row ({})\n", ran.level),
        None => format!("native        none: {}\n", reasons(&native)),
    });
    text.push_str(&format!("interpreted   {interpreted_ns:.3} ns a row\n"));
    print(&text)
}

fn level_name(ran: Ran) -> Option<String> {
    (ran.tier == Tier::Native).then(|| ran.level.to_string())
}

fn reasons(engine: &Engine) -> String {
    let reasons: Vec<String> = engine.stats().fallbacks.into_keys().collect();
    reasons.join("; ")
}

/// The least time of a row over repeated runs.
fn row_ns(kernel: &Kernel, rows: usize, columns: &[(&str, Column<'_>)]) -> Result<f64, Failure> {
    let start = Instant::now();
    let mut least = Duration::MAX;
    loop {
        let run = Instant::now();
        std::hint::black_box(kernel.map_rows(rows, columns)?);
        least = least.min(run.elapsed());
        if start.elapsed() > REPEAT {
            return Ok(least.as_nanos() as f64 / rows as f64);
        }
    }
}

macro_rules! data {
    ($($variant:ident $ty:ident |$x:ident| $from:expr;)*) => {
        /// A column of numbers of one type.
        enum Values {
            $($variant(Vec<$ty>),)*
        }

        impl Values {
            /// One per random number in [1, 2).
            fn new(scalar: Scalar, numbers: impl Iterator<Item = f64>) -> Values {
                match scalar {
                    $(Scalar::$variant => Values::$variant(numbers.map(|$x| $from).collect()),)*
                }
            }

            fn column<'a>(&'a self, valid: Option<&'a [bool]>) -> Column<'a> {
                match (self, valid) {
                    $((Values::$variant(values), None) => values.into(),)*
                    $((Values::$variant(values), Some(valid)) => {
                        Column::with_validity(values, valid)
                    })*
                }
            }
        }
    };
}

data! {
    Bool bool |x| x >= 1.5;
    I8 i8 |x| (x * 64.0 - 63.0) as i8;
    I16 i16 |x| (x * 100.0) as i16;
    I32 i32 |x| (x * 1000.0) as i32;
    I64 i64 |x| (x * 1000.0) as i64;
    U8 u8 |x| (x * 64.0 - 63.0) as u8;
    U16 u16 |x| (x * 100.0) as u16;
    U32 u32 |x| (x * 1000.0) as u32;
    U64 u64 |x| (x * 1000.0) as u64;
    F32 f32 |x| x as f32;
    F64 f64 |x| x;
}

/// An input's column, nine in ten of it there if it can be missing.
struct Data {
    values: Values,
    valid: Option<Vec<bool>>,
}

impl Data {
    fn new(ty: InputType, rows: usize, seed: u64) -> Data {
        let valid = || random(seed ^ 0x5eed).take(rows).map(|x| x < 1.9).collect();
        Data {
            values: Values::new(ty.scalar, random(seed).take(rows)),
            valid: ty.nullable.then(valid),
        }
    }

    fn column(&self) -> Column<'_> {
        self.values.column(self.valid.as_deref())
    }
}

/// Numbers in [1, 2) by the splitmix64 generator (Steele, Lea, Flood 2014).
fn random(seed: u64) -> impl Iterator<Item = f64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        f64::from_bits(0x3ff0_0000_0000_0000 | (z >> 12))
    })
}
