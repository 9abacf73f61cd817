//! The `Date` header's value, made at most once a second and only when an answer needs it.

use crate::core::time::unix_ms;
use std::cell::RefCell;
use std::time::{Duration, Instant, UNIX_EPOCH};

struct Cached {
    text: String,
    valid_until: Option<Instant>,
}

thread_local! {
    static CACHED: RefCell<Cached> =
        const { RefCell::new(Cached { text: String::new(), valid_until: None }) };
}

/// Appends the date of `now`, an instant that the caller has read already.
pub(crate) fn append_date(out: &mut Vec<u8>, now: Instant) {
    CACHED.with_borrow_mut(|cached| {
        if cached.valid_until.is_none_or(|end| now >= end) {
            let time = Duration::from_millis(unix_ms().try_into().unwrap_or(0));
            cached.text = httpdate::fmt_http_date(UNIX_EPOCH + time);
            let past = Duration::from_nanos(time.subsec_nanos().into());
            cached.valid_until = Some(now + Duration::from_secs(1).saturating_sub(past));
        }
        out.extend_from_slice(cached.text.as_bytes());
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_a_date_that_reads_back_as_now() {
        let mut out = Vec::new();
        append_date(&mut out, crate::core::time::now());
        let time = httpdate::parse_http_date(std::str::from_utf8(&out).unwrap()).unwrap();
        let now = UNIX_EPOCH + Duration::from_millis(unix_ms().try_into().unwrap());
        assert!(now.duration_since(time).unwrap() < Duration::from_secs(3));
    }
}
