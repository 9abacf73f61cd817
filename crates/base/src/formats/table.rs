//! JSON lines as the file of a dataset: CSV with a header, or NDJSON.

use crate::core::record::Rejected;
use serde_json::{Map, Value};

/// The bytes of a data file and what is in it.
#[derive(Debug, Default)]
pub struct Table {
    pub bytes: Vec<u8>,
    pub rows: u64,
    pub columns: Vec<String>,
    pub rejected: Vec<Rejected>,
}

/// CSV by RFC 4180; the first record names the columns, and one with other fields is rejected.
pub fn csv(lines: &[u8]) -> Table {
    let mut table = Table::default();
    for line in records(lines) {
        let fields = match serde_json::from_slice::<Map<String, Value>>(line) {
            Ok(fields) => fields,
            Err(error) => {
                table.reject(line, format!("the record is no JSON object: {error}"));
                continue;
            }
        };
        if table.columns.is_empty() {
            table.columns = fields.keys().cloned().collect();
            let header: Vec<Value> = table.columns.iter().cloned().map(Value::String).collect();
            write_row(header.iter(), &mut table.bytes);
        }
        let is_strange = fields.keys().find(|name| !table.columns.contains(name)).cloned();
        if let Some(name) = is_strange {
            table.reject(line, format!("the field `{name}` is no column of this dataset"));
            continue;
        }
        let cells = table.columns.iter().map(|name| fields.get(name).unwrap_or(&Value::Null));
        write_row(cells, &mut table.bytes);
        table.rows += 1;
    }
    table
}

/// The lines as they are.
pub fn ndjson(lines: &[u8]) -> Table {
    let mut table = Table { bytes: lines.to_vec(), ..Table::default() };
    table.rows = records(lines).count() as u64;
    let first = records(lines).next().map(serde_json::from_slice::<Map<String, Value>>);
    if let Some(Ok(fields)) = first {
        table.columns = fields.keys().cloned().collect();
    }
    table
}

impl Table {
    fn reject(&mut self, record: &[u8], reason: String) {
        self.rejected.push(Rejected { record: record.to_vec(), reason });
    }
}

fn records(lines: &[u8]) -> impl Iterator<Item = &[u8]> {
    lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty())
}

fn write_row<'a>(cells: impl Iterator<Item = &'a Value>, out: &mut Vec<u8>) {
    for (index, cell) in cells.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        match cell {
            Value::Null => {}
            Value::String(text) => write_text(text, out),
            Value::Array(_) | Value::Object(_) => write_text(&cell.to_string(), out),
            other => out.extend_from_slice(other.to_string().as_bytes()),
        }
    }
    out.push(b'\n');
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    if text.contains(['"', ',', '\n', '\r']) {
        out.push(b'"');
        out.extend_from_slice(text.replace('"', "\"\"").as_bytes());
        out.push(b'"');
    } else {
        out.extend_from_slice(text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_record_names_the_columns() {
        let table =
            csv(b"{\"a\":1,\"b\":\"x,\\\"y\\\"\"}\n{\"b\":null,\"a\":2.5}\n{\"c\":1}\n[1]\n");
        assert_eq!(String::from_utf8(table.bytes).unwrap(), "a,b\n1,\"x,\"\"y\"\"\"\n2.5,\n");
        assert_eq!((table.rows, table.rejected.len()), (2, 2));
    }
}
