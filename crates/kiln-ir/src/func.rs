//! Func: an arena of nodes, and regions that hold the ones with effects.
//!
//! Pure nodes belong to no region: they float, merged by structure when they
//! are built, and the schedule gives each a place. Nodes with effects stand
//! in the `effects` list of exactly one region, in order. A node's operands,
//! and everything in the regions it owns, have smaller ids than the node, so
//! one pass over the ids in order is a pass in dependency order.

use crate::constant::Const;
use crate::op::Op;
use crate::types::{Access, ArrayType, ParamType, Scalar, Type};
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(u32);

        impl $name {
            /// The id with this index.
            pub const fn new(index: usize) -> $name {
                $name(index as u32)
            }

            /// The index into the table this id names.
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

id!(
    /// A node of a Func.
    NodeId "v"
);
id!(
    /// A region of a Func.
    RegionId "region"
);
id!(
    /// An entry of [`Func::faults`].
    FaultId "fault"
);

/// An array a node touches.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum ArrayRef {
    /// The array parameter with this index among all parameters.
    Param(u32),
    /// The local array with this index.
    Local(u32),
}

/// Up to four operands, held inline.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Operands {
    len: u8,
    ids: [NodeId; Operands::MAX],
}

impl Operands {
    /// The most operands one of these holds.
    pub const MAX: usize = 4;

    /// The operands `ids`.
    ///
    /// # Panics
    /// When there are more than [`Operands::MAX`].
    pub fn new(ids: &[NodeId]) -> Operands {
        let mut held = [NodeId::new(0); Operands::MAX];
        held[..ids.len()].copy_from_slice(ids);
        Operands {
            len: ids.len() as u8,
            ids: held,
        }
    }
}

impl std::ops::Deref for Operands {
    type Target = [NodeId];

    fn deref(&self) -> &[NodeId] {
        &self.ids[..self.len as usize]
    }
}

impl fmt::Debug for Operands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// How a reduction or a scan combines values.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Combine {
    /// Sum; the identity is -0.0 for floats.
    Sum,
    /// Product; the identity is 1.
    Product,
    /// IEEE minimum, or the least integer.
    Min,
    /// IEEE maximum, or the greatest integer.
    Max,
    /// IEEE minimumNumber, where a NaN counts as nothing.
    Fmin,
    /// IEEE maximumNumber, where a NaN counts as nothing.
    Fmax,
    /// Logical or, or bitwise or.
    Any,
    /// Logical and, or bitwise and.
    All,
}

impl Combine {
    /// Every way to combine.
    pub const ALL: [Combine; 8] = [
        Combine::Sum,
        Combine::Product,
        Combine::Min,
        Combine::Max,
        Combine::Fmin,
        Combine::Fmax,
        Combine::Any,
        Combine::All,
    ];

    /// The name in the text form.
    pub const fn name(self) -> &'static str {
        match self {
            Combine::Sum => "sum",
            Combine::Product => "product",
            Combine::Min => "min",
            Combine::Max => "max",
            Combine::Fmin => "fmin",
            Combine::Fmax => "fmax",
            Combine::Any => "any",
            Combine::All => "all",
        }
    }

    /// The op that joins two values.
    pub const fn op(self) -> Op {
        match self {
            Combine::Sum => Op::Add,
            Combine::Product => Op::Mul,
            Combine::Min => Op::Min,
            Combine::Max => Op::Max,
            Combine::Fmin => Op::Fmin,
            Combine::Fmax => Op::Fmax,
            Combine::Any => Op::Or,
            Combine::All => Op::And,
        }
    }

    /// What leaves every value of a type as it is: -0.0 for a sum of floats.
    pub fn identity(self, ty: Scalar) -> Const {
        match (self, ty) {
            (Combine::Sum, Scalar::F32) => Const::f32(-0.0),
            (Combine::Sum, Scalar::F64) => Const::f64(-0.0),
            (Combine::Min, Scalar::F32) => Const::f32(f32::INFINITY),
            (Combine::Min, Scalar::F64) => Const::f64(f64::INFINITY),
            (Combine::Max, Scalar::F32) => Const::f32(f32::NEG_INFINITY),
            (Combine::Max, Scalar::F64) => Const::f64(f64::NEG_INFINITY),
            (Combine::Fmin | Combine::Fmax, Scalar::F32) => Const::f32(f32::NAN),
            (Combine::Fmin | Combine::Fmax, Scalar::F64) => Const::f64(f64::NAN),
            (Combine::Sum | Combine::Any, _) => Const::zero(ty),
            (Combine::Product, _) => Const::one(ty),
            (Combine::All, _) => Const::from_bits(ty, u64::MAX),
            (Combine::Min | Combine::Fmin, _) => least_or_greatest(ty, true),
            (Combine::Max | Combine::Fmax, _) => least_or_greatest(ty, false),
        }
    }

    /// Whether it gives a least or a greatest value.
    pub const fn is_extreme(self) -> bool {
        matches!(
            self,
            Combine::Min | Combine::Max | Combine::Fmin | Combine::Fmax
        )
    }

    /// Whether no order shows in what values of a type combine to: it does in
    /// sums and products of floats alone.
    pub const fn is_free(self, ty: Scalar) -> bool {
        self.is_extreme() || !ty.is_float()
    }
}

/// The greatest value of an integer type, or the least one.
fn least_or_greatest(ty: Scalar, greatest: bool) -> Const {
    let sign = 1u64 << (ty.bits() - 1);
    let bits = match (ty.is_signed(), greatest) {
        (true, true) => sign - 1,
        (true, false) => sign,
        (false, true) => u64::MAX,
        (false, false) => 0,
    };
    Const::from_bits(ty, bits)
}

/// The shape of a reduction: in which order values are combined.
///
/// The fixed shape depends on the number of values alone: `lanes` virtual
/// lanes over blocks of 1,024 values, blocks combined like a binary counter.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Shape {
    /// 16 virtual lanes for 8-byte elements, 32 for smaller ones; blocks of
    /// 1,024 combined like a binary counter.
    Tree,
    /// One after the other, from the first.
    InOrder,
}

impl Shape {
    /// The name in the text form.
    pub const fn name(self) -> &'static str {
        match self {
            Shape::Tree => "tree",
            Shape::InOrder => "in_order",
        }
    }

    /// Virtual lanes of the fixed shape over elements of a type.
    pub const fn lanes(scalar: Scalar) -> u16 {
        if scalar.bytes() == 8 { 16 } else { 32 }
    }

    /// Virtual lanes that all values of a reduction go round in: those of
    /// values whose order shows, which must have as many; `None` if they have
    /// not. Of others any number does, and the least of theirs is taken.
    pub fn common_lanes(values: &[(Combine, Scalar)]) -> Option<u16> {
        let ordered = values.iter().filter(|(c, ty)| !c.is_free(*ty));
        let mut ordered = ordered.map(|&(_, ty)| Shape::lanes(ty));
        match ordered.next() {
            Some(lanes) => ordered.all(|other| other == lanes).then_some(lanes),
            None => values.iter().map(|&(_, ty)| Shape::lanes(ty)).min(),
        }
    }
}

/// A node: a value, an effect, or a structure that holds regions.
#[derive(Clone, PartialEq, Debug)]
pub enum Node {
    /// A scalar parameter, by its index among all parameters. Pure.
    Param(u32),
    /// A constant. Pure.
    Const(Const),
    /// An argument of a region: a loop's index, or a carried value. Stands
    /// in its region.
    Arg {
        /// The region.
        region: RegionId,
        /// Which of its arguments.
        index: u32,
    },
    /// An op of the op table. Pure.
    Op {
        /// The op.
        op: Op,
        /// Its operands.
        args: Operands,
    },
    /// The extent of an array in one dimension, an `i64`. Pure.
    Len {
        /// The array.
        array: ArrayRef,
        /// The dimension.
        dim: u8,
    },
    /// An element, or `lanes` contiguous elements from `index` on when the
    /// type is a vector. Pure if the array's access is [`Access::Read`].
    Load {
        /// The array.
        array: ArrayRef,
        /// One `i64` per dimension.
        index: Operands,
        /// The guard that makes the access safe; a pure load never passes it.
        after: Option<NodeId>,
    },
    /// Writes an element, or contiguous elements. An effect.
    Store {
        /// The array.
        array: ArrayRef,
        /// One `i64` per dimension.
        index: Operands,
        /// What to write.
        value: NodeId,
    },
    /// Ends the call with a fault unless `cond` holds. An effect.
    Guard {
        /// What must hold.
        cond: NodeId,
        /// What it means if it does not.
        fault: FaultId,
        /// Values the error shows.
        operands: Operands,
    },
    /// One of two regions. Pure if neither holds an effect. Its results are
    /// [`Node::Proj`]s.
    If {
        /// Which region: a scalar `bool`.
        cond: NodeId,
        /// Run when it is true.
        then: RegionId,
        /// Run when it is false.
        otherwise: RegionId,
    },
    /// A loop over `lo..hi`, `lanes` indices at a time. The body's arguments
    /// are the index and the carried values; it yields the next ones. An
    /// effect; its results are [`Node::Proj`]s.
    For {
        /// First index.
        lo: NodeId,
        /// One past the last index.
        hi: NodeId,
        /// Indices per round: 1 before widening. `hi - lo` is a multiple.
        lanes: u16,
        /// First values of the carried variables.
        init: Box<[NodeId]>,
        /// The body.
        body: RegionId,
    },
    /// A loop that runs `body` while `cond` yields true. Both regions take
    /// the carried values; `cond` yields one `bool`, `body` the next values.
    /// An effect; its results are [`Node::Proj`]s.
    While {
        /// First values of the carried variables.
        init: Box<[NodeId]>,
        /// Yields whether to go on.
        cond: RegionId,
        /// Yields the next values.
        body: RegionId,
    },
    /// Combines what the body yields over `lo..hi`, each value with those of
    /// the other rounds. An effect by position; its results are
    /// [`Node::Proj`]s.
    Reduce {
        /// How each value is combined.
        combine: Box<[Combine]>,
        /// In which order.
        shape: Shape,
        /// First index.
        lo: NodeId,
        /// One past the last index.
        hi: NodeId,
        /// Takes the index, yields the values.
        body: RegionId,
    },
    /// As `reduce` in order, writing every running value to a rank-1 array
    /// at the index. An effect; its result, the last value, is a
    /// [`Node::Proj`].
    Scan {
        /// How values are combined.
        combine: Combine,
        /// The value before the first.
        init: NodeId,
        /// First index.
        lo: NodeId,
        /// One past the last index.
        hi: NodeId,
        /// Where running values go.
        array: ArrayRef,
        /// Takes the index, yields one value.
        body: RegionId,
    },
    /// A call of another Func; arrays are passed by reference. An effect by
    /// position; its results are [`Node::Proj`]s.
    Call {
        /// Index into [`Func::callees`].
        callee: u32,
        /// One per parameter of the callee.
        args: Box<[CallArg]>,
    },
    /// One result of a structured node.
    Proj {
        /// The structured node.
        of: NodeId,
        /// Which result.
        index: u32,
    },
}

/// An argument of a [`Node::Call`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CallArg {
    /// A scalar.
    Value(NodeId),
    /// An array of the caller.
    Array(ArrayRef),
}

/// A list of nodes that run one after the other, with what it takes and
/// what it yields.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Region {
    /// The region's arguments, [`Node::Arg`]s.
    pub args: Vec<NodeId>,
    /// The nodes with effects, in order.
    pub effects: Vec<NodeId>,
    /// What it yields.
    pub yields: Vec<NodeId>,
}

/// A parameter of a Func.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Param {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: ParamType,
}

/// A small array that lives as long as a call.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Local {
    /// What each element is.
    pub elem: Scalar,
    /// Number of elements.
    pub len: u32,
}

/// Bytes that the local arrays of a Func may take, those of the Funcs it
/// calls included: they stand on the stack.
pub const LOCALS_BYTES_MAX: usize = 32 << 10;

impl Local {
    /// What it takes of [`LOCALS_BYTES_MAX`]: whole words, at least one.
    pub const fn bytes(self) -> usize {
        let bytes = (self.len as usize).saturating_mul(self.elem.bytes());
        match bytes {
            0 => 8,
            1..=LOCALS_BYTES_MAX => bytes.next_multiple_of(8),
            beyond => beyond,
        }
    }
}

/// A range of bytes in the source a node came from.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// What kind of thing went wrong at run time.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum FaultKind {
    /// An integer result left its type.
    Overflow,
    /// An integer was divided by zero.
    DivisionByZero,
    /// An index lies outside its array.
    Index,
    /// A value does not fit the type it is converted to.
    Range,
    /// A condition the source states does not hold.
    Assert,
    /// Nothing went wrong yet: what was assumed to make the Func fast does
    /// not hold, and the call is to be made again by its guarded variant. A
    /// caller of kiln never sees it.
    Retry,
}

impl FaultKind {
    /// Every kind.
    pub const ALL: [FaultKind; 6] = [
        FaultKind::Overflow,
        FaultKind::DivisionByZero,
        FaultKind::Index,
        FaultKind::Range,
        FaultKind::Assert,
        FaultKind::Retry,
    ];

    /// The kinds that a source can ask for, and an error can be.
    pub const REPORTED: [FaultKind; 5] = [
        FaultKind::Overflow,
        FaultKind::DivisionByZero,
        FaultKind::Index,
        FaultKind::Range,
        FaultKind::Assert,
    ];

    /// The name in the text form.
    pub const fn name(self) -> &'static str {
        match self {
            FaultKind::Overflow => "overflow",
            FaultKind::DivisionByZero => "division_by_zero",
            FaultKind::Index => "index",
            FaultKind::Range => "range",
            FaultKind::Assert => "assert",
            FaultKind::Retry => "retry",
        }
    }
}

/// What a failing guard reports.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Fault {
    /// The kind.
    pub kind: FaultKind,
    /// What was being computed, in the words of the source.
    pub message: String,
    /// Where in the source, if that is a text of its own.
    pub span: Option<Span>,
    /// Where in the source, if that is a file of a program.
    pub site: Option<Arc<Site>>,
}

/// A place in a file of a program, for computations that programs write.
/// Lines and columns count from 1.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Site {
    /// The file, as the compiler was given it.
    pub file: Arc<str>,
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

impl From<&Location<'_>> for Site {
    fn from(location: &Location<'_>) -> Site {
        Site {
            file: location.file().into(),
            line: location.line(),
            column: location.column(),
        }
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// A function in the intermediate representation.
///
/// Built by [`FuncBuilder`](crate::FuncBuilder) or parsed from text; checked
/// by [`verify`](crate::verify). Equality of meaning is not equality of
/// arenas: compare Funcs by their text.
#[derive(Clone, Debug)]
pub struct Func {
    pub(crate) name: String,
    pub(crate) params: Vec<Param>,
    pub(crate) results: Vec<Type>,
    pub(crate) locals: Vec<Local>,
    pub(crate) faults: Vec<Fault>,
    pub(crate) callees: Vec<Arc<Func>>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) types: Vec<Option<Type>>,
    pub(crate) regions: Vec<Region>,
    pub(crate) body: RegionId,
}

impl Func {
    /// The name, without the `@`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The parameters in order.
    pub fn params(&self) -> &[Param] {
        &self.params
    }

    /// What a message calls an array.
    pub fn array_name(&self, array: ArrayRef) -> &str {
        match array {
            ArrayRef::Param(index) => &self.params[index as usize].name,
            ArrayRef::Local(_) => "a local array",
        }
    }

    /// The types of the results in order.
    pub fn results(&self) -> &[Type] {
        &self.results
    }

    /// The local arrays.
    pub fn locals(&self) -> &[Local] {
        &self.locals
    }

    /// What the guards report.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// The Funcs that this one calls.
    pub fn callees(&self) -> &[Arc<Func>] {
        &self.callees
    }

    /// Number of nodes in the arena, reachable or not.
    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// Number of regions in the arena.
    pub fn region_count(&self) -> usize {
        self.regions.len()
    }

    /// A node.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    /// The type of a node's value.
    ///
    /// # Panics
    /// When the node has none: effects and structured nodes.
    pub fn ty(&self, id: NodeId) -> Type {
        match self.types[id.index()] {
            Some(ty) => ty,
            None => panic!("{id} has no value"),
        }
    }

    /// The type of a node's value, if it has one.
    pub fn value_type(&self, id: NodeId) -> Option<Type> {
        self.types[id.index()]
    }

    /// A region.
    pub fn region(&self, id: RegionId) -> &Region {
        &self.regions[id.index()]
    }

    /// The outermost region; it yields the results.
    pub fn body(&self) -> RegionId {
        self.body
    }

    /// The fault of a guard.
    pub fn fault(&self, id: FaultId) -> &Fault {
        &self.faults[id.index()]
    }

    /// The constant that a node is, if it is one.
    pub fn as_const(&self, id: NodeId) -> Option<Const> {
        match self.node(id) {
            Node::Const(value) => Some(*value),
            _ => None,
        }
    }

    /// The type of an array parameter or local array.
    ///
    /// # Panics
    /// When there is no such array.
    pub fn array_type(&self, array: ArrayRef) -> ArrayType {
        match array {
            ArrayRef::Param(index) => match self.params[index as usize].ty {
                ParamType::Array(ty) => ty,
                ParamType::Scalar(_) => panic!("parameter {index} is not an array"),
            },
            ArrayRef::Local(index) => ArrayType::slice_mut(self.locals[index as usize].elem),
        }
    }

    /// Whether a node floats: has no effect and no fixed place.
    pub fn is_pure(&self, id: NodeId) -> bool {
        match self.node(id) {
            Node::Param(_) | Node::Const(_) | Node::Op { .. } | Node::Len { .. } => true,
            Node::Load { array, .. } => self.array_type(*array).access == Access::Read,
            Node::If {
                then, otherwise, ..
            } => {
                self.region(*then).effects.is_empty() && self.region(*otherwise).effects.is_empty()
            }
            Node::Proj { of, .. } => self.is_pure(*of),
            Node::Arg { .. }
            | Node::Store { .. }
            | Node::Guard { .. }
            | Node::For { .. }
            | Node::While { .. }
            | Node::Reduce { .. }
            | Node::Scan { .. }
            | Node::Call { .. } => false,
        }
    }

    /// The nodes that stand for results of a structured node, those that exist.
    /// They follow it within a few nodes, but merged ones may stand anywhere
    /// behind it.
    pub fn projections(&self, of: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        (of.index() + 1..self.node_count()).map(NodeId::new).filter(
            move |&id| matches!(*self.node(id), Node::Proj { of: owner, .. } if owner == of),
        )
    }

    /// The types of the results of a structured node.
    pub fn result_types(&self, id: NodeId) -> Vec<Type> {
        let types = |ids: &[NodeId]| ids.iter().map(|&v| self.ty(v)).collect();
        match self.node(id) {
            Node::If { then, .. } => types(&self.region(*then).yields),
            Node::For { init, .. } | Node::While { init, .. } => types(init),
            Node::Reduce { body, .. } => types(&self.region(*body).yields),
            Node::Scan { init, .. } => types(&[*init]),
            Node::Call { callee, .. } => self.callees[*callee as usize].results.clone(),
            _ => Vec::new(),
        }
    }

    /// What a reduction combines, value by value, and how; of another node,
    /// nothing.
    pub fn reduced(&self, id: NodeId) -> Vec<(Combine, Scalar)> {
        let Node::Reduce { combine, body, .. } = self.node(id) else {
            return Vec::new();
        };
        let values = self.region(*body).yields.iter();
        let scalars = values.map(|&v| self.ty(v).scalar);
        combine.iter().copied().zip(scalars).collect()
    }

    /// The regions a node owns, in the order they are written.
    pub fn regions_of(&self, id: NodeId) -> impl Iterator<Item = RegionId> + use<> {
        let (first, second) = match *self.node(id) {
            Node::If {
                then, otherwise, ..
            } => (Some(then), Some(otherwise)),
            Node::While { cond, body, .. } => (Some(cond), Some(body)),
            Node::For { body, .. } | Node::Reduce { body, .. } | Node::Scan { body, .. } => {
                (Some(body), None)
            }
            _ => (None, None),
        };
        first.into_iter().chain(second)
    }

    /// Calls `visit` with each direct operand of a node, in order; the
    /// regions it owns are not entered.
    pub fn for_each_operand(&self, id: NodeId, mut visit: impl FnMut(NodeId)) {
        match self.node(id) {
            Node::Param(_) | Node::Const(_) | Node::Arg { .. } | Node::Len { .. } => {}
            Node::Op { args, .. } => args.iter().copied().for_each(visit),
            Node::Load { index, after, .. } => {
                index.iter().copied().chain(*after).for_each(visit);
            }
            Node::Store { index, value, .. } => {
                index.iter().copied().for_each(&mut visit);
                visit(*value);
            }
            Node::Guard { cond, operands, .. } => {
                visit(*cond);
                operands.iter().copied().for_each(visit);
            }
            Node::If { cond, .. } => visit(*cond),
            Node::For { lo, hi, init, .. } => {
                visit(*lo);
                visit(*hi);
                init.iter().copied().for_each(visit);
            }
            Node::While { init, .. } => init.iter().copied().for_each(visit),
            Node::Reduce { lo, hi, .. } => {
                visit(*lo);
                visit(*hi);
            }
            Node::Scan { init, lo, hi, .. } => {
                visit(*init);
                visit(*lo);
                visit(*hi);
            }
            Node::Call { args, .. } => {
                for arg in args {
                    if let CallArg::Value(value) = arg {
                        visit(*value);
                    }
                }
            }
            Node::Proj { of, .. } => visit(*of),
        }
    }

    /// Whether every parameter is a scalar: such a Func maps over columns
    /// and has a direct entry.
    pub fn is_scalar(&self) -> bool {
        self.params
            .iter()
            .all(|p| matches!(p.ty, ParamType::Scalar(_)))
            && self.locals.is_empty()
    }

    /// Whether a call can end with a [`FaultKind::Retry`], so that whoever
    /// calls needs the guarded variant at hand.
    pub fn can_retry(&self) -> bool {
        let is_retry = |f: &Fault| f.kind == FaultKind::Retry;
        self.faults.iter().any(is_retry) || self.callees.iter().any(|f| f.can_retry())
    }

    /// Whether a call can fail: there is a guard in it.
    pub fn can_fail(&self) -> bool {
        self.nodes.iter().any(|n| matches!(n, Node::Guard { .. }))
            || self.callees.iter().any(|f| f.can_fail())
    }
}
