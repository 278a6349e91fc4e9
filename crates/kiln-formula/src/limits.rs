//! How large a formula may be: each limit by name, checked where the size
//! arises, and reported with its value.
//!
//! Formulas come from people and other programs, so every loop and stack of
//! this crate is bounded by one of these. They count what was *written*; what a
//! formula expands to is limited again by the layers that expand it.

/// Limits on the text of a formula.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limits {
    /// Most bytes of text.
    pub text_bytes: usize,
    /// Deepest nesting of parentheses, calls and signs. Chains of operators and
    /// the last branch of a conditional do not nest, so long sums and long
    /// rule lists are flat.
    pub depth: usize,
    /// Most different inputs.
    pub inputs: usize,
    /// Most values and operations as written.
    pub nodes: usize,
    /// Most totals of columns, such as `sum(x)`. Each is a computation of its
    /// own, over all that is below it.
    pub totals: usize,
}

impl Limits {
    /// For text from outside: 64 KiB, depth 64, 1,024 inputs, 4,096 values and
    /// operations, 256 totals. A logistic score of 1,000 features and a rule list of 200
    /// branches fit.
    pub const fn new() -> Limits {
        Limits {
            text_bytes: 64 * 1024,
            depth: 64,
            inputs: 1_024,
            nodes: 4_096,
            totals: 256,
        }
    }

    /// Ten times the default, four times of totals, for text whose author is
    /// trusted.
    pub const fn trusted() -> Limits {
        let default = Limits::new();
        Limits {
            text_bytes: 10 * default.text_bytes,
            depth: 10 * default.depth,
            inputs: 10 * default.inputs,
            nodes: 10 * default.nodes,
            totals: 4 * default.totals,
        }
    }

    /// The longest text that is read at all, whatever the limits say: spans
    /// count in 32 bits.
    pub(crate) const TEXT_BYTES_EVER: usize = 1 << 30;
}

impl Default for Limits {
    fn default() -> Limits {
        Limits::new()
    }
}
