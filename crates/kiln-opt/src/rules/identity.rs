//! Identities of integers, of bools, and of every number alike.

use super::{Site, rules};
use kiln_ir::{Const, NodeId, Op};

rules! {
    // x + 0 = x - 0 = x, also saturating; so are or, xor, shifts by nothing.
    "zero-right" [Add Sub Or Xor AddSat SubSat Shl Shr Rotl Rotr] |s| {
        (is_whole(s) && is_zero(s, s.y())).then(|| s.x())
    };
    // x * 1 = x / 1 = x, for floats too: neither rounds.
    "one-right" [Mul Div MulSat] |s| is_one(s, s.y()).then(|| s.x());
    // x * 0 = x & 0 = high(x * 0) = 0 for integers; a float may be -0, inf or NaN.
    "zero-absorbs" [Mul MulSat MulHigh And] |s| {
        (is_whole(s) && is_zero(s, s.y())).then(|| s.y())
    };
    // x / 0 = x % 0 = 0 for integers, by the meaning of the ops.
    "divide-by-zero" [Div Rem] |s| (is_whole(s) && is_zero(s, s.y())).then(|| s.y());
    // 0 / x = 0 % x = 0 << x = 0 for integers, x = 0 included.
    "zero-left" [Div Rem Shl Shr Rotl Rotr] |s| (is_whole(s) && is_zero(s, s.x())).then(|| s.x());
    // 0 - x = -x for integers; 0.0 - 0.0 is not -0.0.
    "zero-minus" [Sub] |s| {
        (is_whole(s) && is_zero(s, s.x())).then(|| s.make(Op::Neg, &[s.y()]))
    };
    // x - x = x ^ x = x % x = 0 for integers, x = 0 included.
    "self-cancels" [Sub SubSat Xor Rem] |s| {
        (is_whole(s) && s.x() == s.y()).then(|| zero(s))
    };
    // x & x = x | x = min(x, x) = x, for floats too.
    "self-absorbs" [And Or Min Max Fmin Fmax] |s| (s.x() == s.y()).then(|| s.x());
    // x % 1 = 0, x % -1 = 0 for integers.
    "remainder-of-one" [Rem] |s| {
        (is_whole(s) && (is_one(s, s.y()) || is_minus_one(s, s.y()))).then(|| zero(s))
    };
    // x * -1 = x / -1 = -x, for floats too; MIN / -1 = MIN = -MIN.
    "minus-one" [Mul Div] |s| is_minus_one(s, s.y()).then(|| s.make(Op::Neg, &[s.x()]));
    // x * 2^k = x << k for integers, which wrap alike.
    "multiply-by-power" [Mul] |s| {
        let k = power_of_two(s, s.y())?;
        let k = s.int(k);
        Some(s.make(Op::Shl, &[s.x(), k]))
    };
    // x / 2^k = x >> k for unsigned integers.
    "divide-by-power" [Div] |s| {
        let k = power_of_two(s, s.y()).filter(|_| !s.operand().is_signed())?;
        let k = s.int(k);
        Some(s.make(Op::Shr, &[s.x(), k]))
    };
    // x % 2^k = x & (2^k - 1) for unsigned integers.
    "remainder-by-power" [Rem] |s| {
        let k = power_of_two(s, s.y()).filter(|_| !s.operand().is_signed())?;
        let mask = s.int((1 << k) - 1);
        Some(s.make(Op::And, &[s.x(), mask]))
    };
    // x - c = x + -c for integers, which wrap alike; sums of constants then meet.
    "subtract-constant" [Sub] |s| {
        let c = whole(s, s.y())?;
        let c = s.int(-c);
        Some(s.make(Op::Add, &[s.x(), c]))
    };
    // (x op c) op d = x op (c op d) for ops of integers that wrap or are bitwise.
    "join-constants" [Add Mul And Or Xor] |s| {
        let inner = s.operands(s.x(), s.op).filter(|_| is_whole(s))?;
        s.constant(inner[1])?;
        s.constant(s.y())?;
        let joined = s.make(s.op, &[inner[1], s.y()]);
        Some(s.make(s.op, &[inner[0], joined]))
    };
    // -(-x) = x, ~(~x) = x.
    "undo" [Neg Not] |s| Some(s.operands(s.x(), s.op)?[0]);
    // -(x - y) = y - x for integers; for floats x = y would lose the sign of 0.
    "negate-difference" [Neg] |s| {
        let inner = s.operands(s.x(), Op::Sub).filter(|_| is_whole(s))?;
        Some(s.make(Op::Sub, &[inner[1], inner[0]]))
    };
    // ||x|| = |-x| = |x|; for signed integers both wrap at MIN alike. An
    // unsigned -x is 2^n - x, which is its own absolute value.
    "absolute-of" [Abs] |s| match s.op_of(s.x())? {
        (Op::Abs, _) => Some(s.x()),
        (Op::Neg, args) if s.operand().is_float() || s.operand().is_signed() => {
            Some(s.make(Op::Abs, &[args[0]]))
        }
        _ => None,
    };
    // |x| = x for unsigned integers.
    "absolute-of-unsigned" [Abs] |s| {
        let scalar = s.operand();
        (scalar.is_int() && !scalar.is_signed()).then(|| s.x())
    };
    // x + -y = x - y, exact for floats too: subtracting is adding the negative.
    "add-negative" [Add] |s| {
        if let Some(inner) = s.operands(s.y(), Op::Neg) {
            return Some(s.make(Op::Sub, &[s.x(), inner[0]]));
        }
        let inner = s.operands(s.x(), Op::Neg)?;
        Some(s.make(Op::Sub, &[s.y(), inner[0]]))
    };
    // x - -y = x + y, exact for floats too.
    "subtract-negative" [Sub] |s| {
        let inner = s.operands(s.y(), Op::Neg)?;
        Some(s.make(Op::Add, &[s.x(), inner[0]]))
    };
    // -x * -y = x * y, -x / -y = x / y: the sign of a float's product is exact;
    // integers divide alike but for MIN / -1 and -MIN / 1, so products alone.
    "negatives-cancel" [Mul Div] |s| {
        if s.op == Op::Div && is_whole(s) {
            return None;
        }
        let x = s.operands(s.x(), Op::Neg)?[0];
        let y = s.operands(s.y(), Op::Neg)?[0];
        Some(s.make(s.op, &[x, y]))
    };
    // -x * c = x * -c, for floats and wrapping integers.
    "negate-constant" [Mul] |s| {
        let x = s.operands(s.x(), Op::Neg)?[0];
        s.constant(s.y())?;
        let c = s.make(Op::Neg, &[s.y()]);
        Some(s.make(Op::Mul, &[x, c]))
    };
    // min(x, MAX) = x, max(x, MIN) = x for integers.
    "beyond-the-end" [Min Max] |s| {
        let far = if s.op == Op::Min { greatest(s) } else { least(s) };
        (is_whole(s) && s.constant(s.y()) == far).then(|| s.x())
    };
    // min(x, MIN) = MIN, max(x, MAX) = MAX for integers.
    "at-the-end" [Min Max] |s| {
        let end = if s.op == Op::Min { least(s) } else { greatest(s) };
        (is_whole(s) && s.constant(s.y()) == end).then(|| s.y())
    };
    // x + 0, x - 0, x * 0 and x * 1 stay in range.
    "stays-in-range" [AddOverflows SubOverflows MulOverflows] |s| {
        let y = whole(s, s.y())?;
        (y == 0 || (y == 1 && s.op == Op::MulOverflows)).then(|| s.bool(false))
    };
    // x - x stays in range.
    "self-in-range" [SubOverflows] |s| (s.x() == s.y()).then(|| s.bool(false));
}

/// Whether the operands are integers or bools, not floats.
fn is_whole(s: &Site<'_>) -> bool {
    !s.operand().is_float()
}

/// The value of an integer constant.
pub(super) fn whole(s: &Site<'_>, id: NodeId) -> Option<i128> {
    s.constant(id)?.as_int()
}

fn is_zero(s: &Site<'_>, id: NodeId) -> bool {
    s.constant(id).is_some_and(|c| c.bits() == 0)
}

fn is_one(s: &Site<'_>, id: NodeId) -> bool {
    s.constant(id).is_some_and(|c| c == Const::one(c.scalar()))
}

fn is_minus_one(s: &Site<'_>, id: NodeId) -> bool {
    s.is_float(id, -1.0) || whole(s, id) == Some(-1)
}

fn zero(s: &mut Site<'_>) -> NodeId {
    s.constant_of(Const::zero(s.ty.scalar))
}

/// `k >= 1` of an integer constant `2^k`, taken as unsigned.
fn power_of_two(s: &Site<'_>, id: NodeId) -> Option<i128> {
    let bits = s.constant(id).filter(|c| c.scalar().is_int())?.bits();
    (bits.is_power_of_two() && bits > 1).then(|| i128::from(bits.trailing_zeros()))
}

/// The least value of the operands' integer type.
pub(super) fn least(s: &Site<'_>) -> Option<Const> {
    let scalar = s.operand();
    let bits = 1u64.checked_shl(scalar.bits() - 1)?;
    scalar
        .is_int()
        .then(|| Const::from_bits(scalar, if scalar.is_signed() { bits } else { 0 }))
}

/// The greatest value of the operands' integer type.
pub(super) fn greatest(s: &Site<'_>) -> Option<Const> {
    let scalar = s.operand();
    let bits = match scalar.is_signed() {
        true => (1u64 << (scalar.bits() - 1)) - 1,
        false => u64::MAX,
    };
    scalar.is_int().then(|| Const::from_bits(scalar, bits))
}
