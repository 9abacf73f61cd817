//! Writing records as JSON, CSV and text.

use std::ops::Range;
use std::sync::Arc;

use super::random::generator_key;
use super::schema::{Object, Schema};
use super::value::{Cell, Value};

/// A schema with a seed, a stream and an origin: all records there will ever be.
///
/// Every record is a pure function of these and its index, so a generator has no state; the caller
/// keeps the index of the next record. A clone is cheap, and any number of threads can share one.
#[derive(Debug, Clone)]
pub struct Generator {
    schema: Arc<Schema>,
    key: u64,
    origin_ms: i64,
}

impl Generator {
    /// `stream` sets generators with the same seed apart; `origin_ms` is the time, in milliseconds
    /// since 1970, of the record with index 0.
    pub fn new(schema: Arc<Schema>, seed: u64, stream: &str, origin_ms: i64) -> Self {
        Self { schema, key: generator_key(seed, stream), origin_ms }
    }

    pub(super) fn key(&self) -> u64 {
        self.key
    }

    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The columns of the CSV notation: dotted paths of all values.
    pub fn columns(&self) -> Vec<String> {
        self.schema.columns()
    }

    /// Writes one record as a compact JSON object, without a line end.
    pub fn write_json(&self, index: u64, out: &mut Vec<u8>) {
        self.schema.record.write_json(&self.cell(index, true), out);
    }

    /// Writes records as JSON, one per line.
    pub fn write_ndjson(&self, range: Range<u64>, out: &mut Vec<u8>) {
        for index in range {
            self.write_json(index, out);
            out.push(b'\n');
        }
    }

    /// Writes the header line of the CSV notation.
    pub fn write_csv_header(&self, out: &mut Vec<u8>) {
        for (place, column) in self.columns().iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            let start = out.len();
            out.extend_from_slice(column.as_bytes());
            quote_from(start, out);
        }
        out.push(b'\n');
    }

    /// Writes records as CSV lines, quoted as RFC 4180 has it and ended by a line feed. Null is an
    /// empty cell, an empty text is `""`.
    pub fn write_csv(&self, range: Range<u64>, out: &mut Vec<u8>) {
        for index in range {
            let cell = self.cell(index, false);
            let mut first = true;
            write_cells(&self.schema.record, &cell, &mut first, out);
            out.push(b'\n');
        }
    }

    /// Writes the bare value if a record has a single one, else the record as JSON.
    pub fn write_text(&self, index: u64, out: &mut Vec<u8>) {
        let [field] = self.schema.record.fields.as_slice() else {
            return self.write_json(index, out);
        };
        let cell = self.cell(index, false);
        if matches!(field.value, Value::Object(_)) {
            self.write_json(index, out);
        } else if field.is_null(&cell) {
            out.extend_from_slice(b"null");
        } else {
            field.write(&cell, out);
        }
    }

    fn cell(&self, index: u64, escaped: bool) -> Cell {
        Cell { key: self.key, index, origin_ms: self.origin_ms, escaped }
    }
}

fn write_cells(object: &Object, cell: &Cell, first: &mut bool, out: &mut Vec<u8>) {
    for field in &object.fields {
        if let Value::Object(object) = &field.value {
            write_cells(object, cell, first, out);
            continue;
        }
        if !std::mem::take(first) {
            out.push(b',');
        }
        if field.is_null(cell) {
            continue;
        }
        let start = out.len();
        field.write(cell, out);
        if field.is_text {
            quote_from(start, out);
        }
    }
}

/// Puts the cell that begins at `start` between quotes if it needs them.
fn quote_from(start: usize, out: &mut Vec<u8>) {
    let text = out.get(start..).unwrap_or_default();
    let special = |byte: &u8| matches!(byte, b',' | b'"' | b'\n' | b'\r');
    if !text.is_empty() && !text.iter().any(special) {
        return;
    }
    if text.contains(&b'"') {
        let doubled: Vec<u8> = text
            .iter()
            .flat_map(|byte| [*byte; 2].into_iter().take(1 + usize::from(*byte == b'"')))
            .collect();
        out.truncate(start);
        out.extend_from_slice(&doubled);
    }
    out.insert(start, b'"');
    out.push(b'"');
}
