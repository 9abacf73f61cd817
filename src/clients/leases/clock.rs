//! The clock that leases are measured by.

use crate::core::lease::Clock;
use crate::core::time::now;
use crate::core::wait::Wait;
use std::time::{Duration, Instant};

/// The monotonic clock of this process.
#[derive(Debug)]
pub struct ProcessClock(Instant);

impl Default for ProcessClock {
    fn default() -> Self {
        Self(now())
    }
}

impl Clock for ProcessClock {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, duration: Duration) {
        Wait::new().sleep(duration);
    }
}
