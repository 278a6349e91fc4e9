//! The engine: cache, limits, settings and counters, owned by a value that
//! the user can drop; and the global one, which alone reads the environment.

use crate::cache::{Cache, Key};
use crate::direct_entry::DirectEntries;
use crate::level::{Level, Tier};
use crate::limits::Limits;
use crate::native::{Compiled, Failure, Maker};
use crate::stats::{CodeBytes, Counters, Stats};
use crate::threads::{PIECE_WORK, Threads};
use std::fmt;
use std::sync::{Arc, OnceLock};
use thiserror::Error;

/// When native code is made.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
#[non_exhaustive]
pub enum Policy {
    /// When a kernel is made: its first call is as fast as the next.
    Eager,
    /// When a kernel is first called; the first caller waits for it.
    #[default]
    Lazy,
}

/// How an engine is set up.
#[derive(Clone, Debug)]
pub struct EngineBuilder {
    limits: Limits,
    policy: Policy,
    tier: Tier,
    level: Option<Level>,
    threads: Option<usize>,
    parallel: bool,
    piece_work: u64,
    cache_entries: usize,
    cache_bytes: usize,
}

/// Kernels that the cache keeps, unless it is told otherwise. Each takes a
/// mapping, and Linux allows 65,530 of them by default.
const CACHE_ENTRIES: usize = 4_096;
/// Bytes of code that the cache keeps, unless it is told otherwise.
const CACHE_BYTES: usize = 64 << 20;

impl Default for EngineBuilder {
    fn default() -> EngineBuilder {
        EngineBuilder {
            limits: Limits::default(),
            policy: Policy::default(),
            tier: Tier::Native,
            level: None,
            threads: None,
            parallel: false,
            piece_work: PIECE_WORK,
            cache_entries: CACHE_ENTRIES,
            cache_bytes: CACHE_BYTES,
        }
    }
}

impl EngineBuilder {
    /// Limits on what the engine takes.
    pub fn limits(mut self, limits: Limits) -> EngineBuilder {
        self.limits = limits;
        self
    }

    /// When native code is made.
    pub fn policy(mut self, policy: Policy) -> EngineBuilder {
        self.policy = policy;
        self
    }

    /// Where calls run at first.
    pub fn tier(mut self, tier: Tier) -> EngineBuilder {
        self.tier = tier;
        self
    }

    /// The highest level to use, where the processor has it.
    pub fn level(mut self, level: Level) -> EngineBuilder {
        self.level = Some(level);
        self
    }

    /// Threads a call may use at most, at least one; without this as many as
    /// [`Engine::threads`] says.
    pub fn threads(mut self, threads: usize) -> EngineBuilder {
        self.threads = Some(threads);
        self
    }

    /// Whether calls run on several threads unless their kernel is told
    /// otherwise: see [`Parallel`](crate::Parallel).
    pub fn parallel(mut self, parallel: bool) -> EngineBuilder {
        self.parallel = parallel;
        self
    }

    /// The least work that is worth a thread's while, in the time of one
    /// addition of vectors; a call of less than twice that runs on the
    /// calling thread alone. The default was measured; any other changes the
    /// time of calls and nothing else.
    pub fn piece_work(mut self, work: u64) -> EngineBuilder {
        self.piece_work = work;
        self
    }

    /// Most kernels that the cache keeps.
    pub fn cache_entries(mut self, entries: usize) -> EngineBuilder {
        self.cache_entries = entries;
        self
    }

    /// Most bytes of code and keys that the cache keeps.
    pub fn cache_bytes(mut self, bytes: usize) -> EngineBuilder {
        self.cache_bytes = bytes;
        self
    }

    /// The engine.
    pub fn build(self) -> Engine {
        self.build_with(Vec::new())
    }

    /// Makes this the global engine, before anyone has used that. What the
    /// environment says wins over what the builder does.
    ///
    /// # Errors
    /// When there is a global engine already.
    pub fn build_global(self) -> Result<Engine, GlobalError> {
        let mut is_new = false;
        let engine = GLOBAL.get_or_init(|| {
            is_new = true;
            self.with_environment()
        });
        if is_new {
            Ok(engine.clone())
        } else {
            Err(GlobalError)
        }
    }

    fn build_with(self, overrides: Vec<String>) -> Engine {
        let code_bytes = Arc::new(CodeBytes::default());
        Engine(Arc::new(Shared {
            direct: DirectEntries::new(self.tier),
            maker: Maker::new(self.level, self.limits, code_bytes.clone()),
            cache: Cache::new(self.cache_entries, self.cache_bytes),
            counters: Counters::default(),
            threads: Threads::new(self.threads, self.parallel, self.piece_work),
            code_bytes,
            overrides,
            settings: self,
        }))
    }

    /// Applies `KILN_TIER`, `KILN_CPU` and `KILN_THREADS`.
    fn with_environment(mut self) -> Engine {
        let mut overrides = Vec::new();
        let mut read = |name: &str, apply: &mut dyn FnMut(&str) -> Result<(), String>| {
            let Ok(value) = std::env::var(name) else {
                return;
            };
            overrides.push(match apply(value.trim()) {
                Ok(()) => format!("{name}={value}"),
                Err(why) => format!("{name}={value} ignored: {why}"),
            });
        };
        read("KILN_TIER", &mut |value| {
            self.tier = value.parse()?;
            Ok(())
        });
        read("KILN_CPU", &mut |value| {
            self.level = Some(value.parse()?);
            Ok(())
        });
        read("KILN_THREADS", &mut |value| {
            let threads: usize = value.parse().map_err(|_| "not a number".to_owned())?;
            if threads == 0 {
                return Err("at least one".to_owned());
            }
            self.threads = Some(threads);
            Ok(())
        });
        self.build_with(overrides)
    }
}

/// There is a global engine already: it was set up, or used, before.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("the global engine is in use already")]
pub struct GlobalError;

static GLOBAL: OnceLock<Engine> = OnceLock::new();

/// Owns compiled code and everything that decides how it is made. Cheap to
/// clone; clones share everything.
#[derive(Clone)]
pub struct Engine(pub(crate) Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) direct: DirectEntries,
    maker: Maker,
    cache: Cache<Compiled, Failure>,
    pub(crate) counters: Counters,
    pub(crate) threads: Threads,
    code_bytes: Arc<CodeBytes>,
    overrides: Vec<String>,
    settings: EngineBuilder,
}

impl Default for Engine {
    fn default() -> Engine {
        Engine::builder().build()
    }
}

impl Engine {
    /// An engine to set up.
    pub fn builder() -> EngineBuilder {
        EngineBuilder::default()
    }

    /// The global engine. The first use makes it, from the environment
    /// variables `KILN_TIER` (`interpreter`, `native`), `KILN_CPU` (a level:
    /// `one`, `128`, `avx2`, `avx512`) and `KILN_THREADS`, unless
    /// [`build_global`](EngineBuilder::build_global) has.
    pub fn global() -> &'static Engine {
        GLOBAL.get_or_init(|| EngineBuilder::default().with_environment())
    }

    /// Where calls run from now on; effective on the next call of every
    /// kernel.
    pub fn set_tier(&self, tier: Tier) {
        self.0.direct.set_tier(tier);
    }

    /// Where calls run.
    pub fn tier(&self) -> Tier {
        self.0.direct.tier()
    }

    /// When native code is made.
    pub fn policy(&self) -> Policy {
        self.0.settings.policy
    }

    /// Limits on what the engine takes.
    pub fn limits(&self) -> &Limits {
        &self.0.settings.limits
    }

    /// The highest level in use on this processor; `None` where there is no
    /// native code.
    pub fn level(&self) -> Option<Level> {
        self.0.maker.level()
    }

    /// Threads that a call of a parallel kernel may use: what the builder or
    /// `KILN_THREADS` says, else as many as
    /// [`std::thread::available_parallelism`] finds, which knows of affinity
    /// and of the processor quota of a container.
    pub fn threads(&self) -> usize {
        self.0.threads.budget()
    }

    /// What environment variables changed, or why one was ignored; each as
    /// `NAME=value`. Only the global engine reads them.
    pub fn overrides(&self) -> &[String] {
        &self.0.overrides
    }

    /// The processor that code is made for, in words; why there is no native
    /// code, where there is none.
    pub fn target(&self) -> String {
        self.0.maker.describe()
    }

    /// What the engine has done so far.
    pub fn stats(&self) -> Stats {
        Stats {
            entries: self.0.cache.len(),
            code_bytes: self.0.code_bytes.get(),
            ..self.0.counters.snapshot()
        }
    }

    /// Empties the cache; kernels keep the code they hold.
    pub fn clear_cache(&self) {
        self.0.cache.clear(&self.0.counters);
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("tier", &self.tier())
            .field("policy", &self.policy())
            .field("level", &self.level())
            .field("limits", self.limits())
            .finish_non_exhaustive()
    }
}

impl Shared {
    #[inline]
    pub(crate) fn is_native(&self) -> bool {
        self.direct.tier() == Tier::Native
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.settings.limits
    }

    pub(crate) fn is_eager(&self) -> bool {
        self.settings.policy == Policy::Eager && self.is_native()
    }

    /// The native code for a key, made if it must be. `None` when there is
    /// none to be had: for good, or until a later try.
    pub(crate) fn native(&self, key: &Key, request: crate::native::Request<'_>) -> Native {
        let made = self
            .cache
            .get_or_make(key, &self.counters, || self.make(request));
        match made {
            Ok(compiled) => Native::Code(compiled),
            Err(failure) if crate::cache::Lasting::is_lasting(&*failure) => Native::Never,
            Err(_) => Native::NotNow,
        }
    }

    fn make(&self, request: crate::native::Request<'_>) -> Result<Compiled, Failure> {
        let start = std::time::Instant::now();
        let made = self.maker.make(request);
        self.counters.compiled(start.elapsed());
        match &made {
            Ok(compiled) => {
                for note in compiled.notes() {
                    self.counters.fell_back(note);
                }
            }
            Err(failure) => self.counters.fell_back(&failure.to_string()),
        }
        made
    }
}

/// What asking for native code gave.
pub(crate) enum Native {
    /// Code.
    Code(Arc<Compiled>),
    /// None, and asking again gives none.
    Never,
    /// None at the moment.
    NotNow,
}
