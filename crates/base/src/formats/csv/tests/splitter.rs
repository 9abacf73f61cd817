//! Where rows end, whatever way the input arrives.

use proptest::prelude::*;

use super::rows::rows_of;
use crate::formats::csv::{RowFault, RowSplitter, Split};

/// Whole rows put together, and bad rows, as fed `step` bytes more at a time.
fn split(text: &[u8], step: usize, longest: usize) -> (Vec<u8>, Vec<(Vec<u8>, RowFault)>) {
    let mut splitter = RowSplitter::new(b',', longest);
    let (mut rows, mut bad) = (Vec::new(), Vec::new());
    let mut dropped = Vec::new();
    let (mut start, mut end) = (0, 0);
    loop {
        let mut split = splitter.feed(&text[start..end]);
        if split == Split::More && end == text.len() {
            split = splitter.finish(&text[start..]);
            if split == Split::More {
                return (rows, bad);
            }
        }
        match split {
            Split::More => end = (end + step).min(text.len()),
            Split::Rows(bytes) => {
                rows.extend_from_slice(&text[start..start + bytes]);
                start += bytes;
            }
            Split::Bad { bytes, finished, fault } => {
                dropped.extend_from_slice(&text[start..start + bytes]);
                start += bytes;
                if finished {
                    bad.push((std::mem::take(&mut dropped), fault));
                }
            }
        }
    }
}

const QUOTED: &[u8] = b"a,b\n\"x\ny\",\"say \"\"hi\"\"\n\"\nc\"d\",e\r\n\"\",\"\"\n\"last\"";

#[test]
fn cut_at_every_byte_gives_the_same_rows() {
    for cut in 0..=QUOTED.len() {
        let mut splitter = RowSplitter::new(b',', 1000);
        let Split::Rows(end) = splitter.feed(&QUOTED[..cut]) else { continue };
        let mut rows = rows_of(&QUOTED[..end]);
        rows.extend(rows_of(&QUOTED[end..]));
        assert_eq!(rows, rows_of(QUOTED), "cut at {cut}, row end at {end}");
    }
}

#[test]
fn a_row_over_the_limit_is_bad_and_its_neighbours_are_not() {
    let text = b"1,2\n1234567890\n3,4\n\"5\n6 never closed,7\n8,9\n10,11\n";
    for step in 1..text.len() {
        let (rows, bad) = split(text, step, 8);
        assert_eq!(rows, b"1,2\n3,4\n8,9\n10,11\n", "{step}");
        let lines: Vec<&[u8]> = bad.iter().map(|(line, _)| line.as_slice()).collect();
        assert_eq!(lines, [&b"1234567890\n"[..], b"\"5\n", b"6 never closed,7\n"], "{step}");
    }
}

#[test]
fn a_row_as_long_as_the_limit_is_good() {
    assert_eq!(split(b"1234567\n1234567\n", 5, 8).1, []);
    assert_eq!(split(b"12345678\n", 5, 8).1.len(), 1);
}

#[test]
fn a_quote_never_closed_costs_one_line() {
    let (rows, bad) = split(b"a,b\n\"c,d\ne,f\n", 4, 100);
    assert_eq!(rows, b"a,b\ne,f\n");
    assert_eq!(bad, [(b"\"c,d\n".to_vec(), RowFault::UnclosedQuote)]);
    assert!(bad[0].1.to_string().contains("never closed"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_way_of_feeding_gives_the_same(
        text in "[ab,,\"\"\n\n\r]{0,80}", step in 1_usize..20, longest in 4_usize..40
    ) {
        let text = text.as_bytes();
        prop_assert_eq!(split(text, step, longest), split(text, text.len() + 1, longest));
    }

    #[test]
    fn whole_rows_have_the_cells_of_the_whole_text(
        text in "[ab,,\"\"\n\n\r]{0,80}", cut in 0_usize..80
    ) {
        let text = text.as_bytes();
        let mut splitter = RowSplitter::new(b',', 1000);
        if let Split::Rows(end) = splitter.feed(&text[..cut.min(text.len())]) {
            let mut rows = rows_of(&text[..end]);
            rows.extend(rows_of(&text[end..]));
            prop_assert_eq!(rows, rows_of(text));
        }
    }
}
