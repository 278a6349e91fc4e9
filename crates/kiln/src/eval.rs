//! One formula, one row, once.

use crate::engine::Engine;
use crate::error::Error;
use crate::formula::Formula;
use crate::inputs::Inputs;
use crate::value::{Value, Values};

/// Computes a formula once, for the values by name in a list of pairs or a map.
/// One call is over before code could be made, so it runs in the interpreter;
/// for more than one, a [`Kernel`](crate::Kernel) is faster.
///
/// ```
/// let values = kiln::eval("a + b", [("a", 1.0), ("b", 2.0)])?;
/// assert_eq!(values["result"].as_f64(), Some(3.0));
/// # Ok::<(), kiln::Error>(())
/// ```
///
/// # Errors
/// Every problem of the text; a name that is missing, or not used in a list;
/// a failed guard.
pub fn eval<I: Inputs<Value>>(formula: &str, inputs: I) -> Result<Values, Error> {
    let formula: Formula = formula.parse()?;
    interpreter().kernel(&formula).call(&inputs)
}

/// The engine of one-shot calls, which never makes code.
fn interpreter() -> &'static Engine {
    static ENGINE: std::sync::OnceLock<Engine> = std::sync::OnceLock::new();
    ENGINE.get_or_init(|| {
        Engine::builder()
            .tier(kiln_runtime::Tier::Interpreter)
            .build()
    })
}
