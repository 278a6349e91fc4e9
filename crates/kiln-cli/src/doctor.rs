//! `kiln doctor`: what is in use here, and whether it works.

use crate::args::Doctor;
use crate::report::{Failure, failure, print, print_json};
use kiln::{Engine, Formula, Tier};
use serde_json::json;

/// Computed in both tiers to see that they agree.
const PROBE: &str = "exp(x) / (1 + x ^ 2) + sin(x)";

pub(crate) fn run(args: &Doctor) -> Result<(), Failure> {
    let engine = Engine::global();
    let limits = engine.limits();
    let level = engine
        .level()
        .map_or("none".to_owned(), |level| level.to_string());
    let probe = probe(&engine)?;
    let version = env!("CARGO_PKG_VERSION");
    if args.json {
        return print_json(&json!({
            "version": version,
            "processor": engine.target(),
            "level": level,
            "tier": engine.tier().name(),
            "limits": {
                "text_bytes": limits.text_bytes,
                "depth": limits.depth,
                "inputs": limits.inputs,
                "nodes": limits.nodes,
                "totals": limits.totals,
                "compile_ms": limits.compile.as_millis() as u64,
            },
            "environment": engine.overrides(),
            "native_code": probe,
        }));
    }
    let environment = match engine.overrides() {
        [] => "nothing set".to_owned(),
        overrides => overrides.join(", "),
    };
    print(&format!(
        "kiln          {version}\n\
         processor     {}\n\
         level         {level}\n\
         tier          {}\n\
         native code   {probe}\n\
         limits        {} bytes of text, depth {}, {} inputs, {} nodes, {} totals, {} ms of compiling\n\
         environment   {environment}\n",
        engine.target(),
        engine.tier(),
        limits.text_bytes,
        limits.depth,
        limits.inputs,
        limits.nodes,
        limits.totals,
        limits.compile.as_millis(),
    ))
}

/// Whether native code runs here and gives the interpreter's bits.
fn probe(global: &Engine) -> Result<String, Failure> {
    let formula: Formula = PROBE.parse()?;
    let x: Vec<f64> = (0..1000).map(|i| f64::from(i) * 0.01 - 5.0).collect();
    let inputs = [("x", kiln::Column::from(&x))];
    let mut builder = Engine::builder().tier(Tier::Native);
    if let Some(level) = global.level() {
        builder = builder.level(level);
    }
    let native = builder.build();
    let code = native.kernel(&formula).map(&inputs)?;
    let interpreter = Engine::builder().tier(Tier::Interpreter).build();
    let reference = interpreter.kernel(&formula).map(&inputs)?;
    if code.ran().tier != Tier::Native {
        let reasons: Vec<String> = native.stats().fallbacks.into_keys().collect();
        return Ok(format!("none: {}", reasons.join("; ")));
    }
    let bits = |columns: &kiln::Columns| -> Vec<u64> {
        let values = columns["result"].as_slice::<f64>().unwrap_or_default();
        values.iter().map(|x| x.to_bits()).collect()
    };
    if bits(&code) != bits(&reference) {
        return Err(failure(
            "native code and the interpreter differ; please report this",
        ));
    }
    Ok(format!(
        "works ({}, same bits as the interpreter)",
        code.ran().level
    ))
}
