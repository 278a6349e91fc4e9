//! [`Dispatcher`]: one kernel for arguments whose types are known only when it
//! is called.
//!
//! It keeps one [`ArrayKernel`] per signature, made when a call with it first
//! comes. A signature is what its arguments are (scalar types, element types,
//! dimensions, layout, access), never their values or lengths.
//!
//! The list of them is never changed: who adds to it, or makes it anew, puts
//! another one in its place (read, copy, update), and calls read the one they
//! find without a lock.

use crate::arrays::ArrayKernel;
use crate::engine::Engine;
use crate::error::{Error, Kind};
use crate::func::Func;
use crate::value::Values;
use arc_swap::ArcSwap;
use kiln_ir::ParamType;
use kiln_runtime::Arg;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Signatures that a dispatcher takes unless it is told otherwise.
const SIGNATURES_MAX: usize = 64;

/// A kernel that is compiled for each signature it is called with. Cheap to
/// clone; clones share everything.
///
/// It is made from a function that writes the computation for given types, or
/// says that there is none; usually one that is generic over them.
///
/// ```
/// use kiln::{Arg, Builder, Dispatcher, Error, Func, Number, Scalar};
///
/// fn scale<T: Number>() -> Result<Func, Error> {
///     let b = Builder::new("scale");
///     let (factor, x) = (b.input::<T>("factor"), b.array_mut::<T, 1>("x"));
///     b.for_each(0, x.len(), |i| x.set(i, x.at(i) * factor));
///     b.finish()
/// }
///
/// let scale = Dispatcher::new("scale", |types| {
///     Some(match types.first()?.elem() {
///         Scalar::F64 => scale::<f64>(),
///         Scalar::F32 => scale::<f32>(),
///         Scalar::I64 => scale::<i64>(),
///         _ => return None,
///     })
/// });
/// let (mut reals, mut whole) = ([1.0, 2.0], [3i64, 4]);
/// scale.call(&mut [0.5.into(), (&mut reals).into()])?;
/// scale.call(&mut [10i64.into(), (&mut whole).into()])?;
/// assert_eq!((reals, whole), ([0.5, 1.0], [30, 40]));
/// assert_eq!(scale.signatures().len(), 2);
///
/// let error = scale.call(&mut [true.into(), (&mut whole).into()]).unwrap_err();
/// assert_eq!(error.to_string(), "@scale does not take (bool, mut [i64])");
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone)]
pub struct Dispatcher {
    inner: Arc<Inner>,
}

/// Writes the computation for given types.
type Template = dyn Fn(&[ParamType]) -> Option<Result<Func, Error>> + Send + Sync;

struct Inner {
    engine: Engine,
    name: Box<str>,
    template: Box<Template>,
    limit: usize,
    made: ArcSwap<Vec<Made>>,
    /// Held by whoever puts another list in its place.
    changing: Mutex<()>,
}

/// A signature and its kernel.
#[derive(Clone)]
struct Made {
    types: Arc<[ParamType]>,
    kernel: ArrayKernel,
}

/// The kernel of the signature that is asked for.
fn find(made: &[Made], is_signature: impl Fn(&[ParamType]) -> bool) -> Option<ArrayKernel> {
    let found = made.iter().find(|made| is_signature(&made.types));
    found.map(|made| made.kernel.clone())
}

impl Dispatcher {
    /// A dispatcher of the global engine. `template` gives the computation
    /// for arguments of given types, or `None` if it takes others.
    pub fn new<F>(name: &str, template: F) -> Dispatcher
    where
        F: Fn(&[ParamType]) -> Option<Result<Func, Error>> + Send + Sync + 'static,
    {
        Dispatcher::on(&Engine::global(), name, template)
    }

    /// As [`new`](Self::new), of this engine.
    pub fn on<F>(engine: &Engine, name: &str, template: F) -> Dispatcher
    where
        F: Fn(&[ParamType]) -> Option<Result<Func, Error>> + Send + Sync + 'static,
    {
        Dispatcher {
            inner: Arc::new(Inner {
                engine: engine.clone(),
                name: name.into(),
                template: Box::new(template),
                limit: SIGNATURES_MAX,
                made: ArcSwap::default(),
                changing: Mutex::default(),
            }),
        }
    }

    /// The same, without what it has made, for at most `limit` signatures.
    /// The default is 64.
    #[must_use]
    pub fn with_limit(self, limit: usize) -> Dispatcher {
        // The template is shared with the other clones there may be.
        let shared = self.inner;
        let template = shared.clone();
        Dispatcher {
            inner: Arc::new(Inner {
                engine: shared.engine.clone(),
                name: shared.name.clone(),
                template: Box::new(move |types| (template.template)(types)),
                limit,
                made: ArcSwap::default(),
                changing: Mutex::default(),
            }),
        }
    }

    /// Calls it: compiles for what the arguments are if nobody has.
    ///
    /// # Errors
    /// Arguments of types that it does not take; more signatures than the
    /// limit; and as for [`ArrayKernel::call`].
    pub fn call(&self, args: &mut [Arg<'_>]) -> Result<Values, Error> {
        self.for_args(args)?.call(args)
    }

    /// The kernel for these arguments, made if it must be: the way to call
    /// again and again without looking it up.
    ///
    /// # Errors
    /// As for [`call`](Self::call), without the call's own.
    pub fn for_args(&self, args: &[Arg<'_>]) -> Result<ArrayKernel, Error> {
        let is_signature = |types: &[ParamType]| types.iter().copied().eq(args.iter().map(Arg::ty));
        if let Some(kernel) = self.find(is_signature) {
            return Ok(kernel);
        }
        let types: Vec<ParamType> = args.iter().map(Arg::ty).collect();
        self.compile(&types)
    }

    /// Compiles for a signature now, so that its first call is as fast as the
    /// next.
    ///
    /// ```
    /// # use kiln::{Builder, Dispatcher, ParamType, Scalar};
    /// # let negate = Dispatcher::new("negate", |types| (types == [ParamType::Scalar(Scalar::F64)]).then(|| {
    /// #     let b = Builder::new("negate");
    /// #     b.output("negated", -b.input::<f64>("x"));
    /// #     b.finish()
    /// # }));
    /// negate.compile(&[ParamType::Scalar(Scalar::F64)])?;
    /// assert_eq!(negate.signatures().len(), 1);
    /// # Ok::<(), kiln::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`for_args`](Self::for_args).
    pub fn compile(&self, types: &[ParamType]) -> Result<ArrayKernel, Error> {
        if let Some(kernel) = self.find(|known| known == types) {
            return Ok(kernel);
        }
        let kernel = self.make(types)?;
        self.change(|made| {
            if let Some(kernel) = find(made, |known| known == types) {
                return Ok(kernel);
            }
            if made.len() >= self.inner.limit {
                return Err(Error::from(Kind::Signatures {
                    name: self.inner.name.to_string(),
                    limit: self.inner.limit,
                }));
            }
            made.push(Made {
                types: types.into(),
                kernel: kernel.clone(),
            });
            Ok(kernel)
        })
    }

    /// What it has been compiled for, in the order of their first calls.
    pub fn signatures(&self) -> Vec<Box<[ParamType]>> {
        let made = self.inner.made.load();
        made.iter().map(|made| made.types[..].into()).collect()
    }

    /// Writes and compiles every signature anew, for a template that depends
    /// on more than the types. Calls that are under way end with what they
    /// began with.
    ///
    /// # Errors
    /// As for [`compile`](Self::compile); everything is left as it was then.
    pub fn recompile(&self) -> Result<(), Error> {
        let types = self.signatures();
        let kernels = types.into_iter().map(|types| {
            let kernel = self.make(&types)?;
            Ok((types, kernel))
        });
        let anew = kernels.collect::<Result<Vec<_>, Error>>()?;
        self.change(|made| {
            for (types, kernel) in anew {
                if let Some(entry) = made.iter_mut().find(|entry| *entry.types == *types) {
                    entry.kernel = kernel;
                }
            }
            Ok(())
        })
    }

    fn find(&self, is_signature: impl Fn(&[ParamType]) -> bool) -> Option<ArrayKernel> {
        find(&self.inner.made.load(), is_signature)
    }

    /// Puts a changed list in the place of the one there is.
    fn change<T>(
        &self,
        change: impl FnOnce(&mut Vec<Made>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let lock = &self.inner.changing;
        let _changing = lock.lock().unwrap_or_else(PoisonError::into_inner);
        let mut made = Vec::clone(&self.inner.made.load());
        let changed = change(&mut made)?;
        self.inner.made.store(Arc::new(made));
        Ok(changed)
    }

    #[cold]
    fn make(&self, types: &[ParamType]) -> Result<ArrayKernel, Error> {
        let func = (self.inner.template)(types).ok_or_else(|| {
            Error::from(Kind::NotTaken {
                name: self.inner.name.to_string(),
                types: types.into(),
            })
        })??;
        let kernel = self.inner.engine.arrays(&func)?;
        kernel.prepare();
        Ok(kernel)
    }
}

impl fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signatures = self.signatures();
        write!(f, "Dispatcher(@{}, {signatures:?})", self.inner.name)
    }
}
