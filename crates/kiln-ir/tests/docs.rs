//! docs/ir.md says what the code does: the op table is generated from the
//! code, the examples print as they are written, the grammar names every
//! word. `KILN_BLESS=1` writes the table anew.

use kiln_ir::{Class, Combine, FaultKind, OPS, OpInfo, Rule, Scalar, Shape, parse, verify};
use std::fmt::Write;
use std::path::PathBuf;

const BEGIN: &str = "<!-- ops:begin -->\n";
const END: &str = "<!-- ops:end -->\n";

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/ir.md")
}

fn page() -> String {
    std::fs::read_to_string(path()).expect("docs/ir.md is readable")
}

fn signature(rule: Rule) -> &'static str {
    match rule {
        Rule::Number1 => "`N -> N`",
        Rule::Number2 => "`N, N -> N`",
        Rule::Float1 => "`F -> F`",
        Rule::Float2 => "`F, F -> F`",
        Rule::Float3 => "`F, F, F -> F`",
        Rule::Powi => "`F, i32 constant -> F`",
        Rule::Int1 => "`I -> I`",
        Rule::Int2 => "`I, I -> I`",
        Rule::IntFlag => "`I, I -> bool`",
        Rule::Bits1 => "`B -> B`",
        Rule::Bits2 => "`B, B -> B`",
        Rule::Equality => "`T, T -> bool`",
        Rule::Order => "`N, N -> bool`",
        Rule::Select => "`bool, T, T -> T`",
        Rule::Cast => "`T -> N`, written",
        Rule::ToBits => "`F -> I`, unsigned, as wide",
        Rule::FromBits => "`I -> F`, unsigned, as wide",
        Rule::Splat => "`T -> <n x T>`, written",
        Rule::Iota => "`-> <n x i64>`, written",
        Rule::Mask => "`<n x bool> -> bool`",
    }
}

fn title(class: Class) -> &'static str {
    match class {
        Class::Arithmetic => "Arithmetic",
        Class::Bits => "Bits",
        Class::Compare => "Comparison",
        Class::Convert => "Choice and conversion",
        Class::Vector => "Vectors",
        Class::Math => "Mathematics",
        Class::Slow => "Slow lanes",
    }
}

/// The op table as the page has it: one table per class, in table order.
fn op_tables() -> String {
    let mut text = String::new();
    let mut last: Option<&OpInfo> = None;
    for info in OPS {
        if last.is_none_or(|l| l.class != info.class) {
            let title = title(info.class);
            write!(
                text,
                "\n### {title}\n\n| op | types | value |\n|---|---|---|\n"
            )
            .expect("text grows");
        }
        let doc = info.doc.replace('|', "\\|");
        writeln!(
            text,
            "| `{}` | {} | {doc} |",
            info.name,
            signature(info.rule)
        )
        .expect("text grows");
        last = Some(info);
    }
    text.push('\n');
    text
}

#[test]
fn the_op_table_is_the_one_of_the_code() {
    let page = page();
    let begin = page.find(BEGIN).expect("the page has a table") + BEGIN.len();
    let end = page.find(END).expect("the table ends");
    let wanted = op_tables();
    if std::env::var_os("KILN_BLESS").is_some() {
        let page = format!("{}{wanted}{}", &page[..begin], &page[end..]);
        std::fs::write(path(), page).expect("docs/ir.md is writable");
        return;
    }
    assert!(
        page[begin..end] == wanted,
        "the op table of docs/ir.md is old; run with KILN_BLESS=1"
    );
}

/// The blocks of the page that are in `language`.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    page.split(&fence)
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap_or(rest))
        .collect()
}

#[test]
fn the_examples_print_as_they_are_written() {
    let page = page();
    let examples = blocks(&page, "kiln");
    assert!(examples.len() >= 6);
    for example in examples {
        let func = parse(example).unwrap_or_else(|e| panic!("{e}\n{example}"));
        verify(&func).unwrap_or_else(|e| panic!("{e}\n{example}"));
        assert_eq!(func.to_string(), example);
    }
}

#[test]
fn the_grammar_names_every_word() {
    let page = page();
    let grammar = blocks(&page, "text").concat();
    let words = Scalar::ALL
        .map(Scalar::name)
        .into_iter()
        .chain(FaultKind::ALL.map(FaultKind::name))
        .chain(Combine::ALL.map(Combine::name))
        .chain([Shape::Tree, Shape::InOrder].map(Shape::name));
    for word in words {
        let quoted = format!("\"{word}\"");
        assert!(grammar.contains(&quoted), "the grammar lacks {quoted}");
    }
}
