//! Native code as the engine sees it, in builds with and without a code
//! generator: who makes it, and what comes of asking.

use kiln_ir::Func;
use std::sync::Arc;

#[cfg(feature = "jit")]
pub use crate::compiled::Compiled;
#[cfg(feature = "jit")]
pub(crate) use crate::pipeline::Failure;
#[cfg(feature = "jit")]
pub(crate) use with_jit::Maker;
#[cfg(not(feature = "jit"))]
pub use without_jit::Compiled;
#[cfg(not(feature = "jit"))]
pub(crate) use without_jit::{Failure, Maker};

/// How code is to be called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    /// As a function of the Func's parameters where that can be, else
    /// through a frame.
    Scalar,
    /// Through a frame.
    Frame,
    /// Through a frame, with every guard in its place.
    Guarded,
    /// As a loop over rows, through a frame.
    Rows,
}

/// Native code, once there is some; `None` if there is none for good.
pub(crate) type Code = std::sync::OnceLock<Option<Arc<Compiled>>>;

/// What code to make.
pub(crate) struct Request<'a> {
    pub(crate) form: Form,
    /// Gives the Func, which may be made for this.
    pub(crate) func: &'a dyn Fn() -> Arc<Func>,
}

#[cfg(feature = "jit")]
mod with_jit {
    use super::{Compiled, Failure, Request};
    use crate::level::Level;
    use crate::limits::Limits;
    use crate::pipeline::{self, Settings};
    use crate::stats::CodeBytes;
    use kiln_codegen::{CodegenError, Target};
    use std::sync::{Arc, OnceLock};

    /// Makes native code.
    #[derive(Debug)]
    pub(crate) struct Maker {
        settings: Result<Settings, CodegenError>,
    }

    impl Maker {
        pub(crate) fn new(level: Option<Level>, limits: Limits, live: Arc<CodeBytes>) -> Maker {
            static HOST: OnceLock<Result<Target, CodegenError>> = OnceLock::new();
            let target = HOST.get_or_init(Target::host).clone();
            let settings = target.map(|target| {
                let best = target.best_level();
                Settings {
                    level: level.map_or(best, |level| level.min(best)),
                    target,
                    limits,
                    live,
                }
            });
            Maker { settings }
        }

        pub(crate) fn level(&self) -> Option<Level> {
            self.settings.as_ref().ok().map(|s| s.level)
        }

        pub(crate) fn describe(&self) -> String {
            match &self.settings {
                Ok(settings) => settings.target.to_string(),
                Err(error) => error.to_string(),
            }
        }

        pub(crate) fn make(&self, request: Request<'_>) -> Result<Compiled, Failure> {
            let settings = self.settings.clone()?;
            pipeline::compile((request.func)(), request.form, settings)
        }
    }
}

#[cfg(not(feature = "jit"))]
mod without_jit {
    use super::Request;
    use crate::cache::{Lasting, Weight};
    use crate::level::Level;
    use crate::limits::Limits;
    use crate::stats::CodeBytes;
    use std::sync::Arc;
    use thiserror::Error;

    /// Native code, of which this build has none.
    #[derive(Debug)]
    pub enum Compiled {}

    impl Compiled {
        /// Why wider levels were not used.
        pub fn notes(&self) -> &[String] {
            match *self {}
        }

        pub(crate) fn level(&self) -> Level {
            match *self {}
        }
    }

    impl Weight for Compiled {
        fn bytes(&self) -> usize {
            match *self {}
        }
    }

    /// Why there is no native code.
    #[derive(Debug, Error)]
    #[error("this build has no code generator")]
    pub(crate) struct Failure;

    impl Lasting for Failure {
        fn is_lasting(&self) -> bool {
            true
        }
    }

    /// Makes no native code.
    #[derive(Debug)]
    pub(crate) struct Maker;

    impl Maker {
        pub(crate) fn new(_: Option<Level>, _: Limits, _: Arc<CodeBytes>) -> Maker {
            Maker
        }

        pub(crate) fn level(&self) -> Option<Level> {
            None
        }

        pub(crate) fn describe(&self) -> String {
            Failure.to_string()
        }

        pub(crate) fn make(&self, _: Request<'_>) -> Result<Compiled, Failure> {
            Err(Failure)
        }
    }
}
