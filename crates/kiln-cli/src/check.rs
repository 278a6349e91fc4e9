//! `kiln check`: is the formula in order, and what does it take and give?

use crate::args::Check;
use crate::report::{Failure, print, print_json, warnings_json};
use crate::source;
use kiln::{InputType, Scalar};
use serde_json::json;

pub(crate) fn run(args: &Check) -> Result<(), Failure> {
    let formula = source::formula(args.formula.as_deref(), &args.common)?;
    let inputs = source::input_types(&formula, &args.common, Scalar::F64)?;
    let outputs = formula.check(&inputs)?;
    if args.common.json {
        let input = |(name, ty): &(&str, InputType)| json!({ "name": name, "type": ty.scalar.name(), "nullable": ty.nullable });
        let output = |info: &kiln::OutputInfo| json!({ "name": info.name, "type": info.scalar.name(), "nullable": info.nullable });
        return print_json(&json!({
            "inputs": inputs.iter().map(input).collect::<Vec<_>>(),
            "outputs": outputs.iter().map(output).collect::<Vec<_>>(),
            "row_wise": formula.is_row_wise(),
            "warnings": warnings_json(&formula),
        }));
    }
    let mark = |nullable: bool| if nullable { "?" } else { "" };
    let mut text = String::from("in order\n");
    for (name, ty) in &inputs {
        text.push_str(&format!(
            "  takes {name}: {}{}\n",
            ty.scalar,
            mark(ty.nullable)
        ));
    }
    for info in &outputs {
        let (name, scalar) = (&info.name, info.scalar);
        text.push_str(&format!(
            "  gives {name}: {scalar}{}\n",
            mark(info.nullable)
        ));
    }
    print(&text)
}
