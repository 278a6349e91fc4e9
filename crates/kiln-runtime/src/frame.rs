//! The call frame, filled: what a call of compiled code is handed.
//!
//! A call of one row has a frame of its own kind, as the time to fill it is
//! most of what such a call takes.

use crate::helpers;
use kiln_codegen::{FrameLayout, frame};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64};

/// A frame's alignment is a cache line's, so it is made of these.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Line(pub(crate) [u64; Line::WORDS]);

impl Line {
    pub(crate) const WORDS: usize = 8;
    pub(crate) const BYTES: usize = 64;
    pub(crate) const ZERO: Line = Line([0; Line::WORDS]);
}

/// Lines of a frame that needs no heap: about fifty parameters.
const INLINE: usize = 8;

thread_local! {
    /// The memory of a large frame; it stays for the next call.
    static LARGE: Cell<Vec<Line>> = const { Cell::new(Vec::new()) };
}

/// A stop flag that nobody raises.
pub(crate) static NEVER: AtomicU64 = AtomicU64::new(0);

/// A call frame.
pub(crate) struct Frame<'l> {
    layout: &'l FrameLayout,
    small: [Line; INLINE],
    large: Vec<Line>,
}

impl<'l> Frame<'l> {
    /// A frame whose parameters are still to be set.
    #[inline]
    pub(crate) fn new(layout: &'l FrameLayout) -> Frame<'l> {
        let lines = layout.size().div_ceil(Line::BYTES);
        let mut large = Vec::new();
        if lines > INLINE {
            large = LARGE.take();
            large.clear();
            large.resize(lines, Line::ZERO);
        }
        let mut frame = Frame {
            layout,
            small: [Line::ZERO; INLINE],
            large,
        };
        frame.set(frame::HELPERS, helpers::table().as_ptr() as u64);
        frame.set(frame::STOP, (&raw const NEVER) as u64);
        frame
    }

    /// One with the same words in it.
    pub(crate) fn copy(&self) -> Frame<'l> {
        let mut frame = Frame::new(self.layout);
        frame.small = self.small;
        frame.large.copy_from_slice(&self.large);
        frame
    }

    fn lines(&mut self) -> &mut [Line] {
        if self.large.is_empty() {
            &mut self.small
        } else {
            &mut self.large
        }
    }

    #[inline]
    fn set(&mut self, offset: usize, word: u64) {
        let word_index = offset / 8;
        self.lines()[word_index / Line::WORDS].0[word_index % Line::WORDS] = word;
    }

    #[inline]
    fn get(&mut self, offset: usize) -> u64 {
        let word_index = offset / 8;
        self.lines()[word_index / Line::WORDS].0[word_index % Line::WORDS]
    }

    /// Sets a scalar parameter.
    #[inline]
    pub(crate) fn set_scalar(&mut self, param: usize, slot: u64) {
        self.set(self.layout.param(param), slot);
    }

    /// Sets a rank-1 array parameter whose elements lie side by side.
    #[inline]
    pub(crate) fn set_array(&mut self, param: usize, data: *const u8, len: usize) {
        self.set(self.layout.param(param), data as u64);
        self.set(self.layout.extent(param, 0), len as u64);
        self.set(self.layout.stride(param, 1, 0), 1);
    }

    /// Sets an array parameter: where its first element lies, its shape and
    /// its strides.
    #[inline]
    pub(crate) fn set_view(
        &mut self,
        param: usize,
        data: *const u8,
        shape: &[usize],
        strides: &[isize],
    ) {
        self.set(self.layout.param(param), data as u64);
        for (dim, (&extent, &stride)) in shape.iter().zip(strides).enumerate() {
            self.set(self.layout.extent(param, dim), extent as u64);
            self.set(self.layout.stride(param, shape.len(), dim), stride as u64);
        }
    }

    /// Sets the flag that ends the call, which has to live as long.
    pub(crate) fn set_stop(&mut self, stop: &AtomicBool) {
        self.set(frame::STOP, std::ptr::from_ref(stop) as u64);
    }

    /// Sets the table of the strips that the code calls, which has to live as
    /// long.
    #[inline]
    pub(crate) fn set_strips(&mut self, strips: &[*const u8]) {
        self.set(frame::STRIPS, strips.as_ptr() as u64);
    }

    /// An operand in the error record.
    pub(crate) fn error_operand(&mut self, index: usize) -> u64 {
        self.get(frame::ERROR_OPERANDS + 8 * index)
    }

    /// A result, after a call.
    #[inline]
    pub(crate) fn result(&mut self, index: usize) -> u64 {
        self.get(self.layout.result(index))
    }

    /// The row in the error record.
    pub(crate) fn error_row(&mut self) -> i64 {
        self.get(frame::ERROR_ROW) as i64
    }

    /// Its address, for one call.
    #[inline]
    pub(crate) fn as_mut_ptr(&mut self) -> *mut u8 {
        self.lines().as_mut_ptr().cast()
    }
}

impl Drop for Frame<'_> {
    fn drop(&mut self) {
        if !self.large.is_empty() {
            LARGE.set(std::mem::take(&mut self.large));
        }
    }
}

/// Parameters and results that the frame of a row has room for.
const ROW_SLOTS: usize = RowFrame::WORDS - PARAM_WORD;
/// The first word behind the fixed part.
const PARAM_WORD: usize = frame::PARAMS / 8;

/// The frame of a Func whose parameters are all scalars: these stand side by
/// side behind the fixed part, and the results behind them.
#[repr(C, align(64))]
pub(crate) struct RowFrame([u64; RowFrame::WORDS]);

impl RowFrame {
    const WORDS: usize = 32;

    /// Whether a row with as many parameters and results fits.
    #[inline]
    pub(crate) fn fits(params: usize, results: usize) -> bool {
        params + results <= ROW_SLOTS
    }

    /// A frame with these arguments, as many as fit.
    #[inline]
    pub(crate) fn new(args: &[u64]) -> RowFrame {
        let mut words = [0; RowFrame::WORDS];
        words[frame::HELPERS / 8] = helpers::table().as_ptr() as u64;
        words[frame::STOP / 8] = (&raw const NEVER) as u64;
        words[PARAM_WORD..][..args.len()].copy_from_slice(args);
        RowFrame(words)
    }

    /// Sets the table of the strips that the code calls, which has to live as
    /// long.
    #[inline]
    pub(crate) fn set_strips(&mut self, strips: &[*const u8]) {
        self.0[frame::STRIPS / 8] = strips.as_ptr() as u64;
    }

    /// Copies out the results of a call with `params` arguments.
    #[inline]
    pub(crate) fn results(&self, params: usize, results: &mut [u64]) {
        results.copy_from_slice(&self.0[PARAM_WORD + params..][..results.len()]);
    }

    /// Its address, for one call.
    #[inline]
    pub(crate) fn as_mut_ptr(&mut self) -> *mut u8 {
        self.0.as_mut_ptr().cast()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kiln_ir::{ArrayType, FuncBuilder, Scalar};

    #[test]
    fn words_stand_where_the_layout_says() {
        for scalars in [1, 100] {
            let mut b = FuncBuilder::new("f");
            b.array_param("x", ArrayType::slice(Scalar::F64));
            let params: Vec<_> = (0..scalars)
                .map(|i| b.scalar_param(format!("s{i}"), Scalar::F64))
                .collect();
            let layout = FrameLayout::of(&b.finish(&params[..1]));
            let mut frame = Frame::new(&layout);
            let data = [0.0f64; 3];
            frame.set_array(0, data.as_ptr().cast(), 3);
            frame.set_scalar(scalars, 7);
            assert_eq!(frame.as_mut_ptr() as usize % 64, 0);
            assert_eq!(frame.get(layout.param(0)), data.as_ptr() as u64);
            assert_eq!(frame.get(layout.extent(0, 0)), 3);
            assert_eq!(frame.get(layout.stride(0, 1, 0)), 1);
            assert_eq!(frame.get(layout.param(scalars)), 7);
            assert_eq!(frame.result(0), 0);
        }
    }

    #[test]
    fn the_frame_of_a_row_has_the_layout_of_its_func() {
        let mut b = FuncBuilder::new("f");
        let scalars = [Scalar::F64, Scalar::Bool, Scalar::I16];
        let params: Vec<_> = scalars
            .iter()
            .map(|&s| b.scalar_param(format!("x{s}"), s))
            .collect();
        let layout = FrameLayout::of(&b.finish(&params[..2]));
        let mut frame = RowFrame::new(&[5, 6, 7]);
        for param in 0..3 {
            assert_eq!(frame.0[layout.param(param) / 8], 5 + param as u64);
        }
        frame.0[layout.result(0) / 8] = 8;
        frame.0[layout.result(1) / 8] = 9;
        let mut results = [0; 2];
        frame.results(3, &mut results);
        assert_eq!(results, [8, 9]);
        assert_eq!(frame.as_mut_ptr() as usize % 64, 0);
        assert!(RowFrame::fits(20, 3) && !RowFrame::fits(20, 4));
    }
}
