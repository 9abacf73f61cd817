//! The reading thread of a view of a cache: looks once a second at what the cache counted, and makes a record of it.

use crate::charts::number::{count, number, percent};
use crate::charts::time::duration;
use crate::core::time::timed::{CacheCounts, Timed};
use crate::core::time::{now, rfc3339, unix_ms};
use crate::core::wait::Wait;
use crate::views::message::{End, Following, Message, Queue, Standing, tell};
use crate::views::record::{Key, Record, Wanted};
use crate::views::table::{Plan, Table};
use serde_json::{Map, Value, json};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

const EVERY: Duration = Duration::from_secs(1);
/// Records that are shown, one a second: a quarter of an hour.
const RECORDS: usize = 900;
/// Rates are those of the last seconds: of another process is heard only every other second.
const RATES: usize = 4;
/// How long reads take is told of the last minute: of a cache that works well there are few misses.
const MINUTE: usize = 60;

/// How long a stack may take to open the resource before it is missed.
const START: Duration = Duration::from_secs(5);

/// What the cache counted, in all processes that are known; `None` where none of them has it.
pub type FindCache = Arc<dyn Fn() -> Option<CacheCounts> + Send + Sync>;

pub(super) struct CacheReader {
    /// Of the resource.
    pub name: String,
    pub find: FindCache,
    pub wanted: Wanted,
    pub plan: Plan,
    pub queue: Queue,
    pub wait: Wait,
}

/// What was counted when, the oldest first.
#[derive(Default)]
struct Seen {
    looks: VecDeque<(Instant, CacheCounts)>,
    keys: VecDeque<Key>,
    next: u64,
}

impl CacheReader {
    pub(super) fn run(self) {
        let begun = now();
        let mut seen = Seen::default();
        let table = Table::new(&self.wanted, &self.plan);
        if tell(&self.queue, Message::List(table, Following::Cache)).is_err() {
            return;
        }
        let mut next = now();
        while !self.wait.is_stopped() {
            let told = match (self.find)() {
                Some(counts) => self.look(&mut seen, counts),
                None if begun.elapsed() < START => Ok(()),
                None => self.nowhere(&mut seen),
            };
            if told.is_err() {
                return;
            }
            next = (next + EVERY).max(now());
            self.wait.until(next);
        }
    }

    fn nowhere(&self, seen: &mut Seen) -> Result<(), End> {
        seen.looks.clear();
        let words = format!(
            "The cache of `{}` is not in this process; --peers names the admin listener of the one that has it.",
            self.name
        );
        tell(&self.queue, Message::Standing(Standing::Trouble(words)))
    }

    fn look(&self, seen: &mut Seen, counts: CacheCounts) -> Result<(), End> {
        tell(&self.queue, Message::Standing(Standing::Good(Following::Cache)))?;
        tell(&self.queue, Message::Lead(lead(&self.name, &counts)))?;
        let record = record(&seen.looks, &counts, unix_ms());
        seen.looks.push_back((now(), counts));
        let surplus = seen.looks.len().saturating_sub(MINUTE + 1);
        seen.looks.drain(..surplus);
        let key = self.wanted.place(seen.next);
        seen.next += 1;
        seen.keys.push_back(key);
        tell(&self.queue, Message::Put(key, Record::of(&record, &self.wanted)))?;
        if seen.keys.len() > RECORDS
            && let Some(oldest) = seen.keys.pop_front()
        {
            tell(&self.queue, Message::Gone(oldest))?;
        }
        Ok(())
    }
}

/// One second as a record. What is not known then is left out.
fn record(looks: &VecDeque<(Instant, CacheCounts)>, counts: &CacheCounts, at: i64) -> Value {
    let mut record = Map::new();
    record.insert("time".to_owned(), rfc3339(at).into());
    let back = |many: usize| looks.get(looks.len().saturating_sub(many));
    let Some((then, before)) = back(RATES) else { return record.into() };
    let seconds = then.elapsed().as_secs_f64();
    // The looks are not a second apart to the millisecond, so that more digits of a rate would only be noise.
    let mut put = |name: &str, value: Option<f64>| {
        if let Some(value) = value.filter(|value| value.is_finite()) {
            record.insert(name.to_owned(), json!((value * 100.0).round() / 100.0));
        }
    };
    let more = |now: u64, then: u64| now.checked_sub(then).map(|more| more as f64);
    let rate = |now: u64, then: u64| Some(more(now, then)? / seconds);
    let reads = more(counts.reads(), before.reads());
    let hits = more(counts.hits(), before.hits());
    put("reads", rate(counts.reads(), before.reads()));
    put("near", rate(counts.near, before.near));
    put("redis", rate(counts.redis, before.redis));
    put("store", rate(counts.store, before.store));
    put("stale", rate(counts.stale, before.stale));
    let share = reads.zip(hits).filter(|(reads, _)| *reads > 0.0);
    put("hit ratio", share.map(|(reads, hits)| (hits / reads * 1e3).round() / 10.0));
    let minute = back(MINUTE).map(|(_, counts)| counts);
    let of = |now: &Timed, then: Option<&Timed>| match then.map(|then| now.since(then)) {
        Some(minute) if minute.count > 0 => minute,
        // A minute without any says nothing; what was before still holds.
        _ => now.clone(),
    };
    let hit = of(&counts.hit, minute.map(|it| &it.hit));
    let miss = of(&counts.miss, minute.map(|it| &it.miss));
    for (name, timed, share) in [
        ("hit p50", &hit, 0.5),
        ("hit p99", &hit, 0.99),
        ("miss p50", &miss, 0.5),
        ("miss p99", &miss, 0.99),
    ] {
        // A quantile is known to a fifth: more digits would be made up.
        put(name, timed.quantile(share).map(|seconds| (seconds * 1e6).round()));
    }
    if let Some(saved) = counts.saved().filter(|saved| saved.is_finite()) {
        record.insert("saved".to_owned(), json!((saved * 1000.0).round() / 1000.0));
    }
    record.into()
}

/// What the cache is worth, in a sentence or two.
fn lead(name: &str, counts: &CacheCounts) -> String {
    let (reads, hits) = (counts.reads(), counts.hits());
    if reads == 0 {
        return format!("Nothing was read from {name} yet.");
    }
    let mean = |timed: &Timed| timed.mean().map(|seconds| micros(seconds * 1e6));
    let (hit, miss) = (mean(&counts.hit), mean(&counts.miss));
    if !counts.is_on {
        let took = miss.map_or_else(String::new, |miss| format!(", which took {miss} each"));
        return format!("{name} has no cache: all {} reads went to the store{took}.", count(reads));
    }
    let answered = format!("The cache answered {} of {} reads", percent(hits, reads), count(reads));
    match (hit, miss, counts.saved()) {
        (Some(hit), Some(miss), Some(saved)) if saved > 0.0 => format!(
            "{answered}. A hit takes {hit}, a miss {miss}: it saved {} of waiting.",
            if saved < 1.0 { micros(saved * 1e6) } else { duration(saved) }
        ),
        (Some(hit), Some(miss), _) => {
            format!("{answered}. A hit takes {hit}, a miss {miss}: it saved no time.")
        }
        (_, Some(miss), _) => format!("{answered}. A miss takes {miss}."),
        _ => format!("{answered}."),
    }
}

fn micros(micros: f64) -> String {
    match micros {
        ..1000.0 => format!("{} µs", number(micros.round())),
        _ => format!("{} ms", number((micros / 100.0).round() / 10.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::time::timed::{BUCKETS, bucket};
    use std::sync::mpsc::sync_channel;

    fn timed(many: u64, micros: u64) -> Timed {
        let took = Duration::from_micros(micros);
        let mut buckets = vec![0; BUCKETS];
        buckets[bucket(took)] = many;
        Timed { count: many, sum: took * many as u32, buckets }
    }

    fn counts(near: u64, store: u64) -> CacheCounts {
        let (hit, miss) = (timed(near, 20), timed(store, 400));
        CacheCounts { is_on: true, near, store, hit, miss, ..CacheCounts::default() }
    }

    #[test]
    fn a_second_says_who_answered_and_how_fast() {
        let before = now().checked_sub(Duration::from_secs(2)).unwrap();
        let looks = VecDeque::from([(before, counts(10, 10))]);
        let record = record(&looks, &counts(28, 12), 0);
        assert_eq!(record["hit ratio"], 90.0);
        assert!((record["near"].as_f64().unwrap() - 9.0).abs() < 0.1, "{record}");
        assert!((record["store"].as_f64().unwrap() - 1.0).abs() < 0.1, "{record}");
        assert!((15.0..25.0).contains(&record["hit p50"].as_f64().unwrap()), "{record}");
        assert!((350.0..520.0).contains(&record["miss p99"].as_f64().unwrap()), "{record}");
    }

    #[test]
    fn without_a_read_there_is_no_ratio_and_a_process_that_began_anew_has_no_rate() {
        let before = now().checked_sub(Duration::from_secs(1)).unwrap();
        let looks = VecDeque::from([(before, counts(10, 10))]);
        let idle = record(&looks, &counts(10, 10), 0);
        assert_eq!((idle.get("hit ratio"), &idle["reads"]), (None, &json!(0.0)));
        assert!(idle["hit p50"].is_number(), "what was known still holds: {idle}");
        let anew = record(&looks, &counts(1, 0), 0);
        assert_eq!((anew.get("near"), anew.get("hit ratio")), (None, None));
        assert!(record(&VecDeque::new(), &counts(1, 1), 0).get("reads").is_none());
    }

    #[test]
    fn what_a_cache_is_worth_is_said_in_words() {
        let says = |counts: &CacheCounts| lead("users", counts);
        assert_eq!(says(&CacheCounts::default()), "Nothing was read from users yet.");
        assert_eq!(
            says(&counts(96, 4)),
            "The cache answered 96\u{a0}% of 100 reads. A hit takes 20 µs, a miss 400 µs: it saved 36.5 ms of \
             waiting."
        );
        let slow = CacheCounts { hit: timed(96, 2500), ..counts(96, 4) };
        assert!(says(&slow).ends_with("A hit takes 2.5 ms, a miss 400 µs: it saved no time."));
        let off = CacheCounts { is_on: false, near: 0, ..counts(0, 7) };
        let expected = "users has no cache: all 7 reads went to the store, which took 400 µs each.";
        assert_eq!(says(&off), expected);
    }

    #[test]
    fn old_seconds_go_and_a_cache_in_another_process_is_said() {
        let (wanted, plan) = Plan::new(&[], None);
        let (queue, messages) = sync_channel(10_000);
        let find: FindCache = Arc::new(|| None);
        let reader =
            CacheReader { name: "users".into(), find, wanted, plan, queue, wait: Wait::new() };
        let mut seen = Seen::default();
        for reads in 0..RECORDS as u64 + 5 {
            assert!(reader.look(&mut seen, counts(reads, 1)).is_ok());
        }
        let gone =
            messages.try_iter().filter(|message| matches!(message, Message::Gone(_))).count();
        assert_eq!((gone, seen.looks.len()), (5, MINUTE + 1));
        assert!(reader.nowhere(&mut seen).is_ok());
        let Ok(Message::Standing(Standing::Trouble(words))) = messages.try_recv() else { panic!() };
        assert!(
            words.contains("`users` is not in this process") && words.contains("--peers"),
            "{words}"
        );
    }
}
