//! What all wires answer alike: how long they wait for a store, why it could not answer, and where a record is from.

use crate::caches::{Freshness, Origin, Read};
use crate::core::time::now;
use crate::resource::{StoreError, StoreErrorKind, Version};
use crate::server::Problem;
use std::fmt::{self, Write as _};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The longest a request waits for one record. Stores answer within 5 s, this is for the case that one does not.
pub const GET_DEADLINE: Duration = Duration::from_secs(7);
/// The longest a request waits for a write, a page of a list or a count; stores give up after 5 s of waiting and 10 s
/// of work.
pub const WORK_DEADLINE: Duration = Duration::from_secs(17);

/// How often the same trouble with a store is written to the log.
const SAME_TROUBLE: Duration = Duration::from_secs(10);

/// Waits for a store, but never for ever.
pub async fn within<T>(
    deadline: Duration,
    work: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    tokio::time::timeout(deadline, work).await.unwrap_or_else(|_| {
        let waited = deadline.as_secs();
        let detail = format!("the store did not answer within {waited} s");
        Err(StoreError::new(StoreErrorKind::TooSlow, detail))
    })
}

/// What a client is told: the kind of trouble in public words, never a host, a path or a statement. The rest goes to
/// the log.
pub fn store_problem(error: &StoreError) -> Problem {
    log(error);
    let status = match error.kind {
        StoreErrorKind::Refused => 422,
        StoreErrorKind::Broken => 500,
        _ => 503,
    };
    let problem = Problem::new(status, public_words(error.kind));
    let problem = if status == 422 {
        problem.of_kind("urn:headwater:problem:validation", "The request is not valid")
    } else {
        problem.of_kind("urn:headwater:problem:store", "The store cannot do this")
    };
    match error.retry_after() {
        Some(after) => problem.with_header("retry-after", after.as_secs().max(1).to_string()),
        None => problem,
    }
}

pub fn public_words(kind: StoreErrorKind) -> &'static str {
    match kind {
        StoreErrorKind::Unavailable => "The store cannot be reached right now; try again.",
        StoreErrorKind::TooSlow => {
            "The store did not answer in time; try again. A write may have been done all the same: with the same \
             `Idempotency-Key` it is not done twice."
        }
        StoreErrorKind::Busy => "The store has too much to do right now; try again.",
        StoreErrorKind::Locked => "Another process holds the store; try again.",
        StoreErrorKind::DiskFull => "The store has no room left; try again later.",
        StoreErrorKind::ReadOnly => "The store takes no writes right now; try again later.",
        StoreErrorKind::Refused => "The store cannot keep this value; send another one.",
        StoreErrorKind::Broken => {
            "The store is damaged or was changed; the log of this service has the reason."
        }
    }
}

/// Every trouble once, and again while it lasts; thousands of requests may meet the same one.
fn log(error: &StoreError) {
    static LAST: Mutex<Option<(StoreErrorKind, Instant)>> = Mutex::new(None);
    let now = now();
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    let is_known = last.is_some_and(|(kind, at)| {
        kind == error.kind && now.saturating_duration_since(at) < SAME_TROUBLE
    });
    if !is_known {
        *last = Some((error.kind, now));
        tracing::warn!(kind = ?error.kind, "a store could not answer: {error}");
    }
}

/// What a client asks for beyond the bound of the cache.
pub fn freshness<'h>(header: impl Fn(&str) -> Option<&'h str>) -> Result<Freshness, Problem> {
    let is_bypass = header("cache-control").is_some_and(asks_for_fresh);
    let Some(version) = header("if-min-version") else {
        return Ok(Freshness { at_least: Version(0), is_bypass });
    };
    match version.trim().parse() {
        Ok(version) => Ok(Freshness { at_least: Version(version), is_bypass }),
        Err(_) => Err(Problem::new(
            400,
            "`If-Min-Version` is not a version; send the number that `Headwater-Version` of an answer had.",
        )),
    }
}

/// For wires of an original: only our own header counts. `Cache-Control`, which every reload in a browser sends, means
/// nothing to their clients.
pub fn version_asked_for<'h>(header: impl Fn(&str) -> Option<&'h str>) -> Freshness {
    let own = |name: &str| if name == "if-min-version" { header(name) } else { None };
    freshness(own).unwrap_or_default()
}

fn asks_for_fresh(cache_control: &str) -> bool {
    cache_control.split(',').map(str::trim).any(|word| {
        ["no-cache", "no-store", "max-age=0"].iter().any(|fresh| word.eq_ignore_ascii_case(fresh))
    })
}

/// Puts the headers that say where a record is from: `Headwater-Version`, and with a cache `Cache-Status` (RFC 9211)
/// and `Age`.
pub fn read_headers(read: &Read, is_bypass: bool, mut put: impl FnMut(&'static str, &str)) {
    let mut text = Short::default();
    put("headwater-version", text.of(format_args!("{}", read.as_of)));
    // Without a cache nothing is ever kept, and there is no status to tell.
    let Some(ttl) = read.ttl else { return };
    let ttl = ttl.as_secs();
    match read.origin {
        Origin::Store if is_bypass => put("cache-status", "headwater; fwd=request; stored"),
        Origin::Store => put("cache-status", "headwater; fwd=miss; stored"),
        Origin::Collapsed => put("cache-status", "headwater; fwd=miss; collapsed"),
        Origin::Near | Origin::Redis | Origin::Stale => {
            let detail = match read.origin {
                Origin::Near => "near",
                Origin::Redis => "redis",
                _ => "stale",
            };
            let status = text.of(format_args!("headwater; hit; ttl={ttl}; detail={detail}"));
            put("cache-status", status);
        }
    }
    if read.is_cached() {
        put("age", text.of(format_args!("{}", read.age.as_secs())));
    }
}

/// A short text made in place: a hit in the near cache allocates nothing.
#[derive(Debug)]
pub struct Short {
    bytes: [u8; 96],
    length: usize,
}

impl Default for Short {
    fn default() -> Self {
        Self { bytes: [0; 96], length: 0 }
    }
}

impl Short {
    /// Makes a text that fits; what does not is left out.
    pub fn of(&mut self, text: fmt::Arguments<'_>) -> &str {
        self.length = 0;
        // A text that is too long ends where the room does.
        let _is_whole = self.write_fmt(text).is_ok();
        std::str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }
}

impl fmt::Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        let room = self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn headers(origin: Origin, ttl: Option<u64>, is_bypass: bool) -> Vec<(&'static str, String)> {
        let read = Read {
            record: None,
            as_of: Version(7),
            origin,
            age: Duration::from_millis(2999),
            ttl: ttl.map(Duration::from_secs),
        };
        let mut all = Vec::new();
        read_headers(&read, is_bypass, |name, value| all.push((name, value.to_owned())));
        assert_eq!(all.remove(0), ("headwater-version", "7".to_owned()));
        all
    }

    #[test]
    fn says_where_a_record_is_from() {
        for (origin, is_bypass, status, age) in [
            (Origin::Store, false, "headwater; fwd=miss; stored", None),
            (Origin::Store, true, "headwater; fwd=request; stored", None),
            (Origin::Collapsed, false, "headwater; fwd=miss; collapsed", Some("2")),
            (Origin::Near, false, "headwater; hit; ttl=4; detail=near", Some("2")),
            (Origin::Redis, false, "headwater; hit; ttl=4; detail=redis", Some("2")),
            (Origin::Stale, false, "headwater; hit; ttl=4; detail=stale", Some("2")),
        ] {
            let mut expected = vec![("cache-status", status.to_owned())];
            expected.extend(age.map(|age| ("age", age.to_owned())));
            assert_eq!(headers(origin, Some(4), is_bypass), expected);
        }
        assert!(headers(Origin::Store, None, false).is_empty());
    }

    #[test]
    fn reads_what_a_client_asks_for() {
        let ask = |pairs: &[(&str, &'static str)]| {
            let pairs: HashMap<String, &'static str> =
                pairs.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
            freshness(|name| pairs.get(name).copied())
        };
        assert_eq!(ask(&[]).unwrap(), Freshness::default());
        for (value, is_bypass) in [
            ("no-cache", true),
            ("private, No-Store", true),
            ("max-age=0", true),
            ("max-age=00", false),
        ] {
            assert_eq!(ask(&[("cache-control", value)]).unwrap().is_bypass, is_bypass);
        }
        assert_eq!(ask(&[("if-min-version", " 12 ")]).unwrap().at_least, Version(12));
        for wrong in ["", "-1", "a", "18446744073709551616"] {
            assert_eq!(ask(&[("if-min-version", wrong)]).unwrap_err().status, 400);
        }
    }

    #[test]
    fn tells_a_client_the_kind_of_trouble_and_nothing_else() {
        use StoreErrorKind as Kind;
        for (kind, status, retry) in [
            (Kind::Unavailable, 503, Some("1")),
            (Kind::TooSlow, 503, Some("1")),
            (Kind::Busy, 503, Some("1")),
            (Kind::Locked, 503, Some("1")),
            (Kind::DiskFull, 503, Some("10")),
            (Kind::ReadOnly, 503, Some("10")),
            (Kind::Refused, 422, None),
            (Kind::Broken, 500, None),
        ] {
            let problem = store_problem(&StoreError::new(kind, "postgres://me:secret@db/x"));
            let after = problem.headers.first().map(|(name, value)| (*name, value.as_str()));
            assert_eq!((problem.status, after), (status, retry.map(|s| ("retry-after", s))));
            assert!(!String::from_utf8(problem.to_json().bytes).unwrap().contains("secret"));
        }
    }

    #[test]
    fn never_waits_for_ever() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let never = std::future::pending::<Result<(), StoreError>>();
        let outcome = runtime.block_on(within(Duration::from_millis(1), never));
        assert_eq!(outcome.unwrap_err().kind, StoreErrorKind::TooSlow);
    }
}
