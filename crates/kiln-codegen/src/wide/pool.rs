//! The constant pool that stands behind the code.
//!
//! A constant is one element in every lane, or a vector of bytes. AVX-512
//! reads an element and broadcasts it; AVX2 reads it repeated to the width.
//! Entries are merged by their bytes and ordered by alignment, widest first.

use super::rows::Width;
use rustc_hash::FxHashMap;

/// A constant of the pool.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) struct ConstId(u32);

/// What a constant is.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Value {
    /// The low bytes of `bits`, `bytes` of them, in every lane.
    Splat { bits: u64, bytes: u8 },
    /// A whole vector.
    Table(Vec<u8>),
}

/// The constants a strip uses, merged by value.
#[derive(Clone, Debug, Default)]
pub(crate) struct Constants {
    values: Vec<Value>,
    ids: FxHashMap<Value, ConstId>,
}

impl Constants {
    /// `bits` in every lane of `bytes` bytes.
    pub(crate) fn splat(&mut self, bits: u64, bytes: usize) -> ConstId {
        debug_assert!(matches!(bytes, 1 | 2 | 4 | 8));
        let bits = bits & (u64::MAX >> (64 - 8 * bytes));
        self.intern(Value::Splat {
            bits,
            bytes: bytes as u8,
        })
    }

    /// The vector with these bytes.
    pub(crate) fn table(&mut self, bytes: Vec<u8>) -> ConstId {
        self.intern(Value::Table(bytes))
    }

    /// Whether a constant is zero in every lane.
    pub(crate) fn is_zero(&self, id: ConstId) -> bool {
        matches!(self.values[id.0 as usize], Value::Splat { bits: 0, .. })
    }

    /// The bytes to be read at a width.
    fn full(&self, id: ConstId, width: Width) -> Vec<u8> {
        match &self.values[id.0 as usize] {
            Value::Splat { bits, bytes } => {
                let element = &bits.to_le_bytes()[..*bytes as usize];
                element
                    .iter()
                    .copied()
                    .cycle()
                    .take(width.bytes())
                    .collect()
            }
            Value::Table(table) => {
                let mut bytes = table.clone();
                bytes.resize(width.bytes().max(table.len()), 0);
                bytes
            }
        }
    }

    /// The element of `bits` bits that, broadcast, gives the constant.
    fn element(&self, id: ConstId, bits: u8) -> Option<Vec<u8>> {
        let size = usize::from(bits / 8);
        match &self.values[id.0 as usize] {
            Value::Splat { bytes, .. } if size > 0 && usize::from(*bytes) <= size => {
                Some(self.full(id, Width::X)[..size].to_vec())
            }
            Value::Splat { bytes: 8, .. } if size == 4 => {
                let full = self.full(id, Width::X);
                (full[..4] == full[4..8]).then(|| full[..4].to_vec())
            }
            _ => None,
        }
    }

    fn intern(&mut self, value: Value) -> ConstId {
        if let Some(&id) = self.ids.get(&value) {
            return id;
        }
        let id = ConstId(self.values.len() as u32);
        self.values.push(value.clone());
        self.ids.insert(value, id);
        id
    }
}

/// An entry of the pool.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct EntryId(usize);

/// The bytes that code reads, collected while it is encoded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pool {
    entries: Vec<Vec<u8>>,
    ids: FxHashMap<Vec<u8>, EntryId>,
}

impl Pool {
    /// The entry to read a constant from at a width, and whether it is one
    /// element to be broadcast. `broadcast` is the element size in bits that
    /// the instruction can broadcast, or 0.
    pub(crate) fn entry(
        &mut self,
        constants: &Constants,
        id: ConstId,
        width: Width,
        broadcast: u8,
    ) -> (EntryId, bool) {
        match constants.element(id, broadcast) {
            Some(element) => (self.intern(element), true),
            None => (self.intern(constants.full(id, width)), false),
        }
    }

    /// The pool's bytes, to be placed at a multiple of 64 bytes, and the
    /// offset of each entry.
    pub(crate) fn layout(&self) -> (Vec<u8>, Vec<usize>) {
        let mut bytes = Vec::new();
        let mut offsets = vec![0; self.entries.len()];
        let mut order: Vec<usize> = (0..self.entries.len()).collect();
        order.sort_by_key(|&i| std::cmp::Reverse(self.entries[i].len()));
        for i in order {
            offsets[i] = bytes.len();
            bytes.extend_from_slice(&self.entries[i]);
        }
        (bytes, offsets)
    }

    /// Offset of an entry in what [`Pool::layout`] gave.
    pub(crate) fn offset(offsets: &[usize], id: EntryId) -> usize {
        offsets[id.0]
    }

    fn intern(&mut self, bytes: Vec<u8>) -> EntryId {
        if let Some(&id) = self.ids.get(&bytes) {
            return id;
        }
        let id = EntryId(self.entries.len());
        self.entries.push(bytes.clone());
        self.ids.insert(bytes, id);
        id
    }
}
