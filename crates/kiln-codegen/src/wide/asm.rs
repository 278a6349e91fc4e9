//! The assembler: instructions to bytes, labels, and the pool behind them.
//!
//! iced-x86 encodes; branches and pool references always take 32-bit
//! displacements, which are patched at the end. Nothing refers to anything
//! outside the bytes, so there is no relocation. With `keep` the instructions
//! are kept and compared with what the bytes decode to.

use super::pool::{ConstId, Constants, EntryId, Pool};
use super::rows::Width;
use crate::CodegenError;
use iced_x86::{
    Code, Decoder, DecoderOptions, Encoder, Formatter, Instruction, IntelFormatter, MemoryOperand,
    OpKind, Register,
};

/// A place in the code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Label(usize);

/// An operand in physical registers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Operand {
    /// A register.
    Reg(Register),
    /// Memory.
    Mem(MemoryOperand),
    /// An entry of the pool, and whether it is broadcast.
    Pool(EntryId, bool),
}

/// Modifiers of a vector instruction.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Modifiers {
    /// The immediate byte.
    pub(crate) imm: Option<u8>,
    /// The write mask.
    pub(crate) mask: Option<Register>,
    /// Whether lanes outside the mask become zero.
    pub(crate) zeroing: bool,
}

/// Where a displacement must be patched, and to what.
#[derive(Clone, Copy, Debug)]
enum Target {
    Label(Label),
    Entry(EntryId),
}

#[derive(Clone, Copy, Debug)]
struct Fixup {
    /// Offset of the four bytes.
    at: usize,
    /// Offset the displacement counts from.
    from: usize,
    /// Index of the kept instruction.
    kept: usize,
    target: Target,
}

/// Finished code.
#[derive(Clone, Debug)]
pub(crate) struct Assembled {
    /// Code, padding, pool.
    pub(crate) bytes: Vec<u8>,
    /// Where the code ends.
    pub(crate) code_len: usize,
}

/// An assembler.
pub(crate) struct Assembler<'a> {
    encoder: Encoder,
    len: usize,
    labels: Vec<Option<usize>>,
    fixups: Vec<Fixup>,
    constants: &'a Constants,
    pool: Pool,
    keep: bool,
    kept: Vec<(usize, Instruction)>,
    error: Option<String>,
}

/// Alignment of the code and of the pool, in bytes.
pub(crate) const ALIGNMENT: usize = 64;

impl<'a> Assembler<'a> {
    /// An empty one; `keep` asks for the decoding check.
    pub(crate) fn new(constants: &'a Constants, keep: bool) -> Assembler<'a> {
        Assembler {
            encoder: Encoder::new(64),
            len: 0,
            labels: Vec::new(),
            fixups: Vec::new(),
            constants,
            pool: Pool::default(),
            keep,
            kept: Vec::new(),
            error: None,
        }
    }

    /// A label not yet bound.
    pub(crate) fn label(&mut self) -> Label {
        self.labels.push(None);
        Label(self.labels.len() - 1)
    }

    /// Binds a label to the next instruction.
    pub(crate) fn bind(&mut self, label: Label) {
        self.labels[label.0] = Some(self.len);
    }

    /// An entry of the pool to read a constant from.
    pub(crate) fn constant(&mut self, id: ConstId, width: Width, broadcast: u8) -> Operand {
        let (entry, is_element) = self.pool.entry(self.constants, id, width, broadcast);
        Operand::Pool(entry, is_element)
    }

    /// Encodes a vector instruction.
    pub(crate) fn vector(&mut self, code: Code, operands: &[Operand], modifiers: Modifiers) {
        let mut inst = Instruction::new();
        inst.set_code(code);
        let mut entry = None;
        for (i, operand) in operands.iter().enumerate() {
            let i = i as u32;
            match *operand {
                Operand::Reg(reg) => {
                    inst.set_op_kind(i, OpKind::Register);
                    inst.set_op_register(i, reg);
                }
                Operand::Mem(mem) => set_memory(&mut inst, i, mem),
                Operand::Pool(id, is_element) => {
                    entry = Some(id);
                    set_memory(&mut inst, i, pool_operand(is_element));
                }
            }
        }
        if let Some(imm) = modifiers.imm {
            inst.set_op_kind(operands.len() as u32, OpKind::Immediate8);
            inst.set_immediate8(imm);
        }
        if let Some(mask) = modifiers.mask {
            inst.set_op_mask(mask);
            inst.set_zeroing_masking(modifiers.zeroing);
        }
        self.push_with(inst, entry.map(Target::Entry));
    }

    /// Encodes an instruction without operands.
    pub(crate) fn op0(&mut self, code: Code) {
        self.push_with(Instruction::with(code), None);
    }

    /// Encodes an instruction made by one of iced's constructors.
    pub(crate) fn push(&mut self, inst: Result<Instruction, iced_x86::IcedError>) {
        match inst {
            Ok(inst) => self.push_with(inst, None),
            Err(e) => self.fail(e.to_string()),
        }
    }

    /// Encodes a branch or call to a label.
    pub(crate) fn branch(&mut self, code: Code, label: Label) {
        match Instruction::with_branch(code, self.len as u64) {
            Ok(inst) => self.push_with(inst, Some(Target::Label(label))),
            Err(e) => self.fail(e.to_string()),
        }
    }

    /// Pads with `nop` to a multiple of `alignment`.
    pub(crate) fn align(&mut self, alignment: usize) {
        let mut gap = self.len.next_multiple_of(alignment) - self.len;
        while gap > 0 {
            let bytes = NOPS[gap.min(NOPS.len()) - 1];
            for &byte in bytes {
                self.encoder.write_u8(byte);
            }
            self.len += bytes.len();
            gap -= bytes.len();
        }
    }

    /// Lays the pool behind the code and patches every displacement.
    ///
    /// # Errors
    /// When an instruction could not be encoded, or decodes to another one.
    pub(crate) fn finish(mut self) -> Result<Assembled, CodegenError> {
        if let Some(error) = self.error {
            return Err(CodegenError::Backend(error));
        }
        let mut bytes = self.encoder.take_buffer();
        let code_len = bytes.len();
        let (pool, offsets) = self.pool.layout();
        if !pool.is_empty() {
            bytes.resize(code_len.next_multiple_of(ALIGNMENT), INT3);
        }
        let pool_at = bytes.len();
        bytes.extend_from_slice(&pool);
        for fixup in &self.fixups {
            let to = match fixup.target {
                Target::Label(label) => self.labels[label.0].unwrap_or(0),
                Target::Entry(entry) => pool_at + Pool::offset(&offsets, entry),
            };
            let displacement = (to as i64 - fixup.from as i64) as i32;
            bytes[fixup.at..fixup.at + 4].copy_from_slice(&displacement.to_le_bytes());
            if self.keep {
                let inst = &mut self.kept[fixup.kept].1;
                match fixup.target {
                    Target::Label(_) => inst.set_near_branch64(to as u64),
                    Target::Entry(_) => inst.set_memory_displacement64(to as u64),
                }
            }
        }
        check(&bytes, &self.kept)?;
        Ok(Assembled { bytes, code_len })
    }

    fn push_with(&mut self, inst: Instruction, target: Option<Target>) {
        let start = self.len;
        match self.encoder.encode(&inst, start as u64) {
            Ok(len) => self.len += len,
            Err(e) => return self.fail(format!("{:?}: {e}", inst.code())),
        }
        if let Some(target) = target {
            let offsets = self.encoder.get_constant_offsets();
            let offset = match target {
                Target::Label(_) => offsets.immediate_offset(),
                Target::Entry(_) => offsets.displacement_offset(),
            };
            self.fixups.push(Fixup {
                at: start + offset,
                from: self.len,
                kept: self.kept.len(),
                target,
            });
        }
        if self.keep {
            self.kept.push((start, inst));
        }
    }

    /// Reports a mistake of this crate.
    pub(crate) fn fail(&mut self, error: String) {
        self.error.get_or_insert(error);
    }
}

/// The byte between code and pool: never executed, and a trap if it were.
const INT3: u8 = 0xcc;

/// The recommended multi-byte no-operations (Intel SDM, NOP).
const NOPS: [&[u8]; 9] = [
    &[0x90],
    &[0x66, 0x90],
    &[0x0f, 0x1f, 0x00],
    &[0x0f, 0x1f, 0x40, 0x00],
    &[0x0f, 0x1f, 0x44, 0x00, 0x00],
    &[0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00],
    &[0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00],
    &[0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
    &[0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
];

fn pool_operand(is_element: bool) -> MemoryOperand {
    MemoryOperand::new(
        Register::RIP,
        Register::None,
        1,
        0,
        8,
        is_element,
        Register::None,
    )
}

fn set_memory(inst: &mut Instruction, operand: u32, mem: MemoryOperand) {
    inst.set_op_kind(operand, OpKind::Memory);
    inst.set_memory_base(mem.base);
    inst.set_memory_index(mem.index);
    inst.set_memory_index_scale(mem.scale);
    inst.set_memory_displ_size(mem.displ_size);
    inst.set_memory_displacement64(mem.displacement as u64);
    inst.set_is_broadcast(mem.is_broadcast);
}

/// Decodes the kept instructions again and compares.
fn check(bytes: &[u8], kept: &[(usize, Instruction)]) -> Result<(), CodegenError> {
    let mut formatter = IntelFormatter::new();
    let mut text = |inst: &Instruction| {
        let mut out = String::new();
        formatter.format(inst, &mut out);
        out
    };
    for (at, inst) in kept {
        let mut decoder = Decoder::with_ip(64, &bytes[*at..], *at as u64, DecoderOptions::NONE);
        let (expected, found) = (text(inst), text(&decoder.decode()));
        if expected != found {
            return Err(CodegenError::Backend(format!(
                "bytes at {at:#x} mean {found}, not {expected}"
            )));
        }
    }
    Ok(())
}

/// The code as text, one instruction a line.
pub(crate) fn disassemble(code: &[u8]) -> String {
    let mut formatter = IntelFormatter::new();
    let mut out = String::new();
    let mut line = String::new();
    for inst in &mut Decoder::with_ip(64, code, 0, DecoderOptions::NONE) {
        line.clear();
        formatter.format(&inst, &mut line);
        out.push_str(&format!("{:5x}  {line}\n", inst.ip()));
    }
    out
}
