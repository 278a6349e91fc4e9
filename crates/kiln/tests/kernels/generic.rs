//! Kernels that are generic over types and over numbers: each instance has a
//! state of its own, all that stands beside a kernel works, and kernels call
//! such kernels.

use kiln::{Element, Int, Number, Real, kernel};

/// The square root of the mean square, times `scale`.
#[kernel]
pub fn rms<T: Real>(x: &[T], scale: T) -> T {
    let mut sum = T::ZERO;
    for v in x {
        sum += *v * *v;
    }
    (sum / T::from_usize(x.len())).sqrt() * scale.max(T::of(0.25))
}

#[kernel(overflow = "wrap")]
fn mixed<T: Int>(x: &[T]) -> u32 {
    let mut hash = T::ONE;
    for v in x.iter() {
        hash = (hash << 3) ^ (hash >> 2) ^ v.wrapping_mul(*v);
    }
    hash.count_ones()
}

#[kernel]
fn reversed<T: Element>(x: &[T], y: &mut [T]) {
    assert_eq!(x.len(), y.len());
    for i in 0..x.len() {
        y[i] = x[x.len() - 1 - i];
    }
}

/// Horner's rule over as many coefficients.
#[kernel]
fn polynomial<T, const N: usize>(x: T, coefficients: [T; N]) -> T
where
    T: Number,
{
    let mut value = T::ZERO;
    for k in (0..N).rev() {
        value = value * x + coefficients[k];
    }
    value
}

/// The sum of every `N`-th, by a local array.
#[kernel]
fn every<const N: usize>(x: &[f64]) -> f64 {
    let mut lanes = [0.0; N];
    for i in 0..x.len() {
        lanes[i % N] += x[i];
    }
    lanes[N - 1]
}

#[kernel]
fn through(x: &[f64], y: &[f32]) -> (f64, f32, f64, f32) {
    (
        rms(x, 2.0),
        rms(y, 0.5f32),
        every::<2>(x),
        polynomial(0.5f32, [1.0, 2.0, 4.0]),
    )
}

/// The greatest of what another generic kernel makes of the two halves.
#[kernel]
fn halves<T: Real>(x: &[T]) -> T {
    let (a, b) = x.split_at(x.len() / 2);
    rms(a, T::ONE).max(rms::<T>(b, T::ONE))
}

#[test]
fn an_instance_is_called_as_the_function_of_its_type() {
    let (x, y) = ([3.0, 4.0, 12.0], [3.0f32, 4.0, 12.0]);
    // In turn, so that no instance is taken for another one.
    for _ in 0..3 {
        assert_eq!(rms(&x, 2.0), rms::rust(&x, 2.0));
        assert_eq!(rms(&y, 2.0), rms::rust(&y, 2.0));
        assert_eq!(mixed(&[1u8, 200, 77]), mixed::rust(&[1u8, 200, 77]));
        assert_eq!(mixed(&[-5i64, 1 << 40]), mixed::rust(&[-5i64, 1 << 40]));
        let (mut a, mut b) = ([false; 2], [0u16; 2]);
        reversed(&[true, false], &mut a);
        reversed(&[7, 8], &mut b);
        assert_eq!((a, b), ([false, true], [8, 7]));
        assert_eq!(polynomial(2, [1, 2, 3]), 17);
        assert_eq!(polynomial(0.5, [1.0, 2.0]), 2.0);
        assert_eq!(every::<3>(&[1.0, 2.0, 4.0, 8.0]), 4.0);
        assert_eq!(every::<2>(&[1.0, 2.0, 4.0, 8.0]), 10.0);
    }
    assert_eq!(through(&x, &y), through::rust(&x, &y));
    assert_eq!(halves(&x), halves::rust(&x));
    assert_eq!(halves(&y), halves::rust(&y));
}

#[test]
fn all_that_stands_beside_a_kernel_stands_beside_a_generic_one() {
    let y = [3.0f32, 4.0];
    assert_eq!(rms::interpret(&y, 1.0), rms::rust(&y, 1.0));
    assert_eq!(rms::try_call(&y, 1.0).unwrap(), rms::rust(&y, 1.0));
    let engine = kiln::Engine::default();
    let called = rms::on::<f32>(&engine).call((&y, 1.0)).unwrap();
    assert_eq!(called, rms::rust(&y, 1.0));
    assert!(rms::kernel::<f32>().prepare());
    let text = rms::kernel::<f32>().func().to_string();
    assert!(text.contains("[f32]") && !text.contains("f64"), "{text}");
    let text = every::kernel::<7>().func().to_string();
    assert!(text.contains("f64 x 7"), "{text}");
    let error = reversed::try_call(&[1i8], &mut []).unwrap_err();
    assert!(error.to_string().contains("left == right"), "{error}");
}
