//! One sentence a chart: what a reader who cannot see the picture should know.

use crate::summary::{Column, Histogram, Kind, Summary};

use super::column::median;
use super::number;
use super::scene::Weight;
use super::text::{clean, shorten};
use super::time;

/// A cluster narrower than this share of the whole range is worth naming.
const CLUSTER: f64 = 0.45;

/// For example: `value of 100 rows, 0.4 to 99.1, median 48; most lie between 40 and 60.`
pub(super) fn histogram(summary: &Summary, column: &Column, bins: &Histogram) -> String {
    let write = |value: f64| written(column, value);
    let known = summary.rows.saturating_sub(column.nulls);
    let mut sentence = format!("{} of {}", name(column), rows(known));
    let ends = match &column.numbers {
        Some(numbers) => Some((numbers.min, numbers.max)),
        None => bins.edges.first().copied().zip(bins.edges.last().copied()),
    };
    match ends {
        Some((low, high)) if low == high => {
            sentence.extend([", all ", &write(low)]);
        }
        Some((low, high)) => {
            sentence.extend([", ", &write(low), " to ", &write(high)]);
            if let Some((value, exact)) = median(column) {
                let about = if exact { "" } else { "about " };
                sentence.extend([", median ", about, &write(value)]);
            }
            if let Some((low, high)) = cluster(bins) {
                let text = format!("; most lie between {} and {}", write(low), write(high));
                sentence.push_str(&text);
            }
        }
        None => {}
    }
    sentence.push('.');
    sentence
}

/// The narrowest run of bins with more than half of all rows, if it is narrow enough to be told.
fn cluster(bins: &Histogram) -> Option<(f64, f64)> {
    let total: u64 = bins.counts.iter().sum();
    let whole = bins.edges.last()? - bins.edges.first()?;
    let mut best: Option<(f64, f64)> = None;
    for start in 0..bins.counts.len() {
        let mut within = 0;
        for (end, count) in bins.counts.iter().enumerate().skip(start) {
            within += count;
            if within * 2 > total {
                let (low, high) = (*bins.edges.get(start)?, *bins.edges.get(end + 1)?);
                if best.is_none_or(|(least, most)| high - low < (most - least) * (1.0 - 1e-9)) {
                    best = Some((low, high));
                }
                break;
            }
        }
    }
    best.filter(|(low, high)| high - low <= CLUSTER * whole)
}

/// For example: `city of 1,000 rows, 12 values; most often “Berlin” (400 rows), then “Paris” (200).`
pub(super) fn bars(summary: &Summary, column: &Column) -> String {
    let known = summary.rows.saturating_sub(column.nulls);
    let mut sentence = format!("{} of {}, {}", name(column), rows(known), distinct(column));
    let mut values = column.top.iter();
    if let Some(most) = values.next() {
        let text = format!("; most often “{}” ({})", value(&most.value), rows(most.count));
        sentence.push_str(&text);
    }
    if let Some(next) = values.next() {
        let text = format!(", then “{}” ({})", value(&next.value), number::count(next.count));
        sentence.push_str(&text);
    }
    sentence.push('.');
    sentence
}

/// For example: `1,000 rows · 0.4 to 99.1 · mean 48.2 · 3 empty`.
pub(super) fn numbers_subtitle(summary: &Summary, column: &Column) -> String {
    let known = summary.rows.saturating_sub(column.nulls);
    let mut facts = vec![rows(known)];
    if let Some(numbers) = &column.numbers {
        let write = |value: f64| written(column, value);
        facts.push(format!("{} to {}", write(numbers.min), write(numbers.max)));
        facts.push(format!("mean {}", write(numbers.mean)));
    }
    facts.extend(empty(column));
    facts.join(" · ")
}

/// For example: `1,000 rows · 12 values · 3 empty`.
pub(super) fn values_subtitle(summary: &Summary, column: &Column) -> String {
    let known = summary.rows.saturating_sub(column.nulls);
    let shown: u64 = column.top.iter().map(|value| value.count).sum();
    let mut facts = vec![rows(known), distinct(column)];
    if column.distinct.value > column.top.len() as u64 && shown <= known {
        let share = number::percent(shown, known);
        facts.push(format!("the {} most frequent are {share}", column.top.len()));
    }
    facts.extend(empty(column));
    facts.join(" · ")
}

fn empty(column: &Column) -> Option<String> {
    (column.nulls > 0).then(|| format!("{} empty", number::count(column.nulls)))
}

fn distinct(column: &Column) -> String {
    let about = if column.distinct.error == 0.0 { "" } else { "about " };
    let ending = if column.distinct.value == 1 { "" } else { "s" };
    format!("{about}{} value{ending}", number::count(column.distinct.value))
}

fn rows(count: u64) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{} row{ending}", number::count(count))
}

/// A value of the column, told apart from the others in it.
pub(super) fn written(column: &Column, value: f64) -> String {
    if column.kind == Kind::Time {
        return time::date_text(value);
    }
    let span = column.numbers.map_or(0.0, |numbers| numbers.max - numbers.min);
    number::number_within(value, span)
}

fn name(column: &Column) -> String {
    shorten(&clean(&column.name), 400.0, 12.0, Weight::Regular)
}

fn value(value: &str) -> String {
    shorten(&clean(value), 300.0, 12.0, Weight::Regular)
}
