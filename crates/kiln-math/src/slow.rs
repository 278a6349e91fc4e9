//! Slow-lane operations: rare paths that need tables or wide integers.
//!
//! Each has one scalar meaning here. Backends call it for the active lanes of
//! a vector only, through the frame, and never expand it.

/// A slow-lane operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Slow {
    /// C `fmod` for any operands.
    Frem,
}

impl Slow {
    /// Every operation, in declaration order.
    pub const ALL: &[Slow] = &[Slow::Frem];

    /// The name in the text form of the IR.
    pub fn name(self) -> &'static str {
        match self {
            Slow::Frem => "slow_frem",
        }
    }

    /// The operation of this name.
    pub fn from_name(name: &str) -> Option<Slow> {
        Slow::ALL.iter().copied().find(|op| op.name() == name)
    }

    /// The number of operands.
    pub fn arity(self) -> usize {
        match self {
            Slow::Frem => 2,
        }
    }

    /// The value at `args`.
    ///
    /// # Panics
    /// If `args` is shorter than [`Slow::arity`].
    #[inline(never)]
    pub fn eval(self, args: &[f64]) -> f64 {
        match self {
            // Rust's `%` on floats is C's `fmod`, which is exact.
            Slow::Frem => args[0] % args[1],
        }
    }

    /// The value at `args` in binary32.
    ///
    /// # Panics
    /// If `args` is shorter than [`Slow::arity`].
    #[inline(never)]
    pub fn eval32(self, args: &[f32]) -> f32 {
        match self {
            Slow::Frem => args[0] % args[1],
        }
    }
}
