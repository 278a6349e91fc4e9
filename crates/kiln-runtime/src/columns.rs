//! A function of one row, mapped over columns.
//!
//! What each argument is (one value, a column, a column to be updated) picks
//! a specialisation: a loop over rows, its interpreter, its native code. A
//! kernel keeps the ones it has met in a list that only grows, so finding the
//! right one on a warm call is a walk without a lock. Types never differ:
//! they are the Func's. Sizes never matter.

use crate::budget::admit;
use crate::cache::Key;
use crate::column_view::ColumnArg;
use crate::element::{Buffer, Element};
use crate::engine::{Engine, Native, Shared};
use crate::error::RuntimeError;
use crate::interpret::Interpreted;
use crate::level::{Ran, Tier};
use crate::native::{Compiled, Form, Request};
use crate::rows::{Outputs, Runner};
use crate::specials::Specials;
use crate::threads::Parallel;
use kiln_interp::SliceMut;
use kiln_ir::{Column, Func, ParamType, Scalar, elementwise};
use std::fmt;
use std::sync::{Arc, OnceLock};

/// A function of one row, ready to be mapped over columns. Cheap to clone;
/// clones share everything.
#[derive(Clone)]
pub struct ColumnKernel {
    inner: Arc<Inner>,
    parallel: Parallel,
}

struct Inner {
    engine: Arc<Shared>,
    func: Arc<Func>,
    text: OnceLock<String>,
    specials: Specials<Special>,
}

/// The loop over rows for one kind of each argument.
struct Special {
    columns: Box<[Column]>,
    func: OnceLock<Arc<Func>>,
    interpreted: OnceLock<Result<Interpreted, RuntimeError>>,
    /// `None` when there is none for good.
    native: OnceLock<Option<Arc<Compiled>>>,
}

impl Engine {
    /// A kernel that maps a function of one row over columns.
    ///
    /// # Errors
    /// When the Func is not valid, has arrays or no result, or is larger than
    /// the engine's limits allow.
    pub fn columns(&self, func: impl Into<Arc<Func>>) -> Result<ColumnKernel, RuntimeError> {
        let func = func.into();
        admit(&func, self.limits())?;
        if func.results().is_empty() {
            return Err(RuntimeError::Count {
                what: "results",
                expected: 1,
                found: 0,
            });
        }
        let inner = Inner {
            engine: self.0.clone(),
            text: OnceLock::new(),
            specials: Specials::default(),
            func,
        };
        let kernel = ColumnKernel {
            inner: Arc::new(inner),
            parallel: Parallel::AsEngine,
        };
        if self.0.is_eager() {
            kernel.prepare();
        }
        Ok(kernel)
    }
}

impl ColumnKernel {
    /// The function of one row.
    pub fn func(&self) -> &Arc<Func> {
        &self.inner.func
    }

    /// The same on as many threads as said: its calls are cut into pieces of
    /// rows where that pays.
    #[must_use]
    pub fn parallel(&self, parallel: impl Into<Parallel>) -> ColumnKernel {
        ColumnKernel {
            inner: self.inner.clone(),
            parallel: parallel.into(),
        }
    }

    /// Makes native code now for columns throughout. Gives it, or `None` if
    /// there is none to be had.
    pub fn prepare(&self) -> Option<Arc<Compiled>> {
        let columns = vec![Column::Contiguous; self.inner.func.params().len()];
        self.inner
            .with_special(&columns, |special| special.native(&self.inner))
    }

    /// Computes each row into fresh columns, one per result that updates no
    /// argument. One value for all rows stands for every row; where all
    /// arguments are values there is one row.
    ///
    /// # Errors
    /// When the arguments do not fit in number, type or length; the fault of
    /// the lowest failing row. Updated arguments are then computed up to that
    /// row, and on several threads perhaps some behind it.
    pub fn map(&self, args: &mut [ColumnArg<'_>]) -> Result<(Vec<Buffer>, Ran), RuntimeError> {
        let columns = self.inner.columns(args)?;
        let rows = self.inner.rows(args)?.unwrap_or(1);
        let mut fresh: Vec<Buffer> = self
            .inner
            .outputs(&columns)
            .map(|(_, scalar)| Buffer::with_capacity(scalar, 0))
            .collect();
        let ran = self.inner.run(
            self.parallel,
            &columns,
            args,
            Outputs::Fresh(&mut fresh),
            rows,
        )?;
        Ok((fresh, ran))
    }

    /// As [`map`](Self::map), for a function of one result, as a vector.
    ///
    /// # Errors
    /// As there; and when the result is not of type `T`.
    pub fn map_one<T: Element>(
        &self,
        args: &mut [ColumnArg<'_>],
    ) -> Result<(Vec<T>, Ran), RuntimeError> {
        let [result] = self.inner.func.results() else {
            return Err(RuntimeError::Count {
                what: "results",
                expected: 1,
                found: self.inner.func.results().len(),
            });
        };
        let wrong = |found| RuntimeError::Type {
            name: "result 0".to_owned(),
            expected: result.scalar,
            found,
        };
        if result.scalar != T::SCALAR {
            return Err(wrong(T::SCALAR));
        }
        let (mut fresh, ran) = self.map(args)?;
        let only = fresh.pop().ok_or_else(|| wrong(T::SCALAR))?;
        let data = only.into_vec().map_err(|other| wrong(other.scalar()))?;
        Ok((data, ran))
    }

    /// Computes each row into the columns `outputs`, one per result that
    /// updates no argument.
    ///
    /// # Errors
    /// As [`map`](Self::map), and when a column that is written overlaps
    /// another. Nothing is written when the arguments do not fit; rows before
    /// a failing one are, and on several threads perhaps some behind it.
    pub fn map_into(
        &self,
        args: &mut [ColumnArg<'_>],
        outputs: &mut [SliceMut<'_>],
    ) -> Result<Ran, RuntimeError> {
        let columns = self.inner.columns(args)?;
        let rows = self.inner.rows(args)?;
        let rows = self.inner.check_outputs(&columns, outputs, rows)?;
        self.inner
            .run(self.parallel, &columns, args, Outputs::Given(outputs), rows)
    }
}

impl ColumnKernel {
    /// What each argument is, once it is known to fit its parameter.
    pub(crate) fn kinds(&self, args: &[ColumnArg<'_>]) -> Result<Vec<Column>, RuntimeError> {
        self.inner.columns(args)
    }

    /// Runs it on arguments and outputs that fit, all of `rows` rows.
    pub(crate) fn run_columns(
        &self,
        columns: &[Column],
        args: &mut [ColumnArg<'_>],
        outputs: Outputs<'_, '_>,
        rows: usize,
    ) -> Result<Ran, RuntimeError> {
        self.inner.run(self.parallel, columns, args, outputs, rows)
    }
}

impl fmt::Debug for ColumnKernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ColumnKernel(@{})", self.inner.func.name())
    }
}

impl Inner {
    /// What each argument is, once it is known to fit its parameter.
    fn columns(&self, args: &[ColumnArg<'_>]) -> Result<Vec<Column>, RuntimeError> {
        let params = self.func.params();
        if args.len() != params.len() {
            return Err(RuntimeError::Count {
                what: "arguments",
                expected: params.len(),
                found: args.len(),
            });
        }
        let mut columns = Vec::with_capacity(args.len());
        for (param, arg) in params.iter().zip(args) {
            let (found, column) = match arg {
                ColumnArg::Value(value) => (value.scalar(), Column::Uniform),
                ColumnArg::Column(view) => (view.scalar(), Column::Contiguous),
                ColumnArg::Update(data, result) => {
                    let column = self.update(&param.name, param.ty, *result, &columns)?;
                    (data.scalar(), column)
                }
            };
            check_type(|| param.name.clone(), scalar_of(param.ty), found)?;
            columns.push(column);
        }
        Ok(columns)
    }

    fn update(
        &self,
        name: &str,
        ty: ParamType,
        result: usize,
        before: &[Column],
    ) -> Result<Column, RuntimeError> {
        let column = Column::Updated(u32::try_from(result).unwrap_or(u32::MAX));
        let Some(result_ty) = self.func.results().get(result) else {
            return Err(RuntimeError::Update {
                name: name.to_owned(),
                result,
            });
        };
        if before.contains(&column) {
            return Err(RuntimeError::Update {
                name: name.to_owned(),
                result,
            });
        }
        check_type(|| name.to_owned(), result_ty.scalar, scalar_of(ty))?;
        Ok(column)
    }

    /// The number of rows of the columns, if there is one.
    fn rows(&self, args: &[ColumnArg<'_>]) -> Result<Option<usize>, RuntimeError> {
        let mut rows = None;
        for (param, arg) in self.func.params().iter().zip(args) {
            let found = match arg {
                ColumnArg::Value(_) => continue,
                ColumnArg::Column(view) => view.len(),
                ColumnArg::Update(data, _) => data.len(),
            };
            check_length(|| param.name.clone(), *rows.get_or_insert(found), found)?;
        }
        Ok(rows)
    }

    /// The results that update no argument: their numbers and types.
    fn outputs(&self, columns: &[Column]) -> impl Iterator<Item = (usize, Scalar)> {
        let results = self.func.results().iter().enumerate();
        results
            .filter(|(index, _)| !columns.contains(&Column::Updated(*index as u32)))
            .map(|(index, ty)| (index, ty.scalar))
    }

    fn check_outputs(
        &self,
        columns: &[Column],
        outputs: &[SliceMut<'_>],
        mut rows: Option<usize>,
    ) -> Result<usize, RuntimeError> {
        let expected = self.outputs(columns).count();
        if outputs.len() != expected {
            return Err(RuntimeError::Count {
                what: "outputs",
                expected,
                found: outputs.len(),
            });
        }
        for ((index, scalar), output) in self.outputs(columns).zip(outputs) {
            let name = || format!("result {index}");
            check_type(name, scalar, output.scalar())?;
            let found = output.len();
            check_length(name, *rows.get_or_insert(found), found)?;
        }
        Ok(rows.unwrap_or(0))
    }

    fn run(
        &self,
        parallel: Parallel,
        columns: &[Column],
        args: &mut [ColumnArg<'_>],
        outputs: Outputs<'_, '_>,
        rows: usize,
    ) -> Result<Ran, RuntimeError> {
        self.with_special(columns, |special| {
            let native = match self.engine.is_native() {
                true => special.native(self),
                false => None,
            };
            let runner = Runner {
                native: native.as_deref(),
                interpreted: &|| special.interpreted(self),
                reruns: &self.engine.counters.reruns,
                parallel: &self.engine.counters.parallel,
                threads: &self.engine.threads,
                most: self.engine.threads.of(parallel),
                work: row_work(native.as_deref(), &self.func),
            };
            runner.run(args, outputs, rows)?;
            Ok(ran(native.as_deref()))
        })
    }

    /// Runs `with` with the specialisation for `columns`.
    fn with_special<T>(&self, columns: &[Column], with: impl FnOnce(&Special) -> T) -> T {
        self.specials.with(columns, || Special::new(columns), with)
    }
}

impl Special {
    fn new(columns: &[Column]) -> Special {
        Special {
            columns: columns.into(),
            func: OnceLock::new(),
            interpreted: OnceLock::new(),
            native: OnceLock::new(),
        }
    }

    fn func(&self, kernel: &Inner) -> &Arc<Func> {
        self.func
            .get_or_init(|| Arc::new(elementwise(&kernel.func, &self.columns)))
    }

    fn interpreted(&self, kernel: &Inner) -> Result<&Interpreted, RuntimeError> {
        self.interpreted
            .get_or_init(|| Interpreted::new(self.func(kernel)))
            .as_ref()
            .map_err(Clone::clone)
    }

    /// The native code, made on the first call.
    fn native(&self, kernel: &Inner) -> Option<Arc<Compiled>> {
        if let Some(known) = self.native.get() {
            return known.clone();
        }
        let request = Request {
            form: Form::Rows,
            func: &|| self.func(kernel).clone(),
        };
        match kernel.engine.native(&self.key(kernel), request) {
            Native::Code(code) => self.native.get_or_init(|| Some(code)).clone(),
            Native::Never => self.native.get_or_init(|| None).clone(),
            Native::NotNow => None,
        }
    }

    /// Everything that decides the code, but what is fixed for an engine.
    fn key(&self, kernel: &Inner) -> Key {
        let text = kernel.text.get_or_init(|| kernel.func.to_string());
        let mut key = String::with_capacity(text.len() + 8 * self.columns.len() + 8);
        key.push_str("rows");
        for column in &self.columns {
            key.push_str(match column {
                Column::Uniform => " u",
                Column::Contiguous => " c",
                Column::Strided => " s",
                Column::Updated(_) => " w",
            });
            if let Column::Updated(result) = column {
                key.push_str(&result.to_string());
            }
        }
        key.push('\n');
        key.push_str(text);
        key.into()
    }
}

/// What a row costs, in the time of one op on a whole vector.
fn row_work(native: Option<&Compiled>, func: &Func) -> u64 {
    #[cfg(feature = "jit")]
    if let Some(code) = native {
        return code.row_work();
    }
    // The interpreter takes about two such for a node and row.
    debug_assert!(native.is_none());
    2 * func.node_count() as u64
}

/// Where a call with this code runs.
pub(crate) fn ran(native: Option<&Compiled>) -> Ran {
    match native {
        Some(code) => Ran {
            tier: Tier::Native,
            level: code.level(),
        },
        None => Ran::INTERPRETED,
    }
}

/// The scalar type of a parameter of a function of one row.
pub(crate) fn scalar_of(ty: ParamType) -> Scalar {
    match ty {
        ParamType::Scalar(scalar) => scalar,
        ParamType::Array(array) => array.elem,
    }
}

/// Refuses another type than the expected.
pub(crate) fn check_type(
    name: impl FnOnce() -> String,
    expected: Scalar,
    found: Scalar,
) -> Result<(), RuntimeError> {
    if expected == found {
        return Ok(());
    }
    Err(RuntimeError::Type {
        name: name(),
        expected,
        found,
    })
}

pub(crate) fn check_length(
    name: impl FnOnce() -> String,
    expected: usize,
    found: usize,
) -> Result<(), RuntimeError> {
    if expected == found {
        return Ok(());
    }
    Err(RuntimeError::Length {
        name: name(),
        expected,
        found,
    })
}
