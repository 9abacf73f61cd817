//! Long columns: every stated error holds.

use std::collections::BTreeMap;

use super::column;
use crate::summary::Column;

/// Numbers from 0 to 1, the same each time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Roughly normal: twelve uniform numbers.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.next()).sum::<f64>() - 6.0
    }
}

fn assert_quantiles_hold(column: &Column, mut values: Vec<f64>) {
    values.sort_by(f64::total_cmp);
    for quantile in &column.quantiles {
        let rank = ((values.len() - 1) as f64 * quantile.p) as usize;
        let error = (quantile.value / values[rank] - 1.0).abs();
        assert!(quantile.error > 0.0 && error <= quantile.error, "{quantile:?}: {error}");
    }
}

#[test]
fn sketched_quantiles_of_a_lognormal_column_hold_their_error() {
    let mut random = Random(7);
    let values: Vec<f64> = (0..150_000).map(|_| (3.0 + random.normal()).exp()).collect();
    let column = column(&values);
    let numbers = column.numbers.unwrap();
    let exact = values.iter().sum::<f64>();
    assert!((numbers.sum / exact - 1.0).abs() < 1e-12);
    let mean = exact / values.len() as f64;
    let square: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let cube: f64 = values.iter().map(|value| (value - mean).powi(3)).sum();
    let count = values.len() as f64;
    assert!((numbers.std / (square / (count - 1.0)).sqrt() - 1.0).abs() < 1e-10);
    let skewness =
        cube / count / (square / count).powf(1.5) * (count * (count - 1.0)).sqrt() / (count - 2.0);
    assert!((numbers.skewness / skewness - 1.0).abs() < 1e-9);
    let histogram = column.histogram.as_ref().unwrap();
    assert_eq!(histogram.counts.iter().sum::<u64>(), 150_000);
    for (bin, count) in histogram.counts.iter().enumerate() {
        let within = |slack: f64| {
            let low = histogram.edges[bin] * (1.0 + slack);
            let high = histogram.edges[bin + 1] * (1.0 - slack);
            values.iter().filter(|value| **value >= low && **value < high).count() as u64
        };
        let (least, most) = (within(histogram.error), within(-histogram.error));
        assert!(least <= *count && *count <= most, "bin {bin}: {least} {count} {most}");
    }
    assert_quantiles_hold(&column, values);
}

#[test]
fn negative_numbers_are_sketched_as_well() {
    let mut random = Random(11);
    let values: Vec<f64> = (0..120_000).map(|_| random.normal() - 9.0).collect();
    assert_quantiles_hold(&column(&values), values);
}

#[test]
fn evenly_spread_numbers_keep_even_bins_and_stay_in_their_range() {
    let column = column((0..200_000).map(|row| format!("{}.{}", row / 20, row % 20 + 10)));
    let numbers = column.numbers.unwrap();
    assert!(column.quantiles.iter().all(|quantile| quantile.value <= numbers.max));
    let histogram = column.histogram.unwrap();
    assert_eq!(histogram.counts.iter().sum::<u64>(), 200_000);
    assert!(histogram.counts.iter().all(|count| count.abs_diff(10_000) < 300), "{histogram:?}");
}

#[test]
fn small_integers_of_a_long_column_are_sketched_exactly() {
    let cells = (0..240_000).map(|row| if row % 2 == 0 { row } else { row / 2 % 200 });
    let mut sorted: Vec<i32> = cells.clone().collect();
    sorted.sort_unstable();
    let column = column(cells);
    for quantile in &column.quantiles[..3] {
        let exact = sorted[(239_999.0 * quantile.p) as usize];
        assert_eq!((quantile.value, quantile.error), (f64::from(exact), 0.0), "{quantile:?}");
    }
}

#[test]
fn quantiles_stay_exact_up_to_a_hundred_thousand_numbers() {
    let column = column((0..100_000).map(|row| f64::from(row) / 8.0));
    assert_eq!(column.quantiles[3].value, 49_999.5 / 8.0);
    assert_eq!(column.quantiles[3].error, 0.0);
    assert!(column.distinct.error > 0.0);
}

#[test]
fn few_values_stay_exact_for_any_number_of_rows() {
    let column = column((0..300_000).map(|row| row % 4_096));
    assert_eq!((column.distinct.value, column.distinct.error), (4_096, 0.0));
    assert_eq!((column.quantiles[7].error, column.top[0].error), (0.0, 0));
    assert_eq!(column.top[0].count, 74);
}

#[test]
fn distinct_values_are_estimated_within_the_stated_error() {
    for distinct in [4_097_u32, 20_000, 60_000, 200_000] {
        let column = column((0..distinct).chain(0..distinct).map(|row| format!("value {row}")));
        let error = (column.distinct.value as f64 / f64::from(distinct) - 1.0).abs();
        assert!(
            column.distinct.error > 0.0 && error <= column.distinct.error,
            "{distinct}: {error}"
        );
    }
}

#[test]
fn frequent_values_keep_to_their_bounds_in_a_long_tail() {
    let mut random = Random(3);
    let mut counts = BTreeMap::new();
    let cells: Vec<String> = (0..300_000)
        .map(|_| format!("v{}", (1.0 / (random.next() + 1e-6)).powf(2.0) as u64))
        .collect();
    for cell in &cells {
        *counts.entry(cell.as_str()).or_insert(0_u64) += 1;
    }
    let column = column(&cells);
    assert!(column.distinct.value > 4_096);
    assert_eq!(column.top.len(), 10);
    let mut frequent: Vec<_> = counts.iter().map(|(value, count)| (*count, *value)).collect();
    frequent.sort_by(|left, right| right.cmp(left));
    for (top, (_, expected)) in column.top.iter().zip(frequent) {
        assert_eq!(top.value, expected);
        let count = counts[top.value.as_str()];
        assert!(top.count - top.error <= count && count <= top.count, "{top:?}: {count}");
    }
}

#[test]
fn a_column_of_different_values_names_none_as_frequent() {
    assert_eq!(column((0..50_000).map(|row| format!("k{row}"))).top, []);
}
