//! The command `pieces`: what threads share of a Func, and the steps that it
//! comes in.

use crate::filetest::command::with_guards;
use crate::filetest::file::option;
use kiln_ir::Func;
use kiln_opt::{Block, Kind, OptConfig, Part, Step, pieces};

/// A line for each outermost loop and, unless `; text: no`, the steps with
/// their Funcs, those inside of a loop or a branch behind it.
pub(super) fn in_pieces(options: &[(String, String)], func: &Func) -> String {
    let func = with_guards(options, func.clone());
    let made = match pieces(&func, &OptConfig::default().verify(true)) {
        Ok(made) => made,
        Err(why) => return format!("threads: one, {why}\n"),
    };
    let mut text = format!("{made}\n");
    if option(options, "text") != Some("no") {
        block(&made.body, &mut text);
    }
    text
}

/// The names of values, as the Funcs of steps have them.
fn names(values: &[usize]) -> String {
    let names: Vec<String> = values.iter().map(|value| format!("known{value}")).collect();
    names.join(", ")
}

fn part(what: &str, gives: &[usize], part: &Part, text: &mut String) {
    let gives = match gives {
        [] => String::new(),
        values => format!(" gives {}", names(values)),
    };
    text.push_str(&format!("{what}{gives}\n{}", part.func));
}

/// Recurses on what is opened.
fn block(steps: &Block, text: &mut String) {
    for step in &steps.steps {
        match step {
            Step::Rounds(rounds) => {
                let gives: Vec<usize> = rounds.totals.iter().map(|total| total.2).collect();
                part("rounds", &gives, &rounds.part, text);
            }
            Step::Once(once) => part("once", &once.gives, &once.part, text),
            Step::Inside(inside) => {
                let gives = names(&inside.once.gives);
                match &inside.kind {
                    Kind::If { cond, sides } => {
                        part("if", &[], cond, text);
                        block(&sides[0], text);
                        text.push_str("else\n");
                        block(&sides[1], text);
                    }
                    Kind::For { enter, args, body } => {
                        part("for", args, enter, text);
                        block(body, text);
                    }
                    Kind::While {
                        enter,
                        test_args,
                        test,
                        args,
                        body,
                    } => {
                        part("while", test_args, enter, text);
                        block(test, text);
                        text.push_str(&format!("do {}\n", names(args)));
                        block(body, text);
                    }
                }
                text.push_str(&format!("end {gives}\n"));
            }
        }
    }
    part("yields", &[], &steps.yields, text);
}
