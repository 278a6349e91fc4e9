//! Machine code as data: bytes, and the facts a loader needs about them.
//!
//! It is inert: it holds no address and refers to nothing outside itself, so
//! it may be copied to any address that is a multiple of its alignment.
//! Loading and calling it is kiln-runtime's work.

use crate::target::Level;
use std::fmt;
use std::str::FromStr;

/// How code is called.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Entry {
    /// `extern "C" fn(p0, p1, ..., helpers: *const HelperFn) -> r`: a scalar
    /// Func with one result and no guard. A `bool` is passed as `bool`, an
    /// integer as itself; the table of helpers comes last, where a Func that
    /// calls none never looks.
    Direct,
    /// `extern "C" fn(frame: *mut u8) -> i64`: any Func. Parameters are read
    /// from the [frame](crate::frame), results written to it.
    Frame,
    /// `extern "C" fn(frame: *mut u8, lo: i64, hi: i64) -> i64`: a Func that
    /// is one loop over rows, for the rows `lo..hi`. `hi - lo` is a multiple
    /// of [`MachineCode::lanes`].
    Strip,
}

impl Entry {
    /// Every entry.
    pub const ALL: [Entry; 3] = [Entry::Direct, Entry::Frame, Entry::Strip];

    /// The name.
    pub const fn name(self) -> &'static str {
        match self {
            Entry::Direct => "direct",
            Entry::Frame => "frame",
            Entry::Strip => "strip",
        }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Entry {
    type Err = ();

    fn from_str(name: &str) -> Result<Entry, ()> {
        Entry::ALL.into_iter().find(|e| e.name() == name).ok_or(())
    }
}

/// What makes code.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Backend {
    /// Cranelift: any Func, at one lane and at 128 bits.
    Cranelift,
    /// The emitter of our own: loops on vectors of any width on x86-64
    /// processors with AVX2 and FMA.
    Wide,
}

impl Backend {
    /// The name.
    pub const fn name(self) -> &'static str {
        match self {
            Backend::Cranelift => "cranelift",
            Backend::Wide => "wide",
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One function of machine code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MachineCode {
    /// The code, and behind it the constants it reads. It is entered at its
    /// first byte.
    pub bytes: Vec<u8>,
    /// Where the instructions end and constants may begin.
    pub code_len: usize,
    /// What the address of the first byte must be a multiple of.
    pub alignment: usize,
    /// Stack it takes at most, in bytes, without what helpers take.
    pub stack_bytes: usize,
    /// How it is called.
    pub entry: Entry,
    /// What vectors it uses.
    pub level: Level,
    /// What made it.
    pub backend: Backend,
    /// Rows per round of a strip; 1 unless the Func was widened.
    pub lanes: u16,
    /// Divisions by a divisor made safe, which hardware could trap on and
    /// these never do.
    pub guarded_divisions: usize,
    /// The name of the target it was made for.
    pub target: String,
}
