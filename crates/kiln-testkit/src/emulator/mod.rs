//! An x86-64 emulator for the code the wide emitter makes.
//!
//! It decodes machine code and interprets every instruction form the emitter
//! uses, AVX2 and AVX-512, on registers, flags and a memory of regions with
//! checked bounds, so wide code is tested on hosts that lack its
//! instructions, and a read or write outside an array is an error, not luck.
//! The emulator itself is checked against the processor: AVX2 code runs both
//! ways and must give the same bits (NaN payloads aside, which no kernel can
//! observe).
//!
//! Anything not known is an error. Deliberately absent: exceptions, MXCSR,
//! speed.

mod general;
mod lane;
mod mask;
mod memory;
mod operand;
mod shuffle;
mod strip;
mod tables;
mod vector;

pub use memory::{Access, Memory};
pub use strip::{Argument, Outcome, run_strip};

use iced_x86::{Decoder, DecoderOptions, Formatter, Instruction, IntelFormatter, Mnemonic};
use std::fmt;

/// Why emulation stopped.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EmulatorError {
    /// An instruction the emulator does not know.
    Unknown {
        /// Its offset in the code.
        at: u64,
        /// Its text.
        text: String,
    },
    /// A read or write outside every region, or a write to one that is only
    /// read.
    Memory {
        /// Offset of the instruction.
        at: u64,
        /// The address.
        address: u64,
        /// Number of bytes.
        size: usize,
        /// Whether it was a write.
        write: bool,
    },
    /// More instructions than allowed.
    Steps(u64),
    /// The stack pointer or a callee-saved register was not restored.
    Convention(&'static str),
}

impl fmt::Display for EmulatorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EmulatorError::Unknown { at, text } => {
                write!(f, "unknown instruction at {at:#x}: {text}")
            }
            EmulatorError::Memory {
                at,
                address,
                size,
                write,
            } => {
                let what = if *write { "write" } else { "read" };
                write!(
                    f,
                    "{what} of {size} bytes at {address:#x}, by the code at {at:#x}"
                )
            }
            EmulatorError::Steps(steps) => write!(f, "more than {steps} instructions"),
            EmulatorError::Convention(what) => write!(f, "{what} was not restored"),
        }
    }
}

impl std::error::Error for EmulatorError {}

/// Where code is placed; behind it nothing.
const CODE: u64 = 0x10_0000;
/// Top of the stack, at no multiple of 16 but 8 as at any entry.
const STACK_TOP: u64 = 0x7fff_0000;
/// Size of the stack.
const STACK_BYTES: u64 = 0x3_0000;
/// The address the strip returns to.
const RETURN: u64 = 0xdead_0000;
/// Addresses from here on are helpers, by index.
const HELPERS: u64 = 0xfe11_0000_0000;

/// The address to put into a helper table for helper number `index`.
pub const fn helper_address(index: usize) -> u64 {
    HELPERS + 16 * index as u64
}

/// What a helper is given: its number, the two arguments, the memory.
pub type HelperCall<'a> = dyn FnMut(usize, [u64; 2], &mut Memory) + 'a;

/// The flags that code tests.
#[derive(Clone, Copy, Default, Debug)]
struct Flags {
    zero: bool,
    carry: bool,
    sign: bool,
    overflow: bool,
}

/// Registers, flags, and the memory they work on.
struct Machine<'a> {
    general: [u64; 16],
    vectors: [[u8; 64]; 32],
    masks: [u64; 8],
    flags: Flags,
    memory: &'a mut Memory,
    at: u64,
    text: fn(&Instruction) -> String,
}

/// What an instruction does to the flow of control.
enum Flow {
    Next,
    Jump(u64),
}

type Step<T> = Result<T, EmulatorError>;

/// Runs a strip: `extern "C" fn(frame, lo, hi) -> status`, System V.
///
/// `code` is the code with its constants; `code_len` says where constants
/// begin, which are never executed. At most `steps` instructions run.
///
/// # Errors
/// When the code does what it must not, or the emulator does not know it.
pub fn run(
    code: &[u8],
    code_len: usize,
    args: [u64; 3],
    memory: &mut Memory,
    helpers: &mut HelperCall<'_>,
    steps: u64,
) -> Result<i64, EmulatorError> {
    memory.map(CODE, code.to_vec(), Access::Read);
    memory.map(
        STACK_TOP - STACK_BYTES,
        vec![0x5a; STACK_BYTES as usize],
        Access::Write,
    );
    let mut machine = Machine::new(memory);
    let result = machine.call(code, code_len, args, helpers, steps);
    memory.unmap(CODE);
    memory.unmap(STACK_TOP - STACK_BYTES);
    result
}

impl<'a> Machine<'a> {
    fn new(memory: &'a mut Memory) -> Machine<'a> {
        let mut machine = Machine {
            general: [0; 16],
            vectors: [[0; 64]; 32],
            masks: [0; 8],
            flags: Flags::default(),
            memory,
            at: 0,
            text,
        };
        machine.scramble(&|_| true);
        machine
    }

    /// Fills registers with noise, as a call may leave them.
    fn scramble(&mut self, general: &dyn Fn(usize) -> bool) {
        for (i, reg) in self.general.iter_mut().enumerate() {
            if general(i) {
                *reg = 0xbad0_bad0_0000_0000 + i as u64;
            }
        }
        for (i, reg) in self.vectors.iter_mut().enumerate() {
            for (j, byte) in reg.iter_mut().enumerate() {
                *byte = (37 * i + 11 * j + 129) as u8;
            }
        }
        self.masks = [0xa5a5_5a5a_c3c3_3c3c; 8];
    }

    fn call(
        &mut self,
        code: &[u8],
        code_len: usize,
        args: [u64; 3],
        helpers: &mut HelperCall<'_>,
        steps: u64,
    ) -> Step<i64> {
        use operand::{RBP, RDI, RDX, RSI, RSP};
        [self.general[RDI], self.general[RSI], self.general[RDX]] = args;
        self.general[RSP] = STACK_TOP - 128;
        self.push(RETURN)?;
        let kept = [3, RBP, 12, 13, 14, 15, RSP];
        let before = kept.map(|i| self.general[i]);
        let mut ip = CODE;
        for _ in 0..steps {
            if ip == RETURN {
                let mut expected = before;
                expected[6] += 8;
                return match kept.map(|i| self.general[i]) == expected {
                    true => Ok(self.general[0] as i64),
                    false => Err(EmulatorError::Convention("a callee-saved register")),
                };
            }
            if let Some(index) = ip.checked_sub(HELPERS) {
                self.help(index as usize / 16, helpers)?;
                ip = self.pop()?;
                continue;
            }
            let offset = ip.wrapping_sub(CODE) as usize;
            self.at = offset as u64;
            let bytes = code[..code_len].get(offset..).unwrap_or(&[]);
            let mut decoder = Decoder::with_ip(64, bytes, ip, DecoderOptions::NONE);
            let inst = decoder.decode();
            ip = match self.step(&inst)? {
                Flow::Next => inst.next_ip(),
                Flow::Jump(to) => to,
            };
        }
        Err(EmulatorError::Steps(steps))
    }

    /// Calls a helper, which may overwrite every register it need not keep.
    fn help(&mut self, index: usize, helpers: &mut HelperCall<'_>) -> Step<()> {
        use operand::{RDI, RSI, RSP};
        if self.general[RSP] % 16 != 8 {
            return Err(EmulatorError::Convention("the alignment of the stack"));
        }
        helpers(index, [self.general[RDI], self.general[RSI]], self.memory);
        self.scramble(&|i| !matches!(i, 3 | 4 | 5 | 12..=15));
        Ok(())
    }

    fn step(&mut self, inst: &Instruction) -> Step<Flow> {
        if inst.mnemonic() == Mnemonic::INVALID {
            return Err(self.unknown(inst));
        }
        if let Some(flow) = self.general_inst(inst)? {
            return Ok(flow);
        }
        let done = self.mask_inst(inst)?
            || self.lane_inst(inst)?
            || self.shuffle_inst(inst)?
            || self.vector_inst(inst)?;
        match done {
            true => Ok(Flow::Next),
            false => Err(self.unknown(inst)),
        }
    }

    fn unknown(&self, inst: &Instruction) -> EmulatorError {
        EmulatorError::Unknown {
            at: self.at,
            text: (self.text)(inst),
        }
    }
}

fn text(inst: &Instruction) -> String {
    let mut out = String::new();
    IntelFormatter::new().format(inst, &mut out);
    out
}
