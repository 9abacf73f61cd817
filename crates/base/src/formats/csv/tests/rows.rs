//! Rows and cells against the `csv` crate.

use proptest::prelude::*;

use crate::formats::csv::RowScanner;

type Rows = Vec<Vec<Vec<u8>>>;

pub(super) fn rows_of(text: &[u8]) -> Rows {
    let mut scanner = RowScanner::new(b',');
    let mut rows = scanner.rows(text);
    let mut found = Vec::new();
    while let Some(row) = rows.next_row() {
        found.push(row.cells().map(<[u8]>::to_vec).collect());
    }
    found
}

fn rows_of_csv_crate(text: &[u8]) -> Rows {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text);
    let records = reader.byte_records().map(|record| record.unwrap());
    records.map(|record| record.iter().map(<[u8]>::to_vec).collect()).collect()
}

fn assert_same(text: &[u8]) {
    let shown = String::from_utf8_lossy(text);
    assert_eq!(rows_of(text), rows_of_csv_crate(text), "{shown:?}");
}

#[test]
fn agrees_with_the_csv_crate_on_ugly_rows() {
    for text in [
        "",
        "\n",
        "\r\n\r\n",
        "a,b\n",
        "a,b",
        "a,",
        ",",
        ",\n",
        "\"\"",
        "\"\",\"\"\n",
        "\"a,b\",c\n",
        "\"a\nb\",c\r\nd,e\r\n",
        "\"a\"\"b\"\n",
        "\"\"\"\"\n",
        "a\"b,c\n",
        "a\"\"b\"\n",
        "\"a\"b,c\n",
        "\"a\" ,b\n",
        "\"a\"\"\n",
        "a\rb\n",
        "a\r\rb,\"c\"\r",
        "\n\n a \n\n",
        "a,b\r",
        "\"a\r\n\"\r\n",
        "x,\"a\"\"b\"c\"d\"\ny\n",
        "0123456,012345678,\n\"q\"\n0123456789012345\n",
        "\"open, not closed\n",
    ] {
        assert_same(text.as_bytes());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn agrees_with_the_csv_crate_on_random_text(text in "[ab,,\"\"\n\n\r é]{0,60}") {
        assert_same(text.as_bytes());
    }

    #[test]
    fn agrees_with_the_csv_crate_on_random_plain_rows(text in "[a-f0-9,\n]{0,200}") {
        assert_same(text.as_bytes());
    }

    #[test]
    fn agrees_with_the_csv_crate_on_well_formed_rows(
        cells in prop::collection::vec(prop::collection::vec("[a-z,\"\n\r]{0,12}", 3), 0..12)
    ) {
        let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
        for row in &cells {
            writer.write_record(row).unwrap();
        }
        let text = writer.into_inner().unwrap();
        let expected: Rows = cells
            .iter()
            .map(|row| row.iter().map(|cell| cell.clone().into_bytes()).collect())
            .collect();
        prop_assert_eq!(rows_of(&text), expected);
    }
}

#[test]
fn tells_line_and_byte_of_each_row_across_blocks() {
    let mut scanner = RowScanner::new(b';');
    let mut places = Vec::new();
    for block in ["a;b\n\n\"c\nd\";e\r\n", "f;\"g\"\n", "h;i"] {
        let mut rows = scanner.rows(block.as_bytes());
        while let Some(row) = rows.next_row() {
            places.push((row.line, row.byte, block[row.raw.clone()].to_owned()));
        }
    }
    let expected = [(1, 0, "a;b"), (3, 5, "\"c\nd\";e"), (5, 14, "f;\"g\""), (6, 20, "h;i")];
    let expected = expected.map(|(line, byte, raw)| (line, byte, raw.to_owned()));
    assert_eq!(places, expected);
}
