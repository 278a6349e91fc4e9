//! What a name means while a formula is read.
//!
//! Names are compared as written, without their backticks. Most formulas have a
//! handful of names, for which a scan beats any map; beyond that a map takes
//! over, so that a thousand names do not cost a million comparisons.

use crate::ast::InputId;
use rustc_hash::FxHashMap;

/// From this many names on, a map is used.
const SCAN_MAX: usize = 12;

/// What a name stands for at this point of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binding {
    /// A name from outside.
    Input(InputId),
    /// The item with this index.
    Local(u32),
}

#[derive(Debug)]
struct Entry<'a> {
    raw: &'a str,
    binding: Binding,
    /// Where the name was first used as an input.
    used_at: u32,
    input: Option<InputId>,
}

/// The names met so far.
#[derive(Debug, Default)]
pub(super) struct Names<'a> {
    entries: Vec<Entry<'a>>,
    map: FxHashMap<&'a str, u32>,
}

impl<'a> Names<'a> {
    fn find(&self, raw: &str) -> Option<usize> {
        if self.entries.len() <= SCAN_MAX {
            return self.entries.iter().position(|e| e.raw == raw);
        }
        self.map.get(raw).map(|&index| index as usize)
    }

    fn add(&mut self, entry: Entry<'a>) {
        let index = self.entries.len();
        self.entries.push(entry);
        if index == SCAN_MAX {
            let all = self.entries.iter().zip(0u32..);
            self.map.extend(all.map(|(e, i)| (e.raw, i)));
        } else if index > SCAN_MAX {
            self.map.insert(self.entries[index].raw, index as u32);
        }
    }

    /// What `raw` stands for, if it has been met.
    pub(super) fn get(&self, raw: &str) -> Option<Binding> {
        self.find(raw).map(|index| self.entries[index].binding)
    }

    /// Notes that `raw`, not met before, is an input.
    pub(super) fn bind_input(&mut self, raw: &'a str, input: InputId, used_at: u32) {
        self.add(Entry {
            raw,
            binding: Binding::Input(input),
            used_at,
            input: Some(input),
        });
    }

    /// Makes `raw` stand for an item from here on.
    pub(super) fn bind_local(&mut self, raw: &'a str, item: u32) {
        let binding = Binding::Local(item);
        match self.find(raw) {
            Some(index) => self.entries[index].binding = binding,
            None => self.add(Entry {
                raw,
                binding,
                used_at: u32::MAX,
                input: None,
            }),
        }
    }

    /// The input called `raw` if it was used before byte `at`.
    pub(super) fn input_used_before(&self, raw: &str, at: u32) -> Option<InputId> {
        let entry = &self.entries[self.find(raw)?];
        entry.input.filter(|_| entry.used_at < at)
    }
}

/// A name token's text without its backticks; doubled ones inside stay, which
/// is harmless because a name that has one can be written in one way only.
pub(super) fn raw(token: &str) -> &str {
    token
        .strip_prefix('`')
        .and_then(|rest| rest.strip_suffix('`'))
        .unwrap_or(token)
}

/// The name itself.
pub(super) fn plain(raw: &str) -> Box<str> {
    if raw.contains('`') {
        raw.replace("``", "`").into()
    } else {
        raw.into()
    }
}
