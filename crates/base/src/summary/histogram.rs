//! A histogram with round edges, from exact or sketched numbers.

use super::distribution::{Distribution, Point};
use super::model::Histogram;

const MOST_BINS: f64 = 20.0;

/// A step of `digits * 10^exponent`, and the edges as whole multiples of it.
#[derive(Debug, Clone, Copy)]
struct Step {
    digits: i64,
    exponent: i32,
}

impl Step {
    fn size(self) -> f64 {
        self.edge(1)
    }

    /// Written as a decimal and read again, so that 3 steps of 0.1 are 0.3.
    fn edge(self, multiple: i64) -> f64 {
        let text = format!("{}e{}", i128::from(self.digits) * i128::from(multiple), self.exponent);
        text.parse().unwrap_or(f64::MAX)
    }

    /// The smallest round step that needs at most `MOST_BINS` bins from `min` to `max`.
    fn fitting(min: f64, max: f64, integers: bool) -> Option<Self> {
        let least = (max / MOST_BINS - min / MOST_BINS).max(f64::MIN_POSITIVE);
        if !least.is_finite() {
            return None;
        }
        let start = least.log10().floor() as i32 - 2;
        for exponent in start..start + 5 {
            for (digits, scale) in [(1, 0), (2, 0), (25, -1), (5, 0)] {
                let step = Self { digits, exponent: exponent + scale };
                if integers && step.exponent < 0 {
                    continue;
                }
                let bins = (max / step.size()).ceil() - (min / step.size()).floor();
                if bins <= MOST_BINS && bins.is_finite() {
                    return Some(step);
                }
            }
        }
        None
    }
}

impl Histogram {
    /// `None` without numbers, or when they are too far apart for a 64-bit float to hold the span.
    pub(super) fn of(numbers: &Distribution, min: f64, max: f64, integers: bool) -> Option<Self> {
        if numbers.points.is_empty() {
            return None;
        }
        let edges = edges(min, max, integers)?;
        let mut counts = vec![0; edges.len() - 1];
        let unit = if integers { 1.0 } else { 0.0 };
        let mut bin = 0;
        let mut error = 0.0;
        for point in &numbers.points {
            while bin + 1 < counts.len() && point.low >= edges[bin + 1] {
                bin += 1;
            }
            if bin + 1 < counts.len() && point.high >= edges[bin + 1] {
                // The border may be anywhere in the bucket, which is twice as wide as its error.
                error = 2.0 * numbers.error;
                share_out(point, unit, &edges[bin + 1..], &mut counts[bin..]);
            } else {
                counts[bin] += point.count;
            }
        }
        Some(Self { edges, counts, error })
    }
}

/// Shares a bucket out to the bins it reaches into, as if its numbers lay evenly in it.
/// `ends` are the upper edges of `counts`; `unit` is 1 for whole numbers and else 0.
fn share_out(point: &Point, unit: f64, ends: &[f64], counts: &mut [u64]) {
    let width = point.high - point.low + unit;
    let mut given = 0;
    for (index, (end, count)) in ends.iter().zip(counts.iter_mut()).enumerate() {
        let is_last = index + 1 == ends.len() || point.high < *end;
        let share = ((end - point.low) / width * point.count as f64).round() as u64;
        let until = if is_last { point.count } else { share.clamp(given, point.count) };
        *count += until - given;
        given = until;
        if is_last {
            return;
        }
    }
}

fn edges(min: f64, max: f64, integers: bool) -> Option<Vec<f64>> {
    // A single value stands in a bin about a tenth of its size, or of size one around zero.
    let end = if min == max { min + (min.abs() * 2.0).max(MOST_BINS) } else { max };
    let step = Step::fitting(min, end, integers)?;
    let first = (min / step.size()).floor() as i64;
    let mut edges = vec![step.edge(first)];
    // Division may round onto the wrong side of an edge, so the edges themselves decide.
    let mut next = if edges[0] > min { first } else { first + 1 };
    if edges[0] > min {
        edges[0] = step.edge(first - 1);
    }
    loop {
        let edge = step.edge(next);
        edges.push(edge);
        next += 1;
        if edge >= max && (edge > min) {
            return Some(edges);
        }
        if edges.len() > MOST_BINS as usize + 2 {
            return None;
        }
    }
}
