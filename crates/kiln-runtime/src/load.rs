//! Machine code made callable: mapped, executable, freed by its last holder.
//!
//! One `JITModule` per Func, with the code of its strips, since a module frees
//! all of its code or none. cranelift-jit leaks on drop by design, so the module is taken out
//! and freed by hand. It maps pages writable, copies the code, and makes them
//! executable and no longer writable; where the system refuses, that is an
//! error value. No relocation and no symbol is ever resolved: the code refers
//! to nothing outside itself.

#![allow(
    unsafe_code,
    reason = "memory that holds code is freed by hand, and shared between threads"
)]

use crate::stats::CodeBytes;
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{Module, ModuleError, default_libcall_names};
use kiln_codegen::MachineCode;
use std::fmt;
use std::mem::ManuallyDrop;
use std::sync::Arc;
use thiserror::Error;

/// What the least piece of executable memory takes.
const PAGE: usize = 4096;
/// The largest alignment of code, which is that of its widest constants.
const ALIGNMENT_MAX: usize = 64;

/// Why code could not be loaded.
#[derive(Debug, Error)]
pub(crate) enum LoadError {
    /// The system gives no executable memory, or none any more.
    #[error("executable memory was refused: {0}")]
    Memory(String),
    /// The loader does not take the code.
    #[error("the code cannot be loaded: {0}")]
    Refused(String),
}

impl From<ModuleError> for LoadError {
    fn from(error: ModuleError) -> LoadError {
        match error {
            ModuleError::Allocation { err } => LoadError::Memory(err.to_string()),
            ModuleError::Backend(error) => LoadError::Memory(format!("{error:#}")),
            other => LoadError::Refused(other.to_string()),
        }
    }
}

/// Machine code in executable memory.
pub(crate) struct Loaded {
    module: ManuallyDrop<JITModule>,
    entry: *const u8,
    /// The first instruction of each strip.
    strips: Box<[*const u8]>,
    bytes: usize,
    live: Arc<CodeBytes>,
}

// SAFETY: after `new` nobody uses the module until it is dropped, and the code
// behind `entry` and `strips` is immutable; any number of threads may read and
// run it.
unsafe impl Send for Loaded {}
// SAFETY: as above; `&Loaded` gives out the entries and the size and no more.
unsafe impl Sync for Loaded {}

impl Loaded {
    /// Copies the code, and that of the strips it calls, into executable
    /// memory.
    pub(crate) fn new(
        code: &MachineCode,
        strips: &[MachineCode],
        live: Arc<CodeBytes>,
    ) -> Result<Loaded, LoadError> {
        let codes = || std::iter::once(code).chain(strips);
        if let Some(code) = codes().find(|code| code.alignment > ALIGNMENT_MAX) {
            let what = format!("an alignment of {}", code.alignment);
            return Err(LoadError::Refused(what));
        }
        let module = JITModule::new(JITBuilder::new(default_libcall_names())?);
        let spaced = |code: &MachineCode| code.bytes.len().next_multiple_of(ALIGNMENT_MAX);
        let bytes = codes().map(spaced).sum::<usize>().next_multiple_of(PAGE);
        live.add(bytes);
        // From here on dropping `loaded` frees what the module has mapped.
        let mut loaded = Loaded {
            module: ManuallyDrop::new(module),
            entry: std::ptr::null(),
            strips: Box::default(),
            bytes,
            live,
        };
        let module = &mut *loaded.module;
        let signature = module.make_signature();
        let mut ids = Vec::with_capacity(1 + strips.len());
        for code in codes() {
            let id = module.declare_anonymous_function(&signature)?;
            module.define_function_bytes(id, code.alignment as u64, &code.bytes, &[])?;
            ids.push(id);
        }
        module.finalize_definitions()?;
        let mut entries = ids.into_iter().map(|id| module.get_finalized_function(id));
        if let Some(entry) = entries.next() {
            loaded.entry = entry;
        }
        loaded.strips = entries.collect();
        Ok(loaded)
    }

    /// The first instruction. It may be called while this value lives.
    #[inline]
    pub(crate) fn entry(&self) -> *const u8 {
        self.entry
    }

    /// The first instruction of each strip, in their order. They may be
    /// called while this value lives.
    #[inline]
    pub(crate) fn strips(&self) -> &[*const u8] {
        &self.strips
    }

    /// Bytes of memory that the code takes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for Loaded {
    fn drop(&mut self) {
        // SAFETY: the module is taken once, here, and not touched again.
        let module = unsafe { ManuallyDrop::take(&mut self.module) };
        // SAFETY: every call of the code borrows this value, so none runs
        // now, and the entry goes with it.
        unsafe { module.free_memory() };
        self.live.remove(self.bytes);
    }
}

impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Loaded({} bytes)", self.bytes)
    }
}
