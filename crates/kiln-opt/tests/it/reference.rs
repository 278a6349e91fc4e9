//! A plain evaluator of Funcs, lane by lane, straight from the meaning of
//! each op: slow, and short enough to be believed.

use kiln_ir::{ArrayRef, Const, Func, Node, NodeId, Op, RegionId, Scalar, Schedule, meaning};

/// An argument: one value, or an array that the call may write.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Arg {
    Value(Const),
    Array(Vec<Const>),
}

/// A Func made ready to run many times.
pub(super) struct Reference<'a> {
    func: &'a Func,
    schedule: Schedule,
}

impl<'a> Reference<'a> {
    pub(super) fn new(func: &'a Func) -> Reference<'a> {
        let schedule = Schedule::of(func);
        Reference { func, schedule }
    }

    /// Gives the results, or the first lane of each for vectors. `Err` is a
    /// guard that failed.
    pub(super) fn run(&self, args: &mut [Arg]) -> Result<Vec<Const>, String> {
        let mut machine = Machine {
            func: self.func,
            schedule: &self.schedule,
            args,
            values: vec![Vec::new(); self.func.node_count()],
            results: vec![Vec::new(); self.func.node_count()],
        };
        let results = machine.region(self.func.body())?;
        Ok(results.into_iter().map(|lanes| lanes[0]).collect())
    }

    /// Runs on scalars.
    pub(super) fn values(&self, args: &[Const]) -> Vec<Const> {
        let mut args: Vec<Arg> = args.iter().map(|&c| Arg::Value(c)).collect();
        self.run(&mut args).unwrap()
    }
}

/// Runs a Func once.
pub(super) fn run(func: &Func, args: &mut [Arg]) -> Result<Vec<Const>, String> {
    Reference::new(func).run(args)
}

type Lanes = Vec<Const>;

struct Machine<'a> {
    func: &'a Func,
    schedule: &'a Schedule,
    args: &'a mut [Arg],
    values: Vec<Lanes>,
    results: Vec<Vec<Lanes>>,
}

impl Machine<'_> {
    fn region(&mut self, region: RegionId) -> Result<Vec<Lanes>, String> {
        for at in 0..self.schedule.nodes(region).len() {
            let id = self.schedule.nodes(region)[at];
            self.node(id)?;
        }
        let yields = self.func.region(region).yields.iter();
        Ok(yields.map(|&v| self.get(v)).collect())
    }

    fn get(&self, id: NodeId) -> Lanes {
        match self.func.node(id) {
            Node::Const(value) => vec![*value],
            Node::Param(index) => match &self.args[*index as usize] {
                Arg::Value(value) => vec![*value],
                Arg::Array(_) => unreachable!("a scalar parameter"),
            },
            Node::Proj { of, index } => self.results[of.index()][*index as usize].clone(),
            _ => self.values[id.index()].clone(),
        }
    }

    fn int(&self, id: NodeId) -> i64 {
        self.get(id)[0].as_int().unwrap() as i64
    }

    /// The elements that an access of so many lanes touches.
    fn places(&self, index: NodeId, lanes: usize) -> Vec<usize> {
        let at = self.get(index);
        match at.len() == lanes {
            true => at.iter().map(|i| i.as_int().unwrap() as usize).collect(),
            false => (self.int(index) as usize..).take(lanes).collect(),
        }
    }

    fn array(&mut self, array: ArrayRef) -> &mut Vec<Const> {
        let ArrayRef::Param(index) = array else {
            unreachable!("no local arrays here")
        };
        match &mut self.args[index as usize] {
            Arg::Array(data) => data,
            Arg::Value(_) => unreachable!("an array parameter"),
        }
    }

    fn node(&mut self, id: NodeId) -> Result<(), String> {
        let func = self.func;
        match func.node(id) {
            Node::Op { op, args } => self.values[id.index()] = self.op(id, *op, args),
            Node::Len { array, .. } => {
                let len = self.array(*array).len();
                self.values[id.index()] = vec![Const::i64(len as i64)];
            }
            Node::Load { array, index, .. } => {
                let places = self.places(index[0], func.ty(id).lanes.into());
                let elements = self.array(*array);
                let loaded = places.into_iter().map(|at| elements[at]).collect();
                self.values[id.index()] = loaded;
            }
            Node::Store {
                array,
                index,
                value,
            } => {
                let value = self.get(*value);
                let places = self.places(index[0], value.len());
                for (at, value) in places.into_iter().zip(value) {
                    self.array(*array)[at] = value;
                }
            }
            Node::Guard { cond, fault, .. } if self.get(*cond).contains(&Const::bool(false)) => {
                return Err(func.fault(*fault).message.clone());
            }
            Node::If {
                cond,
                then,
                otherwise,
            } => {
                let side = if self.get(*cond)[0] == Const::bool(true) {
                    *then
                } else {
                    *otherwise
                };
                self.results[id.index()] = self.region(side)?;
            }
            Node::For {
                lo,
                hi,
                lanes,
                body,
                ..
            } => {
                let index = func.region(*body).args[0];
                let (lo, hi) = (self.int(*lo), self.int(*hi));
                for i in (lo..hi).step_by(*lanes as usize) {
                    self.values[index.index()] = vec![Const::i64(i)];
                    self.region(*body)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn op(&self, id: NodeId, op: Op, args: &[NodeId]) -> Lanes {
        let ty = self.func.ty(id);
        let args: Vec<Lanes> = args.iter().map(|&v| self.get(v)).collect();
        let lanes = ty.lanes as usize;
        let truth = Const::bool(true);
        match op {
            Op::Splat => vec![args[0][0]; lanes],
            Op::Iota => (0..lanes as i64).map(Const::i64).collect(),
            Op::Any => vec![Const::bool(args[0].contains(&truth))],
            Op::All => vec![Const::bool(args[0].iter().all(|&m| m == truth))],
            _ => (0..lanes)
                .map(|lane| {
                    let args: Vec<Const> = args.iter().map(|a| a[lane]).collect();
                    meaning::eval(op, ty.scalar, &args)
                })
                .collect(),
        }
    }
}

/// Values of a float type worth trying: zeros, subnormals, ones, halves,
/// ends of the range, infinities, NaN.
pub(super) fn float_edges(scalar: Scalar) -> Vec<Const> {
    let values: Vec<Const> = match scalar {
        Scalar::F32 => [
            0,
            1,
            0x007f_ffff,
            0x0080_0000,
            0x3f80_0000,
            0x3f7f_ffff,
            0x3f80_0001,
            0x3f00_0000,
            0x3fc0_0000,
            0x4020_0000,
            0x4b7f_ffff,
            0x4b00_0001,
            0x7f7f_ffff,
            0x7f80_0000,
            0x7fc0_0000,
            0x4040_0000,
            0x5f00_0000,
            0x3eaa_aaab,
        ]
        .iter()
        .map(|&b| Const::from_bits(Scalar::F32, b))
        .collect(),
        _ => [
            0,
            1,
            0x000f_ffff_ffff_ffff,
            0x0010_0000_0000_0000,
            0x3ff0_0000_0000_0000,
            0x3fef_ffff_ffff_ffff,
            0x3ff0_0000_0000_0001,
            0x3fe0_0000_0000_0000,
            0x3ff8_0000_0000_0000,
            0x4004_0000_0000_0000,
            0x4330_0000_0000_0001,
            0x433f_ffff_ffff_ffff,
            0x7fef_ffff_ffff_ffff,
            0x7ff0_0000_0000_0000,
            0x7ff8_0000_0000_0000,
            0x4008_0000_0000_0000,
            0x43e0_0000_0000_0000,
            0x3fd5_5555_5555_5555,
            0x4086_2e42_fefa_39ef,
            0x4170_0000_0000_0000,
        ]
        .iter()
        .map(|&b| Const::from_bits(Scalar::F64, b))
        .collect(),
    };
    let negated: Vec<Const> = values
        .iter()
        .map(|&c| meaning::eval(Op::Neg, scalar, &[c]))
        .collect();
    values.into_iter().chain(negated).collect()
}

/// Numbers that look random and are the same on every run (splitmix64).
pub(super) fn random_bits(count: usize) -> impl Iterator<Item = u64> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    (0..count).map(move |_| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    })
}
