//! Turns blocks of CSV rows into NDJSON, one compact object a row.

use std::ops::Range;

use super::header::Header;
use super::json_text::{is_safe_number, push_string};
use super::rows::{Row, RowScanner};

/// Whether cells may become anything but strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CellTypes {
    /// Numbers, booleans and nulls where a cell is written as one.
    #[default]
    Detected,
    /// Every cell a string as it stands, empty ones too.
    Text,
}

/// A row that did not become a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// Line in the file, from 1.
    pub line: u64,
    /// Byte offset in the file.
    pub byte: u64,
    /// The row in the block that was pushed, without its line ending.
    pub raw: Range<usize>,
    pub reason: String,
}

/// Holds the header's names as they are written in front of each value.
#[derive(Debug)]
pub struct Transcoder {
    types: CellTypes,
    scanner: RowScanner,
    prefixes: Vec<Vec<u8>>,
}

impl Transcoder {
    pub fn new(header: &Header, types: CellTypes) -> Self {
        let prefixes = header
            .columns
            .iter()
            .enumerate()
            .map(|(index, name)| {
                let mut prefix = vec![if index == 0 { b'{' } else { b',' }];
                push_string(name.as_bytes(), &mut prefix);
                prefix.push(b':');
                prefix
            })
            .collect();
        Self { types, scanner: RowScanner::after(header), prefixes }
    }

    /// Counts a bad row that never became part of a block.
    pub fn skip(&mut self, bytes: u64, lines: u64) {
        self.scanner.skip(bytes, lines);
    }

    /// Appends an object and a newline to `out` for each good row, and to `bad` each bad one.
    pub fn push_block(&mut self, block: &[u8], out: &mut Vec<u8>, bad: &mut Vec<BadLine>) {
        let Self { types, scanner, prefixes } = self;
        let checked = std::str::from_utf8(block).is_ok();
        let mut rows = scanner.rows(block);
        while let Some(row) = rows.next_row() {
            if let Some(reason) = fault(&row, prefixes.len(), block, checked) {
                bad.push(BadLine { line: row.line, byte: row.byte, raw: row.raw, reason });
                continue;
            }
            for (prefix, cell) in prefixes.iter().zip(row.cells()) {
                out.extend_from_slice(prefix);
                push_value(cell, *types, out);
            }
            out.extend_from_slice(b"}\n");
        }
    }
}

fn fault(row: &Row<'_>, width: usize, block: &[u8], checked: bool) -> Option<String> {
    if row.width() != width {
        return Some(ragged(row.width(), width));
    }
    if !checked && let Err(error) = std::str::from_utf8(&block[row.raw.clone()]) {
        return Some(format!("row is not UTF-8 from its byte {}", error.valid_up_to() + 1));
    }
    None
}

/// The reason for a row of the wrong width.
pub fn ragged(cells: usize, columns: usize) -> String {
    let ending = if cells == 1 { "" } else { "s" };
    format!("row has {cells} cell{ending}, the header has {columns}")
}

fn push_value(cell: &[u8], types: CellTypes, out: &mut Vec<u8>) {
    if types == CellTypes::Text {
        return push_string(cell, out);
    }
    match cell {
        b"" => out.extend_from_slice(b"null"),
        b"true" | b"false" => out.extend_from_slice(cell),
        [b'0'..=b'9' | b'-', ..] if is_safe_number(cell) => out.extend_from_slice(cell),
        _ => push_string(cell, out),
    }
}
