//! A column's numbers in order, exact or sketched: quantiles and outliers.

use super::model::Quantile;

/// Probabilities of the quantiles in a summary.
const PROBABILITIES: [f64; 8] = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999];

/// `count` numbers that lie in `low..=high` and are shown as `value`; all three equal when exact.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) value: f64,
    pub(super) count: u64,
}

impl Point {
    pub(super) fn exact(value: f64, count: u64) -> Self {
        Self { low: value, high: value, value, count }
    }

    pub(super) fn with_count(self, count: u64) -> Self {
        Self { count, ..self }
    }

    /// Cut to the numbers there really are.
    pub(super) fn within(self, min: f64, max: f64) -> Self {
        Self {
            low: self.low.max(min),
            high: self.high.min(max),
            value: self.value.clamp(min, max),
            count: self.count,
        }
    }

    pub(super) fn is_exact(&self) -> bool {
        self.low == self.high
    }
}

/// Points by value; `error` is the largest relative error of any that is not exact.
#[derive(Debug)]
pub(super) struct Distribution {
    pub(super) points: Vec<Point>,
    pub(super) error: f64,
    total: u64,
}

impl Distribution {
    pub(super) fn new(points: Vec<Point>, error: f64) -> Self {
        let total = points.iter().map(|point| point.count).sum();
        Self { points, error, total }
    }

    pub(super) fn exact(mut values: Vec<(f64, u64)>) -> Self {
        values.sort_by(|left, right| left.0.total_cmp(&right.0));
        Self::new(values.iter().map(|(value, count)| Point::exact(*value, *count)).collect(), 0.0)
    }

    pub(super) fn quantiles(&self) -> Vec<Quantile> {
        if self.total == 0 {
            return Vec::new();
        }
        PROBABILITIES.iter().map(|probability| self.quantile(*probability)).collect()
    }

    /// Between the two values nearest to the rank as `NumPy` does by default, when both are exact.
    fn quantile(&self, p: f64) -> Quantile {
        let rank = (self.total - 1) as f64 * p;
        let (below, above) = self.pair(rank as u64);
        if !below.is_exact() || !above.is_exact() {
            return Quantile { p, value: below.value, error: self.error };
        }
        let value = between(below.value, above.value, rank - rank.floor());
        Quantile { p, value, error: 0.0 }
    }

    /// The points of the number at `rank` (from 0) and of the next.
    fn pair(&self, rank: u64) -> (Point, Point) {
        let mut before = 0;
        let mut below = Point::exact(0.0, 0);
        for point in &self.points {
            let end = before + point.count;
            if rank < before {
                return (below, *point);
            }
            if rank + 1 < end {
                return (*point, *point);
            }
            below = *point;
            before = end;
        }
        (below, below)
    }

    /// Numbers further than 1.5 interquartile ranges from the middle half.
    pub(super) fn outliers(&self) -> u64 {
        if self.total == 0 {
            return 0;
        }
        let (first, third) = (self.quantile(0.25).value, self.quantile(0.75).value);
        let reach = 1.5 * (third - first);
        let outside = self
            .points
            .iter()
            .filter(|point| point.value < first - reach || point.value > third + reach);
        outside.map(|point| point.count).sum()
    }
}

/// From the nearer end, as `NumPy` does it, so that round numbers stay round.
fn between(below: f64, above: f64, share: f64) -> f64 {
    let gap = above - below;
    if gap.is_infinite() {
        below * (1.0 - share) + above * share
    } else if share < 0.5 {
        below + gap * share
    } else {
        above - gap * (1.0 - share)
    }
}
