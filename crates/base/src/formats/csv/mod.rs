//! CSV: where rows end, what their cells are, and rows as NDJSON.
//! Opening files and deciding what to do with bad rows is the caller's part.

mod header;
mod json_text;
mod quoted;
mod rows;
mod splitter;
#[cfg(test)]
mod tests;
mod transcoder;

pub use header::{Header, HeaderError};
pub use rows::{BlockRows, Row, RowScanner};
pub use splitter::{RowFault, RowSplitter, Split};
pub use transcoder::ragged;
pub use transcoder::{BadLine, CellTypes, Transcoder};

/// The byte order mark some programs put before UTF-8 text.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
