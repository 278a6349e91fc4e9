//! [`Positional`]: a kernel whose inputs are given in an order instead of by
//! name.

use super::bound::Bound;
use super::slots::Slots;
use crate::error::{Described, Error, Kind, list};
use crate::value::{Value, Values};
use kiln_formula::InputType;
use kiln_ir::{Const, Scalar};
use kiln_runtime::RuntimeError;
use std::sync::Arc;

/// A kernel for inputs of stated types in a stated order.
#[derive(Clone, Debug)]
pub struct Positional {
    pub(super) bound: Arc<Bound>,
    /// For each input in the order of the parameters, where it stands.
    pub(super) positions: Box<[usize]>,
    pub(super) types: Box<[InputType]>,
}

impl Positional {
    /// Computes one row of values in the stated order.
    ///
    /// # Errors
    /// Values of other types or of another number, and a failed guard.
    pub fn call(&self, values: &[Value]) -> Result<Values, Error> {
        self.check(values.len())?;
        for (index, (value, ty)) in values.iter().zip(&self.types).enumerate() {
            let fits = match value.scalar() {
                Some(scalar) => scalar == ty.scalar,
                None => ty.nullable,
            };
            if !fits {
                return Err(Error::from(Kind::InputType {
                    name: format!("number {}", index + 1),
                    expected: Described::from(*ty),
                    found: Described::from(crate::column::value_type(*value)),
                }));
            }
        }
        let mut places = self.positions.iter();
        self.bound
            .call(|_| places.next().map_or(Value::Missing, |&at| values[at]))
    }

    /// Computes one row of `f64` inputs into its one `f64` output. Takes no
    /// lock and no heap up to 16 inputs.
    ///
    /// # Errors
    /// Inputs or an output of another type, and a failed guard.
    #[inline]
    pub fn call_f64(&self, values: &[f64]) -> Result<f64, Error> {
        let plain = InputType::new(Scalar::F64);
        let output = &*self.bound.outputs;
        let fits = self.types.len() == values.len()
            && self.types.iter().all(|ty| *ty == plain)
            && output.len() == 1
            && output[0].scalar == Scalar::F64
            && !output[0].nullable;
        if !fits {
            return self.refuse_f64(values.len());
        }
        let mut args = Slots::new();
        for &at in &self.positions {
            args.push(Const::f64(values[at]));
        }
        let mut result = [Const::zero(Scalar::F64)];
        self.bound.scalar()?.call(&args, &mut result)?;
        Ok(result[0].as_f64().unwrap_or(f64::NAN))
    }

    fn check(&self, found: usize) -> Result<(), Error> {
        let expected = self.types.len();
        if found == expected {
            return Ok(());
        }
        Err(Error::from(RuntimeError::Count {
            what: "inputs",
            expected,
            found,
        }))
    }

    #[cold]
    fn refuse_f64(&self, found: usize) -> Result<f64, Error> {
        self.check(found)?;
        let plain = InputType::new(Scalar::F64);
        if let Some(at) = self.types.iter().position(|ty| *ty != plain) {
            return Err(Error::from(Kind::InputType {
                name: format!("number {}", at + 1),
                expected: Described::from(self.types[at]),
                found: Described::from(plain),
            }));
        }
        let outputs = &*self.bound.outputs;
        let [output] = outputs else {
            return Err(Error::from(Kind::OutputCount {
                found: outputs.len(),
                names: list(outputs.iter().map(|info| info.name.as_str())),
                asked: 1,
            }));
        };
        Err(Error::from(Kind::OutputType {
            name: output.name.clone(),
            found: output.into(),
            asked: Described::from(plain),
        }))
    }
}
