//! Whatever the text, the parser ends, soon, and without a panic.

use kiln_formula::{FUNCTIONS, InputType, Limits, MAX_DIAGNOSTICS, Options, Overflow, parse};
use kiln_ir::{Scalar, verify};
use proptest::prelude::*;

/// Everything the language and its mistakes are made of.
const SOUP: &[&str] = &[
    "a",
    "b",
    "c",
    "x.y",
    "`n m`",
    "e",
    "pi",
    "nan",
    "true",
    "1",
    "0",
    "2.5",
    "1e400",
    "0x2A",
    "99999999999999999999",
    "(",
    ")",
    "(",
    ")",
    ",",
    ";",
    "\n",
    "let",
    "let q =",
    "q",
    "=",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "<>",
    "===",
    ":=",
    "+",
    "-",
    "*",
    "/",
    "//",
    "%",
    "^",
    "**",
    "&",
    "|",
    "~",
    "!",
    "&&",
    "||",
    "and",
    "or",
    "not",
    "if",
    "if(",
    "else",
    "where(",
    "?",
    ":",
    "#z\n",
    "sum(",
    "min(",
    "log(",
    "round(",
    "coalesce(",
    "is_null(",
    "bitand(",
    "shl(",
    "foo(",
    "\"t\"",
    "$",
    "\u{0}",
    "é",
    "²",
    "`",
    ".",
    "::",
    "math::sqrt(",
];

/// Parses, lowers if it can, and checks what must hold of every outcome.
fn survive(text: &str) {
    let limits = Limits::new();
    let problems = match parse(text, &limits) {
        Ok(formula) => {
            assert!(formula.outputs().next().is_some());
            let scalars = [
                Scalar::I64,
                Scalar::F32,
                Scalar::Bool,
                Scalar::U8,
                Scalar::F64,
            ];
            let mut next = 0;
            let resolve = |_: &str| {
                next += 1;
                let ty = InputType::new(scalars[next % scalars.len()]);
                Some(if next % 3 == 0 { ty.nullable() } else { ty })
            };
            let overflow = match text.len() % 3 {
                0 => Overflow::Checked,
                1 => Overflow::Wrapping,
                _ => Overflow::Saturating,
            };
            match formula.lower_with(resolve, &Options::new().overflow(overflow)) {
                Ok(lowered) => {
                    verify(&lowered.func).unwrap_or_else(|e| panic!("{text}: {e}"));
                    return;
                }
                Err(problems) => problems,
            }
        }
        Err(problems) => problems,
    };
    assert!(problems.as_slice().len() <= MAX_DIAGNOSTICS);
    let starts: Vec<u32> = problems.iter().map(|p| p.span.start).collect();
    assert!(starts.is_sorted(), "{text}");
    for problem in &problems {
        assert!(problem.span.end as usize <= text.len(), "{text}");
        assert!(text.is_char_boundary(problem.span.start as usize), "{text}");
        assert!(text.is_char_boundary(problem.span.end as usize), "{text}");
        let rendered = problem.render(text);
        assert!(rendered.len() < 4096, "{rendered}");
        problem.span.place(text);
        problem.span.utf16_range(text);
        if let Some(suggestion) = &problem.suggestion {
            assert_ne!(suggestion.apply(text), text);
        }
    }
}

fn formula_text() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("a".to_owned()),
        Just("b".to_owned()),
        Just("p".to_owned()),
        Just("3".to_owned()),
        Just("2.5".to_owned()),
        Just("true".to_owned()),
    ];
    leaf.prop_recursive(6, 60, 4, |inner| {
        let binary = prop::sample::select(vec![
            "+", "-", "*", "/", "//", "%", "<", "==", "and", "or", "&", "|",
        ]);
        let function = prop::sample::select(FUNCTIONS.iter().map(|f| f.name).collect::<Vec<_>>());
        prop_oneof![
            (inner.clone(), binary, inner.clone()).prop_map(|(x, op, y)| format!("({x} {op} {y})")),
            inner.clone().prop_map(|x| format!("-({x})")),
            inner.clone().prop_map(|x| format!("(not {x})")),
            (inner.clone(), 0..9).prop_map(|(x, n)| format!("({x})^{n}")),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(c, x, y)| format!("if({c}, {x}, {y})")),
            (function, prop::collection::vec(inner, 1..4))
                .prop_map(|(f, args)| format!("{f}({})", args.join(", "))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn random_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        survive(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn random_text(text in "\\PC{0,80}") {
        survive(&text);
    }

    #[test]
    fn token_soup(tokens in prop::collection::vec(prop::sample::select(SOUP), 0..60)) {
        survive(&tokens.join(" "));
        survive(&tokens.concat());
    }

    #[test]
    fn well_formed_texts(text in formula_text()) {
        survive(&text);
    }
}
