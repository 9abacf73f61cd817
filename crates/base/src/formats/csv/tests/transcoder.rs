//! CSV to NDJSON.

use proptest::prelude::*;
use serde_json::{Map, Value};

use crate::formats::csv::{BadLine, CellTypes, Header, Transcoder};

fn transcode(file: &[u8], types: CellTypes, cut: usize) -> (String, Vec<BadLine>) {
    let header = Header::read(file, None).unwrap();
    let mut transcoder = Transcoder::new(&header, types);
    let (mut out, mut bad) = (Vec::new(), Vec::new());
    let rows = &file[header.bytes as usize..];
    let cut = rows[..cut.min(rows.len())].iter().rposition(|byte| *byte == b'\n');
    let cut = cut.map_or(0, |place| place + 1);
    transcoder.push_block(&rows[..cut], &mut out, &mut bad);
    transcoder.push_block(&rows[cut..], &mut out, &mut bad);
    (String::from_utf8(out).unwrap(), bad)
}

fn cell(text: &str) -> String {
    let file = format!("a,b\n{text},x\n");
    let (out, bad) = transcode(file.as_bytes(), CellTypes::Detected, 0);
    assert_eq!(bad, []);
    out.strip_prefix("{\"a\":").unwrap().strip_suffix(",\"b\":\"x\"}\n").unwrap().to_owned()
}

#[test]
fn cells_become_numbers_only_when_nothing_is_lost() {
    for same in
        ["0", "-0", "7", "-12.50", "1e5", "1E-7", "2.5e+10", "123456789012345", "true", "false"]
    {
        assert_eq!(cell(same), same);
    }
    for text in [
        "007",
        "+1",
        ".5",
        "5.",
        "1e",
        "1e999",
        "-",
        "1 ",
        "NaN",
        "inf",
        "True",
        "null",
        "1234567890123456",
        "0.1234567890123456",
        "-01",
        "0x1",
        "1e-",
    ] {
        assert_eq!(cell(text), format!("\"{text}\""));
    }
    assert_eq!(cell(""), "null");
    assert_eq!(cell("\"\""), "null");
}

#[test]
fn text_is_escaped() {
    assert_eq!(cell("\"say \"\"hi\"\"\n\t\\\u{1}é\""), "\"say \\\"hi\\\"\\n\\t\\\\\\u0001é\"");
}

#[test]
fn everything_stays_text_when_asked() {
    let (out, _) = transcode(b"a,\"b\"\"\"\n1,true\n,\n", CellTypes::Text, 0);
    assert_eq!(out, "{\"a\":\"1\",\"b\\\"\":\"true\"}\n{\"a\":\"\",\"b\\\"\":\"\"}\n");
}

#[test]
fn bad_rows_are_named_and_the_others_come_through() {
    let file = b"a,b\n1\n2,3\n4,5,6\n7,\xFF\n\n8,9";
    for cut in 0..file.len() {
        let (out, bad) = transcode(file, CellTypes::Detected, cut);
        assert_eq!(out, "{\"a\":2,\"b\":3}\n{\"a\":8,\"b\":9}\n");
        let places: Vec<_> = bad.iter().map(|bad| (bad.line, bad.byte)).collect();
        assert_eq!(places, [(2, 4), (4, 10), (5, 16)]);
        assert_eq!(bad[0].reason, "row has 1 cell, the header has 2");
        assert_eq!(bad[1].reason, "row has 3 cells, the header has 2");
        assert_eq!(bad[2].reason, "row is not UTF-8 from its byte 3");
        assert_eq!(bad[2].raw.len(), 3);
    }
}

proptest! {
    #[test]
    fn every_record_is_json_with_the_cells_of_the_row(
        rows in prop::collection::vec(prop::collection::vec("\\PC{0,12}|[0-9.e-]{1,6}", 3), 0..8)
    ) {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["x", "y", "z"]).unwrap();
        for row in &rows {
            writer.write_record(row).unwrap();
        }
        let file = writer.into_inner().unwrap();
        let (out, bad) = transcode(&file, CellTypes::Detected, 0);
        prop_assert_eq!(bad, []);
        let records: Vec<Map<String, Value>> =
            out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        prop_assert_eq!(records.len(), rows.len());
        for (record, row) in records.iter().zip(&rows) {
            for (value, cell) in record.values().zip(row) {
                match value {
                    Value::Null => prop_assert_eq!(cell, ""),
                    Value::Number(number) => {
                        // As written: `serde_json` itself rounds the last digit differently at times.
                        let (read, written): (f64, f64) =
                            (number.as_f64().unwrap(), cell.parse().unwrap());
                        prop_assert!((read - written).abs() <= written.abs() * 1e-15);
                    }
                    Value::String(text) => prop_assert_eq!(text, cell),
                    other => prop_assert_eq!(&other.to_string(), cell),
                }
            }
        }
    }
}
