//! The `Date` header's value, made at most once a second and only when an answer needs it.

use std::cell::RefCell;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

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
            let time = SystemTime::now();
            let past = time.duration_since(UNIX_EPOCH).unwrap_or_default().subsec_nanos();
            cached.text = httpdate::fmt_http_date(time);
            cached.valid_until = Some(
                now + Duration::from_secs(1).saturating_sub(Duration::from_nanos(past.into())),
            );
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
        append_date(&mut out, Instant::now());
        let time = httpdate::parse_http_date(std::str::from_utf8(&out).unwrap()).unwrap();
        assert!(SystemTime::now().duration_since(time).unwrap() < Duration::from_secs(3));
    }
}
