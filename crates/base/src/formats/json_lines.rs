//! Any block of records as lines of JSON, for those who look into it.

use crate::core::record::{CsvShape, Encoding, Records, Rejected};
use crate::formats::csv::{CellTypes, Header, Transcoder};
use std::borrow::Cow;

/// The records as JSON lines, and what cannot be written so. JSON passes through untouched.
#[inline]
pub fn of(records: &Records) -> (Cow<'_, [u8]>, Vec<Rejected>) {
    match &records.encoding {
        Encoding::Json => (Cow::Borrowed(&records.bytes), Vec::new()),
        Encoding::Text => (Cow::Owned(of_text(records)), Vec::new()),
        Encoding::Csv(shape) => {
            let (lines, rejected) = of_csv(records, shape);
            (Cow::Owned(lines), rejected)
        }
    }
}

fn of_text(records: &Records) -> Vec<u8> {
    let mut out = Vec::with_capacity(records.bytes.len() * 5 / 4);
    for line in records.lines() {
        let text = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line));
        out.extend_from_slice(b"{\"line\":");
        // Writing a text into memory cannot fail.
        drop(serde_json::to_writer(&mut out, &text));
        out.extend_from_slice(b"}\n");
    }
    out
}

fn of_csv(records: &Records, shape: &CsvShape) -> (Vec<u8>, Vec<Rejected>) {
    let header =
        Header { columns: shape.columns.clone(), delimiter: shape.delimiter, bytes: 0, lines: 1 };
    let mut out = Vec::with_capacity(records.bytes.len() * 2);
    let mut bad = Vec::new();
    Transcoder::new(&header, CellTypes::Detected).push_block(&records.bytes, &mut out, &mut bad);
    let rejected = bad
        .into_iter()
        .map(|line| Rejected {
            record: records.bytes.get(line.raw).unwrap_or_default().to_vec(),
            reason: line.reason,
        })
        .collect();
    (out, rejected)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn text_lines_become_objects() {
        let records = Records::from_lines(Encoding::Text, b"a \"b\"\r\n".to_vec());
        assert_eq!(&*of(&records).0, b"{\"line\":\"a \\\"b\\\"\"}\n");
    }

    #[test]
    fn ragged_rows_are_rejected_and_their_neighbours_stay() {
        let shape = CsvShape {
            delimiter: b',',
            columns: vec!["a".into(), "b".into()],
            header_bytes: 4,
            header_lines: 1,
        };
        let bytes = b"1,x\n2\n3,y\n".to_vec();
        let records = Records::from_lines(Encoding::Csv(Arc::new(shape)), bytes);
        let (lines, rejected) = of(&records);
        assert_eq!(&*lines, b"{\"a\":1,\"b\":\"x\"}\n{\"a\":3,\"b\":\"y\"}\n");
        assert_eq!(rejected[0].record, b"2");
    }
}
