//! The passes of kiln, from Func to Func.
//!
//! [`optimize`] runs the column of passes that every Func goes through, once
//! for all vector widths; [`widen`] then makes of a loop over rows one over
//! blocks of rows. A strict rewrite holds bit for bit on every input, and
//! what a pass did is in the [`Report`]. Deliberately absent: rules that
//! change a result, and anything that knows a processor beyond the ops it
//! has and the width of its vectors.

#![forbid(unsafe_code)]

mod config;
mod cost;
mod count;
mod expand;
mod guards;
mod inline;
mod op_set;
mod pieces;
mod pipeline;
mod reduce;
mod report;
mod rules;
mod split;
mod strips;
mod tile;
mod why;
mod widen;

pub use config::{CALL_DEPTH_MAX, NODES_MAX, OptConfig, OptError};
pub use cost::{block_lanes, loop_report, widen_strip};
pub use op_set::OpSet;
pub use pieces::{
    Block, Inside, Kind, NotInPieces, Once, OuterLoop, Part, Pieces, Rounds, Shared, Step, pieces,
};
pub use pipeline::{Optimized, common_path, optimize, optimize_traced};
pub use report::{GuardReport, KeptGuard, LoopReport, PassReport, Report, RuleCount, SplitLoop};
pub use rules::rule_names;
pub use strips::{LoopPlan, NotAStrip, strips};
pub use widen::{NotWidened, widen};
