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

/// The writes of one key in their order, which is also that of their starts.
#[derive(Debug, Default)]
struct Writes {
    all: Vec<Written>,
    /// Of each place, the last delete up to it.
    deletes: Vec<u64>,
    /// Of each place, the first acknowledgement from it on.
    acknowledged: Vec<Option<Instant>>,
}

impl Writes {
    fn new(mut all: Vec<Written>) -> Self {
        all.sort_by_key(|written| written.number);
        assert!(all.is_sorted_by_key(|written| written.start), "one after the other");
        let mut delete = 0;
        let deletes = all.iter().map(|it| {
            delete = if it.is_delete { it.number } else { delete };
            delete
        });
        let deletes = deletes.collect();
        let mut first: Option<Instant> = None;
        let mut acknowledged = Vec::new();
        for written in all.iter().rev() {
            first = [first, written.acknowledged].into_iter().flatten().min();
            acknowledged.push(first);
        }
        acknowledged.reverse();
        Self { all, deletes, acknowledged }
    }

    /// The newest write that a read may have seen, going by what it answered; 0 is the state before all writes.
    fn explain(&self, number: Option<u64>, end: Instant) -> Option<u64> {
        let begun = self.all.partition_point(|written| written.start <= end);
        let Some(number) = number else {
            return Some(begun.checked_sub(1).map_or(0, |last| self.deletes[last]));
        };
        let place = self.all[..begun].binary_search_by_key(&number, |it| it.number).ok()?;
        (!self.all[place].is_delete).then_some(number)
    }

    /// The oldest write, `least` at the least, that an answer shows which may be the newest of several: that there is
    /// no record may be told of any delete, unless that was overwritten too long before the answer was asked for.
    fn at_least(&self, newest: u64, least: u64, (start, bound): (Instant, Duration)) -> u64 {
        let deletes = self.all.iter().filter(|it| it.is_delete).map(|it| it.number);
        let older = std::iter::once(0).chain(deletes).take_while(|number| *number < newest);
        let is_fresh = |number: &u64| {
            let overwritten = self.overwritten(*number);
            let age = overwritten.and_then(|at| start.checked_duration_since(at));
            age.is_none_or(|age| age <= bound)
        };
        older.filter(|number| *number >= least).find(is_fresh).unwrap_or(newest)
    }

    /// When a newer write than this one was acknowledged first.
    fn overwritten(&self, number: u64) -> Option<Instant> {
        let newer = self.all.partition_point(|written| written.number <= number);
        self.acknowledged.get(newer).copied().flatten()
    }
}

pub fn judge(history: &History, promise: Promise) -> Verdict {
    let mut writes: HashMap<usize, Vec<Written>> = HashMap::new();
    let mut sessions: HashMap<(usize, usize), Vec<&Event>> = HashMap::new();
    for event in &history.events {
        if let What::Wrote { number, is_delete, is_acknowledged } = event.what {
            let acknowledged = is_acknowledged.then_some(event.end);
            let written = Written { number, is_delete, start: event.start, acknowledged };
            writes.entry(event.key).or_default().push(written);
        }
        sessions.entry((event.session, event.key)).or_default().push(event);
    }
    let writes: HashMap<usize, Writes> =
        writes.into_iter().map(|(key, writes)| (key, Writes::new(writes))).collect();
    let none = Writes::default();
    let mut verdict = Verdict::default();
    for ((session, key), mut events) in sessions {
        events.sort_by_key(|event| event.start);
        let name = format!("session {session}, key {key}");
        judge_session(&mut verdict, &name, writes.get(&key).unwrap_or(&none), &events, promise);
    }
    verdict
}

/// What one session did to one key.
fn judge_session(
    verdict: &mut Verdict,
    name: &str,
    writes: &Writes,
    events: &[&Event],
    promise: Promise,
) {
    let mut least = 0;
    for event in events {
        let (number, bound) = match event.what {
            What::Wrote { number, is_acknowledged: true, .. } => {
                least = least.max(number);
                continue;
            }
            What::Wrote { .. } => continue,
            What::Read { number, bound } => (number, bound),
        };
        let Some(seen) = writes.explain(number, event.end) else {
            verdict.violations.push(format!("{name}: {number:?} was never written"));
            continue;
        };
        if let Some(overwritten) = writes.overwritten(seen)
            && let Some(age) = event.start.checked_duration_since(overwritten)
        {
            verdict.stale_reads += 1;
            verdict.stalest = verdict.stalest.max(age);
            if age > bound {
                verdict.violations.push(format!(
                    "{name}: saw write {seen} {age:?} after a newer one was acknowledged, {bound:?} are allowed"
                ));
            }
        }
        if seen < least {
            verdict.violations.push(format!("{name}: saw write {seen} after write {least}"));
        }
        if promise.is_monotonic {
            let shown = match number {
                Some(_) => seen,
                None => writes.at_least(seen, least, (event.start, bound)),
            };
            least = least.max(shown);
        }
    }
}
