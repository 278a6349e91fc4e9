//! What `#[kernel]` expands to: Rust's meaning of numbers and of control flow,
//! as calls that build a computation.
//!
//! An expansion is straight-line code in which every local of the function is
//! a handle and rustc infers the types. The builder beside this module has
//! the language's meaning; here every operator and method has Rust's: floats
//! to the bit, integers with the panics and the words of the panics, `usize`
//! as an unsigned integer of 64 bits.
//!
//! Not for use by hand, and free to change with any release: `#[kernel]` is
//! the way in.

mod array;
pub mod axis;
pub mod border;
mod call;
mod companion;
mod flow;
mod grid;
mod instances;
mod int;
mod iter;
pub mod math;
mod method;
pub mod no_kernel;
mod pass;
mod plain;
mod reassoc;
pub mod reduce;
pub mod scan;
mod tuple;
mod val;

pub use array::{Arr, Constant, Elem, Indexed, Listed, Place, Slice, Stored};
pub(crate) use call::Recipe;
pub use call::{Made, Param, Params, Static, Threads};
pub use flow::{If, Lazy, Loop};
pub use grid::{Extents, Grid};
pub use instances::{Count, Instances};
pub use iter::{
    ElementMut, Elements, ElementsMut, Elementwise, Enumerate, Iter, IterExt, Map, Parts, Read,
    Rev, Span, StepBy, Write, Zip,
};
pub use method::{Float, Whole};
pub use pass::Pass;
pub use plain::{Fresh, Plain, Result, Ty, Value};
pub(crate) use val::SIDES;
pub use val::Val;

use kiln_ir::{
    ArrayRef, Const, Fault, FaultKind, FuncBuilder, Interval, Layout, Node, NodeId, Op, Scalar,
    Site,
};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;

/// What an integer operator does when its result leaves the type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Overflow {
    /// Rust without overflow checks.
    Wrap,
    /// Rust with them: a panic.
    Checked,
    /// The nearest value of the type.
    Saturate,
}

impl Overflow {
    /// Rust's rule, given whether the calling crate has debug assertions.
    pub const fn of_build(has_debug_assertions: bool) -> Overflow {
        match has_debug_assertions {
            true => Overflow::Checked,
            false => Overflow::Wrap,
        }
    }
}

/// How the operators of a function are built.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// What integers do.
    pub overflow: Overflow,
    /// Whether a product and a sum are rounded once.
    pub contract: bool,
    /// Whether sums and products of floats take the shape of a tree.
    pub reassoc: bool,
    /// The file that the function stands in.
    pub file: &'static str,
}

/// A function being built.
#[derive(Debug)]
pub struct Body {
    state: RefCell<State>,
    rules: Cell<Rules>,
    /// The line and the column of what is being built.
    place: Cell<(u32, u32)>,
    /// How the elements of views lie.
    layout: Layout,
}

#[derive(Debug)]
struct State {
    func: FuncBuilder,
    names: Vec<String>,
    /// One for each open region: the accesses that were guarded there.
    scopes: Vec<HashMap<(ArrayRef, Vec<NodeId>), Option<NodeId>>>,
    /// What integers are known to be.
    ranges: HashMap<NodeId, Interval>,
    /// What reductions along an axis use.
    tables: HashMap<(axis::Table, Scalar), ArrayRef>,
}

impl Body {
    pub(crate) fn new(name: &str, layout: Layout) -> Body {
        Body {
            state: RefCell::new(State {
                func: FuncBuilder::new(name),
                names: Vec::new(),
                scopes: vec![HashMap::new()],
                ranges: HashMap::new(),
                tables: HashMap::new(),
            }),
            rules: Cell::new(Rules {
                overflow: Overflow::Wrap,
                contract: false,
                reassoc: false,
                file: "",
            }),
            place: Cell::new((0, 0)),
            layout,
        }
    }

    pub(crate) fn finish(self, results: &[NodeId]) -> kiln_ir::Func {
        self.state.into_inner().func.finish(results)
    }

    /// Sets the rules; gives those before, which are set again when the
    /// function that asked for these ends.
    pub fn set_rules(&self, rules: Rules) -> Rules {
        self.rules.replace(rules)
    }

    /// Says where the operation stands whose last operand this is.
    pub fn at<T>(&self, line: u32, column: u32, operand: T) -> T {
        self.place.set((line, column));
        operand
    }

    /// Where what is being built stands.
    fn site(&self) -> Option<Arc<Site>> {
        let (line, column) = self.place.get();
        let site = || Site {
            file: self.rules.get().file.into(),
            line,
            column,
        };
        (line > 0).then(|| Arc::new(site()))
    }

    /// Works on the builder beneath.
    fn with<R>(&self, work: impl FnOnce(&mut FuncBuilder) -> R) -> R {
        work(&mut self.state.borrow_mut().func)
    }

    fn scalar(&self, id: NodeId) -> Scalar {
        self.state.borrow().func.ty(id).scalar
    }

    fn as_const(&self, id: NodeId) -> Option<Const> {
        self.state.borrow().func.func().as_const(id)
    }

    fn constant(&self, value: Const) -> NodeId {
        self.with(|func| func.constant(value))
    }

    fn i64(&self, value: i64) -> NodeId {
        self.constant(Const::i64(value))
    }

    /// An op; of constants, its value.
    fn op(&self, op: Op, args: &[NodeId]) -> NodeId {
        let consts: Option<Vec<Const>> = args.iter().map(|&arg| self.as_const(arg)).collect();
        self.with(|func| {
            if let Some(consts) = consts {
                let types: Vec<_> = args.iter().map(|&arg| func.ty(arg)).collect();
                if let Ok(ty) = op.result_type(&types, None) {
                    let value = kiln_ir::meaning::eval(op, ty.scalar, &consts);
                    return func.constant(value);
                }
            }
            func.op(op, args)
        })
    }

    /// The node and its operands, where it is an op.
    fn as_op(&self, id: NodeId) -> Option<(Op, Vec<NodeId>)> {
        match self.state.borrow().func.func().node(id) {
            Node::Op { op, args } => Some((*op, args.to_vec())),
            _ => None,
        }
    }

    /// Ends the call with a fault unless a condition holds.
    fn guard(&self, kind: FaultKind, condition: NodeId, message: &str, shown: &[NodeId]) {
        if self.as_const(condition) == Some(Const::bool(true)) {
            return;
        }
        let site = self.site();
        self.with(|func| {
            let fault = func.fault(Fault {
                kind,
                message: message.to_owned(),
                span: None,
                site,
            });
            func.guard(condition, fault, shown);
        });
    }

    fn open<R>(&self, begin: impl FnOnce(&mut FuncBuilder) -> R) -> R {
        let mut state = self.state.borrow_mut();
        state.scopes.push(HashMap::new());
        begin(&mut state.func)
    }

    fn close<R>(&self, end: impl FnOnce(&mut FuncBuilder) -> R) -> R {
        let mut state = self.state.borrow_mut();
        state.scopes.pop();
        end(&mut state.func)
    }
}

/// What `assert!` says of a condition, in the words that Rust has for it.
#[doc(hidden)]
#[macro_export]
macro_rules! __assertion_failed {
    ($condition:expr) => {
        ::core::concat!("assertion failed: ", ::core::stringify!($condition))
    };
}
