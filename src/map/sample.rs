//! The numbers of a node at one moment, and what happened between two moments.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What was counted at a node since it started, and what stands there now. Whoever runs it fills this in.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sample {
    /// Records that came in; requests of a server; reads of a cache or a store.
    pub taken: u64,
    pub taken_bytes: u64,
    /// Records that are durable behind it; answers; reads that the cache answered.
    pub given: u64,
    pub given_bytes: u64,
    pub errors: u64,
    pub dead_letters: u64,
    pub refused: u64,
    /// Records that wait, or connections that are open.
    pub waiting: u64,
    pub oldest: Duration,
    /// Time spent in the source, the steps, the sink.
    pub spent: [Duration; 3],
    /// How long a delivery, an answer or a read takes.
    pub latency: Latency,
    /// Of a cache: how many reads it answered, how many it did not, and how long both take. Of a store, `miss` is how
    /// long writes take.
    pub hits: u64,
    pub misses: u64,
    pub hit: Latency,
    pub miss: Latency,
}

/// How many took how long, since the start.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Latency {
    /// Upper bounds in seconds and how many lay below each and above the one before; may be empty.
    pub buckets: Vec<(f64, u64)>,
    pub count: u64,
    pub sum: Duration,
}

impl Latency {
    fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
        for (mine, others) in self.buckets.iter_mut().zip(&other.buckets) {
            mine.1 += others.1;
        }
    }

    pub fn mean_since(&self, before: &Self) -> Option<f64> {
        let many = self.count.checked_sub(before.count).filter(|many| *many > 0)?;
        let time = self.sum.checked_sub(before.sum)?;
        Some(time.as_secs_f64() / many as f64)
    }

    /// The bound below which this share of what came since `before` lies.
    pub fn quantile_since(&self, before: &Self, share: f64) -> Option<f64> {
        let since = |at: usize, count: u64| {
            count.saturating_sub(before.buckets.get(at).map_or(0, |(_, count)| *count))
        };
        let counts: Vec<(f64, u64)> = self
            .buckets
            .iter()
            .enumerate()
            .map(|(at, (bound, count))| (*bound, since(at, *count)))
            .collect();
        let total: u64 = counts.iter().map(|(_, count)| count).sum();
        let wanted = (total as f64 * share).ceil() as u64;
        let mut seen = 0;
        let found = counts.iter().find(|(_, count)| {
            seen += count;
            seen >= wanted.max(1)
        });
        found.map(|(bound, _)| *bound)
    }
}

/// What is drawn over time, in the order in which it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Series {
    Taken,
    TakenBytes,
    Given,
    GivenBytes,
    Errors,
    Waiting,
    Oldest,
    /// Share of the time in which the source, the steps, the sink worked.
    Reading,
    Stepping,
    Writing,
    Latency,
    HitRatio,
    HitLatency,
    MissLatency,
}

pub const SERIES: usize = 14;

/// The numbers of one moment; one that is not a number is not known.
pub type Row = [f32; SERIES];

/// Nothing is known, for example because the process did not run.
pub const UNKNOWN: Row = [f32::NAN; SERIES];

impl Sample {
    /// Adds what another replica counted.
    pub fn add(&mut self, other: &Self) {
        self.taken += other.taken;
        self.taken_bytes += other.taken_bytes;
        self.given += other.given;
        self.given_bytes += other.given_bytes;
        self.errors += other.errors;
        self.dead_letters += other.dead_letters;
        self.refused += other.refused;
        self.waiting += other.waiting;
        self.oldest = self.oldest.max(other.oldest);
        // The busiest replica decides whether the node is at capacity.
        for (mine, others) in self.spent.iter_mut().zip(other.spent) {
            *mine = (*mine).max(others);
        }
        self.latency.add(&other.latency);
    }

    /// What happened since `before`, which is `elapsed` ago. A counter that went back began anew: of it nothing is
    /// known this time.
    pub fn since(&self, before: &Self, elapsed: Duration) -> Row {
        let seconds = elapsed.as_secs_f64();
        if seconds <= 0.0 {
            return UNKNOWN;
        }
        let rate = |now: u64, then: u64| {
            now.checked_sub(then).map_or(f32::NAN, |more| (more as f64 / seconds) as f32)
        };
        let share = |part: usize| {
            let spent = self.spent.get(part).copied().unwrap_or_default();
            let then = before.spent.get(part).copied().unwrap_or_default();
            let more = spent.checked_sub(then).map_or(f64::NAN, |more| more.as_secs_f64());
            (more / seconds).clamp(0.0, 1.0) as f32
        };
        let seconds_of = |found: Option<f64>| found.map_or(f32::NAN, |seconds| seconds as f32);
        let mut row = UNKNOWN;
        let mut set = |series: Series, value: f32| row[series as usize] = value;
        set(Series::Taken, rate(self.taken, before.taken));
        set(Series::TakenBytes, rate(self.taken_bytes, before.taken_bytes));
        set(Series::Given, rate(self.given, before.given));
        set(Series::GivenBytes, rate(self.given_bytes, before.given_bytes));
        set(Series::Errors, rate(self.errors, before.errors));
        set(Series::Waiting, self.waiting as f32);
        set(Series::Oldest, self.oldest.as_secs_f32());
        set(Series::Reading, share(0));
        set(Series::Stepping, share(1));
        set(Series::Writing, share(2));
        set(Series::Latency, seconds_of(self.latency.mean_since(&before.latency)));
        let hits = self.hits.checked_sub(before.hits);
        let misses = self.misses.checked_sub(before.misses);
        if let (Some(hits), Some(misses)) = (hits, misses)
            && hits + misses > 0
        {
            set(Series::HitRatio, (hits as f64 / (hits + misses) as f64) as f32);
        }
        set(Series::HitLatency, seconds_of(self.hit.mean_since(&before.hit)));
        set(Series::MissLatency, seconds_of(self.miss.mean_since(&before.miss)));
        row
    }
}

/// How a node is, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Condition {
    Starting,
    Running,
    /// Another process runs it, and this one takes over when that one is gone.
    StandsBy,
    /// Something outside says no for now; tried again by itself.
    Waiting,
    Ended,
    Stopped,
    /// A person has to change something.
    Failed,
    /// A store that does not answer.
    Down,
    /// It does not run in this process, and no other told of it.
    Elsewhere,
    /// It belongs to somebody else.
    Outside,
}

impl Condition {
    pub fn word(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Running => "running",
            Self::StandsBy => "stands by",
            Self::Waiting => "waiting",
            Self::Ended => "ended",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Down => "down",
            Self::Elsewhere => "not here",
            Self::Outside => "outside",
        }
    }

    /// Somebody should look.
    pub fn is_bad(self) -> bool {
        matches!(self, Self::Failed | Self::Down)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(taken: u64) -> Sample {
        Sample { taken, ..Sample::default() }
    }

    fn at(row: &Row, series: Series) -> f32 {
        row[series as usize]
    }

    #[test]
    fn a_counter_that_went_back_gives_no_rate_and_never_a_negative_one() {
        let second = Duration::from_secs(1);
        assert!((at(&sample(7).since(&sample(5), second), Series::Taken) - 2.0).abs() < 1e-6);
        assert!(at(&sample(2).since(&sample(5), second), Series::Taken).is_nan());
        assert!(at(&sample(9).since(&sample(5), Duration::ZERO), Series::Taken).is_nan());
    }

    #[test]
    fn the_hit_ratio_is_that_of_the_time_between() {
        let before = Sample { hits: 10, misses: 10, ..Sample::default() };
        let now = Sample { hits: 19, misses: 11, ..Sample::default() };
        let row = now.since(&before, Duration::from_secs(1));
        assert!((at(&row, Series::HitRatio) - 0.9).abs() < 1e-6);
        assert!(at(&now.since(&now, Duration::from_secs(1)), Series::HitRatio).is_nan());
    }

    #[test]
    fn quantiles_look_only_at_what_came_since() {
        let latency = |fast, slow| Latency {
            buckets: vec![(0.001, fast), (0.1, slow)],
            count: fast + slow,
            sum: Duration::ZERO,
        };
        let (before, now) = (latency(1000, 0), latency(1010, 10));
        assert_eq!(now.quantile_since(&before, 0.5), Some(0.001));
        assert_eq!(now.quantile_since(&before, 0.99), Some(0.1));
        assert_eq!(now.quantile_since(&now, 0.99), None);
    }
}
