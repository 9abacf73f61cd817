//! How a figure went: one look a second, the last 15 minutes of them.

use crate::core::chart::Point;
use std::collections::VecDeque;

/// One a second.
const POINTS: usize = 900;

#[derive(Debug, Default)]
pub(super) struct History {
    points: VecDeque<Point>,
}

impl History {
    /// `seconds` since 1970. After a clock was set back, what now lies in the future is forgotten: a line that goes
    /// back would say nothing.
    pub(super) fn add(&mut self, seconds: f64, value: Option<f64>) {
        while self.points.back().is_some_and(|last| last.x >= seconds) {
            self.points.pop_back();
        }
        if self.points.len() >= POINTS {
            self.points.pop_front();
        }
        self.points.push_back(Point { x: seconds, y: value.unwrap_or(f64::NAN) });
    }

    pub(super) fn points(&self) -> Vec<Point> {
        self.points.iter().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_latest_and_survives_a_clock_that_jumps() {
        let mut history = History::default();
        for second in 0..2000 {
            history.add(f64::from(second), Some(1.0));
        }
        assert_eq!(history.points().len(), POINTS);
        history.add(1500.0, Some(2.0));
        history.add(1501.0, None);
        let points = history.points();
        assert!(points.is_sorted_by(|one, next| one.x < next.x));
        assert_eq!(points[points.len() - 2], Point { x: 1500.0, y: 2.0 });
        history.add(9e9, Some(3.0));
        assert_eq!(history.points().last().unwrap().x, 9e9);
    }
}
