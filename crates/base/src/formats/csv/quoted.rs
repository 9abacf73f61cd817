//! One row by the whole of RFC 4180: quoted cells, doubled quotes, line breaks inside cells.
//! Where the RFC is silent it does as the `csv` crate: a quote inside a bare cell is a plain byte,
//! bytes after a closing quote belong to the cell, a lone carriage return ends the row.

use memchr::{memchr, memchr3};

use super::rows::Cell;

/// Scans the row at `start` and answers where the next one starts.
/// Cells that cannot be shown as a piece of `block` are put together in the second buffer.
pub(super) fn scan_row(
    block: &[u8],
    start: usize,
    delimiter: u8,
    (cells, unescaped): (&mut Vec<Cell>, &mut Vec<u8>),
) -> usize {
    unescaped.clear();
    let mut at = start;
    loop {
        let (cell, end) = if block.get(at) == Some(&b'"') {
            quoted_cell(block, at, delimiter, unescaped)
        } else {
            let end = cell_end(block, at, delimiter);
            (Cell { start: at, end }, end)
        };
        cells.push(cell);
        match block.get(end) {
            Some(byte) if *byte == delimiter => at = end + 1,
            Some(b'\r') if block.get(end + 1) == Some(&b'\n') => return end + 2,
            Some(_) => return end + 1,
            None => return end,
        }
    }
}

fn cell_end(block: &[u8], at: usize, delimiter: u8) -> usize {
    memchr3(delimiter, b'\n', b'\r', &block[at..]).map_or(block.len(), |offset| at + offset)
}

/// The cell whose opening quote is at `open`, and where it ends in the block.
fn quoted_cell(block: &[u8], open: usize, delimiter: u8, unescaped: &mut Vec<u8>) -> (Cell, usize) {
    let first = unescaped.len();
    let mut piece = open + 1;
    loop {
        let Some(offset) = memchr(b'"', &block[piece..]) else {
            unescaped.extend_from_slice(&block[piece..]);
            return (gathered(block, first, unescaped), block.len());
        };
        let quote = piece + offset;
        if block.get(quote + 1) == Some(&b'"') {
            unescaped.extend_from_slice(&block[piece..=quote]);
            piece = quote + 2;
            continue;
        }
        let end = cell_end(block, quote + 1, delimiter);
        if end == quote + 1 && unescaped.len() == first {
            // Nothing was put together so far, so `piece` still is the byte after the open quote.
            return (Cell { start: piece, end: quote }, end);
        }
        unescaped.extend_from_slice(&block[piece..quote]);
        unescaped.extend_from_slice(&block[quote + 1..end]);
        return (gathered(block, first, unescaped), end);
    }
}

fn gathered(block: &[u8], first: usize, unescaped: &[u8]) -> Cell {
    if unescaped.len() == first {
        return Cell { start: 0, end: 0 };
    }
    Cell { start: block.len() + first, end: block.len() + unescaped.len() }
}
