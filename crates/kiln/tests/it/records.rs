//! Structs as rows.

use super::{engines, formula};
use kiln::Record;

#[derive(Clone, Debug, Record)]
pub(crate) struct Line {
    id: u8,
    price: f64,
    #[kiln(skip)]
    name: String,
    qty: i32,
    is_new: bool,
    weight: f32,
    #[kiln(rename = "discount rate")]
    disc: Option<f64>,
    r#type: u64,
}

fn lines(n: u32) -> Vec<Line> {
    (0..n)
        .map(|i| Line {
            id: i as u8,
            price: f64::from(i) * 0.5,
            name: format!("line {i}"),
            qty: i as i32 - 3,
            is_new: i % 3 == 0,
            weight: i as f32,
            disc: (i % 4 != 0).then_some(0.25),
            r#type: u64::from(i),
        })
        .collect()
}

#[test]
fn fields_are_inputs_by_name() {
    let lines = lines(1500);
    for engine in engines() {
        let f = formula("if(is_new, price, price * qty) + weight");
        let total = engine.record::<Line, f64>(&f).unwrap();
        let expected = |line: &Line| {
            let new = if line.is_new {
                line.price
            } else {
                line.price * f64::from(line.qty)
            };
            new + f64::from(line.weight)
        };
        let all: Vec<f64> = lines.iter().map(expected).collect();
        assert_eq!(total.map(&lines).unwrap(), all);
        assert_eq!(total.call(&lines[7]).unwrap(), all[7]);
        assert!(total.map(&[]).unwrap().is_empty());
    }
    assert_eq!(lines[0].name, "line 0");
}

#[test]
fn a_field_may_be_missing() {
    let lines = lines(9);
    for engine in engines() {
        let f = formula("price * (1 - `discount rate`)");
        let net = engine.record::<Line, Option<f64>>(&f).unwrap();
        let all = net.map(&lines).unwrap();
        assert_eq!((all[0], all[2]), (None, Some(0.75)));
        assert_eq!(net.call(&lines[4]).unwrap(), None);
        let error = engine.record::<Line, f64>(&f).unwrap_err();
        assert_eq!(error.to_string(), "output `result` is Option<f64>, not f64");
    }
}

#[test]
fn several_outputs_are_a_tuple() {
    let lines = lines(5);
    for engine in engines() {
        let f =
            formula("gross = price * qty; many = qty > 0; d = `discount rate`; t = `type` + id");
        let both = engine
            .record::<Line, (f64, bool, Option<f64>, i64)>(&f)
            .unwrap();
        assert_eq!(both.map(&lines).unwrap()[4], (2.0, true, None, 8));
        assert_eq!(both.call(&lines[1]).unwrap(), (-1.0, false, Some(0.25), 2));
        let error = engine.record::<Line, f64>(&f).unwrap_err();
        assert!(
            error.to_string().starts_with("4 outputs (`gross`, "),
            "{error}"
        );
    }
}

#[test]
fn a_name_that_is_no_field_is_told() {
    let error = formula("prise * 2").record::<Line, f64>().unwrap_err();
    assert!(
        error.report().contains("did you mean `price`?"),
        "{}",
        error.report()
    );
    // A skipped field is no input.
    let error = formula("name + 1").record::<Line, f64>().unwrap_err();
    assert!(error.is_name());
}

#[test]
fn a_formula_without_fields_gives_a_row_each() {
    for engine in engines() {
        let one = engine.record::<Line, f64>(&formula("0.5 + 0.5")).unwrap();
        assert_eq!(one.map(&lines(3)).unwrap(), [1.0; 3]);
    }
}

#[test]
fn a_failing_record_is_named() {
    for engine in engines() {
        let f = formula("id // (qty - 2)");
        let div = engine.record::<Line, i64>(&f).unwrap();
        assert_eq!(div.map(&lines(9)).unwrap_err().row(), Some(5));
        assert!(div.call(&lines(9)[5]).is_err());
    }
}

/// Generic records, and records that borrow.
#[derive(Record)]
struct Pair<'a, T: kiln::record::Field + Sync> {
    #[kiln(skip)]
    _label: &'a str,
    a: T,
    b: T,
}

#[test]
fn records_may_be_generic() {
    let f = formula("a - b");
    fn pair<T: kiln::record::Field + Sync>(a: T, b: T) -> Pair<'static, T> {
        Pair { _label: "x", a, b }
    }
    let floats = f.record::<Pair<'_, f64>, f64>().unwrap();
    assert_eq!(floats.call(&pair(3.0, 1.0)).unwrap(), 2.0);
    let ints = f.record::<Pair<'_, i16>, i64>().unwrap();
    assert_eq!(ints.call(&pair(3, 1)).unwrap(), 2);
}
