//! The last quarter of an hour, second by second, in memory.

use crate::charts::Point;
use crate::map::sample::{Row, SERIES, Series, UNKNOWN};
use std::collections::VecDeque;

/// Seconds that are kept.
pub const SECONDS: usize = 900;

/// One node's rows, one for each second of the clock; seconds without a row are unknown.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// The second of the newest row, since 1970.
    last: i64,
    rows: VecDeque<Row>,
}

impl History {
    /// Keeps a row. A clock that jumped back, or far ahead, begins anew: a picture of yesterday's hour over today's
    /// would be a lie.
    pub fn push(&mut self, second: i64, row: Row) {
        let gap = second.saturating_sub(self.last);
        if self.rows.is_empty() || gap < 0 || gap > SECONDS as i64 {
            self.rows.clear();
        } else if gap == 0 {
            self.rows.pop_back();
        } else {
            self.rows.extend(std::iter::repeat_n(UNKNOWN, gap as usize - 1));
        }
        self.rows.push_back(row);
        self.last = second;
        let surplus = self.rows.len().saturating_sub(SECONDS);
        self.rows.drain(..surplus);
    }

    /// A series as points, seconds since 1970 on the x axis, the oldest first.
    pub fn points(&self, series: Series) -> Vec<Point> {
        let first = self.last - self.rows.len() as i64 + 1;
        let point = |(at, row): (usize, &Row)| Point {
            x: (first + at as i64) as f64,
            y: f64::from(row[series as usize]),
        };
        self.rows.iter().enumerate().map(point).collect()
    }

    /// The last values, the newest last.
    pub fn tail(&self, series: Series, seconds: usize) -> Vec<Option<f32>> {
        let skip = self.rows.len().saturating_sub(seconds);
        let value = |row: &Row| Some(row[series as usize]).filter(|it| it.is_finite());
        self.rows.iter().skip(skip).map(value).collect()
    }

    /// The average of what is known of the last seconds.
    pub fn mean(&self, seconds: usize) -> Row {
        let mut sums = [(0.0_f64, 0.0_f64); SERIES];
        let skip = self.rows.len().saturating_sub(seconds);
        for row in self.rows.iter().skip(skip) {
            for (sum, value) in sums.iter_mut().zip(row).filter(|(_, value)| value.is_finite()) {
                *sum = (sum.0 + f64::from(*value), sum.1 + 1.0);
            }
        }
        sums.map(|(sum, many)| (sum / many) as f32)
    }

    /// How much more waits than `seconds` ago.
    pub fn growth(&self, series: Series, seconds: usize) -> f32 {
        let at = |back: usize| {
            let place = self.rows.len().checked_sub(back + 1)?;
            self.rows.get(place).map(|row| row[series as usize]).filter(|it| it.is_finite())
        };
        at(0).zip(at(seconds)).map_or(0.0, |(now, then)| now - then)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(value: f32) -> Row {
        let mut row = UNKNOWN;
        row[Series::Taken as usize] = value;
        row
    }

    #[test]
    fn keeps_a_quarter_of_an_hour_and_no_more() {
        let mut history = History::default();
        (0..2000).for_each(|second| history.push(second, row(second as f32)));
        let points = history.points(Series::Taken);
        assert_eq!(points.len(), SECONDS);
        assert_eq!((points[0].x, points[0].y), (1100.0, 1100.0));
        assert_eq!(history.tail(Series::Taken, 2), [Some(1998.0), Some(1999.0)]);
    }

    #[test]
    fn seconds_that_were_slept_through_are_a_gap_and_not_a_line() {
        let mut history = History::default();
        history.push(10, row(1.0));
        history.push(13, row(4.0));
        let points = history.points(Series::Taken);
        assert_eq!(points.len(), 4);
        assert!(points[1].y.is_nan() && points[2].y.is_nan());
        assert!((history.mean(4)[Series::Taken as usize] - 2.5).abs() < 1e-6);
    }

    #[test]
    fn a_clock_that_jumps_begins_anew() {
        let mut history = History::default();
        history.push(1000, row(1.0));
        history.push(990, row(2.0));
        assert_eq!(history.points(Series::Taken).len(), 1);
        history.push(90_000, row(3.0));
        assert_eq!(history.tail(Series::Taken, 60), [Some(3.0)]);
    }

    #[test]
    fn growth_is_what_came_on_top() {
        let mut history = History::default();
        (0..20).for_each(|second| history.push(second, row(second as f32 * 2.0)));
        assert!((history.growth(Series::Taken, 10) - 20.0).abs() < 1e-6);
        assert!(history.growth(Series::Errors, 10).abs() < 1e-6, "unknown is no growth");
    }
}
