//! The same formulas through other crates: text or tree to result.
//!
//! Each rival is set up as its own documentation says is fastest for calling
//! one formula many times.

use crate::formulas::Bench;
use std::collections::BTreeMap;

/// A formula ready to be called: takes the inputs in their order.
pub type Ready = Box<dyn FnMut(&[f64]) -> f64>;

/// One other way to run a formula.
#[derive(Clone, Copy)]
pub struct Rival {
    /// The crate.
    pub name: &'static str,
    /// Whether it makes native code.
    pub is_native: bool,
    /// Prepares a formula; `None` if the crate cannot write it.
    pub prepare: fn(&Bench) -> Option<Ready>,
}

impl std::fmt::Debug for Rival {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// All of them.
#[rustfmt::skip]
pub const RIVALS: [Rival; 5] = [
    Rival { name: "fasteval", is_native: false, prepare: fasteval },
    Rival { name: "exmex",    is_native: false, prepare: exmex },
    Rival { name: "evalexpr", is_native: false, prepare: evalexpr },
    Rival { name: "rhai",     is_native: false, prepare: rhai },
    Rival { name: "symjit",   is_native: true,  prepare: symjit },
];

/// fasteval has no `sqrt`, and `pi` is a function.
fn fasteval(bench: &Bench) -> Option<Ready> {
    use fasteval::{Compiler, Evaler};
    let text = match bench.name {
        "quadratic" => "(-z + (z^2 - 4*x*y)^0.5) / (2*x)".to_owned(),
        "great-circle" => bench
            .text
            .replace("pi", "pi()")
            .replace("sqrt(", "(")
            .replace("^2))", "^2)^0.5)"),
        "exp" => "e()^x".to_owned(),
        _ => bench.text.to_owned(),
    };
    let mut slab = fasteval::Slab::new();
    let compiled = fasteval::Parser::new()
        .parse(&text, &mut slab.ps)
        .ok()?
        .from(&slab.ps)
        .compile(&slab.ps, &mut slab.cs);
    let inputs = bench.inputs;
    let mut names: BTreeMap<&'static str, f64> = BTreeMap::new();
    Some(Box::new(move |values| {
        for (&name, &value) in inputs.iter().zip(values) {
            names.insert(name, value);
        }
        compiled.eval(&slab, &mut names).unwrap_or(f64::NAN)
    }))
}

/// exmex takes its inputs in alphabetical order.
fn exmex(bench: &Bench) -> Option<Ready> {
    use exmex::Express;
    let flat = exmex::parse::<f64>(&bench.text.replace("pi", "PI")).ok()?;
    let order: Vec<usize> = flat
        .var_names()
        .iter()
        .map(|name| bench.inputs.iter().position(|i| i == name))
        .collect::<Option<_>>()?;
    let mut sorted = vec![0.0; order.len()];
    Some(Box::new(move |values| {
        for (slot, &from) in sorted.iter_mut().zip(&order) {
            *slot = values[from];
        }
        flat.eval(&sorted).unwrap_or(f64::NAN)
    }))
}

/// evalexpr prefixes the functions of mathematics and has no `pi`.
fn evalexpr(bench: &Bench) -> Option<Ready> {
    use evalexpr::{ContextWithMutableVariables, HashMapContext, Value};
    let mut text = bench.text.replace("pi", "3.141592653589793");
    for function in ["sqrt", "asin", "cos", "exp"] {
        text = text.replace(&format!("{function}("), &format!("math::{function}("));
    }
    text = text
        .replace("amath::", "math::a")
        .replace(" sin(", " math::sin(");
    text = text
        .replace("(sin(", "(math::sin(")
        .replace("*sin(", "*math::sin(");
    let tree = evalexpr::build_operator_tree(&text).ok()?;
    let inputs = bench.inputs;
    let mut context = HashMapContext::new();
    Some(Box::new(move |values| {
        for (&name, &value) in inputs.iter().zip(values) {
            if context
                .set_value(name.to_owned(), Value::Float(value))
                .is_err()
            {
                return f64::NAN;
            }
        }
        tree.eval_float_with_context(&context).unwrap_or(f64::NAN)
    }))
}

/// rhai writes power as `**` and keeps whole numbers and floats apart.
fn rhai(bench: &Bench) -> Option<Ready> {
    let mut engine = rhai::Engine::new();
    engine.set_optimization_level(rhai::OptimizationLevel::Full);
    engine.set_max_expr_depths(0, 0);
    let text = match bench.name {
        "quadratic" => "(-z + sqrt(z**2.0 - 4.0*x*y)) / (2.0*x)".to_owned(),
        "great-circle" => bench
            .text
            .replace("^2", "**2.0")
            .replace("2 * 6371", "2.0 * 6371")
            .replace("360", "360.0")
            .replace("180", "180.0")
            .replace("pi", "3.141592653589793"),
        _ => bench.text.to_owned(),
    };
    let tree = engine.compile_expression(&text).ok()?;
    let inputs = bench.inputs;
    let mut scope = rhai::Scope::new();
    for &name in inputs {
        scope.push(name, 0.0f64);
    }
    Some(Box::new(move |values| {
        for (&name, &value) in inputs.iter().zip(values) {
            scope.set_value(name, value);
        }
        engine
            .eval_ast_with_scope::<f64>(&mut scope, &tree)
            .unwrap_or(f64::NAN)
    }))
}

/// symjit takes an expression tree, not text, and makes native code.
fn symjit(bench: &Bench) -> Option<Ready> {
    let (vars, tree) = symjit_tree(bench)?;
    let mut app = symjit::Compiler::new().compile(&vars, &[tree]).ok()?;
    Some(Box::new(move |values| app.call(values)[0]))
}

/// The inputs and the tree of a formula, for symjit.
pub fn symjit_tree(bench: &Bench) -> Option<(Vec<symjit::Expr>, symjit::Expr)> {
    use symjit::{double, var};
    let vars: Vec<symjit::Expr> = bench.inputs.iter().map(|n| var(n)).collect();
    let tree = match bench.name {
        "quadratic" => {
            let (x, y, z) = (&vars[0], &vars[1], &vars[2]);
            let root = (&(z * z) - &(&(&double(4.0) * x) * y)).sqrt();
            &(&root - z) / &(&double(2.0) * x)
        }
        "great-circle" => {
            let half = double(std::f64::consts::PI / 360.0);
            let whole = double(std::f64::consts::PI / 180.0);
            let lat = (&(&vars[2] - &vars[0]) * &half).sin();
            let lon = (&(&vars[3] - &vars[1]) * &half).sin();
            let cosines = &(&vars[0] * &whole).cos() * &(&vars[2] * &whole).cos();
            let sum = &(&lat * &lat) + &(&cosines * &(&lon * &lon));
            &double(2.0 * 6371.0088) * &sum.sqrt().asin()
        }
        "exp" => vars[0].exp(),
        "polynomial" => {
            let (x, y) = (&vars[0], &vars[1]);
            let p = &(&(&(&double(0.5) * x) + &double(1.25)) * x) - &double(2.5);
            &(&p * x) + &(y * &(x - y))
        }
        _ => return None,
    };
    Some((vars, tree))
}

#[cfg(test)]
mod tests {
    use super::RIVALS;
    use crate::formulas::ALL;

    #[test]
    fn every_rival_computes_the_same() {
        for bench in ALL {
            let row = bench.row();
            let expected = (bench.plain)(&row);
            for rival in RIVALS {
                let mut ready = (rival.prepare)(&bench)
                    .unwrap_or_else(|| panic!("{} cannot write {}", rival.name, bench.name));
                let found = ready(&row);
                assert!(
                    (found - expected).abs() <= 1e-13 * expected.abs(),
                    "{} of {}: {found}, not {expected}",
                    rival.name,
                    bench.name
                );
            }
        }
    }
}
