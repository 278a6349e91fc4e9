//! Targets: for which processor code is made, and at which levels.
//!
//! A target is a triple and a set of features; nothing in it depends on the
//! machine it is made on, except [`Target::host`]. Cranelift's settings stand
//! here too, one pair per optimisation level, so that making code for a known
//! target looks nothing up.

use crate::error::CodegenError;
use cranelift_codegen::isa::{self, OwnedTargetIsa, TargetIsa};
use cranelift_codegen::settings::{self, Configurable};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use target_lexicon::{Architecture, Triple};

/// What vectors code uses.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Level {
    /// One lane.
    One,
    /// 128 bits.
    V128,
    /// 256 bits: AVX2 and FMA.
    Avx2,
    /// 512 bits: AVX-512 F, DQ, VL and BW.
    Avx512,
}

impl Level {
    /// Every level, from the least.
    pub const ALL: [Level; 4] = [Level::One, Level::V128, Level::Avx2, Level::Avx512];

    /// The name.
    pub const fn name(self) -> &'static str {
        match self {
            Level::One => "one",
            Level::V128 => "128",
            Level::Avx2 => "avx2",
            Level::Avx512 => "avx512",
        }
    }

    /// Size of a vector register in bytes; 0 for one lane.
    pub const fn vector_bytes(self) -> usize {
        match self {
            Level::One => 0,
            Level::V128 => 16,
            Level::Avx2 => 32,
            Level::Avx512 => 64,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Level {
    type Err = String;

    fn from_str(name: &str) -> Result<Level, String> {
        let found = Level::ALL.into_iter().find(|l| l.name() == name);
        found.ok_or_else(|| format!("no level {name}: one, 128, avx2 or avx512"))
    }
}

/// An instruction set, as far as code generation tells them apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Arch {
    /// x86-64.
    X86_64,
    /// 64-bit Arm.
    Aarch64,
    /// 64-bit RISC-V.
    Riscv64,
}

/// The features of a processor that code generation uses, as Cranelift names
/// them without `has_`; empty but on x86-64, where the others have one set.
#[rustfmt::skip]
const X86_FEATURES: [&str; 15] = [
    "sse3", "ssse3", "sse41", "sse42", "popcnt",
    "avx", "avx2", "bmi1", "bmi2", "fma", "lzcnt",
    "avx512f", "avx512dq", "avx512vl", "avx512bw",
];

/// A target by name: its triple and how many of [`X86_FEATURES`] it has.
///
/// The x86-64 ones are the levels of the System V psABI.
#[rustfmt::skip]
const NAMED: [(&str, &str, usize); 6] = [
    ("x86_64-v1", "x86_64-unknown-linux-gnu", 0),
    ("x86_64-v2", "x86_64-unknown-linux-gnu", 5),
    ("x86_64-v3", "x86_64-unknown-linux-gnu", 11),
    ("x86_64-v4", "x86_64-unknown-linux-gnu", 15),
    ("aarch64",   "aarch64-unknown-linux-gnu", 0),
    ("riscv64gc", "riscv64gc-unknown-linux-gnu", 0),
];

/// A processor to make code for. Cheap to clone.
#[derive(Clone)]
pub struct Target(Arc<Inner>);

struct Inner {
    name: String,
    triple: Triple,
    arch: Arch,
    features: Vec<&'static str>,
    levels: Vec<Level>,
    /// Cranelift with `opt_level` none and speed.
    isas: [OwnedTargetIsa; 2],
}

impl Target {
    /// The processor this runs on.
    ///
    /// # Errors
    /// When there is no code generator for it.
    pub fn host() -> Result<Target, CodegenError> {
        Target::new("host", Triple::host(), host_features(), false)
    }

    /// The target called `name`, one of [`Target::names`].
    ///
    /// # Errors
    /// When there is none, or no code generator for it was built in.
    pub fn named(name: &str) -> Result<Target, CodegenError> {
        if name == "host" {
            return Target::host();
        }
        let unknown = || CodegenError::Target(name.into());
        let (_, triple, features) = NAMED
            .into_iter()
            .find(|(n, ..)| *n == name)
            .ok_or_else(unknown)?;
        let triple = triple.parse().map_err(|_| unknown())?;
        Target::new(name, triple, X86_FEATURES[..features].to_vec(), false)
    }

    /// The names that [`Target::named`] knows, besides `host`.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMED.into_iter().map(|(name, ..)| name)
    }

    /// The same target with Cranelift's passes verified and register
    /// allocation checked on every compile: slow, for tests.
    ///
    /// # Errors
    /// As for the target itself.
    pub fn checked(&self) -> Result<Target, CodegenError> {
        let inner = &*self.0;
        Target::new(
            &inner.name,
            inner.triple.clone(),
            inner.features.clone(),
            true,
        )
    }

    fn new(
        name: &str,
        triple: Triple,
        features: Vec<&'static str>,
        checked: bool,
    ) -> Result<Target, CodegenError> {
        let arch = match triple.architecture {
            Architecture::X86_64 => Arch::X86_64,
            Architecture::Aarch64(_) => Arch::Aarch64,
            Architecture::Riscv64(_) => Arch::Riscv64,
            _ => return Err(CodegenError::Target(triple.to_string())),
        };
        let isas = [
            isa(&triple, arch, &features, "none", checked)?,
            isa(&triple, arch, &features, "speed", checked)?,
        ];
        Ok(Target(Arc::new(Inner {
            name: name.into(),
            triple,
            arch,
            levels: levels(arch, &features),
            features,
            isas,
        })))
    }

    /// Its name: `host`, or the one it was asked for by.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Its instruction set.
    pub fn arch(&self) -> Arch {
        self.0.arch
    }

    /// Its triple.
    pub fn triple(&self) -> &Triple {
        &self.0.triple
    }

    /// The levels it has code for, from the least.
    pub fn levels(&self) -> &[Level] {
        &self.0.levels
    }

    /// The highest of [`Target::levels`].
    pub fn best_level(&self) -> Level {
        self.0.levels.last().copied().unwrap_or(Level::One)
    }

    /// Whether it has code for a level.
    pub fn has_level(&self, level: Level) -> bool {
        self.0.levels.contains(&level)
    }

    /// Whether the emitter of our own has code for a level.
    pub(crate) fn has_wide(&self, level: Level) -> bool {
        let has_instructions = self.arch() == Arch::X86_64 && self.has("avx2") && self.has("fma");
        cfg!(feature = "wide") && has_instructions && level > Level::One && self.has_level(level)
    }

    /// Whether it multiplies and adds with one rounding in hardware; else
    /// `fma` is a helper.
    pub fn has_fma(&self) -> bool {
        self.0.arch != Arch::X86_64 || (self.has("avx") && self.has("fma"))
    }

    /// Whether it rounds to integers in hardware. Without SSE4.1 Cranelift
    /// would call a function, on RISC-V it leaves trap records.
    pub(crate) fn has_rounding(&self) -> bool {
        match self.0.arch {
            Arch::X86_64 => self.has("sse41"),
            Arch::Aarch64 => true,
            Arch::Riscv64 => false,
        }
    }

    /// Whether it has a feature, as [`Target::features`] names them.
    pub fn has(&self, feature: &str) -> bool {
        self.0.features.contains(&feature)
    }

    /// The features that code generation uses; none but on x86-64.
    pub fn features(&self) -> &[&'static str] {
        &self.0.features
    }

    /// Cranelift for this target.
    pub(crate) fn isa(&self, optimise: bool) -> &dyn TargetIsa {
        &*self.0.isas[usize::from(optimise)]
    }
}

/// The whole description, on one line: what `kiln doctor` prints.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}", self.0.name, self.0.triple)?;
        for feature in &self.0.features {
            write!(f, " {feature}")?;
        }
        f.write_str(")")
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Targets are equal when they make the same code.
impl PartialEq for Target {
    fn eq(&self, other: &Target) -> bool {
        self.0.triple == other.0.triple && self.0.features == other.0.features
    }
}

impl Eq for Target {}

fn levels(arch: Arch, features: &[&str]) -> Vec<Level> {
    let has = |names: &[&str]| names.iter().all(|n| features.contains(n));
    Level::ALL
        .into_iter()
        .filter(|level| match (arch, level) {
            (_, Level::One) => true,
            // Without SSE4.1 blends, rounding and half the integer forms
            // would be long sequences.
            (Arch::X86_64, Level::V128) => has(&["ssse3", "sse41"]),
            (Arch::Aarch64, Level::V128) => true,
            (Arch::X86_64, Level::Avx2) => cfg!(feature = "wide") && has(&["avx2", "fma"]),
            (Arch::X86_64, Level::Avx512) => {
                cfg!(feature = "wide")
                    && has(&["avx512f", "avx512dq", "avx512vl", "avx512bw", "avx2", "fma"])
            }
            _ => false,
        })
        .collect()
}

#[cfg(target_arch = "x86_64")]
fn host_features() -> Vec<&'static str> {
    use std::is_x86_feature_detected as detected;
    #[rustfmt::skip]
    let present = [
        detected!("sse3"), detected!("ssse3"), detected!("sse4.1"), detected!("sse4.2"),
        detected!("popcnt"),
        detected!("avx"), detected!("avx2"), detected!("bmi1"), detected!("bmi2"),
        detected!("fma"), detected!("lzcnt"),
        detected!("avx512f"), detected!("avx512dq"), detected!("avx512vl"), detected!("avx512bw"),
    ];
    X86_FEATURES
        .into_iter()
        .zip(present)
        .filter_map(|(name, present)| present.then_some(name))
        .collect()
}

#[cfg(not(target_arch = "x86_64"))]
fn host_features() -> Vec<&'static str> {
    Vec::new()
}

fn isa(
    triple: &Triple,
    arch: Arch,
    features: &[&str],
    opt_level: &str,
    checked: bool,
) -> Result<OwnedTargetIsa, CodegenError> {
    let failed = |e: &dyn fmt::Display| CodegenError::Target(format!("{triple}: {e}"));
    let checked = if checked { "true" } else { "false" };
    let mut shared = settings::builder();
    for (name, value) in [
        ("opt_level", opt_level),
        // After each pass of Cranelift's; what it is given is verified always.
        ("enable_verifier", checked),
        ("enable_alias_analysis", "false"),
        ("enable_probestack", "true"),
        ("probestack_strategy", "inline"),
        ("unwind_info", "false"),
        ("preserve_frame_pointers", "true"),
        ("is_pic", "false"),
        ("use_colocated_libcalls", "false"),
        ("regalloc_checker", checked),
    ] {
        shared.set(name, value).map_err(|e| failed(&e))?;
    }
    let mut builder = isa::lookup(triple.clone()).map_err(|e| failed(&e))?;
    // Cranelift's few AVX-512 forms are the least used part of its backend,
    // and nothing here needs them.
    let used = |f: &&&str| arch == Arch::X86_64 && !f.starts_with("avx512");
    for feature in features.iter().filter(used) {
        builder
            .enable(&format!("has_{feature}"))
            .map_err(|e| failed(&e))?;
    }
    builder
        .finish(settings::Flags::new(shared))
        .map_err(|e| failed(&e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_follow_from_the_features() {
        let best = |name| Target::named(name).map(|t| t.best_level());
        assert_eq!(best("x86_64-v1"), Ok(Level::One));
        assert_eq!(best("x86_64-v2"), Ok(Level::V128));
        if cfg!(feature = "wide") {
            assert_eq!(best("x86_64-v3"), Ok(Level::Avx2));
            assert_eq!(best("x86_64-v4"), Ok(Level::Avx512));
        }
    }

    #[test]
    fn names_read_back() {
        for level in Level::ALL {
            assert_eq!(level.to_string().parse(), Ok(level));
        }
        assert!("256".parse::<Level>().is_err());
    }
}
