//! Points in time as plain numbers, so that they fit into atomics and a test can move them.

use crate::core::time;
use std::time::{Duration, Instant};

/// Nanoseconds since well before the cache was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Moment(pub u64);

impl Moment {
    /// Before everything.
    pub const NEVER: Self = Self(0);

    #[must_use]
    pub fn before(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(nanoseconds(span)))
    }

    #[must_use]
    pub fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(nanoseconds(span)))
    }

    /// Zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

pub fn nanoseconds(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

/// Makes moments of the machine's monotonic clock.
#[derive(Debug)]
pub struct Clock {
    origin: Instant,
    #[cfg(test)]
    ahead: std::sync::atomic::AtomicU64,
}

impl Clock {
    /// The moment of the origin: far enough from `NEVER` that whatever is subtracted does not reach it.
    const ORIGIN: Moment = Moment(1 << 60);

    pub fn new() -> Self {
        Self {
            origin: time::now(),
            #[cfg(test)]
            ahead: std::sync::atomic::AtomicU64::new(0),
        }
    }

    pub fn now(&self) -> Moment {
        self.moment(time::now())
    }

    pub fn moment(&self, instant: Instant) -> Moment {
        let moment = match instant.checked_duration_since(self.origin) {
            Some(since) => Self::ORIGIN.after(since),
            None => Self::ORIGIN.before(self.origin.duration_since(instant)),
        };
        #[cfg(test)]
        let moment = Moment(moment.0 + self.ahead.load(std::sync::atomic::Ordering::SeqCst));
        moment
    }

    /// Lets time pass.
    #[cfg(test)]
    pub fn advance(&self, span: Duration) {
        self.ahead.fetch_add(nanoseconds(span), std::sync::atomic::Ordering::SeqCst);
    }
}
