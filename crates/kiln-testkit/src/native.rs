//! Runs machine code between guard pages: the harness of the code generation
//! tests.
//!
//! It knows code generation and nothing above it, so a fault of the loader or
//! of the cache cannot hide one of the code. Columns stand flush against a
//! page that may not be touched, behind them or before them, so that an
//! access outside is a crash here and not a wrong number elsewhere.

#![allow(unsafe_code, reason = "machine code is mapped and called")]

use kiln_codegen::{FrameLayout, Helper, MachineCode, frame};
use kiln_ir::meaning::eval;
use kiln_ir::{Const, Func, OPS, Op, ParamType, Scalar, slow_ops};

const PAGE: usize = 4096;

/// Pages of memory between two that may not be touched.
#[derive(Debug)]
struct Pages {
    start: *mut u8,
    bytes: usize,
}

impl Pages {
    fn new(bytes: usize) -> Pages {
        let bytes = bytes.next_multiple_of(PAGE).max(PAGE);
        // SAFETY: a fresh anonymous mapping, and a change of its own inner
        // pages.
        unsafe {
            let all = libc::mmap(
                std::ptr::null_mut(),
                bytes + 2 * PAGE,
                libc::PROT_NONE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            );
            assert_ne!(all, libc::MAP_FAILED, "no memory");
            let start = all.cast::<u8>().add(PAGE);
            let pages = Pages { start, bytes };
            pages.protect(libc::PROT_READ | libc::PROT_WRITE);
            pages
        }
    }

    fn protect(&self, rights: i32) {
        // SAFETY: these pages are this value's own.
        let status = unsafe { libc::mprotect(self.start.cast(), self.bytes, rights) };
        assert_eq!(status, 0, "the pages cannot be protected");
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: what `new` mapped, unmapped once.
        unsafe { libc::munmap(self.start.sub(PAGE).cast(), self.bytes + 2 * PAGE) };
    }
}

/// Machine code that can be called.
#[derive(Debug)]
pub struct Native {
    pages: Pages,
}

impl Native {
    /// Maps code.
    pub fn new(code: &MachineCode) -> Native {
        let pages = Pages::new(code.bytes.len());
        // SAFETY: the pages hold that many bytes and nobody else knows them.
        unsafe {
            std::ptr::copy_nonoverlapping(code.bytes.as_ptr(), pages.start, code.bytes.len());
        }
        pages.protect(libc::PROT_READ | libc::PROT_EXEC);
        Native { pages }
    }

    /// The first instruction.
    pub fn entry(&self) -> *const u8 {
        self.pages.start
    }

    /// Calls a strip.
    pub fn strip(&self, frame: &mut Frame, lo: i64, hi: i64) -> i64 {
        type Strip = extern "C" fn(*mut u8, i64, i64) -> i64;
        // SAFETY: the code is a strip's, and the frame is laid out for it.
        let code: Strip = unsafe { std::mem::transmute(self.entry()) };
        code(frame.pointer(), lo, hi)
    }

    /// Calls a function through its frame.
    pub fn call(&self, frame: &mut Frame) -> i64 {
        type Call = extern "C" fn(*mut u8) -> i64;
        // SAFETY: as for `strip`.
        let code: Call = unsafe { std::mem::transmute(self.entry()) };
        code(frame.pointer())
    }
}

/// A column flush against a page that may not be touched.
#[derive(Debug)]
pub struct Column {
    pages: Pages,
    offset: usize,
    scalar: Scalar,
    len: usize,
}

impl Column {
    /// A column of `len` values, all bytes `0xaa`; at the end of its pages,
    /// or at their start.
    pub fn new(scalar: Scalar, len: usize, at_end: bool) -> Column {
        let bytes = len * scalar.bytes();
        let pages = Pages::new(bytes);
        let offset = if at_end { pages.bytes - bytes } else { 0 };
        // SAFETY: within the pages.
        unsafe { pages.start.add(offset).write_bytes(0xaa, bytes) };
        Column {
            pages,
            offset,
            scalar,
            len,
        }
    }

    /// A column of these values.
    pub fn of(scalar: Scalar, values: &[Const], at_end: bool) -> Column {
        let mut column = Column::new(scalar, values.len(), at_end);
        for (row, value) in values.iter().enumerate() {
            column.set(row, value.bits());
        }
        column
    }

    fn at(&self, row: usize) -> *mut u8 {
        assert!(row < self.len, "a row of the column");
        // SAFETY: `row` is one, so this stays within the pages.
        unsafe {
            self.pages
                .start
                .add(self.offset + row * self.scalar.bytes())
        }
    }

    /// Writes the bits of a row.
    pub fn set(&mut self, row: usize, bits: u64) {
        let size = self.scalar.bytes();
        // SAFETY: `at` gives a row of `size` bytes.
        unsafe {
            std::ptr::copy_nonoverlapping(bits.to_le_bytes().as_ptr(), self.at(row), size);
        }
    }

    /// The bits of a row.
    pub fn get(&self, row: usize) -> u64 {
        let mut bytes = [0; 8];
        let size = self.scalar.bytes();
        // SAFETY: as for `set`.
        unsafe { std::ptr::copy_nonoverlapping(self.at(row), bytes.as_mut_ptr(), size) };
        u64::from_le_bytes(bytes)
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Line([u64; 8]);

/// A call frame.
#[derive(Debug)]
pub struct Frame {
    lines: Vec<Line>,
    layout: FrameLayout,
    helpers: Vec<HelperFn>,
    /// The stop flag.
    stop: Box<u8>,
}

impl Frame {
    /// A frame for a Func; its parameters are still to be set.
    pub fn new(func: &Func) -> Frame {
        let layout = FrameLayout::of(func);
        let mut frame = Frame {
            lines: vec![Line([0; 8]); layout.size() / 64],
            layout,
            helpers: helpers(),
            stop: Box::new(0),
        };
        frame.put(frame::HELPERS, frame.helpers.as_ptr() as u64);
        frame.put(frame::STOP, &raw const *frame.stop as u64);
        frame
    }

    fn pointer(&mut self) -> *mut u8 {
        self.lines.as_mut_ptr().cast()
    }

    /// Writes a word of the frame.
    pub fn put(&mut self, at: usize, word: u64) {
        self.lines[at / 64].0[at % 64 / 8] = word;
    }

    /// Reads a word of the frame.
    pub fn get(&self, at: usize) -> u64 {
        self.lines[at / 64].0[at % 64 / 8]
    }

    /// Asks the call to stop.
    pub fn stop(&mut self) {
        *self.stop = 1;
    }

    /// Sets a scalar parameter.
    pub fn set_scalar(&mut self, index: usize, value: Const) {
        self.put(self.layout.param(index), value.bits());
    }

    /// The bits of a result.
    pub fn result(&self, index: usize) -> u64 {
        self.get(self.layout.result(index))
    }

    /// Sets an array parameter: `column` from row `first` on, `shape` and
    /// strides in elements.
    pub fn set_array(
        &mut self,
        index: usize,
        column: &Column,
        first: usize,
        shape: &[i64],
        strides: &[i64],
    ) {
        let pointer = match column.is_empty() {
            true => column.pages.start,
            false => column.at(first),
        };
        self.put(self.layout.param(index), pointer as u64);
        for dim in 0..shape.len() {
            self.put(self.layout.extent(index, dim), shape[dim] as u64);
            self.put(
                self.layout.stride(index, shape.len(), dim),
                strides[dim] as u64,
            );
        }
    }

    /// Sets parameter `index` of `func` to a whole column.
    ///
    /// # Panics
    /// When it is not an array of the column's type.
    pub fn set_column(&mut self, func: &Func, index: usize, column: &Column) {
        let ParamType::Array(ty) = func.params()[index].ty else {
            panic!("parameter {index} is an array");
        };
        assert_eq!(ty.elem, column.scalar, "the type of parameter {index}");
        self.set_array(index, column, 0, &[column.len as i64], &[1]);
    }
}

type HelperFn = extern "C" fn(*mut u8, i64);

/// The helper table.
fn helpers() -> Vec<HelperFn> {
    Helper::all().map(helper).collect()
}

fn helper(helper: Helper) -> HelperFn {
    macro_rules! rows {
        ($($variant:ident $slow:ident;)*) => {
            match helper.op {
                Op::Fma => entry::<{ Op::Fma as u8 }>(helper.scalar),
                Op::Rem => entry::<{ Op::Rem as u8 }>(helper.scalar),
                $(Op::$variant => entry::<{ Op::$variant as u8 }>(helper.scalar),)*
                other => unreachable!("{} has no helper", other.name()),
            }
        };
    }
    slow_ops!(rows)
}

fn entry<const OP: u8>(scalar: Scalar) -> HelperFn {
    match scalar {
        Scalar::F32 => each_lane::<OP, 4>,
        _ => each_lane::<OP, 8>,
    }
}

/// The meaning of an op in the lanes that are on; see [`Helper`].
extern "C" fn each_lane<const OP: u8, const SIZE: usize>(vectors: *mut u8, lanes: i64) {
    let op = OPS[usize::from(OP)].op;
    let scalar = if SIZE == 4 { Scalar::F32 } else { Scalar::F64 };
    let step = (lanes as usize * SIZE).next_multiple_of(64);
    let read = |at: usize| {
        let mut bytes = [0; 8];
        // SAFETY: the caller lays out the vectors that are read here.
        unsafe {
            std::ptr::copy_nonoverlapping(vectors.add(at), bytes.as_mut_ptr(), SIZE);
        }
        u64::from_le_bytes(bytes)
    };
    for lane in 0..lanes as usize {
        let at = lane * SIZE;
        if read(at) == 0 {
            continue;
        }
        let args: Vec<Const> = (1..=op.arity())
            .map(|i| Const::from_bits(scalar, read(i * step + at)))
            .collect();
        let bytes = eval(op, scalar, &args).bits().to_le_bytes();
        let result = (1 + op.arity()) * step + at;
        // SAFETY: behind the operands stands the vector of results.
        unsafe {
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), vectors.add(result), SIZE);
        }
    }
}
