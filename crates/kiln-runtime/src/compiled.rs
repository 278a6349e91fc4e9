//! Compiled: one Func for one signature as native code, loaded and callable,
//! freed when its last holder goes.

#![allow(unsafe_code, reason = "calling machine code is what this type is for")]

use crate::cache::Weight;
use crate::fault::KnownFault;
use crate::frame::Frame;
use crate::frame_call::CallShape;
use crate::helpers::{self, HelperFn};
use crate::load::{LoadError, Loaded};
use crate::stats::CodeBytes;
use kiln_codegen::{Entry, FrameLayout, Level, MachineCode};
use kiln_ir::Func;
use kiln_opt::Report;
use std::sync::Arc;

/// One Func as native code: loaded, callable, freed by its last holder.
#[derive(Debug)]
pub struct Compiled {
    loaded: Loaded,
    layout: FrameLayout,
    shape: CallShape,
    helpers: &'static [HelperFn],
    entry: Entry,
    level: Level,
    lanes: usize,
    code_bytes: usize,
    stack_bytes: usize,
    report: Report,
    notes: Vec<String>,
    faults: Vec<KnownFault>,
}

impl Compiled {
    /// Loads code that was made for `func`, and that of the strips it calls.
    pub(crate) fn new(
        func: &Func,
        code: &MachineCode,
        strips: &[MachineCode],
        report: Report,
        notes: Vec<String>,
        live: Arc<CodeBytes>,
    ) -> Result<Compiled, LoadError> {
        Ok(Compiled {
            loaded: Loaded::new(code, strips, live)?,
            layout: FrameLayout::of(func),
            shape: CallShape::of(func),
            helpers: helpers::table(),
            entry: code.entry,
            level: level(code, strips),
            lanes: usize::from(code.lanes).max(1),
            code_bytes: code.bytes.len() + strips.iter().map(|s| s.bytes.len()).sum::<usize>(),
            stack_bytes: code.stack_bytes + strips.iter().map(|s| s.stack_bytes).max().unwrap_or(0),
            report,
            notes,
            faults: KnownFault::all(func),
        })
    }

    /// What vectors the code uses; of several strips, the widest.
    pub fn level(&self) -> Level {
        self.level
    }

    /// Rows a round; 1 for code that is no loop over rows.
    pub fn lanes(&self) -> usize {
        self.lanes
    }

    /// What a row of a loop over rows costs, in the time of one op on a whole
    /// vector: the price of a round, shared by the rows of a vector.
    pub(crate) fn row_work(&self) -> u64 {
        let price = self.report.row_loop.as_ref().map_or(1, |row| row.price);
        // Values of eight bytes, which most are.
        let rows = (self.level.vector_bytes() / 8).max(1) as u64;
        u64::from(price).div_ceil(rows).max(1)
    }

    /// How the code is called.
    pub fn entry(&self) -> Entry {
        self.entry
    }

    /// Bytes of code and constants.
    pub fn code_bytes(&self) -> usize {
        self.code_bytes
    }

    /// Bytes of stack that a call takes at most, without what helpers take.
    pub fn stack_bytes(&self) -> usize {
        self.stack_bytes
    }

    /// What the passes did.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Which wider levels were tried, and why each was not used.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The fault that a status stands for, if it does.
    pub(crate) fn fault(&self, status: i64) -> Option<&KnownFault> {
        self.faults
            .get(usize::try_from(status).ok()?.checked_sub(1)?)
    }

    /// Whether a call may have to be made again by the guarded variant.
    pub(crate) fn can_retry(&self) -> bool {
        self.faults.iter().any(KnownFault::is_retry)
    }

    /// The table of the strips that the code calls.
    #[inline]
    pub(crate) fn strips(&self) -> &[*const u8] {
        self.loaded.strips()
    }

    /// The table of the helpers that the code calls.
    #[inline]
    pub(crate) fn helpers(&self) -> &'static [HelperFn] {
        self.helpers
    }

    /// What the arguments of a call must be.
    #[inline]
    pub(crate) fn shape(&self) -> &CallShape {
        &self.shape
    }

    /// The layout of its frame.
    pub(crate) fn layout(&self) -> &FrameLayout {
        &self.layout
    }

    /// The code of the direct entry: a function of the Func's parameters
    /// that gives its result. Null for other entries. It may be called while
    /// this value lives.
    pub(crate) fn direct(&self) -> *const u8 {
        match self.entry {
            Entry::Direct => self.loaded.entry(),
            Entry::Frame | Entry::Strip => std::ptr::null(),
        }
    }

    /// Calls the frame entry; gives the status.
    ///
    /// # Safety
    /// The code has the frame entry, and `frame` is one with its layout and,
    /// if it has strips, their table; every
    /// array in it has the extent that it says and, where the Func writes it,
    /// is not touched by anyone else during the call.
    #[inline]
    pub(crate) unsafe fn call(&self, frame: *mut u8) -> i64 {
        debug_assert_eq!(self.entry, Entry::Frame);
        // SAFETY: the entry is code with this signature (`Entry::Frame`),
        // mapped as long as `self.loaded` lives.
        let code: extern "C" fn(*mut u8) -> i64 =
            unsafe { std::mem::transmute(self.loaded.entry()) };
        code(frame)
    }

    /// Runs the strip for the rows `0..rows`; gives the status.
    ///
    /// # Safety
    /// As [`call`](Self::call), for the strip entry; `rows` is a multiple of
    /// [`lanes`](Self::lanes), and no column is shorter.
    #[inline]
    pub(crate) unsafe fn run(&self, frame: &mut Frame<'_>, rows: usize) -> i64 {
        debug_assert_eq!(self.entry, Entry::Strip);
        debug_assert_eq!(rows % self.lanes, 0);
        // SAFETY: as in `call`, with the signature of `Entry::Strip`.
        let code: extern "C" fn(*mut u8, i64, i64) -> i64 =
            unsafe { std::mem::transmute(self.loaded.entry()) };
        code(frame.as_mut_ptr(), 0, rows as i64)
    }
}

/// The widest level of code and the strips it calls.
fn level(code: &MachineCode, strips: &[MachineCode]) -> Level {
    let levels = strips.iter().map(|strip| strip.level);
    levels.fold(code.level, Level::max)
}

impl Weight for Compiled {
    fn bytes(&self) -> usize {
        self.loaded.bytes()
    }
}
