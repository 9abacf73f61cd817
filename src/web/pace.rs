//! How often something may be done: one thing and one more at once, and then one in each interval.

use std::time::{Duration, Instant};

/// Between two changes of a page, on the average: a page that changes more often is hard to read.
pub const EVERY: Duration = Duration::from_millis(250);

/// Two changes that come together are shown as they come; only the third waits. Over time there are no more than one
/// in each interval.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    every: Duration,
    /// When all that was done is paid for.
    paid: Option<Instant>,
}

impl Pace {
    pub fn new(every: Duration) -> Self {
        Self { every, paid: None }
    }

    /// From when on the next one may be done; `None` is at once.
    pub fn next(&self) -> Option<Instant> {
        self.paid?.checked_sub(self.every)
    }

    pub fn is_free(&self, now: Instant) -> bool {
        self.next().is_none_or(|next| next <= now)
    }

    /// It was done now, and `cost` is the least time until it may be done again on the average.
    pub fn done(&mut self, now: Instant, cost: Duration) {
        let paid = self.paid.map_or(now, |paid| paid.max(now));
        self.paid = Some(paid + self.every.max(cost));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::time::now;

    #[test]
    fn two_go_at_once_and_then_one_in_each_interval() {
        let (begun, mut pace) = (now(), Pace::new(EVERY));
        let mut done = Vec::new();
        for milliseconds in 0..3000 {
            let now = begun + Duration::from_millis(milliseconds);
            if pace.is_free(now) {
                pace.done(now, Duration::ZERO);
                done.push(milliseconds);
            }
        }
        assert_eq!(done[..4], [0, 1, 250, 500]);
        let most =
            done.iter().map(|at| done.iter().filter(|it| (*at..*at + 1000).contains(*it)).count());
        assert_eq!(most.max(), Some(5), "the first one, and then four a second");
    }

    #[test]
    fn what_costs_much_is_done_less_often() {
        let (begun, mut pace) = (now(), Pace::new(EVERY));
        pace.done(begun, EVERY * 4);
        assert!(!pace.is_free(begun + EVERY * 2));
        assert!(pace.is_free(begun + EVERY * 3));
    }
}
