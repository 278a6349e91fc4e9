//! Range reduction of huge angles, in integers, one number at a time.
//!
//! Payne and Hanek, "Radian reduction for trigonometric functions", SIGNUM
//! Newsletter 18 (1983): of `2/pi` only the bits count that neither give
//! multiples of four quarter turns nor vanish below the result. 192 of them
//! leave 2^-137 of a quarter turn; no double is nearer than 2^-62 to a
//! multiple of `pi/2`.

use crate::coefficients::{PI_2_1, PI_2_LOW, TWO_OVER_PI_BITS};
use crate::trig::Reduced;

/// Reduces a finite `size >= 2^22`; the quadrant is 0 to 3.
pub(crate) fn reduce(size: f64) -> Reduced<f64, i64> {
    let bits = size.to_bits();
    let mantissa = (bits & ((1 << 52) - 1)) | (1 << 52);
    let exponent = (bits >> 52) as i32 - 1075;
    let (quadrant, fraction, negative) = quarter_turns(mantissa, exponent);
    let (hi, lo) = radians(fraction);
    let sign = if negative { -1.0 } else { 1.0 };
    Reduced {
        hi: sign * hi,
        lo: sign * lo,
        quadrant,
    }
}

/// `mantissa 2^exponent 2/pi` modulo 4, as its nearest integer and the size and
/// sign of the rest: a fraction of 192 bits, most significant word first.
fn quarter_turns(mantissa: u64, exponent: i32) -> (i64, [u64; 3], bool) {
    // The first word starts with the bit of weight 2 once multiplied by 2^exponent.
    let window = window(exponent - 1);
    let mut product = [0u64; 3];
    let mut carry = 0u128;
    for i in (0..3).rev() {
        let wide = u128::from(window[i]) * u128::from(mantissa) + carry;
        product[i] = wide as u64;
        carry = wide >> 64;
    }
    let whole = (product[0] >> 62) as i64;
    let mut fraction = [
        product[0] << 2 | product[1] >> 62,
        product[1] << 2 | product[2] >> 62,
        product[2] << 2,
    ];
    let negative = fraction[0] >> 63 == 1;
    if negative {
        negate(&mut fraction);
    }
    ((whole + i64::from(negative)) & 3, fraction, negative)
}

/// 192 bits of `2/pi`, from the bit of weight `2^-first` on; the bits before
/// the binary point are zero.
fn window(first: i32) -> [u64; 3] {
    let word = |index: i32| match usize::try_from(index) {
        Ok(index) => TWO_OVER_PI_BITS[index],
        Err(_) => 0,
    };
    let (index, shift) = ((first - 1).div_euclid(64), (first - 1).rem_euclid(64));
    std::array::from_fn(|i| {
        let (high, low) = (word(index + i as i32), word(index + i as i32 + 1));
        ((u128::from(high) << 64 | u128::from(low)) << shift >> 64) as u64
    })
}

fn negate(words: &mut [u64; 3]) {
    let mut carry = true;
    for word in words.iter_mut().rev() {
        (*word, carry) = (!*word).overflowing_add(u64::from(carry));
    }
}

/// The fraction of a quarter turn in radians, as a pair.
fn radians(mut fraction: [u64; 3]) -> (f64, f64) {
    let mut scale = 1.0;
    while fraction[0] == 0 {
        fraction = [fraction[1], fraction[2], 0];
        scale *= TWO_MINUS_64;
    }
    let zeros = fraction[0].leading_zeros();
    let wide = u128::from(fraction[0]) << 64 | u128::from(fraction[1]);
    let rest = if zeros == 0 {
        0
    } else {
        fraction[2] >> (64 - zeros)
    };
    let wide = (wide << zeros) | u128::from(rest);
    // The top 53 bits and the next 53, each exact as a float.
    let hi = (wide >> 75) as f64 * f64::from_bits((1023 - 53) << 52);
    let lo = (wide >> 22 & ((1 << 53) - 1)) as f64 * f64::from_bits((1023 - 106) << 52);
    let scale = scale * f64::from_bits((1023 - u64::from(zeros)) << 52);
    let product = hi * PI_2_1;
    let error = hi.mul_add(PI_2_1, -product);
    let error = hi.mul_add(PI_2_LOW, error);
    let error = lo.mul_add(PI_2_1, error);
    let sum = product + error;
    (sum * scale, ((product - sum) + error) * scale)
}

const TWO_MINUS_64: f64 = f64::from_bits((1023 - 64) << 52);
