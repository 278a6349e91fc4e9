//! Where a call runs: its tier, and the vectors its code uses.

use std::fmt;
use std::str::FromStr;

#[cfg(feature = "jit")]
pub use kiln_codegen::Level;

/// What vectors code uses. A build without code generation knows one.
#[cfg(not(feature = "jit"))]
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Level {
    /// One lane.
    One,
}

#[cfg(not(feature = "jit"))]
impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("one")
    }
}

#[cfg(not(feature = "jit"))]
impl FromStr for Level {
    type Err = String;

    fn from_str(name: &str) -> Result<Level, String> {
        match name {
            "one" => Ok(Level::One),
            _ => Err(format!("no level {name} in a build without native code")),
        }
    }
}

/// Where a call runs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Tier {
    /// In the interpreter.
    Interpreter,
    /// In native code.
    Native,
}

impl Tier {
    /// The name, as `KILN_TIER` has it.
    pub const fn name(self) -> &'static str {
        match self {
            Tier::Interpreter => "interpreter",
            Tier::Native => "native",
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Tier {
    type Err = String;

    fn from_str(name: &str) -> Result<Tier, String> {
        match name {
            "interpreter" | "interp" => Ok(Tier::Interpreter),
            "native" => Ok(Tier::Native),
            _ => Err(format!("no tier {name}: interpreter or native")),
        }
    }
}

/// Where a call ran.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Ran {
    /// In the interpreter, or in native code.
    pub tier: Tier,
    /// What vectors the code used; one lane in the interpreter.
    pub level: Level,
}

impl Ran {
    /// A call in the interpreter.
    pub const INTERPRETED: Ran = Ran {
        tier: Tier::Interpreter,
        level: Level::One,
    };
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.tier {
            Tier::Interpreter => f.write_str("interpreter"),
            Tier::Native => write!(f, "native, {}", self.level),
        }
    }
}
