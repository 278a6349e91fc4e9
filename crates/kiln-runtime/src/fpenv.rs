//! The floating-point environment: the default one around code of ours.
//!
//! Libraries built with fast-math switch on flush-to-zero for the thread that
//! loads them, and that changes the bits of every later operation, folded
//! constants included. So each general call, and each compile, runs under the
//! default MXCSR and gives the caller's back afterwards, sticky flags and all.
//! Direct scalar entries do not: Rust requires the default environment of
//! their caller, and their whole cost is to be a call. Other processors have
//! nothing here yet.

#![allow(
    unsafe_code,
    reason = "reading and writing MXCSR takes two instructions that Rust has no safe name for"
)]

/// Runs `body` under the default floating-point environment.
///
/// The caller's environment is back when this returns, also by unwinding.
#[inline]
pub(crate) fn with_default<T>(body: impl FnOnce() -> T) -> T {
    let _saved = Saved::enter();
    body()
}

/// The caller's environment, restored on drop.
struct Saved {
    #[cfg(target_arch = "x86_64")]
    mxcsr: u32,
}

#[cfg(target_arch = "x86_64")]
impl Saved {
    /// Round to nearest, every exception masked, no flag raised, subnormals
    /// kept: the MXCSR that the System V ABI starts a process with.
    const DEFAULT: u32 = 0x1f80;
    /// The sticky exception flags, which change no result.
    const FLAGS: u32 = 0x3f;

    #[inline]
    fn enter() -> Saved {
        let mxcsr = read();
        if mxcsr & !Saved::FLAGS != Saved::DEFAULT {
            write(Saved::DEFAULT);
        }
        Saved { mxcsr }
    }
}

#[cfg(target_arch = "x86_64")]
impl Drop for Saved {
    #[inline]
    fn drop(&mut self) {
        if self.mxcsr & !Saved::FLAGS != Saved::DEFAULT {
            write(self.mxcsr);
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[inline]
pub(crate) fn read() -> u32 {
    let mut mxcsr = 0u32;
    // SAFETY: stores four bytes to a local of ours and touches nothing else.
    unsafe {
        std::arch::asm!("stmxcsr [{0}]", in(reg) &raw mut mxcsr, options(nostack, preserves_flags));
    }
    mxcsr
}

#[cfg(target_arch = "x86_64")]
#[inline]
pub(crate) fn write(mxcsr: u32) {
    // SAFETY: loads four bytes from a local of ours. Every value that comes
    // here is the default or was read from the register, so no reserved bit
    // is set and the load cannot fault.
    unsafe {
        std::arch::asm!("ldmxcsr [{0}]", in(reg) &raw const mxcsr, options(nostack, preserves_flags));
    }
}

#[cfg(not(target_arch = "x86_64"))]
impl Saved {
    #[inline]
    fn enter() -> Saved {
        Saved {}
    }
}
