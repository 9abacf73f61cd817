//! Finds the answers that broke a promise. It allows whatever can be explained at all, and nothing more: there is no
//! tolerance for slow machines in it.

use super::history::{Event, History, What};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// What is promised beside the bound of each read.
#[derive(Debug, Clone, Copy)]
pub struct Promise {
    /// A session never sees less than it has seen before.
    pub is_monotonic: bool,
}

#[derive(Debug, Default)]
pub struct Verdict {
    /// What broke a promise, in words.
    pub violations: Vec<String>,
    /// The oldest answer: how long before it was asked for something newer had been acknowledged.
    pub stalest: Duration,
    /// Answers that were older than what had been acknowledged before they were asked for. Without any, a run says
    /// little.
    pub stale_reads: usize,
}

/// One write, as far as it matters.
#[derive(Debug, Clone, Copy)]
struct Written {
    number: u64,
    is_delete: bool,
    start: Instant,
    /// `None` when it may or may not have happened.
    acknowledged: Option<Instant>,
}

pub fn judge(history: &History, promise: Promise) -> Verdict {
    let mut verdict = Verdict::default();
    let mut writes: HashMap<usize, Vec<Written>> = HashMap::new();
    for event in &history.events {
        if let What::Wrote { number, is_delete, is_acknowledged } = event.what {
            let acknowledged = is_acknowledged.then_some(event.end);
            let written = Written { number, is_delete, start: event.start, acknowledged };
            writes.entry(event.key).or_default().push(written);
        }
    }
    for writes in writes.values_mut() {
        writes.sort_by_key(|written| written.number);
    }
    let mut sessions: HashMap<(usize, usize), Vec<&Event>> = HashMap::new();
    for event in &history.events {
        sessions.entry((event.session, event.key)).or_default().push(event);
    }
    for ((session, key), mut events) in sessions {
        events.sort_by_key(|event| event.start);
        let writes = writes.get(&key).map_or(&[] as &[Written], Vec::as_slice);
        let mut least = 0;
        for event in events {
            let name = format!("session {session}, key {key}");
            match event.what {
                What::Wrote { number, is_acknowledged: true, .. } => least = least.max(number),
                What::Wrote { .. } => {}
                What::Read { number, bound } => {
                    let Some(seen) = explain(writes, number, event.end) else {
                        verdict.violations.push(format!("{name}: {number:?} was never written"));
                        continue;
                    };
                    check_age(&mut verdict, &name, writes, (seen, bound, event.start));
                    if seen < least {
                        let what = if promise.is_monotonic { "saw or wrote" } else { "wrote" };
                        verdict.violations.push(format!(
                            "{name}: saw write {seen}, although it {what} write {least} before"
                        ));
                    }
                    if promise.is_monotonic {
                        least = least.max(seen);
                    }
                }
            }
        }
    }
    verdict
}

/// The newest write that a read may have seen, going by what it answered; 0 is the state before all writes.
fn explain(writes: &[Written], number: Option<u64>, end: Instant) -> Option<u64> {
    let begun = writes.iter().filter(|written| written.start <= end);
    match number {
        Some(number) => {
            begun.filter(|it| it.number == number && !it.is_delete).map(|it| it.number).next()
        }
        None => Some(begun.filter(|it| it.is_delete).map(|it| it.number).max().unwrap_or(0)),
    }
}

fn check_age(
    verdict: &mut Verdict,
    name: &str,
    writes: &[Written],
    (seen, bound, start): (u64, Duration, Instant),
) {
    let newer = writes.iter().filter(|written| written.number > seen);
    let Some(overwritten) = newer.filter_map(|written| written.acknowledged).min() else { return };
    let Some(age) = start.checked_duration_since(overwritten) else { return };
    verdict.stale_reads += 1;
    verdict.stalest = verdict.stalest.max(age);
    if age > bound {
        verdict.violations.push(format!(
            "{name}: saw write {seen} {age:?} after a newer one was acknowledged, {bound:?} are allowed"
        ));
    }
}
