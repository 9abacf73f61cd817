//! The only door to time: when it is, and how it is written.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

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
}
