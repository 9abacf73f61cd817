//! Records as they travel: a block of encoded lines that nobody parses unless a step looks into it.

use std::sync::Arc;

/// How the records of a block are written down. Every record ends with a line feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encoding {
    /// Lines of text; looked into, a line is the object `{"line": "..."}`.
    Text,
    /// One compact JSON value a line.
    Json,
    /// CSV rows of a known shape; a quoted cell may hold line feeds.
    Csv(Arc<CsvShape>),
}

/// The header of a CSV file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvShape {
    pub delimiter: u8,
    pub columns: Vec<String>,
    /// What stands before the first row, so that places in the file can be named.
    pub header_bytes: u64,
    pub header_lines: u64,
}

/// A block of records. Invariant: `bytes` is empty or ends with a line feed, and holds `count` records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Records {
    pub encoding: Encoding,
    pub bytes: Vec<u8>,
    pub count: u64,
}

impl Records {
    pub fn empty(encoding: Encoding) -> Self {
        Self { encoding, bytes: Vec::new(), count: 0 }
    }

    /// Takes lines as they are and counts them; a missing last line feed is added.
    pub fn from_lines(encoding: Encoding, mut bytes: Vec<u8>) -> Self {
        if bytes.last().is_some_and(|last| *last != b'\n') {
            bytes.push(b'\n');
        }
        let count = memchr::memchr_iter(b'\n', &bytes).count() as u64;
        Self { encoding, bytes, count }
    }

    /// Adds one JSON value as a line.
    #[inline]
    pub fn push_json(&mut self, json: &[u8]) {
        debug_assert!(!json.contains(&b'\n'), "a record is one line");
        self.bytes.extend_from_slice(json);
        self.bytes.push(b'\n');
        self.count += 1;
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The lines without their line feeds; only for text and JSON, where a record is a line.
    pub fn lines(&self) -> impl Iterator<Item = &[u8]> {
        debug_assert!(!matches!(self.encoding, Encoding::Csv(_)), "a CSV row may span lines");
        let mut rest = self.bytes.as_slice();
        std::iter::from_fn(move || {
            let end = memchr::memchr(b'\n', rest)?;
            let (line, tail) = (&rest[..end], &rest[end + 1..]);
            rest = tail;
            Some(line)
        })
    }
}

/// A record that can never be delivered, with the reason. A step or a sink that makes JSON of a block's lines or rows
/// gives back either; both can be replayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    pub record: Vec<u8>,
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_the_missing_last_line_feed_and_counts() {
        let records = Records::from_lines(Encoding::Text, b"a\nb".to_vec());
        assert_eq!(records.count, 2);
        assert_eq!(records.lines().collect::<Vec<_>>(), [b"a", b"b"]);
    }
}
