//! [`Source`]: what kernels are made from, and what it is once the types of
//! its inputs are known.

use crate::error::{Described, Error, Kind};
use crate::formula::Formula;
use crate::func::Func;
use crate::totals::Totals;
use kiln_formula::{InputType, OutputInfo, Span, nearest};
use std::sync::Arc;

/// A description of a computation: a [`Formula`] or a [`Func`].
pub trait Source: sealed::Sealed + Clone + Send + Sync + 'static {
    /// The names an input may have.
    #[doc(hidden)]
    fn bindable(&self) -> Vec<Box<str>>;

    /// The computation for inputs of these names and types, of which it may
    /// leave some unused.
    #[doc(hidden)]
    fn specialise(&self, inputs: &[(&str, InputType)]) -> Result<Specialised, Error>;

    /// As one value of one type.
    #[doc(hidden)]
    fn into_any(self) -> AnySource;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for crate::Formula {}
    impl Sealed for crate::Func {}
}

/// A computation whose types are fixed.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct Specialised {
    /// One parameter per input, and its validity after each that can be
    /// missing; results likewise.
    pub(crate) func: Arc<kiln_ir::Func>,
    /// The inputs in the order of the parameters.
    pub(crate) inputs: Box<[(Box<str>, InputType)]>,
    pub(crate) outputs: Arc<[OutputInfo]>,
    /// What is taken from whole columns; none where rows are computed one by
    /// one.
    pub(crate) totals: Option<Arc<Totals>>,
}

impl Specialised {
    /// Refuses what cannot be computed for one row.
    pub(crate) fn row_wise(&self) -> Result<(), Error> {
        self.totals
            .as_ref()
            .map_or(Ok(()), |totals| Err(totals.problem()))
    }
}

/// Either kind of source.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub enum AnySource {
    Formula(Formula),
    Func(Func),
}

impl AnySource {
    pub(crate) fn bindable(&self) -> Vec<Box<str>> {
        match self {
            AnySource::Formula(formula) => Source::bindable(formula),
            AnySource::Func(func) => Source::bindable(func),
        }
    }

    pub(crate) fn specialise(&self, inputs: &[(&str, InputType)]) -> Result<Specialised, Error> {
        match self {
            AnySource::Formula(formula) => formula.specialise(inputs),
            AnySource::Func(func) => func.specialise(inputs),
        }
    }

    /// The error of an input that has a value for each row where one for all
    /// is asked for.
    pub(crate) fn row_value(&self, name: &str, span: Option<Span>) -> Error {
        match self {
            AnySource::Formula(formula) => formula.row_value_error(name, span),
            AnySource::Func(_) => Error::from(Kind::RowValue {
                name: name.to_owned(),
            }),
        }
    }

    /// The error of a term that has a value for each row where one for all is
    /// asked for.
    pub(crate) fn row_term(&self, span: Span) -> Error {
        let term = match self {
            AnySource::Formula(formula) => span.text(formula.source()),
            AnySource::Func(_) => "",
        };
        self.row_value(term, Some(span))
    }
}

impl Source for Formula {
    fn bindable(&self) -> Vec<Box<str>> {
        self.bindable_names().map(Box::from).collect()
    }

    fn specialise(&self, inputs: &[(&str, InputType)]) -> Result<Specialised, Error> {
        let lowered = self.lower(inputs)?;
        let nullable = inputs.iter().map(|(_, ty)| ty.nullable);
        let totals = lowered.totals.zip(self.row_wise_error());
        let totals = totals.map(|(plan, problem)| Totals::new(plan, nullable, problem));
        Ok(Specialised {
            func: Arc::new(lowered.func),
            inputs: inputs.iter().map(|&(name, ty)| (name.into(), ty)).collect(),
            outputs: lowered.outputs.into(),
            totals: totals.map(Arc::new),
        })
    }

    fn into_any(self) -> AnySource {
        AnySource::Formula(self)
    }
}

impl Source for Func {
    fn bindable(&self) -> Vec<Box<str>> {
        self.inputs().map(Box::from).collect()
    }

    /// The types are what they are; this checks that the inputs have them.
    fn specialise(&self, inputs: &[(&str, InputType)]) -> Result<Specialised, Error> {
        let own = self.input_types()?;
        for &(name, expected) in &own {
            let Some(&(_, found)) = inputs.iter().find(|(known, _)| *known == name) else {
                let near = nearest(name, inputs.iter().map(|(known, _)| *known));
                return Err(Error::from(Kind::MissingInput {
                    name: name.to_owned(),
                    near: near.map(str::to_owned),
                }));
            };
            if found != expected {
                return Err(Error::from(Kind::InputType {
                    name: name.to_owned(),
                    expected: Described::from(expected),
                    found: Described::from(found),
                }));
            }
        }
        let own = own.into_iter().map(|(name, ty)| (name.into(), ty));
        Ok(Specialised {
            func: self.ir().clone(),
            inputs: own.collect(),
            outputs: self.output_infos().clone(),
            totals: None,
        })
    }

    fn into_any(self) -> AnySource {
        AnySource::Func(self)
    }
}

impl From<InputType> for Described {
    fn from(ty: InputType) -> Described {
        Described {
            scalar: ty.scalar,
            nullable: ty.nullable,
        }
    }
}

impl From<Described> for InputType {
    fn from(described: Described) -> InputType {
        InputType {
            scalar: described.scalar,
            nullable: described.nullable,
        }
    }
}

impl From<&OutputInfo> for Described {
    fn from(info: &OutputInfo) -> Described {
        Described {
            scalar: info.scalar,
            nullable: info.nullable,
        }
    }
}
