//! How many requests may be repeated: a share of all and a reserve, so that a system in trouble is not asked twice as
//! much.

use crate::gate::limits::{RETRY_PERCENT, RETRY_RESERVE};
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

/// In hundredths of a repeat.
#[derive(Debug)]
pub(crate) struct Budget {
    left: AtomicI64,
}

const FULL: i64 = RETRY_RESERVE * 100;

impl Default for Budget {
    fn default() -> Self {
        Self { left: AtomicI64::new(FULL) }
    }
}

impl Budget {
    /// A request came for the first time.
    pub(crate) fn earn(&self) {
        // A race over the brim costs nothing.
        if self.left.load(Relaxed) < FULL {
            self.left.fetch_add(RETRY_PERCENT, Relaxed);
        }
    }

    pub(crate) fn spend(&self) -> bool {
        let take = |left: i64| (left >= 100).then_some(left - 100);
        self.left.fetch_update(Relaxed, Relaxed, take).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_are_a_share_of_all_beyond_the_reserve() {
        let budget = Budget::default();
        let reserve = (0..).take_while(|_| budget.spend()).count() as i64;
        assert_eq!(reserve, RETRY_RESERVE);
        for _ in 0..500 {
            budget.earn();
        }
        let earned = (0..).take_while(|_| budget.spend()).count() as i64;
        assert_eq!(earned, 500 * RETRY_PERCENT / 100);
    }
}
