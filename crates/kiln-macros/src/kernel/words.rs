//! What a kernel may call, and what to write instead of what it may not.

use syn::Expr;

/// Methods of numbers, of slices and of views.
#[rustfmt::skip]
pub(super) const METHODS: &[&str] = &[
    "len", "is_empty", "shape", "dim", "nrows", "ncols",
    "row", "col", "column", "row_mut", "col_mut", "column_mut",
    "as_view", "reborrow", "view", "view_mut", "split_at", "split_at_mut", "swap", "fill",
    "copy_from_slice", "sqrt", "floor", "ceil", "trunc", "round", "round_ties_even", "fract", "recip",
    "exp", "exp2", "exp_m1", "ln", "log", "log2", "log10", "ln_1p",
    "sin", "cos", "tan", "sin_cos", "asin", "acos", "atan", "atan2",
    "sinh", "cosh", "tanh", "asinh", "acosh", "atanh",
    "cbrt", "hypot", "powf", "powi", "mul_add", "copysign", "to_degrees", "to_radians",
    "is_nan", "is_finite", "is_infinite", "is_sign_negative", "is_sign_positive", "to_bits",
    "abs", "signum", "min", "max", "clamp", "div_euclid", "rem_euclid",
    "pow", "abs_diff", "unsigned_abs", "is_positive", "is_negative", "is_power_of_two",
    "leading_zeros", "trailing_zeros", "count_ones",
    "leading_ones", "trailing_ones", "count_zeros",
    "rotate_left", "rotate_right", "wrapping_shl", "wrapping_shr",
    "wrapping_add", "wrapping_sub", "wrapping_mul", "wrapping_neg", "wrapping_abs",
    "to_f64", "saturating_add", "saturating_sub", "saturating_mul",
    "overflowing_add", "overflowing_sub", "overflowing_mul",
];

/// Those of [`METHODS`] that can panic.
#[rustfmt::skip]
pub(super) const PANICKING: &[&str] = &[
    "abs", "pow", "clamp", "div_euclid", "rem_euclid",
    "row", "col", "column", "row_mut", "col_mut", "column_mut",
    "split_at", "split_at_mut", "swap", "fill", "copy_from_slice",
];

/// Methods that make something to go over of a slice.
pub(super) const SOURCES: &[&str] = &["iter", "iter_mut", "windows", "chunks_exact"];

/// Methods that make something to go over of such.
pub(super) const ADAPTERS: &[&str] = &[
    "rev",
    "step_by",
    "enumerate",
    "zip",
    "map",
    "copied",
    "cloned",
];

/// Methods that make a value of all that one goes over.
pub(super) const FOLDS: &[&str] = &["sum", "product", "fold", "all", "any", "count"];

/// The scalar types, whose functions may be called by path.
#[rustfmt::skip]
pub(super) const SCALARS: &[&str] = &[
    "bool", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "isize", "usize", "f32", "f64",
];

/// What to say of a method that is none of [`METHODS`].
pub(super) fn hint_for_method(name: &str) -> String {
    let instead = match name {
        "checked_add" | "checked_sub" | "checked_mul" | "checked_div" => {
            "compare before the operation, or use the `overflowing_` or `saturating_` form"
        }
        "push" | "pop" | "insert" | "extend" | "resize" | "collect" | "to_vec" | "clone_from" => {
            "a kernel allocates nothing: take a `&mut [T]` and write its elements"
        }
        "clone" | "to_owned" | "copied" | "cloned" => "scalars are copied without it",
        "unwrap" | "expect" | "ok" | "is_some" | "is_none" | "get" | "first" | "last" => {
            "there are no options in a kernel: compare, then index"
        }
        "to_string" | "as_str" => "a kernel has no text",
        "iter" | "iter_mut" | "windows" | "chunks_exact" | "enumerate" | "zip" | "map" | "rev" => {
            "it stands after `in` of a `for`, or before `sum`, `product`, `fold`, `all`, `any` or \
             `count`"
        }
        "filter" | "take_while" | "skip_while" | "flat_map" | "chain" => {
            "write a `for` with `if` and `continue` or `break`"
        }
        _ => "write the loop or the arithmetic out, or make it a `#[kernel]` function to call",
    };
    format!("a kernel cannot call the method `{name}`: {instead}")
}

/// What to say of a function whose path shows that it is no kernel.
pub(super) fn hint_for_path(path: &syn::Path) -> Option<&'static str> {
    let segments: Vec<String> = path.segments.iter().map(|s| s.ident.to_string()).collect();
    let is_type = |name: &String| name.starts_with(char::is_uppercase);
    match &segments[..] {
        [.., last] if matches!(last.as_str(), "Some" | "Ok" | "Err") => {
            Some("there are no options in a kernel: use the value, and a `bool` beside it")
        }
        [.., last] if is_type(last) => {
            Some("a kernel has no structs: use a tuple, or a local for each field")
        }
        [.., of, _] if is_type(of) => Some(
            "a kernel cannot call a function of a type: write the arithmetic out, or make it a \
             `#[kernel]` function to call",
        ),
        _ => None,
    }
}

/// What to say of an expression that kernels do not have.
pub(super) fn hint(expr: &Expr) -> &'static str {
    match expr {
        Expr::Async(_) | Expr::Await(_) => "a kernel cannot wait: it runs from start to end",
        Expr::Closure(_) => {
            "a kernel cannot hold a closure: write a `#[kernel]` function and call it by name"
        }
        Expr::Const(_) => "write the constant as a `const` item before the kernel",
        Expr::Let(_) => "there are no patterns that may not match in a kernel: compare with `==`",
        Expr::Match(_) => "a kernel cannot `match`: write it as `if` and `else if`",
        Expr::Range(_) => "a range stands after `in` of a `for`",
        Expr::RawAddr(_) => "a kernel has no pointers: index a slice",
        Expr::Struct(_) => "a kernel has no structs: use a tuple, or a local for each field",
        Expr::Try(_) => "a kernel cannot use `?`: state what must hold with `assert!`",
        Expr::TryBlock(_) => "a kernel cannot use `try`: state what must hold with `assert!`",
        Expr::Unsafe(_) => {
            "a kernel cannot be `unsafe`: every index is checked, once where it can be"
        }
        Expr::Yield(_) => "a kernel cannot `yield`: write to a `&mut [T]`",
        Expr::Infer(_) => "a value is needed here",
        _ => "a kernel cannot do this: it takes numbers, slices, loops and branches",
    }
}
