//! Cutting a byte stream into CSV records and cells without copying cells.
//!
//! csv-core finds where cells end; this file keeps the bytes of the record at
//! hand in one buffer, so memory is one block of input however long the file
//! is. A quoted cell may span lines, so the bytes of a record are bounded by
//! [`RECORD_BYTES_MAX`]: an opening quote nobody closed must not pull the rest
//! of a file into memory.

use csv_core::ReadFieldResult;
use std::io::Read;
use std::ops::Range;
use thiserror::Error;

/// The longest record: far beyond any real one, and still small.
pub(crate) const RECORD_BYTES_MAX: usize = 16 << 20;

/// How much is read at a time.
const READ_BYTES: usize = 256 << 10;

/// Why records cannot be read.
#[derive(Debug, Error)]
pub(crate) enum RecordsError {
    #[error("cannot read")]
    Read(#[source] std::io::Error),
    #[error(
        "line {line}: a record longer than {} MiB; is a closing quote missing?",
        RECORD_BYTES_MAX >> 20
    )]
    TooLong { line: u64 },
}

/// A reader of records, and the record it read last. All positions count from
/// `base`, where that record starts in the buffer.
#[derive(Debug)]
pub(crate) struct Records<R> {
    input: R,
    parser: csv_core::Reader,
    buffer: Vec<u8>,
    base: usize,
    /// The bytes of `buffer` that hold input.
    filled: usize,
    at_end: bool,
    bytes_read: u64,
    /// The line the next record starts on.
    next_line: u64,
    /// Where the next record starts.
    next: usize,
    line: u64,
    raw: Range<usize>,
    cells: Vec<Range<usize>>,
    /// The text of the cells that were asked for, without their quotes.
    text: Vec<u8>,
    texts: Vec<Range<usize>>,
}

/// One cell as csv-core finds it.
struct Cut {
    result: ReadFieldResult,
    /// Where its bytes end, without the delimiter or terminator.
    end: usize,
    /// Where the next cell starts.
    next: usize,
    /// Where its text ends.
    text_end: usize,
}

impl<R: Read> Records<R> {
    pub(crate) fn new(input: R, delimiter: u8) -> Records<R> {
        Records {
            input,
            parser: csv_core::ReaderBuilder::new().delimiter(delimiter).build(),
            buffer: vec![0; 2 * READ_BYTES],
            base: 0,
            filled: 0,
            at_end: false,
            bytes_read: 0,
            next_line: 1,
            next: 0,
            line: 1,
            raw: 0..0,
            cells: Vec::new(),
            text: vec![0; 1024],
            texts: Vec::new(),
        }
    }

    /// Number of bytes taken from the input so far.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    /// Takes the UTF-8 mark at the very start, if there is one.
    pub(crate) fn take_mark(&mut self) -> Result<&'static [u8], RecordsError> {
        const MARK: &[u8] = "\u{feff}".as_bytes();
        while self.filled < MARK.len() && !self.at_end {
            self.fill()?;
        }
        if self.buffer[..self.filled].starts_with(MARK) {
            self.next = MARK.len();
            return Ok(MARK);
        }
        Ok(&[])
    }

    /// Reads the next record, with the text of the cells that `wanted` tells by
    /// index. False at the end; what is left then is blank: [`Records::lead`].
    pub(crate) fn read(&mut self, wanted: &[bool]) -> Result<bool, RecordsError> {
        self.base += std::mem::take(&mut self.next);
        self.line = self.next_line;
        self.cells.clear();
        self.texts.clear();
        let mut at = self.skip_blank_lines()?;
        self.line = self.next_line;
        self.raw = at..at;
        let mut text_at = 0;
        loop {
            let cut = self.cut_cell(at, text_at)?;
            let ReadFieldResult::Field { record_end } = cut.result else {
                self.next = at;
                return Ok(false);
            };
            let is_wanted = wanted.get(self.cells.len()).copied().unwrap_or(false);
            self.cells.push(at..cut.end);
            self.texts.push(text_at..cut.text_end);
            if is_wanted {
                text_at = cut.text_end;
            }
            at = cut.next;
            if record_end {
                self.end_record(cut.end, cut.next)?;
                return Ok(true);
            }
        }
    }

    /// The line the record starts on, from 1.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// Number of cells of the record.
    pub(crate) fn len(&self) -> usize {
        self.cells.len()
    }

    /// The blank lines before the record.
    pub(crate) fn lead(&self) -> &[u8] {
        self.bytes(0..self.raw.start)
    }

    /// The bytes of the record without its line end.
    pub(crate) fn raw(&self) -> &[u8] {
        self.bytes(self.raw.clone())
    }

    /// The line end of the record; empty where the input lacks the last one.
    pub(crate) fn terminator(&self) -> &[u8] {
        self.bytes(self.raw.end..self.next)
    }

    /// Where the bytes of a cell lie in [`Records::raw`].
    pub(crate) fn cell_range(&self, index: usize) -> Range<usize> {
        let cell = &self.cells[index];
        cell.start - self.raw.start..cell.end - self.raw.start
    }

    /// The text of a cell that was asked for.
    pub(crate) fn text(&self, index: usize) -> &[u8] {
        &self.text[self.texts[index].clone()]
    }

    /// The line and the column, in characters, where a cell starts.
    pub(crate) fn place(&self, index: usize) -> (u64, u64) {
        let before = &self.raw()[..self.cell_range(index).start];
        let lines = before.iter().filter(|&&b| b == b'\n').count() as u64;
        let line_start = before
            .iter()
            .rposition(|&b| b == b'\n')
            .map_or(0, |i| i + 1);
        let characters = String::from_utf8_lossy(&before[line_start..])
            .chars()
            .count() as u64;
        (self.line + lines, characters + 1)
    }

    fn bytes(&self, range: Range<usize>) -> &[u8] {
        &self.buffer[self.base + range.start..self.base + range.end]
    }

    /// Number of bytes held from `base` on.
    fn held(&self) -> usize {
        self.filled - self.base
    }

    fn skip_blank_lines(&mut self) -> Result<usize, RecordsError> {
        let mut at = 0;
        loop {
            match self.bytes(at..self.held()).first() {
                Some(b'\n') => self.next_line += 1,
                Some(b'\r') => {}
                Some(_) => return Ok(at),
                None if self.at_end => return Ok(at),
                None => {
                    self.fill()?;
                    continue;
                }
            }
            at += 1;
        }
    }

    fn cut_cell(&mut self, start: usize, text_start: usize) -> Result<Cut, RecordsError> {
        let (mut at, mut text_at) = (start, text_start);
        loop {
            if at == self.held() && !self.at_end {
                self.fill()?;
                continue;
            }
            if self.text.len() - text_at < 64 {
                self.text.resize(2 * self.text.len(), 0);
            }
            let input = &self.buffer[self.base + at..self.filled];
            let (result, taken, written) = self.parser.read_field(input, &mut self.text[text_at..]);
            at += taken;
            text_at += written;
            match result {
                ReadFieldResult::InputEmpty | ReadFieldResult::OutputFull => {}
                done => {
                    return Ok(Cut {
                        result: done,
                        // Taking nothing, csv-core ended the cell because no
                        // input is left; else its last byte ended it.
                        end: at - usize::from(taken > 0),
                        next: at,
                        text_end: text_at,
                    });
                }
            }
        }
    }

    /// Ends the record at `end`; what follows up to `after` ended it, and a
    /// newline after a carriage return belongs to it.
    fn end_record(&mut self, end: usize, after: usize) -> Result<(), RecordsError> {
        let mut next = after;
        if self.bytes(end..after) == b"\r" {
            if after == self.held() && !self.at_end {
                self.fill()?;
            }
            next += usize::from(self.bytes(after..self.held()).first() == Some(&b'\n'));
        }
        self.raw.end = end;
        self.next = next;
        let bytes = self.bytes(self.raw.start..next);
        self.next_line += bytes.iter().filter(|&&b| b == b'\n').count() as u64;
        Ok(())
    }

    /// Reads more input behind what is held.
    fn fill(&mut self) -> Result<(), RecordsError> {
        self.buffer.copy_within(self.base..self.filled, 0);
        self.filled -= std::mem::take(&mut self.base);
        if self.filled > RECORD_BYTES_MAX {
            return Err(RecordsError::TooLong { line: self.line });
        }
        if self.buffer.len() < self.filled + READ_BYTES {
            self.buffer.resize(2 * self.buffer.len(), 0);
        }
        let room = &mut self.buffer[self.filled..];
        let count = loop {
            match self.input.read(room) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                other => break other.map_err(RecordsError::Read)?,
            }
        };
        self.filled += count;
        self.bytes_read += count as u64;
        self.at_end = count == 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives the bytes of a text one by one, so that every buffer edge is met.
    struct Drip<'a>(&'a [u8]);

    impl Read for Drip<'_> {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            match (self.0.split_first(), out.first_mut()) {
                (Some((&byte, rest)), Some(slot)) => {
                    *slot = byte;
                    self.0 = rest;
                    Ok(1)
                }
                _ => Ok(0),
            }
        }
    }

    /// The text of every cell, and the bytes put together again.
    fn read_all(input: &str) -> (Vec<Vec<String>>, String) {
        let mut records = Records::new(Drip(input.as_bytes()), b',');
        let mut bytes = records.take_mark().unwrap().to_vec();
        let mut rows = Vec::new();
        while records.read(&[true; 9]).unwrap() {
            bytes.extend_from_slice(records.lead());
            bytes.extend_from_slice(records.raw());
            bytes.extend_from_slice(records.terminator());
            let text = |i| String::from_utf8_lossy(records.text(i)).into_owned();
            rows.push((0..records.len()).map(text).collect());
        }
        bytes.extend_from_slice(records.lead());
        (rows, String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn every_byte_is_kept_and_every_cell_is_found() {
        for (input, expected) in [
            ("a,b\n1,2\n", vec![vec!["a", "b"], vec!["1", "2"]]),
            ("a,b\r\n1,2\r\n", vec![vec!["a", "b"], vec!["1", "2"]]),
            ("a,b\r1,2\r", vec![vec!["a", "b"], vec!["1", "2"]]),
            ("a,b\n1,2", vec![vec!["a", "b"], vec!["1", "2"]]),
            ("a,b\n1,", vec![vec!["a", "b"], vec!["1", ""]]),
            ("\u{feff}a\n1\n", vec![vec!["a"], vec!["1"]]),
            (
                "\n\na,b\n\r\n\n1,2\n\n",
                vec![vec!["a", "b"], vec!["1", "2"]],
            ),
            (
                "a,\"b, c\"\n\"1\n2\",\"say \"\"x\"\"\"\n",
                vec![vec!["a", "b, c"], vec!["1\n2", "say \"x\""]],
            ),
            ("a,\"b\"", vec![vec!["a", "b"]]),
            ("\"a\"\r\n\"1\"\r\n", vec![vec!["a"], vec!["1"]]),
            (",\n,\n", vec![vec!["", ""], vec!["", ""]]),
            ("", vec![]),
            ("\n\n", vec![]),
        ] {
            let (rows, bytes) = read_all(input);
            assert_eq!(rows, expected, "{input:?}");
            assert_eq!(bytes, input);
        }
    }

    #[test]
    fn places_count_lines_within_a_record() {
        let input = "a,b\n\"x\ny\",é,3\n";
        let mut records = Records::new(input.as_bytes(), b',');
        while records.read(&[]).unwrap() {}
        let mut records = Records::new(input.as_bytes(), b',');
        assert!(records.read(&[]).unwrap() && records.read(&[]).unwrap());
        assert_eq!(records.line(), 2);
        assert_eq!(records.place(0), (2, 1));
        assert_eq!(records.place(2), (3, 6));
    }

    #[test]
    fn an_open_quote_ends_in_an_error_and_little_memory() {
        let input = std::io::repeat(b'x').take(1 << 30);
        let input = std::io::Cursor::new(b"a\n\"").chain(input);
        let mut records = Records::new(input, b',');
        assert!(records.read(&[]).unwrap());
        let error = records.read(&[]).unwrap_err();
        assert!(
            matches!(error, RecordsError::TooLong { line: 2 }),
            "{error}"
        );
        assert!(records.buffer.len() <= 4 * RECORD_BYTES_MAX);
        assert!(records.text.len() <= 4 * RECORD_BYTES_MAX);
    }
}
