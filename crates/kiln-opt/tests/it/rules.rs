//! Every rule: an example on which it fires, a near miss on which it does
//! not, and both with the same values before and after.
//!
//! Examples are written for a type: `I` stands for each integer type, `S` and
//! `U` for each signed and unsigned one, `F` for each float, and a literal
//! `2I` is 2 of that type. Small integers are tried on every value, pairs of
//! them on every pair; floats on every pair of edges, and on random bits.

use super::reference::{Reference, float_edges, random_bits};
use kiln_ir::{Const, Func, Node, NodeId, Op, ParamType, Scalar, parse};
use kiln_opt::{OptConfig, Optimized, optimize, rule_names};
use std::collections::BTreeSet;

/// A rule, a Func on which it fires, and one on which it does not.
struct Case {
    rule: &'static str,
    fires: &'static str,
    misses: &'static str,
}

macro_rules! cases {
    ($($rule:literal $fires:literal $misses:literal;)*) => {
        &[$(Case { rule: $rule, fires: $fires, misses: $misses },)*]
    };
}

/// Written as `params -> result: op operands; op operands; ...`; the values
/// of the ops are `a`, `b`, `c`, ... and the last one is the result. An `if`
/// names its own.
#[rustfmt::skip]
const CASES: &[Case] = cases! {
    "fold"                  "-> I: add 2I, 3I"                        "x: I -> I: add x, 3I";
    "commute"               "x: F -> F: mul 3.0F, x"                  "x: F -> F: mul x, 3.0F";
    "compare-commute"       "x: F -> bool: lt 3.0F, x"                "x: F -> bool: lt x, 3.0F";

    "zero-right"            "x: I -> I: add x, 0I"                    "x: F -> F: add x, 0.0F";
    "zero-right"            "x: I -> I: sub x, 0I"                    "x: F -> F: sub x, -0.0F";
    "zero-right"            "x: I -> I: rotl x, 0I"                   "x: I -> I: rotl x, 1I";
    "zero-right"            "x: I -> I: sub_sat x, 0I"                "x: I -> I: sub_sat x, 1I";
    "zero-right"            "x: bool -> bool: or x, false"            "x: bool -> bool: and x, false";
    "one-right"             "x: F -> F: mul x, 1.0F"                  "x: F -> F: mul x, 1.5F";
    "one-right"             "x: I -> I: div x, 1I"                    "x: I -> I: add x, 1I";
    "zero-absorbs"          "x: I -> I: mul x, 0I"                    "x: F -> F: mul x, 0.0F";
    "zero-absorbs"          "x: I -> I: mul_high x, 0I"               "x: I -> I: or x, 0I";
    "divide-by-zero"        "x: I -> I: div x, 0I"                    "x: F -> F: div x, 0.0F";
    "divide-by-zero"        "x: I -> I: rem x, 0I"                    "x: I -> I: rem x, 3I";
    "zero-left"             "x: I -> I: div 0I, x"                    "x: F -> F: div 0.0F, x";
    "zero-left"             "x: I -> I: shl 0I, x"                    "x: I -> I: shl 1I, x";
    "zero-minus"            "x: I -> I: sub 0I, x"                    "x: F -> F: sub 0.0F, x";
    "self-cancels"          "x: I -> I: sub x, x"                     "x: F -> F: sub x, x";
    "self-cancels"          "x: I -> I: rem x, x"                     "x: I -> I: div x, x";
    "self-cancels"          "x: bool -> bool: xor x, x"               "x: bool -> bool: or x, x";
    "self-absorbs"          "x: F -> F: min x, x"                     "x: F -> F: add x, x";
    "self-absorbs"          "x: F -> F: fmax x, x"                    "x: F -> F: mul x, x";
    "self-absorbs"          "x: I -> I: and x, x"                     "x: I -> I: xor x, x";
    "remainder-of-one"      "x: I -> I: rem x, 1I"                    "x: I -> I: rem x, 3I";
    "remainder-of-one"      "x: S -> S: rem x, -1S"                   "x: S -> S: rem x, -3S";
    "minus-one"             "x: F -> F: mul x, -1.0F"                 "x: F -> F: mul x, -1.5F";
    "minus-one"             "x: F -> F: div x, -1.0F"                 "x: F -> F: add x, -1.0F";
    "minus-one"             "x: S -> S: div x, -1S"                   "x: U -> U: div x, 255U";
    "multiply-by-power"     "x: I -> I: mul x, 8I"                    "x: I -> I: mul x, 6I";
    "multiply-by-power"     "x: i8 -> i8: mul x, -128i8"              "x: F -> F: mul x, 8.0F";
    "divide-by-power"       "x: U -> U: div x, 8U"                    "x: S -> S: div x, 8S";
    "remainder-by-power"    "x: U -> U: rem x, 8U"                    "x: S -> S: rem x, 8S";
    "subtract-constant"     "x: I -> I: sub x, 5I"                    "x: F -> F: sub x, 5.0F";
    "subtract-constant"     "x: S -> S: sub x, -128S"                 "x: I -> I: sub 5I, x";
    "join-constants"        "x: I -> I: add x, 5I; add a, 7I"         "x: F -> F: add x, 5.0F; add a, 7.0F";
    "join-constants"        "x: I -> I: mul x, 5I; mul a, 7I"         "x: I -> I: add x, 5I; mul a, 7I";
    "undo"                  "x: F -> F: neg x; neg a"                 "x: F -> F: abs x; neg a";
    "undo"                  "x: I -> I: not x; not a"                 "x: I -> I: neg x; not a";
    "negate-difference"     "x: I, y: I -> I: sub x, y; neg a"        "x: F, y: F -> F: sub x, y; neg a";
    "absolute-of"           "x: F -> F: neg x; abs a"                 "x: F -> F: sqrt x; abs a";
    "absolute-of"           "x: S -> S: abs x; abs a"                 "x: S -> S: not x; abs a";
    "absolute-of-unsigned"  "x: U -> U: abs x"                        "x: S -> S: abs x";
    "add-negative"          "x: F, y: F -> F: neg y; add x, a"        "x: F, y: F -> F: abs y; add x, a";
    "add-negative"          "x: I, y: I -> I: neg x; add a, y"        "x: I, y: I -> I: not x; add a, y";
    "subtract-negative"     "x: F, y: F -> F: neg y; sub x, a"        "x: F, y: F -> F: neg x; sub a, y";
    "negatives-cancel"      "x: F, y: F -> F: neg x; neg y; div a, b" "x: S, y: S -> S: neg x; neg y; div a, b";
    "negatives-cancel"      "x: I, y: I -> I: neg x; neg y; mul a, b" "x: F, y: F -> F: neg x; mul a, y";
    "negate-constant"       "x: F -> F: neg x; mul a, 3.0F"           "x: F -> F: neg x; add a, 3.0F";
    "beyond-the-end"        "x: S -> S: min x, MAXS"                  "x: S -> S: min x, 126S";
    "beyond-the-end"        "x: U -> U: max x, 0U"                    "x: U -> U: max x, 1U";
    "at-the-end"            "x: S -> S: max x, MAXS"                  "x: S -> S: max x, 126S";
    "at-the-end"            "x: U -> U: min x, 0U"                    "x: U -> U: min x, 1U";
    "stays-in-range"        "x: I -> bool: add_overflows x, 0I"       "x: I -> bool: add_overflows x, 1I";
    "stays-in-range"        "x: I -> bool: mul_overflows x, 1I"       "x: S -> bool: mul_overflows x, -1S";
    "self-in-range"         "x: I -> bool: sub_overflows x, x"        "x: I -> bool: add_overflows x, x";

    "add-negative-zero"     "x: F -> F: add x, -0.0F"                 "x: F -> F: add x, 0.0F";
    "subtract-zero"         "x: F -> F: sub x, 0.0F"                  "x: F -> F: sub x, -0.0F";
    "negative-zero-minus"   "x: F -> F: sub -0.0F, x"                 "x: F -> F: sub 0.0F, x";
    "divide-by-power-of-two" "x: F -> F: div x, 8.0F"                 "x: F -> F: div x, 10.0F";
    "divide-by-power-of-two" "x: f64 -> f64: div x, -8.98846567431158e307" "x: f64 -> f64: div x, 5e-324";
    "divide-by-power-of-two" "x: f32 -> f32: div x, 1.7014118e38f32"  "x: f32 -> f32: div x, 1e-45f32";
    "fma-negatives-cancel"  "x: F, y: F -> F: neg x; neg y; fma a, b, x" "x: F, y: F -> F: neg x; fma a, y, y";
    "fma-negate-constant"   "x: F, y: F -> F: neg x; fma a, 3.0F, y"  "x: F, y: F -> F: neg x; fma a, y, 3.0F";
    "fma-one"               "x: F, y: F -> F: fma x, 1.0F, y"         "x: F, y: F -> F: fma x, y, 1.0F";
    "fma-one"               "x: F, y: F -> F: fma -1.0F, x, y"        "x: F, y: F -> F: fma x, 2.0F, y";
    "fma-adds-nothing"      "x: F, y: F -> F: fma x, y, -0.0F"        "x: F, y: F -> F: fma x, y, 0.0F";
    "absolute-of-square"    "x: F -> F: mul x, x; abs a"              "x: F, y: F -> F: mul x, y; abs a";
    "absolute-drops-sign"   "x: F, y: F -> F: copysign x, y; abs a"   "x: F, y: F -> F: min x, y; abs a";
    "copysign-drops-sign"   "x: F, y: F -> F: neg x; copysign a, y"   "x: F, y: F -> F: neg y; copysign x, a";
    "copysign-constant"     "x: F -> F: copysign x, -0.0F"            "x: F -> F: copysign -2.0F, x";
    "copysign-constant"     "x: F -> F: copysign x, nanF"             "x: F, y: F -> F: copysign x, y";
    "copysign-self"         "x: F -> F: copysign x, x"                "x: F, y: F -> F: copysign x, y";
    "round-twice"           "x: F -> F: floor x; rint a"              "x: F -> F: sqrt x; rint a";
    "round-whole"           "x: I -> F: cast.F x; floor a"            "x: f32 -> f64: cast.f64 x; floor a";
    "beyond-infinity"       "x: F -> F: min x, infF"                  "x: F -> F: fmin x, infF";
    "beyond-infinity"       "x: F -> F: max x, -infF"                 "x: F -> F: max x, infF";
    "nan-loses"             "x: F -> F: fmin x, nanF"                 "x: F -> F: min x, nanF";
    "at-infinity"           "x: F -> F: fmax x, infF"                 "x: F -> F: max x, infF";
    "no-nan-to-lose"        "x: I, y: I -> F: cast.F x; cast.F y; fmin a, b" "x: F, y: F -> F: fmin x, y";
    "no-nan-to-lose"        "x: F, y: F -> F: fmin x, 1.0F; fmax y, 2.0F; fmax a, b; fmin c, 7.0F" "x: F, y: F -> F: min x, 1.0F; fmin a, y";
    "no-nan-to-lose"        "x: I -> F: cast.F x; mul a, a; sqrt b; fmin c, 9.0F" "x: I -> F: cast.F x; sqrt a; fmin b, 9.0F";
    "scale-by-constant"     "x: F -> F: ldexp x, 3.5F"                "x: F -> F: ldexp x, 2000.0F";
    "scale-by-constant"     "x: F -> F: ldexp x, -149.0F"             "x: F -> F: ldexp x, nanF";
    "small-power"           "x: F -> F: powi x, 2i32"                 "x: F -> F: powi x, 3i32";
    "small-power"           "x: F -> F: powi x, -1i32"                "x: F -> F: powi x, -2i32";
    "small-power"           "x: F -> F: powi x, 0i32"                 "x: F -> F: powi x, 5i32";
    "small-power"           "x: F -> F: powi x, 1i32"                 "x: F -> F: powi x, 4i32";

    "all-ones"              "x: S -> S: and x, -1S"                   "x: S -> S: and x, 1S";
    "all-ones"              "x: bool -> bool: or x, true"             "x: bool -> bool: xor x, true";
    "xor-ones"              "x: S -> S: xor x, -1S"                   "x: S -> S: xor x, 1S";
    "xor-ones"              "x: bool -> bool: xor x, true"            "x: bool -> bool: and x, true";
    "with-complement"       "x: I -> I: not x; and x, a"              "x: I -> I: neg x; and x, a";
    "with-complement"       "x: I -> I: not x; or a, x"               "x: I -> I: not x; add a, x";
    "absorb"                "x: I, y: I -> I: or x, y; and x, a"      "x: I, y: I -> I: xor x, y; and x, a";
    "absorb"                "x: I, y: I -> I: and y, x; or a, x"      "x: I, y: I -> I: add y, x; or a, x";
    "repeat"                "x: I, y: I -> I: and x, y; and y, a"     "x: I, y: I -> I: or x, y; and y, a";
    "xor-twice"             "x: I, y: I -> I: xor x, y; xor a, y"     "x: I, y: I -> I: xor x, y; or a, y";
    "shift-modulo"          "x: I -> I: shl x, 64I"                   "x: I -> I: shl x, 5I";
    "shift-modulo"          "x: S -> S: shr x, -1S"                   "x: S -> S: add x, -1S";
    "shift-twice"           "x: I -> I: shl x, 3I; shl a, 4I"         "x: I -> I: shl x, 3I; shr a, 4I";
    "shift-twice"           "x: I -> I: shr x, 5I; shr a, 6I"         "x: I, y: I -> I: shr x, y; shr a, 6I";
    "rotate-twice"          "x: I -> I: rotl x, 5I; rotl a, 6I"       "x: I -> I: rotl x, 5I; rotr a, 6I";
    "bits-of-number"        "x: i32 -> u64: cast.f64 x; bits a"       "x: f32 -> u64: cast.f64 x; bits a";
    "bits-of-bits"          "x: u16 -> u32: cast.u32 x; from_bits a; raw_bits b" "x: u32 -> u32: from_bits x; bits a";
    "float-of-bits"         "x: F -> F: bits x; from_bits a"          "x: F -> F: bits x; not a; from_bits b";
    "sign-by-bits"          "x: f64 -> f64: raw_bits x; and a, 9223372036854775807u64; from_bits b" "x: f64 -> f64: raw_bits x; and a, 9223372036854775806u64; from_bits b";
    "sign-by-bits"          "x: f32 -> f32: bits x; xor a, 2147483648u32; from_bits b" "x: f32 -> f32: bits x; and a, 2147483648u32; from_bits b";

    "compare-self"          "x: I -> bool: le x, x"                   "x: F -> bool: le x, x";
    "compare-self"          "x: F -> bool: lt x, x"                   "x: F -> bool: ne x, x";
    "compare-self"          "x: I -> bool: cast.f64 x; eq a, a"       "x: F -> bool: eq x, x";
    "compare-with-end"      "x: U -> bool: lt x, 0U"                  "x: U -> bool: gt x, 0U";
    "compare-with-end"      "x: S -> bool: le x, MAXS"                "x: S -> bool: lt x, MAXS";
    "compare-with-infinity" "x: F -> bool: gt x, infF"                "x: F -> bool: ge x, infF";
    "compare-with-nan"      "x: F -> bool: ne x, nanF"                "x: F -> bool: ne x, infF";
    "compare-with-nan"      "x: F -> bool: ge x, nanF"                "x: F, y: F -> bool: ge x, y";
    "compare-bool"          "x: bool -> bool: eq x, false"            "x: bool, y: bool -> bool: eq x, y";
    "compare-bool"          "x: bool -> bool: ne x, false"            "x: bool, y: bool -> bool: ne x, y";
    "not-compare"           "x: I, y: I -> bool: lt x, y; not a"      "x: F, y: F -> bool: lt x, y; not a";
    "not-compare"           "x: F, y: F -> bool: eq x, y; not a"      "x: F, y: F -> bool: le x, y; not a";
    "not-compare"           "x: I -> bool: cast.F x; ge a, 2.0F; not b" "x: F -> bool: ge x, 2.0F; not a";
    "compare-negatives"     "x: F, y: F -> bool: neg x; neg y; lt a, b" "x: S, y: S -> bool: neg x; neg y; lt a, b";
    "compare-negative"      "x: F -> bool: neg x; le a, 2.0F"         "x: S -> bool: neg x; le a, 2S";
    "move-constant"         "x: I -> bool: add x, 9I; eq a, 4I"       "x: I -> bool: add x, 9I; lt a, 4I";
    "equal-by-difference"   "x: I, y: I -> bool: sub x, y; ne a, 0I"  "x: F, y: F -> bool: sub x, y; ne a, 0.0F";

    "select-same"           "c: bool, x: F -> F: select c, x, x"      "c: bool, x: F -> F: neg x; select c, x, a";
    "select-known"          "x: F, y: F -> F: select false, x, y"     "c: bool, x: F, y: F -> F: select c, x, y";
    "select-not"            "c: bool, x: F, y: F -> F: not c; select a, x, y" "c: bool, d: bool, x: F -> F: xor c, d; select a, x, 2.0F";
    "select-truth"          "c: bool -> bool: select c, false, true"  "c: bool, x: bool -> bool: select c, x, true";
    "select-truth"          "c: bool -> bool: select c, true, false"  "c: bool -> F: select c, 1.0F, 0.0F";
    "select-or-and"         "c: bool, x: bool -> bool: select c, true, x" "c: bool, x: bool -> bool: select c, false, x";
    "select-or-and"         "c: bool, x: bool -> bool: select c, x, false" "c: bool, x: I -> I: select c, x, 0I";
    "select-not-or-and"     "c: bool, x: bool -> bool: select c, false, x" "c: bool, x: bool -> bool: select c, true, x";
    "select-not-or-and"     "c: bool, x: bool -> bool: select c, x, true"  "c: bool, x: bool -> bool: select c, x, false";
    "select-again"          "c: bool, x: F, y: F -> F: select c, x, y; select c, a, 2.0F" "c: bool, d: bool, x: F -> F: select c, x, 3.0F; select d, a, 2.0F";
    "select-again"          "c: bool, x: F, y: F -> F: select c, x, y; select c, 2.0F, a" "c: bool, d: bool, x: F -> F: select c, x, 3.0F; select d, 2.0F, a";
    "select-equal"          "x: I, y: I -> I: eq x, y; select a, x, y" "x: F, y: F -> F: eq x, y; select a, x, y";
    "select-equal"          "x: I, y: I -> I: ne x, y; select a, y, x" "x: I, y: I -> I: ne x, y; select a, y, 3I";
    "select-least"          "x: I, y: I -> I: lt x, y; select a, x, y" "x: F, y: F -> F: lt x, y; select a, x, y";
    "select-least"          "x: I, y: I -> I: ge x, y; select a, y, x" "x: I, y: I -> I: ge x, y; select a, y, 3I";

    "if-not"                "c: bool, x: F -> F: not c; b = if a { k = div x, 3.0F yield k } else { yield x }" "c: bool, x: F -> F: and c, true; b = if a { k = div x, 3.0F yield k } else { yield x }";
    "if-same"               "c: bool, x: F -> F: a = if c { k = add x, -0.0F yield k } else { yield x }" "c: bool, x: F -> F: a = if c { k = add x, 0.0F yield k } else { yield x }";
    "if-cheap"              "c: bool, x: F -> F: a = if c { k = mul x, 3.0F yield k } else { yield x }" "c: bool, x: F -> F: a = if c { k = div x, 3.0F yield k } else { yield x }";

    "cast-twice"            "x: i8 -> f32: cast.i64 x; cast.f32 a"    "x: i64 -> f32: cast.f64 x; cast.f32 a";
    "cast-twice"            "x: i16 -> i8: cast.i32 x; cast.i8 a"     "x: i16 -> i32: cast.i8 x; cast.i32 a";
    "cast-twice"            "x: i8 -> i32: cast.f32 x; cast.i32 a"    "x: i16 -> u8: cast.f32 x; cast.u8 a";
    "cast-twice"            "x: i16 -> u8: cast.i8 x; cast.u8 a"      "x: i8 -> u64: cast.u32 x; cast.u64 a";
    "cast-twice"            "x: f32 -> u8: cast.f64 x; cast.u8 a"     "x: f64 -> u8: cast.f32 x; cast.u8 a";
    "cast-twice"            "x: bool -> f64: cast.u8 x; cast.f64 a"   "x: f64 -> i8: cast.i32 x; cast.i8 a";
    "cast-same"             "x: u64 -> u64: cast.i64 x; cast.u64 a"   "x: u64 -> i64: cast.i64 x";
};

/// Rules for vectors alone, which `tests/it/widen.rs` covers.
const VECTOR_RULES: [&str; 1] = ["lanes-agree"];

/// The scalar types that stand for a placeholder.
fn types_of(placeholder: char) -> &'static [Scalar] {
    use Scalar::*;
    match placeholder {
        'I' => &[I8, U8, I16, U16, I32, U32, I64, U64],
        'S' => &[I8, I16, I32, I64],
        'U' => &[U8, U16, U32, U64],
        _ => &[F32, F64],
    }
}

/// Replaces a placeholder where it stands for a type: not inside of a word.
fn with_type(text: &str, placeholder: char, scalar: Scalar) -> String {
    let max = Const::from_bits(scalar, (1u64 << (scalar.bits() - 1)) - 1);
    let suffix = if scalar == Scalar::F32 { "f32" } else { "" };
    text.replace(&format!("MAX{placeholder}"), &max.to_string())
        .replace(&format!("inf{placeholder}"), &format!("inf{suffix}"))
        .replace(&format!("nan{placeholder}"), &format!("nan{suffix}"))
        .replace(placeholder, scalar.name())
}

/// Every Func that an example stands for.
fn instances(example: &str) -> Vec<Func> {
    let mut texts = vec![example.to_owned()];
    for placeholder in ['I', 'S', 'U', 'F'] {
        texts = texts
            .iter()
            .flat_map(|text| {
                let present = text.contains(placeholder);
                let types = if present {
                    types_of(placeholder)
                } else {
                    &[Scalar::Bool]
                };
                types.iter().map(move |&t| with_type(text, placeholder, t))
            })
            .collect();
    }
    texts.iter().map(|text| build(text)).collect()
}

fn build(example: &str) -> Func {
    let (head, body) = example
        .split_once(": ")
        .filter(|(h, _)| h.contains("->"))
        .unwrap_or_else(|| {
            let at = example.find("->").unwrap();
            let colon = at + example[at..].find(": ").unwrap();
            (&example[..colon], &example[colon + 2..])
        });
    let (params, result) = head.split_once("->").unwrap();
    let mut text = format!("func @f({}) -> {} {{\n", params.trim(), result.trim());
    let mut last = 'a';
    for (name, op) in ('a'..).zip(body.split("; ")) {
        let definition = if op.contains(" = if ") {
            ""
        } else {
            &format!("{name} = ")
        };
        text += &format!("    {definition}{op}\n");
        last = name;
    }
    text += &format!("    return {last}\n}}\n");
    parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

fn optimized(func: &Func) -> Optimized {
    // The functions stay: this is about rules, not about expanding.
    let native: Vec<Op> = Op::all().collect();
    optimize(func, &OptConfig::default().verify(true).native(&native)).unwrap()
}

/// The values of a parameter that are tried; for one of two or more
/// parameters, `few` of the wide types.
fn values(scalar: Scalar, few: bool) -> Vec<Const> {
    let mut values = match scalar {
        Scalar::Bool => return vec![Const::bool(false), Const::bool(true)],
        Scalar::I8 | Scalar::U8 => {
            return (0..256).map(|b| Const::from_bits(scalar, b)).collect();
        }
        Scalar::F32 | Scalar::F64 => float_edges(scalar),
        int => {
            let top = int.bits() - 1;
            [
                0,
                1,
                2,
                3,
                5,
                7,
                8,
                9,
                1 << top,
                (1 << top) - 1,
                (1 << top) + 1,
                u64::MAX,
                u64::MAX - 1,
            ]
            .map(|bits| Const::from_bits(int, bits))
            .into()
        }
    };
    let count = if few { 24 } else { 2000 };
    values.extend(random_bits(count).map(|bits| Const::from_bits(scalar, bits)));
    values
}

/// Every tuple of values of the parameters.
fn tuples(func: &Func) -> Vec<Vec<Const>> {
    let mut tuples = vec![Vec::new()];
    for param in func.params() {
        let ParamType::Scalar(scalar) = param.ty else {
            unreachable!("examples take scalars")
        };
        let choices = values(scalar, func.params().len() > 1);
        tuples = tuples
            .iter()
            .flat_map(|t: &Vec<Const>| {
                choices.iter().map(move |&c| {
                    let mut t = t.clone();
                    t.push(c);
                    t
                })
            })
            .collect();
    }
    tuples
}

fn assert_equal_values(before: &Func, after: &Func) {
    let (one, other) = (Reference::new(before), Reference::new(after));
    for tuple in tuples(before) {
        let (want, found) = (one.values(&tuple), other.values(&tuple));
        assert_eq!(want, found, "at {tuple:?}\n{before}\n{after}");
    }
}

#[test]
fn every_rule_fires_and_misses_and_changes_no_bit() {
    let mut wrong = String::new();
    for case in CASES {
        for (example, fires) in [(case.fires, true), (case.misses, false)] {
            for func in instances(example) {
                let Optimized {
                    func: after,
                    report,
                } = optimized(&func);
                if (report.fired(case.rule) > 0) != fires {
                    let verb = if fires { "sleeps" } else { "fires" };
                    wrong += &format!("{} {verb} on\n{func}\n", case.rule);
                }
                assert_equal_values(&func, &after);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_rule_has_an_example() {
    let tested: BTreeSet<&str> = CASES
        .iter()
        .map(|case| case.rule)
        .chain(VECTOR_RULES)
        .collect();
    let rules: Vec<&str> = rule_names().collect();
    let distinct: BTreeSet<&str> = rules.iter().copied().collect();
    assert_eq!(rules.len(), distinct.len(), "two rules of one name");
    assert_eq!(distinct, tested);
}

/// Every op of two 8-bit integers with every constant on either side.
#[test]
fn integer_rules_hold_for_every_pair_of_bytes() {
    use kiln_ir::{FuncBuilder, Rule, meaning};
    let ops = Op::all().filter(|op| {
        matches!(
            op.rule(),
            Rule::Number2 | Rule::Int2 | Rule::IntFlag | Rule::Bits2 | Rule::Equality | Rule::Order
        )
    });
    for op in ops {
        for scalar in [Scalar::I8, Scalar::U8] {
            for c in (0..256).map(|bits| Const::from_bits(scalar, bits)) {
                let mut b = FuncBuilder::new("f");
                let x = b.scalar_param("x", scalar);
                let c_node = b.constant(c);
                let (right, left) = (b.op(op, &[x, c_node]), b.op(op, &[c_node, x]));
                let after = optimized(&b.finish(&[right, left])).func;
                let reference = Reference::new(&after);
                for x in (0..256).map(|bits| Const::from_bits(scalar, bits)) {
                    let result = after.results()[0].scalar;
                    let want = [
                        meaning::eval(op, result, &[x, c]),
                        meaning::eval(op, result, &[c, x]),
                    ];
                    let found = reference.values(&[x]);
                    assert_eq!(found, want, "{} of {x} and {c}\n{after}", op.name());
                }
            }
        }
    }
}

/// Every op of floats with every edge on either side.
#[test]
fn float_rules_hold_for_every_pair_of_edges() {
    use kiln_ir::{FuncBuilder, Rule, meaning};
    let ops = Op::all().filter(|op| {
        matches!(
            op.rule(),
            Rule::Number2 | Rule::Float2 | Rule::Equality | Rule::Order
        )
    });
    for op in ops {
        for scalar in [Scalar::F32, Scalar::F64] {
            for c in float_edges(scalar) {
                let mut b = FuncBuilder::new("f");
                let x = b.scalar_param("x", scalar);
                let c_node = b.constant(c);
                let (right, left) = (b.op(op, &[x, c_node]), b.op(op, &[c_node, x]));
                let after = optimized(&b.finish(&[right, left])).func;
                let reference = Reference::new(&after);
                for x in values(scalar, true) {
                    let result = after.results()[0].scalar;
                    let want = [
                        meaning::eval(op, result, &[x, c]),
                        meaning::eval(op, result, &[c, x]),
                    ];
                    let found = reference.values(&[x]);
                    assert_eq!(found, want, "{} of {x} and {c}\n{after}", op.name());
                }
            }
        }
    }
}

#[test]
fn a_guard_that_always_holds_goes() {
    let func = parse(
        "func @f(x: i64) -> i64 {
    a = le x, x
    guard a, assert \"never\", x
    b = add x, 0
    return b
}
",
    )
    .unwrap();
    let after = optimized(&func).func;
    assert!(!after.can_fail(), "{after}");
    let nodes = (0..after.node_count()).map(NodeId::new);
    assert_eq!(
        nodes
            .filter(|&v| matches!(after.node(v), Node::Op { .. }))
            .count(),
        0
    );
}
