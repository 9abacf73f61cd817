//! Makes blocks of whole records out of bytes that come in pieces: lines, NDJSON, CSV.

use crate::core::limits::{BATCH_BYTES, LINE_BYTES, SHOWN_BYTES};
use crate::core::record::{CsvShape, Encoding, Records, Rejected};
use crate::formats::csv::{Header, RowSplitter, Split};
use memchr::{memchr, memrchr};
use std::path::Path;
use std::sync::Arc;

/// How a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Lines,
    Ndjson,
    Csv,
}

impl Format {
    /// The words of the option, `auto` first.
    pub const WORDS: &'static [&'static str] = &["auto", "lines", "ndjson", "csv"];

    /// What the option says, or else what the file's ending says.
    pub fn of(word: &str, path: &Path) -> Self {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        match (word, ending.to_ascii_lowercase().as_str()) {
            ("csv", _) | ("auto", "csv" | "tsv") => Self::Csv,
            ("ndjson", _) | ("auto", "ndjson" | "jsonl") => Self::Ndjson,
            _ => Self::Lines,
        }
    }
}

/// Whole records, and how many bytes of the input they and what was left out took.
#[derive(Debug)]
pub struct Piece {
    pub records: Records,
    pub rejected: Vec<Rejected>,
    pub consumed: u64,
}

#[derive(Debug)]
pub struct Assembler {
    format: Format,
    shape: Option<Arc<CsvShape>>,
    splitter: RowSplitter,
    pending: Vec<u8>,
    is_at_start: bool,
    is_dropping: bool,
    piece_bytes: usize,
}

impl Assembler {
    /// For input that begins at the start of a file.
    pub fn new(format: Format) -> Self {
        Self {
            format,
            shape: None,
            splitter: RowSplitter::new(b',', LINE_BYTES),
            pending: Vec::new(),
            is_at_start: true,
            is_dropping: false,
            piece_bytes: BATCH_BYTES,
        }
    }

    /// Takes in at most so many bytes at a time, so that pieces are about as large.
    #[must_use]
    pub fn in_pieces_of(self, piece_bytes: usize) -> Self {
        Self { piece_bytes, ..self }
    }

    /// For input that goes on behind the header that an earlier reading saw.
    pub fn behind_header(format: Format, shape: Option<Arc<CsvShape>>) -> Self {
        let delimiter = shape.as_ref().map_or(b',', |shape| shape.delimiter);
        let splitter = RowSplitter::new(delimiter, LINE_BYTES);
        Self { shape, splitter, is_at_start: false, ..Self::new(format) }
    }

    pub fn shape(&self) -> Option<Arc<CsvShape>> {
        self.shape.clone()
    }

    /// Bytes read that no piece has covered yet.
    pub fn pending(&self) -> u64 {
        self.pending.len() as u64
    }

    /// Lets `read` put up to a piece of bytes behind what is pending; answers what it answers.
    pub fn fill<E>(
        &mut self,
        read: impl FnOnce(&mut [u8]) -> Result<usize, E>,
    ) -> Result<usize, E> {
        let start = self.pending.len();
        self.pending.resize(start + self.piece_bytes, 0);
        let outcome = read(&mut self.pending[start..]);
        self.pending.truncate(start + outcome.as_ref().map_or(0, |read| *read));
        outcome
    }

    /// The next whole records; `None` when more bytes are needed. `is_end`: there will be no more, so a
    /// last line without its line feed is a record.
    pub fn next(&mut self, is_end: bool) -> Result<Option<Piece>, String> {
        let mut consumed = self.skip_mark(is_end)?;
        if self.format == Format::Csv && self.shape.is_none() {
            match self.header(is_end)? {
                Some(bytes) => consumed += bytes,
                None => return Ok(empty(consumed, Encoding::Text)),
            }
        }
        let mut rejected = Vec::new();
        loop {
            match self.cut(is_end) {
                Split::More => {
                    let is_something = consumed > 0 || !rejected.is_empty();
                    let records = Records::empty(self.encoding());
                    return Ok(is_something.then_some(Piece { records, rejected, consumed }));
                }
                Split::Rows(bytes) => {
                    let records = self.take(bytes);
                    consumed += bytes as u64;
                    return Ok(Some(Piece { records, rejected, consumed }));
                }
                Split::Bad { bytes, finished, fault } => {
                    if finished {
                        let shown = self.pending.get(..bytes.min(SHOWN_BYTES)).unwrap_or_default();
                        rejected
                            .push(Rejected { record: shown.to_vec(), reason: fault.to_string() });
                    }
                    self.pending.drain(..bytes);
                    consumed += bytes as u64;
                }
            }
        }
    }

    fn encoding(&self) -> Encoding {
        match (self.format, &self.shape) {
            (Format::Csv, Some(shape)) => Encoding::Csv(Arc::clone(shape)),
            (Format::Ndjson, _) => Encoding::Json,
            _ => Encoding::Text,
        }
    }

    /// Leaves out a UTF-8 byte order mark; UTF-16 is named instead of being read as rubbish.
    fn skip_mark(&mut self, is_end: bool) -> Result<u64, String> {
        if !self.is_at_start || (self.pending.len() < 3 && !is_end) {
            return Ok(0);
        }
        self.is_at_start = false;
        if self.pending.starts_with(b"\xFF\xFE") || self.pending.starts_with(b"\xFE\xFF") {
            let advice = "convert it first: iconv -f UTF-16 -t UTF-8";
            return Err(format!("the file is UTF-16, and only UTF-8 is read; {advice}"));
        }
        if self.pending.starts_with(b"\xEF\xBB\xBF") {
            self.pending.drain(..3);
            return Ok(3);
        }
        Ok(0)
    }

    fn header(&mut self, is_end: bool) -> Result<Option<u64>, String> {
        let is_whole = is_end || memchr(b'\n', &self.pending).is_some();
        if !is_whole && self.pending.len() < LINE_BYTES {
            return Ok(None);
        }
        if self.pending.is_empty() {
            return Ok(None);
        }
        let header = Header::read(&self.pending, None).map_err(|error| error.to_string())?;
        self.pending.drain(..(header.bytes as usize).min(self.pending.len()));
        self.splitter = RowSplitter::new(header.delimiter, LINE_BYTES);
        let shape = CsvShape {
            delimiter: header.delimiter,
            columns: header.columns,
            header_bytes: header.bytes,
            header_lines: header.lines,
        };
        self.shape = Some(Arc::new(shape));
        Ok(Some(header.bytes))
    }

    fn cut(&mut self, is_end: bool) -> Split {
        if self.format == Format::Csv {
            return match self.splitter.feed(&self.pending) {
                Split::More if is_end => self.splitter.finish(&self.pending),
                split => split,
            };
        }
        let fault = crate::formats::csv::RowFault::TooLong { longest: LINE_BYTES };
        if self.is_dropping {
            let end = memchr(b'\n', &self.pending).map(|at| at + 1);
            self.is_dropping = end.is_none() && !is_end;
            let bytes = end.unwrap_or(self.pending.len());
            let is_idle = bytes == 0 && !is_end;
            return if is_idle {
                Split::More
            } else {
                Split::Bad { bytes, finished: !self.is_dropping, fault }
            };
        }
        match memrchr(b'\n', &self.pending) {
            Some(last) => Split::Rows(last + 1),
            None if self.pending.len() > LINE_BYTES => {
                self.is_dropping = true;
                Split::Bad { bytes: self.pending.len(), finished: false, fault }
            }
            None if is_end && !self.pending.is_empty() => Split::Rows(self.pending.len()),
            None => Split::More,
        }
    }

    fn take(&mut self, bytes: usize) -> Records {
        let rest = self.pending.split_off(bytes);
        let block = std::mem::replace(&mut self.pending, rest);
        let mut records = Records::from_lines(self.encoding(), block);
        if self.format == Format::Csv && memchr(b'"', &records.bytes).is_some() {
            // A quoted cell may hold line feeds, so lines are not rows.
            records.count = self.rows(&records.bytes);
        }
        records
    }

    fn rows(&self, block: &[u8]) -> u64 {
        let delimiter = self.shape.as_ref().map_or(b',', |shape| shape.delimiter);
        let mut scanner = crate::formats::csv::RowScanner::new(delimiter);
        let mut rows = scanner.rows(block);
        let mut count = 0;
        while rows.next_row().is_some() {
            count += 1;
        }
        count
    }
}

fn empty(consumed: u64, encoding: Encoding) -> Option<Piece> {
    let records = Records::empty(encoding);
    (consumed > 0).then_some(Piece { records, rejected: Vec::new(), consumed })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds `input` in pieces of `size`; answers the records, the reasons and the bytes consumed.
    fn assemble(format: Format, input: &[u8], size: usize) -> (Vec<u8>, Vec<String>, u64) {
        let mut assembler = Assembler::new(format);
        let (mut out, mut reasons, mut consumed) = (Vec::new(), Vec::new(), 0);
        let mut chunks = input.chunks(size);
        loop {
            let chunk = chunks.next();
            let is_end = chunk.is_none();
            assembler
                .fill(|room| {
                    let chunk = chunk.unwrap_or_default();
                    room[..chunk.len()].copy_from_slice(chunk);
                    Ok::<_, ()>(chunk.len())
                })
                .unwrap();
            while let Some(piece) = assembler.next(is_end).unwrap() {
                consumed += piece.consumed;
                out.extend(piece.records.bytes);
                reasons.extend(piece.rejected.into_iter().map(|rejected| rejected.reason));
            }
            if is_end {
                return (out, reasons, consumed);
            }
        }
    }

    #[test]
    fn any_cutting_gives_the_same_lines() {
        let input = b"\xEF\xBB\xBFone\ntwo\n\nlast";
        for size in 1..input.len() {
            let (out, _, consumed) = assemble(Format::Lines, input, size);
            assert_eq!(out, b"one\ntwo\n\nlast\n");
            assert_eq!(consumed, input.len() as u64);
        }
    }

    #[test]
    fn a_quoted_line_feed_does_not_end_a_csv_row() {
        let input = b"a,b\n1,\"x\ny\"\n2,z\n";
        for size in 1..input.len() {
            let (out, _, consumed) = assemble(Format::Csv, input, size);
            assert_eq!(out, b"1,\"x\ny\"\n2,z\n");
            assert_eq!(consumed, input.len() as u64);
        }
    }

    #[test]
    fn an_endless_line_is_left_out_and_its_neighbours_stay() {
        let mut input = b"before\n".to_vec();
        input.extend(vec![b'x'; LINE_BYTES * 3]);
        input.extend(b"\nafter\n");
        let (out, reasons, consumed) = assemble(Format::Lines, &input, BATCH_BYTES);
        assert_eq!(out, b"before\nafter\n");
        assert_eq!((reasons.len(), consumed), (1, input.len() as u64));
    }

    #[test]
    fn rows_too_long_or_never_closed_are_left_out_and_their_neighbours_stay() {
        let mut input = b"\xEF\xBB\xBFa;b\r\n1;2\n".to_vec();
        input.extend(vec![b'x'; LINE_BYTES * 2]);
        input.extend(b"\n3;4\n\"5;6");
        for size in [4099, BATCH_BYTES] {
            let (out, reasons, consumed) = assemble(Format::Csv, &input, size);
            assert_eq!(out, b"1;2\n3;4\n");
            assert!(reasons[1].contains("never closed"), "{reasons:?}");
            assert_eq!((reasons.len(), consumed), (2, input.len() as u64));
        }
    }

    #[test]
    fn utf_16_is_named() {
        let mut assembler = Assembler::new(Format::Lines);
        let fill = |room: &mut [u8]| {
            room[..4].copy_from_slice(b"\xFF\xFEa\0");
            Ok::<_, ()>(4)
        };
        assembler.fill(fill).unwrap();
        assert!(assembler.next(true).unwrap_err().contains("iconv"));
    }
}
