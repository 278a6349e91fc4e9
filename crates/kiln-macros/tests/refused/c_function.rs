//! A C function that outlives the kernel it was borrowed from.

fn main() {
    let formula: kiln::Formula = "x + 1".parse().unwrap();
    let c = {
        let typed = formula.typed::<fn(f64) -> f64>(["x"]).unwrap();
        typed.as_c()
    };
    let _ = c.map(|c| c.context());
}
