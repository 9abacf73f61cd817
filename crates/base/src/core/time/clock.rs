//! The only door to time: when it is, and how it is written.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A clock that was set is believed when it has said so for this long.
const SETTLED_MS: i64 = 60 * 60 * 1000;

/// A clock that is only put right by a little may be.
const LITTLE_MS: i64 = 60 * 1000;

/// A point in time to measure from.
pub fn now() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    Instant::now()
}

/// What the processor has spent on this thread: other programs and sleep are not in it.
pub fn thread_time() -> Duration {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(spent.tv_sec).unwrap_or_default(), spent.tv_nsec as u32)
}

/// Milliseconds since 1970.
pub fn unix_ms() -> i64 {
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH);
    elapsed.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Milliseconds since 1970 for deciding what is old enough to go. A clock that jumps is not believed before it has said
/// the same for an hour: one that is a year ahead for a moment must not make an end of everything that is kept.
pub fn settled_unix_ms() -> i64 {
    static CLOCK: Mutex<Option<Settled>> = Mutex::new(None);
    let (wall, up) = (unix_ms(), up_ms());
    let mut clock = CLOCK.lock().unwrap_or_else(PoisonError::into_inner);
    clock.get_or_insert_with(|| Settled::new(wall, up)).look(wall, up)
}

/// Milliseconds since the machine started; nobody sets that, and a machine that sleeps counts on.
fn up_ms() -> i64 {
    let up = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    up.tv_sec * 1000 + up.tv_nsec / 1_000_000
}

/// What is believed of a clock that somebody sets.
#[derive(Debug)]
struct Settled {
    /// When the machine started, by the clock.
    believed: i64,
    /// What the clock says of that instead, and since when.
    claimed: Option<(i64, i64)>,
}

impl Settled {
    fn new(wall: i64, up: i64) -> Self {
        Self { believed: wall - up, claimed: None }
    }

    fn look(&mut self, wall: i64, up: i64) -> i64 {
        let claim = wall - up;
        let is_near = |other: i64| (claim - other).abs() <= LITTLE_MS;
        self.claimed = match self.claimed {
            _ if is_near(self.believed) => None,
            Some((same, since)) if is_near(same) => Some((claim, since)),
            _ => Some((claim, up)),
        };
        match self.claimed {
            Some((_, since)) if up - since < SETTLED_MS => {}
            _ => (self.believed, self.claimed) = (claim, None),
        }
        self.believed + up
    }
}

/// The time of now as RFC 3339 in UTC with milliseconds.
pub fn rfc3339_now() -> String {
    rfc3339(unix_ms())
}

/// Milliseconds since 1970 as RFC 3339 in UTC.
pub fn rfc3339(unix_ms: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(unix_ms).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    format!("{time:.3}")
}

#[cfg(test)]
mod tests {
    #[test]
    fn writes_milliseconds_and_utc() {
        assert_eq!(super::rfc3339(1_700_000_000_007), "2023-11-14T22:13:20.007Z");
    }

    const YEAR: i64 = 365 * 24 * 60 * 60 * 1000;
    const NOON: i64 = 1_700_000_000_000;

    #[test]
    fn a_clock_that_jumps_for_a_moment_is_not_believed() {
        let mut clock = super::Settled::new(NOON, 1000);
        assert_eq!(clock.look(NOON + 5000, 6000), NOON + 5000);
        assert_eq!(clock.look(NOON + YEAR, 7000), NOON + 6000);
        assert_eq!(clock.look(NOON - YEAR, 8000), NOON + 7000);
        assert_eq!(clock.look(NOON + 8000, 9000), NOON + 8000);
    }

    #[test]
    fn a_clock_that_was_put_right_is_believed_in_the_end() {
        let hour = super::SETTLED_MS;
        let mut clock = super::Settled::new(0, 0);
        assert_eq!(clock.look(NOON, 1000), 1000);
        assert_eq!(clock.look(NOON + hour - 1, 999 + hour), 999 + hour);
        assert_eq!(clock.look(NOON + hour, 1000 + hour), NOON + hour);
        assert_eq!(clock.look(NOON + hour + 1, 1001 + hour), NOON + hour + 1);
    }

    #[test]
    fn a_clock_that_is_put_right_by_a_little_is_followed() {
        let mut clock = super::Settled::new(NOON, 0);
        assert_eq!(clock.look(NOON + 31_000, 1000), NOON + 31_000);
        assert_eq!(clock.look(NOON - 20_000, 2000), NOON - 20_000);
    }
}
