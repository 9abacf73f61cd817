//! Exact figures of small inputs.

use super::{column, summary};
use crate::summary::{Kind, TopValue, Votes};

#[test]
fn a_small_file_is_described_to_the_byte() {
    let file = "id,at,word,price\n1,2024-01-01,red,1.5\n2,2024-01-03,blue,\n3,2024-01-02,red,3\n";
    let json = String::from_utf8(summary(file).to_json()).unwrap();
    assert_eq!(json, include_str!("small.json"));
}

#[test]
fn numbers_are_those_of_a_statistics_package() {
    // Worked out apart from this code by the textbook formulas, with exact sums.
    let column = column([2, 4, 4, 4, 5, 5, 7, 9, 40, -3, 0]);
    let numbers = column.numbers.unwrap();
    assert_eq!((numbers.min, numbers.max, numbers.sum, numbers.mean), (-3.0, 40.0, 77.0, 7.0));
    assert!((numbers.std - 11.410_521_460_476_73).abs() < 1e-9, "{}", numbers.std);
    assert!((numbers.skewness - 2.828_391_814_608_933).abs() < 1e-9, "{}", numbers.skewness);
    assert_eq!((numbers.zeros, numbers.negatives, numbers.outliers), (1, 1, 2));
    let quantiles: Vec<f64> = column.quantiles.iter().map(|quantile| quantile.value).collect();
    for (value, expected) in quantiles.iter().zip([-2.7, -1.5, 3.0, 4.0, 6.0, 24.5, 36.9, 39.69]) {
        assert!((value - expected).abs() < 1e-9, "{quantiles:?}");
    }
    assert!(column.quantiles.iter().all(|quantile| quantile.error == 0.0));
}

#[test]
fn sums_do_not_drift() {
    let column = column((0..10_000).map(|row| if row % 2 == 0 { "0.1" } else { "1e15" }));
    assert_eq!(column.numbers.unwrap().sum, 5_000.0 * 1e15 + 500.0);
    let distant = super::column((0..20_000).map(|row| 1_000_000_000_000_i64 + row));
    let std = distant.numbers.unwrap().std;
    assert!((std / 5_773.647_027_659_381 - 1.0).abs() < 1e-12, "{std}");
}

#[test]
fn histograms_have_round_edges_and_count_everything() {
    for (cells, first, step, bins) in [
        (vec!["18", "80", "49"], 15.0, 5.0, 13),
        (vec!["0.05", "0.95", "0.3"], 0.05, 0.05, 18),
        (vec!["1", "100"], 0.0, 5.0, 20),
        (vec!["-1000", "1000"], -1000.0, 100.0, 20),
        (vec!["7"], 7.0, 1.0, 1),
        (vec!["0", "3"], 0.0, 1.0, 3),
    ] {
        let rows = cells.len() as u64;
        let histogram = column(&cells).histogram.unwrap();
        assert_eq!(histogram.edges[0], first, "{cells:?}");
        assert!((histogram.edges[1] - first - step).abs() < 1e-12, "{cells:?}");
        assert_eq!(histogram.counts.len(), bins, "{cells:?}");
        assert_eq!(histogram.counts.iter().sum::<u64>(), rows);
        assert_eq!((histogram.edges.len(), histogram.error), (bins + 1, 0.0));
    }
    let tenths = column(["0", "2"]).histogram.unwrap();
    assert_eq!(tenths.edges, [0.0, 1.0, 2.0]);
    assert_eq!(tenths.counts, [1, 1]);
    let fine = column(["0.0", "2.0"]).histogram.unwrap();
    assert_eq!(fine.edges[3], 0.3);
}

#[test]
fn histograms_hold_for_numbers_of_any_size() {
    for (low, high) in [
        ("1e300", "2e300"),
        ("1e-300", "3e-300"),
        ("-1e308", "1e308"),
        ("1e15", "1.0000001e15"),
        ("9007199254740991", "9007199254740993"),
        ("5e-324", "1"),
        ("1e308", "1.7e308"),
    ] {
        let Some(histogram) = column([low, high, low]).histogram else { continue };
        assert_eq!(histogram.counts.iter().sum::<u64>(), 3, "{low} {high}");
        let edges = &histogram.edges;
        assert!(edges.len() <= 23 && edges.windows(2).all(|pair| pair[0] < pair[1]), "{edges:?}");
        let (low, high): (f64, f64) = (low.parse().unwrap(), high.parse().unwrap());
        assert!(edges[0] <= low && high <= edges[edges.len() - 1], "{edges:?}");
    }
}

#[test]
fn kinds_follow_the_votes() {
    let mostly = |odd: &str, odds: usize, usual: &str, usuals: usize| {
        column(std::iter::repeat_n(odd, odds).chain(std::iter::repeat_n(usual, usuals)))
    };
    let near = mostly("n/a", 1, "5", 99);
    assert_eq!(near.kind, Kind::Integer);
    assert_eq!(near.votes, Votes { integer: 99, text: 1, ..Votes::default() });
    assert_eq!(near.numbers.unwrap().sum, 495.0);
    assert_eq!(mostly("n/a", 2, "5", 99).kind, Kind::Text);
    assert_eq!(mostly("5", 1, "5.5", 1).kind, Kind::Float);
    assert_eq!(mostly("true", 1, "False", 1).kind, Kind::Boolean);
    assert_eq!(mostly("", 3, "", 3).kind, Kind::Empty);
    assert_eq!(mostly("", 3, "", 3).nulls, 6);
    assert_eq!(mostly("NaN", 2, "inf", 2).kind, Kind::Text);
    assert_eq!(mostly("1e999", 1, "007", 1).kind, Kind::Text);
}

#[test]
fn times_are_described_in_the_order_of_rows() {
    let column = column([
        "2024-01-01T00:00:00Z",
        "2024-01-01T00:00:10Z",
        "2024-01-01T00:00:05.5Z",
        "2024-01-01 00:01:00",
        "2024-01-01T00:00:10Z",
    ]);
    assert_eq!(column.kind, Kind::Time);
    let time = column.time.unwrap();
    assert_eq!(
        (time.first.as_str(), time.last.as_str()),
        ("2024-01-01T00:00:00Z", "2024-01-01T00:01:00Z")
    );
    assert_eq!((time.span_seconds, time.largest_gap_seconds, time.out_of_order), (60.0, 54.5, 2));
    assert_eq!((column.distinct.value, column.top[0].count), (4, 2));
    assert!(column.numbers.is_none() && column.quantiles.is_empty() && column.text.is_none());
}

#[test]
fn text_has_lengths_in_characters_and_its_most_frequent_values() {
    let column = column(["b", "añb", "b", "a", "a", "日本語日本語"]);
    let text = column.text.unwrap();
    assert_eq!((text.shortest, text.longest), (1, 6));
    let expected = [("a", 2), ("b", 2), ("añb", 1), ("日本語日本語", 1)];
    let expected =
        expected.map(|(value, count)| TopValue { value: value.to_owned(), count, error: 0 });
    assert_eq!(column.top, expected);
}

#[test]
fn long_values_are_shown_cut_between_characters() {
    let column = column([format!("x{}", "é".repeat(100)), "y".repeat(64)]);
    assert_eq!(column.top[0].value, format!("x{}…", "é".repeat(31)));
    assert_eq!(column.top[1].value, "y".repeat(64));
    assert_eq!(column.text.unwrap().longest, 101);
}
