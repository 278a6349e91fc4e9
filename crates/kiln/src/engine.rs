//! [`Engine`]: owns compiled code, limits and settings; makes kernels.

use crate::arrays::ArrayKernel;
use crate::error::Error;
use crate::formula::Formula;
use crate::func::Func;
use crate::kernel::Kernel;
use crate::record::{Output, Record, RecordKernel};
use crate::source::Source;
use kiln_runtime::{Function, GlobalError, Level, Limits, Policy, Stats, Tier, Typed};

/// Owns compiled code and everything that decides how it is made. Cheap to
/// clone; clones share everything, and the last one frees the cache.
///
/// ```
/// use kiln::{Engine, Formula, Tier};
///
/// let engine = Engine::builder().tier(Tier::Interpreter).build();
/// let f: Formula = "a + b".parse()?;
/// let sum = engine.typed::<fn(f64, f64) -> f64>(&f, ["a", "b"])?;
/// assert_eq!(sum.call(1.0, 2.0), 3.0);
/// engine.set_tier(Tier::Native); // from the next call on, with the same bits
/// assert_eq!(sum.call(1.0, 2.0), 3.0);
/// # Ok::<(), kiln::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Engine(kiln_runtime::Engine);

/// How an engine is set up.
#[derive(Clone, Debug, Default)]
pub struct EngineBuilder(kiln_runtime::EngineBuilder);

impl EngineBuilder {
    /// Limits on what the engine takes.
    #[must_use]
    pub fn limits(self, limits: Limits) -> EngineBuilder {
        EngineBuilder(self.0.limits(limits))
    }

    /// When native code is made.
    #[must_use]
    pub fn policy(self, policy: Policy) -> EngineBuilder {
        EngineBuilder(self.0.policy(policy))
    }

    /// Where calls run at first.
    #[must_use]
    pub fn tier(self, tier: Tier) -> EngineBuilder {
        EngineBuilder(self.0.tier(tier))
    }

    /// The widest vectors to use, where the processor has them.
    #[must_use]
    pub fn level(self, level: Level) -> EngineBuilder {
        EngineBuilder(self.0.level(level))
    }

    /// Threads a call may use at most, at least one; without this as many as
    /// [`Engine::threads`] says.
    #[must_use]
    pub fn threads(self, threads: usize) -> EngineBuilder {
        EngineBuilder(self.0.threads(threads))
    }

    /// Whether calls run on several threads unless their kernel is told
    /// otherwise: [`Kernel::parallel`]. They do not, unless this says so, or
    /// where kiln is built without its feature `rayon`.
    #[must_use]
    pub fn parallel(self, parallel: bool) -> EngineBuilder {
        EngineBuilder(self.0.parallel(parallel))
    }

    /// The least work that is worth a thread's while, in the time of one
    /// addition of vectors; a call of less than twice that runs on the
    /// calling thread alone. The default was measured; any other changes the
    /// time of calls and nothing else.
    #[must_use]
    pub fn piece_work(self, work: u64) -> EngineBuilder {
        EngineBuilder(self.0.piece_work(work))
    }

    /// Most kernels that the cache keeps.
    #[must_use]
    pub fn cache_entries(self, entries: usize) -> EngineBuilder {
        EngineBuilder(self.0.cache_entries(entries))
    }

    /// Most bytes of code and keys that the cache keeps.
    #[must_use]
    pub fn cache_bytes(self, bytes: usize) -> EngineBuilder {
        EngineBuilder(self.0.cache_bytes(bytes))
    }

    /// The engine.
    pub fn build(self) -> Engine {
        Engine(self.0.build())
    }

    /// Makes this the global engine, before anyone has used that. What the
    /// environment says wins over what the builder does.
    ///
    /// # Errors
    /// When there is a global engine already.
    pub fn build_global(self) -> Result<Engine, GlobalError> {
        self.0.build_global().map(Engine)
    }
}

impl Engine {
    /// An engine to set up.
    pub fn builder() -> EngineBuilder {
        EngineBuilder::default()
    }

    /// The global engine, which formulas and functions use unless told
    /// otherwise. Its first use reads the environment variables `KILN_TIER`
    /// (`interpreter`, `native`), `KILN_CPU` (a level) and `KILN_THREADS`.
    pub fn global() -> Engine {
        Engine(kiln_runtime::Engine::global().clone())
    }

    /// Reads a formula under this engine's limits.
    ///
    /// # Errors
    /// Every problem of the text, with its place.
    pub fn parse(&self, text: &str) -> Result<Formula, Error> {
        Formula::parse(text, self.limits())
    }

    /// A kernel for whatever types it is called with.
    pub fn kernel<S: Source>(&self, source: &S) -> Kernel {
        Kernel::new(self.clone(), source.clone().into_any())
    }

    /// A computation over arrays, ready to be called with views.
    ///
    /// # Errors
    /// When it is larger than the limits allow.
    pub fn arrays(&self, func: &Func) -> Result<ArrayKernel, Error> {
        ArrayKernel::new(self, func)
    }

    /// The computation as a function of stated types; `names` says which input
    /// each argument is. Arguments the computation does not use are in order.
    /// See [`Typed`] for the call.
    ///
    /// # Errors
    /// A missing input, an output of another type, more than one output; and
    /// a computation that can fail where `F` returns no `Result`.
    pub fn typed<'n, F: Function>(
        &self,
        source: &impl Source,
        names: impl AsRef<[&'n str]>,
    ) -> Result<Typed<F>, Error> {
        crate::typed::typed(self, source, names.as_ref())
    }

    /// The computation as a function of a record, whose fields are its inputs.
    ///
    /// # Errors
    /// An input that is no field, outputs of other types than asked for.
    pub fn record<R: Record, O: Output>(
        &self,
        source: &impl Source,
    ) -> Result<RecordKernel<R, O>, Error> {
        RecordKernel::new(self, source)
    }

    /// Where calls run from now on; effective on the next call of every kernel.
    pub fn set_tier(&self, tier: Tier) {
        self.0.set_tier(tier);
    }

    /// Where calls run.
    pub fn tier(&self) -> Tier {
        self.0.tier()
    }

    /// When native code is made.
    pub fn policy(&self) -> Policy {
        self.0.policy()
    }

    /// Limits on what the engine takes.
    pub fn limits(&self) -> &Limits {
        self.0.limits()
    }

    /// The widest vectors in use on this processor; `None` where there is no
    /// native code.
    pub fn level(&self) -> Option<Level> {
        self.0.level()
    }

    /// The processor that code is made for, in words; why there is no native
    /// code, where there is none.
    pub fn target(&self) -> String {
        self.0.target()
    }

    /// Threads that a call of a parallel kernel may use: what the builder or
    /// `KILN_THREADS` says, else as many as
    /// [`std::thread::available_parallelism`] finds, which knows of affinity
    /// and of the processor quota of a container.
    pub fn threads(&self) -> usize {
        self.0.threads()
    }

    /// What environment variables changed, or why one was ignored, each as
    /// `NAME=value`. Only the global engine reads them.
    pub fn overrides(&self) -> &[String] {
        self.0.overrides()
    }

    /// What the engine has done so far.
    pub fn stats(&self) -> Stats {
        self.0.stats()
    }

    /// Empties the cache; kernels keep the code they hold.
    pub fn clear_cache(&self) {
        self.0.clear_cache();
    }

    pub(crate) fn runtime(&self) -> &kiln_runtime::Engine {
        &self.0
    }
}

/// What formulas and functions offer on the global engine.
macro_rules! on_global_engine {
    ($($source:ty)*) => {$(
        impl $source {
            /// A kernel of the global engine, for whatever types it is called
            /// with.
            pub fn kernel(&self) -> Kernel {
                Engine::global().kernel(self)
            }

            /// A function of the global engine with the types `F`, such as
            /// `fn(f64, f64) -> f64`; `names` says which input each argument
            /// is. Arguments that are not used are in order. What can fail,
            /// such as `a // b` on whole numbers, needs
            /// `fn(..) -> Result<T, kiln::Fault>`.
            ///
            /// ```
            /// use kiln::{Fault, Formula};
            ///
            /// let f: Formula = "qty * price * (1 - disc)".parse()?;
            /// let net = f.typed::<fn(f64, f64, f64) -> f64>(["qty", "price", "disc"])?;
            /// assert_eq!(net.call(4.0, 2.5, 0.5), 5.0);
            ///
            /// let f: Formula = "a // b".parse()?;
            /// let div = f.typed::<fn(i64, i64) -> Result<i64, Fault>>(["a", "b"])?;
            /// assert_eq!(div.call(7, 2), Ok(3));
            /// assert!(div.call(7, 0).is_err());
            /// # Ok::<(), kiln::Error>(())
            /// ```
            ///
            /// # Errors
            /// As for [`Engine::typed`].
            pub fn typed<'n, F: Function>(
                &self,
                names: impl AsRef<[&'n str]>,
            ) -> Result<Typed<F>, Error> {
                Engine::global().typed(self, names)
            }

            /// A function of records, of the global engine.
            ///
            /// # Errors
            /// As for [`Engine::record`].
            pub fn record<R: Record, O: Output>(&self) -> Result<RecordKernel<R, O>, Error> {
                Engine::global().record(self)
            }
        }
    )*};
}

on_global_engine! { Formula Func }

impl Func {
    /// A kernel of the global engine over arrays.
    ///
    /// # Errors
    /// As for [`Engine::arrays`].
    pub fn arrays(&self) -> Result<ArrayKernel, Error> {
        Engine::global().arrays(self)
    }
}
