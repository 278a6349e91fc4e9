//! Whole numbers, missing values and errors together, against a second, direct
//! definition of what they mean: random formulas evaluated by walking a tree
//! with `Option` and `Result`, side by side with the lowered Func.

use crate::eval::{I64, V, row};
use proptest::prelude::*;

/// A whole number or missing; an error ends the row.
type Int = Result<Option<i64>, ()>;
type Truth = Result<Option<bool>, ()>;

#[derive(Clone, Debug)]
enum Num {
    Written(i64),
    A,
    B,
    Binary(&'static str, Box<Num>, Box<Num>),
    Neg(Box<Num>),
    Abs(Box<Num>),
    Square(Box<Num>),
    If(Box<Cond>, Box<Num>, Box<Num>),
    Coalesce(Box<Num>, Box<Num>),
}

#[derive(Clone, Debug)]
enum Cond {
    Less(Box<Num>, Box<Num>),
    Equal(Box<Num>, Box<Num>),
    IsNull(Box<Num>),
    Not(Box<Cond>),
    Logic(&'static str, Box<Cond>, Box<Cond>),
}

impl Num {
    fn text(&self) -> String {
        match self {
            Num::Written(n) => format!("({n})"),
            Num::A => "a".to_owned(),
            Num::B => "b".to_owned(),
            Num::Binary("rem", x, y) => format!("rem({}, {})", x.text(), y.text()),
            Num::Binary("min", x, y) => format!("min({}, {})", x.text(), y.text()),
            Num::Binary(op, x, y) => format!("({} {op} {})", x.text(), y.text()),
            Num::Neg(x) => format!("(-{})", x.text()),
            Num::Abs(x) => format!("abs({})", x.text()),
            Num::Square(x) => format!("({}) ^ 2", x.text()),
            Num::If(c, x, y) => format!("if({}, {}, {})", c.text(), x.text(), y.text()),
            Num::Coalesce(x, y) => format!("coalesce({}, {})", x.text(), y.text()),
        }
    }

    fn eval(&self, a: Option<i64>, b: Option<i64>) -> Int {
        let each = |x: &Num, f: &dyn Fn(i64) -> Option<i64>| match x.eval(a, b)? {
            Some(x) => f(x).map(Some).ok_or(()),
            None => Ok(None),
        };
        match self {
            Num::Written(n) => Ok(Some(*n)),
            Num::A => Ok(a),
            Num::B => Ok(b),
            Num::Binary(op, x, y) => match (x.eval(a, b)?, y.eval(a, b)?) {
                (Some(x), Some(y)) => binary(op, x, y).map(Some).ok_or(()),
                _ => Ok(None),
            },
            Num::Neg(x) => each(x, &i64::checked_neg),
            Num::Abs(x) => each(x, &i64::checked_abs),
            Num::Square(x) => each(x, &|x| x.checked_mul(x)),
            Num::If(c, x, y) => match c.eval(a, b)? {
                Some(true) => x.eval(a, b),
                Some(false) => y.eval(a, b),
                None => Ok(None),
            },
            Num::Coalesce(x, y) => match x.eval(a, b)? {
                None => y.eval(a, b),
                there => Ok(there),
            },
        }
    }
}

/// In 128 bits, where nothing overflows; `None` is an error.
fn binary(op: &str, x: i64, y: i64) -> Option<i64> {
    let (x, y) = (i128::from(x), i128::from(y));
    let floor = |x: i128, y: i128| x.div_euclid(y) - i128::from(y < 0 && x.rem_euclid(y) != 0);
    let result = match op {
        "+" => x + y,
        "-" => x - y,
        "*" => x * y,
        "min" => x.min(y),
        _ if y == 0 => return None,
        "//" => floor(x, y),
        "%" => x - y * floor(x, y),
        _ => x % y,
    };
    i64::try_from(result).ok()
}

impl Cond {
    fn text(&self) -> String {
        match self {
            Cond::Less(x, y) => format!("({} < {})", x.text(), y.text()),
            Cond::Equal(x, y) => format!("({} == {})", x.text(), y.text()),
            Cond::IsNull(x) => format!("is_null({})", x.text()),
            Cond::Not(x) => format!("(not {})", x.text()),
            Cond::Logic(op, x, y) => format!("({} {op} {})", x.text(), y.text()),
        }
    }

    fn eval(&self, a: Option<i64>, b: Option<i64>) -> Truth {
        let compare = |x: &Num, y: &Num, f: &dyn Fn(i64, i64) -> bool| {
            let (x, y) = (x.eval(a, b)?, y.eval(a, b)?);
            Ok(x.zip(y).map(|(x, y)| f(x, y)))
        };
        match self {
            Cond::Less(x, y) => compare(x, y, &|x, y| x < y),
            Cond::Equal(x, y) => compare(x, y, &|x, y| x == y),
            Cond::IsNull(x) => Ok(Some(x.eval(a, b)?.is_none())),
            Cond::Not(x) => Ok(x.eval(a, b)?.map(|x| !x)),
            Cond::Logic(op, x, y) => {
                let decides = matches!(*op, "or" | "|");
                let x = x.eval(a, b)?;
                // `and` and `or` stop at a side that decides, `&` and `|` never.
                if x == Some(decides) && matches!(*op, "and" | "or") {
                    return Ok(x);
                }
                let y = y.eval(a, b)?;
                Ok(match (x, y) {
                    _ if x == Some(decides) || y == Some(decides) => Some(decides),
                    (Some(_), Some(_)) => Some(!decides),
                    _ => None,
                })
            }
        }
    }
}

fn num() -> impl Strategy<Value = Num> {
    let leaf = prop_oneof![
        3 => Just(Num::A),
        3 => Just(Num::B),
        1 => prop::sample::select(vec![0, 1, -1, 2, 7, i64::MAX]).prop_map(Num::Written),
    ];
    leaf.prop_recursive(5, 40, 3, |x| {
        let two = (x.clone(), x.clone());
        let comparison = (two.clone(), 0..3).prop_map(|((x, y), which)| match which {
            0 => Cond::Less(x.into(), y.into()),
            1 => Cond::Equal(x.into(), y.into()),
            _ => Cond::IsNull(x.into()),
        });
        let logic = prop::sample::select(vec!["and", "or", "&", "|"]);
        let cond =
            (comparison.clone(), logic, comparison, 0..4).prop_map(
                |(x, op, y, which)| match which {
                    0 => x,
                    1 => Cond::Not(x.into()),
                    _ => Cond::Logic(op, x.into(), y.into()),
                },
            );
        let op = prop::sample::select(vec!["+", "-", "*", "//", "%", "rem", "min"]);
        prop_oneof![
            4 => (op, two.clone()).prop_map(|(op, (x, y))| Num::Binary(op, x.into(), y.into())),
            1 => x.clone().prop_map(|x| Num::Neg(x.into())),
            1 => x.clone().prop_map(|x| Num::Abs(x.into())),
            1 => x.clone().prop_map(|x| Num::Square(x.into())),
            3 => (cond, two.clone()).prop_map(|(c, (x, y))| Num::If(c.into(), x.into(), y.into())),
            1 => two.prop_map(|(x, y)| Num::Coalesce(x.into(), y.into())),
        ]
    })
}

fn given() -> impl Strategy<Value = Option<i64>> {
    let edges = vec![0, 1, -1, 2, -3, 7, i64::MIN, i64::MAX, 1 << 32];
    prop_oneof![
        1 => Just(None),
        4 => prop::sample::select(edges).prop_map(Some),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn the_func_means_what_the_tree_means(
        formula in num(),
        rows in prop::collection::vec((given(), given()), 1..8),
    ) {
        let text = formula.text();
        for (a, b) in rows {
            let input = |v: Option<i64>| v.map_or(V::M, V::I);
            let inputs = [("a", I64.nullable(), input(a)), ("b", I64.nullable(), input(b))];
            let got = row(&text, &inputs).map_err(|_| ());
            let expected = formula.eval(a, b).map(input);
            prop_assert_eq!(got, expected, "{} with a = {:?}, b = {:?}", text, a, b);
        }
    }
}
