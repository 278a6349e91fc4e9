//! Slices of `usize` and `isize` as what they are on a host of 64 bits.

#![allow(
    unsafe_code,
    reason = "slices of integers of one size and one alignment are each other's"
)]

use std::slice::{from_raw_parts, from_raw_parts_mut};

const _: () = assert!(
    size_of::<usize>() == size_of::<u64>() && align_of::<usize>() == align_of::<u64>(),
    "kiln runs on hosts of 64 bits"
);

macro_rules! words {
    ($($name:ident $name_mut:ident: $from:ident $to:ident;)*) => {$(
        #[doc = concat!("A slice of `", stringify!($from), "` as one of `", stringify!($to), "`.")]
        #[inline]
        pub fn $name(values: &[$from]) -> &[$to] {
            // SAFETY: the types have one size and alignment, as asserted
            // above, and every bit pattern is a value of both; the memory is
            // borrowed as long as the result.
            unsafe { from_raw_parts(values.as_ptr().cast(), values.len()) }
        }

        #[doc = concat!("As [`", stringify!($name), "`], to be written.")]
        #[inline]
        pub fn $name_mut(values: &mut [$from]) -> &mut [$to] {
            // SAFETY: as there; the borrow is unique.
            unsafe { from_raw_parts_mut(values.as_mut_ptr().cast(), values.len()) }
        }
    )*};
}

words! {
    unsigned unsigned_mut: usize u64;
    signed signed_mut: isize i64;
}
