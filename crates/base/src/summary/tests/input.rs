//! What the input may look like: cuts, line endings, bad rows, JSON.

use proptest::prelude::*;

use super::{summarise, summary};
use crate::formats::assembler::Format;
use crate::formats::csv::Header;
use crate::summary::{Kind, Options, SourceFacts, Summariser, Summary};

fn in_blocks(file: &[u8], least: usize) -> Vec<u8> {
    let header = Header::read(file, None).unwrap();
    let mut summariser = Summariser::new(Options::default());
    summariser.csv_header(&header);
    let mut rest = &file[header.bytes as usize..];
    while !rest.is_empty() {
        let from = least.min(rest.len()) - 1;
        let end = rest[from..].iter().position(|byte| *byte == b'\n');
        let (block, after) = rest.split_at(end.map_or(rest.len(), |end| from + end + 1));
        summariser.push_csv(block);
        rest = after;
    }
    summariser.finish(SourceFacts::default()).to_json()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn the_way_of_cutting_changes_no_byte(seed in 1_u64.., least in 1_usize..5_000) {
        let mut state = seed;
        let mut file = String::from("id,value,word,at\n");
        for row in 0..9_000_u64 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(row);
            let (value, word) = (state >> 40, state % 7);
            let cells = format!("{row},{}.{:02},w{word},2024-01-{:02}\n", value / 9, row % 100, word + 1);
            file.push_str(if state % 997 == 0 { "short,row\n" } else { &cells });
        }
        let whole = in_blocks(file.as_bytes(), file.len());
        prop_assert_eq!(in_blocks(file.as_bytes(), least), whole);
    }

    #[test]
    fn no_text_makes_it_fail(file in "[a-c0-9.,;\"\n\r é-]{0,300}") {
        if let Ok(summary) = summarise(Format::Csv, file.as_bytes()) {
            for column in &summary.columns {
                prop_assert_eq!(column.votes.total() + column.nulls, summary.rows);
            }
        }
    }
}

fn columns_only(file: &[u8]) -> Vec<crate::summary::Column> {
    summary(file).columns
}

#[test]
fn line_endings_marks_and_quotes_change_nothing() {
    let plain = columns_only(b"a,b\n1,x\n2,y\n");
    for same in [
        &b"a,b\r\n1,x\r\n2,y\r\n"[..],
        b"a,b\n1,x\n2,y",
        b"\xEF\xBB\xBFa,b\n1,x\n2,y\n",
        b"a;b\n1;x\n\n2;y\n",
        b"\"a\",\"b\"\n\"1\",\"x\"\n\"2\",\"y\"\n",
    ] {
        assert_eq!(columns_only(same), plain, "{}", String::from_utf8_lossy(same));
    }
}

#[test]
fn empty_files_and_headers_alone_have_no_rows() {
    for empty in [&b""[..], b"\xEF\xBB\xBF"] {
        assert_eq!((summary(empty).rows, summary(empty).columns.len()), (0, 0));
    }
    for header in ["a,b", "a,b\n", "a,b\r\n"] {
        let summary = summary(header);
        assert_eq!((summary.rows, summary.columns.len()), (0, 2));
        assert_eq!(summary.columns[1].kind, Kind::Empty);
        assert_eq!(summary.source.bytes, header.len() as u64);
    }
}

#[test]
fn a_wrong_header_is_an_error() {
    assert!(summarise(Format::Csv, b"a,a\n").unwrap_err().contains("column"));
    assert!(summarise(Format::Csv, b"\n\n").unwrap_err().contains("no header row"));
}

#[test]
fn bad_rows_are_counted_and_the_first_five_described() {
    let summary = summary("a,b\n1,2\n3\n4,5,6\n7\n8\n9\n10\n11,12\n\"13,14\n");
    assert_eq!((summary.rows, summary.bad_rows.count), (2, 7));
    assert_eq!(summary.bad_rows.first.len(), 5);
    let second = &summary.bad_rows.first[1];
    assert_eq!((second.line, second.byte), (4, 10));
    assert_eq!(second.reason, "row has 3 cells, the header has 2");
}

#[test]
fn a_quote_never_closed_is_described_where_it_stands() {
    let summary = summary("a,b\n1,2\n\"3,4\n5,6\n");
    assert_eq!((summary.rows, summary.bad_rows.count), (2, 1));
    let bad = &summary.bad_rows.first[0];
    assert_eq!((bad.line, bad.byte), (3, 8));
    assert!(bad.reason.contains("never closed"));
}

#[test]
fn invalid_utf8_is_counted_and_shown_repaired() {
    let columns = columns_only(b"a,b\nx\xFFy,1\nx\xFFy,2\ngood,3\n");
    assert_eq!((columns[0].invalid_utf8, columns[1].invalid_utf8), (2, 0));
    assert_eq!(columns[0].top[0].value, "x\u{FFFD}y");
    assert_eq!(columns[0].text.unwrap_text(), (3, 4));
}

trait Lengths {
    fn unwrap_text(&self) -> (u64, u64);
}

impl Lengths for Option<crate::summary::TextFacts> {
    fn unwrap_text(&self) -> (u64, u64) {
        let text = self.as_ref().unwrap();
        (text.shortest, text.longest)
    }
}

fn json(lines: &str) -> Summary {
    summarise(Format::Ndjson, lines.as_bytes()).unwrap()
}

#[test]
fn json_records_are_summarised_by_field() {
    let summary = json(
        "{\"n\":1,\"s\":\"1\",\"t\":\"2024-01-01\"}\n\n{\"s\":\"a\\\"b\",\"n\":2.5,\"o\":{\"x\":[1]}}\r\n{\"n\":null,\"b\":true}",
    );
    assert_eq!((summary.rows, summary.bad_rows.count), (3, 0));
    let facts: Vec<_> = summary
        .columns
        .iter()
        .map(|column| (column.name.as_str(), column.kind, column.nulls))
        .collect();
    assert_eq!(
        facts,
        [
            ("n", Kind::Float, 1),
            ("s", Kind::Text, 1),
            ("t", Kind::Time, 2),
            ("o", Kind::Text, 2),
            ("b", Kind::Boolean, 2),
        ]
    );
    assert_eq!(summary.columns[1].top[1].value, "a\"b");
    assert_eq!(summary.columns[3].top[0].value, "{\"x\":[1]}");
}

#[test]
fn bad_json_rows_leave_no_trace_in_the_columns() {
    let summary = json("{\"a\":1}\n[1]\n{\"b\":1,\"b\":2}\n{\"c\":\n{\"a\":2}\n");
    assert_eq!((summary.rows, summary.bad_rows.count), (2, 3));
    assert_eq!(summary.columns.len(), 1);
    let places: Vec<_> = summary.bad_rows.first.iter().map(|bad| (bad.line, bad.byte)).collect();
    assert_eq!(places, [(2, 8), (3, 12), (4, 26)]);
    assert_eq!(summary.bad_rows.first[1].reason, "record has the field `b` twice");
}

#[test]
fn too_many_fields_and_too_long_rows_are_bad() {
    let fields: Vec<String> = (0..1_001).map(|field| format!("\"f{field}\":1")).collect();
    let long = "x".repeat(3 << 20);
    let lines = format!("{{{}}}\n{{\"a\":\"{long}\"}}\n{{\"a\":1}}\n", fields.join(","));
    let summary = json(&lines);
    assert_eq!((summary.rows, summary.bad_rows.count, summary.columns.len()), (1, 2, 1));
    assert_eq!(summary.source.bytes, lines.len() as u64);
}
