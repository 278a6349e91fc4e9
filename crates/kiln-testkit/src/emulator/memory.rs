//! Memory as a list of regions; whatever lies outside them is an error.

use super::{EmulatorError, Machine, Step};

/// What code may do with a region.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// Read it.
    Read,
    /// Read and write it.
    Write,
}

#[derive(Clone, Debug)]
struct Region {
    base: u64,
    bytes: Vec<u8>,
    access: Access,
}

/// The memory that code sees.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    regions: Vec<Region>,
}

impl Memory {
    /// No memory at all.
    pub fn new() -> Memory {
        Memory::default()
    }

    /// Adds a region; regions must not touch.
    pub fn map(&mut self, base: u64, bytes: Vec<u8>, access: Access) {
        self.regions.push(Region {
            base,
            bytes,
            access,
        });
    }

    /// Removes the region at `base` and gives its bytes.
    pub fn unmap(&mut self, base: u64) -> Option<Vec<u8>> {
        let at = self.regions.iter().position(|r| r.base == base)?;
        Some(self.regions.swap_remove(at).bytes)
    }

    /// Bytes at an address, if one region holds them all.
    pub fn get(&self, address: u64, size: usize) -> Option<&[u8]> {
        self.regions.iter().find_map(|region| {
            let start = address.checked_sub(region.base)? as usize;
            region.bytes.get(start..start.checked_add(size)?)
        })
    }

    /// Bytes at an address that may be written, if one region holds them.
    pub fn get_mut(&mut self, address: u64, size: usize) -> Option<&mut [u8]> {
        self.regions
            .iter_mut()
            .filter(|region| region.access == Access::Write)
            .find_map(|region| {
                let start = address.checked_sub(region.base)? as usize;
                region.bytes.get_mut(start..start.checked_add(size)?)
            })
    }
}

impl Machine<'_> {
    pub(super) fn read(&self, address: u64, size: usize) -> Step<&[u8]> {
        self.memory.get(address, size).ok_or(EmulatorError::Memory {
            at: self.at,
            address,
            size,
            write: false,
        })
    }

    pub(super) fn write(&mut self, address: u64, bytes: &[u8]) -> Step<()> {
        let error = EmulatorError::Memory {
            at: self.at,
            address,
            size: bytes.len(),
            write: true,
        };
        self.memory
            .get_mut(address, bytes.len())
            .ok_or(error)?
            .copy_from_slice(bytes);
        Ok(())
    }

    pub(super) fn push(&mut self, value: u64) -> Step<()> {
        self.general[super::operand::RSP] -= 8;
        self.write(self.general[super::operand::RSP], &value.to_le_bytes())
    }

    pub(super) fn pop(&mut self) -> Step<u64> {
        let at = self.general[super::operand::RSP];
        self.general[super::operand::RSP] += 8;
        Ok(word(self.read(at, 8)?))
    }
}

/// Up to eight bytes, little endian.
pub(super) fn word(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |word, &byte| word << 8 | u64::from(byte))
}
