//! Cuts a block of whole rows into rows and cells.
//! Rows with quotes or lone carriage returns are left to `quoted`.

use std::ops::Range;

use memchr::{memchr, memchr2};

use super::header::Header;
use super::quoted;

/// A cell's place in the block; places past the block's end lie in the unescaped bytes behind it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell {
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Remembers line and byte from block to block, and reuses its buffers from row to row.
#[derive(Debug)]
pub struct RowScanner {
    delimiter: u8,
    line: u64,
    byte: u64,
    cells: Vec<Cell>,
    unescaped: Vec<u8>,
}

impl RowScanner {
    /// For rows without a header above them.
    pub fn new(delimiter: u8) -> Self {
        Self { delimiter, line: 1, byte: 0, cells: Vec::new(), unescaped: Vec::new() }
    }

    /// For the rows under `header`, so that lines and bytes are those of the file.
    pub fn after(header: &Header) -> Self {
        let mut scanner = Self::new(header.delimiter);
        scanner.skip(header.bytes, header.lines);
        scanner
    }

    /// Counts bytes and lines that never became a block, for example of a row that was too long.
    pub fn skip(&mut self, bytes: u64, lines: u64) {
        self.byte += bytes;
        self.line += lines;
    }

    /// Line (from 1) of the next row to come.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Byte offset of the next block to come.
    pub fn byte(&self) -> u64 {
        self.byte
    }

    /// The rows of `block`, which holds whole rows; only the last may lack its newline.
    pub fn rows<'a>(&'a mut self, block: &'a [u8]) -> BlockRows<'a> {
        let plain = memchr2(b'"', b'\r', block).is_none();
        let block_byte = self.byte;
        self.byte += block.len() as u64;
        BlockRows { scanner: self, block, block_byte, at: 0, plain }
    }
}

/// The rows of one block, one after the other.
#[derive(Debug)]
pub struct BlockRows<'a> {
    scanner: &'a mut RowScanner,
    block: &'a [u8],
    block_byte: u64,
    at: usize,
    plain: bool,
}

impl BlockRows<'_> {
    /// The next row that is not an empty line.
    #[inline]
    pub fn next_row(&mut self) -> Option<Row<'_>> {
        self.skip_empty_lines();
        if self.at == self.block.len() {
            return None;
        }
        let start = self.at;
        let line = self.scanner.line;
        self.scanner.cells.clear();
        if self.plain {
            self.at = self.scan_plain(start);
            self.scanner.line += 1;
        } else {
            self.scan_any(start);
        }
        let row_end = self.block[..self.at].strip_suffix(b"\n").map_or(self.at, <[u8]>::len);
        let row_end = self.block[..row_end].strip_suffix(b"\r").map_or(row_end, <[u8]>::len);
        Some(Row {
            line,
            byte: self.block_byte + start as u64,
            raw: start..row_end.max(start),
            block: self.block,
            unescaped: &self.scanner.unescaped,
            cells: &self.scanner.cells,
        })
    }

    fn skip_empty_lines(&mut self) {
        while let Some(byte @ (b'\n' | b'\r')) = self.block.get(self.at) {
            self.scanner.line += u64::from(*byte == b'\n');
            self.at += 1;
        }
    }

    /// A row of a block that has quotes or carriage returns somewhere.
    fn scan_any(&mut self, start: usize) {
        let rest = &self.block[start..];
        let row = memchr(b'\n', rest).map_or(rest, |end| &rest[..end]);
        match memchr2(b'"', b'\r', row) {
            None => {
                self.at = self.scan_plain(start);
                self.scanner.line += 1;
            }
            Some(place) if row[place] == b'\r' && place + 1 == row.len() => {
                self.at = self.scan_plain(start);
                self.scanner.line += 1;
                if let Some(last) = self.scanner.cells.last_mut() {
                    last.end -= 1;
                }
            }
            Some(_) => {
                let RowScanner { delimiter, cells, unescaped, .. } = &mut *self.scanner;
                self.at = quoted::scan_row(self.block, start, *delimiter, (cells, unescaped));
                let newlines = memchr::memchr_iter(b'\n', &self.block[start..self.at]).count();
                self.scanner.line += newlines as u64;
            }
        }
    }

    /// Eight bytes at a time: cells are short, so that a call of `memchr` for each costs more.
    #[inline]
    fn scan_plain(&mut self, start: usize) -> usize {
        let block = self.block;
        let cells = &mut self.scanner.cells;
        let delimiters = repeat(self.scanner.delimiter);
        let newlines = repeat(b'\n');
        let mut cell = start;
        let mut at = start;
        while let Some(word) = block[at..].first_chunk::<8>() {
            let word = u64::from_le_bytes(*word);
            let row_ends = zero_bytes(word ^ newlines);
            let mut found = zero_bytes(word ^ delimiters) | row_ends;
            while found != 0 {
                let lowest = found & found.wrapping_neg();
                let end = at + (lowest.trailing_zeros() / 8) as usize;
                cells.push(Cell { start: cell, end });
                cell = end + 1;
                if lowest & row_ends != 0 {
                    return cell;
                }
                found ^= lowest;
            }
            at += 8;
        }
        for (offset, byte) in block[at..].iter().enumerate() {
            if *byte == self.scanner.delimiter || *byte == b'\n' {
                cells.push(Cell { start: cell, end: at + offset });
                cell = at + offset + 1;
                if *byte == b'\n' {
                    return cell;
                }
            }
        }
        cells.push(Cell { start: cell, end: block.len() });
        block.len()
    }
}

fn repeat(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// The top bit of every byte of `word` that is zero, and of no other.
fn zero_bytes(word: u64) -> u64 {
    const LOW: u64 = 0x7F7F_7F7F_7F7F_7F7F;
    !(((word & LOW) + LOW) | word | LOW)
}

/// One row and where it stood.
#[derive(Debug)]
pub struct Row<'a> {
    /// Line in the file, from 1.
    pub line: u64,
    /// Byte offset in the file.
    pub byte: u64,
    /// The row in its block, without its line ending.
    pub raw: Range<usize>,
    block: &'a [u8],
    unescaped: &'a [u8],
    cells: &'a [Cell],
}

impl<'a> Row<'a> {
    /// How many cells the row has; never 0.
    pub fn width(&self) -> usize {
        self.cells.len()
    }

    /// The cells from left to right, quotes taken off.
    pub fn cells(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let (block, unescaped) = (self.block, self.unescaped);
        self.cells.iter().map(move |cell| {
            if cell.end <= block.len() {
                &block[cell.start..cell.end]
            } else {
                &unescaped[cell.start - block.len()..cell.end - block.len()]
            }
        })
    }
}
