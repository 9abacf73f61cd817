//! What the caches counted, as plain numbers.

use super::redis::{RedisCounts, RedisHealth};
use crate::core::time::timed::{BUCKETS, Timed, bucket};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// How a cache has done since the start.
#[derive(Debug, Clone, PartialEq)]
pub struct CacheMeter {
    /// Reads answered from the memory of this process, `negative_hits` of them with "there is none".
    pub near_hits: u64,
    pub negative_hits: u64,
    pub redis_hits: u64,
    /// Reads that waited for another's.
    pub collapsed: u64,
    /// Reads of the store.
    pub store_reads: u64,
    pub store_errors: u64,
    /// Of the store reads, those made early, before an entry's life ended.
    pub early_refreshes: u64,
    /// Reads answered with an old copy while the store was away.
    pub stale: u64,
    /// Entries in memory now, and what became of others.
    pub entries: u64,
    pub invalidations: u64,
    pub evictions: u64,
    /// Answers of the store that were not kept, because their key was written meanwhile.
    pub refused_fills: u64,
    /// Copies in Redis that were no copies at all.
    pub poisoned: u64,
    /// Copies in Redis that a write had passed.
    pub outdated: u64,
    /// How often the store was asked whether it had told everything.
    pub confirmations: u64,
    /// How far at most the hits may have lagged behind the store: how many below each bound.
    pub staleness: Vec<(Duration, u64)>,
    /// What a read of the store takes, as a moving average.
    pub load: Duration,
    /// How long answers of the cache took, those of them that were timed, and how long reads of the store.
    pub hit_time: Timed,
    pub load_time: Timed,
    pub redis: RedisCounts,
    pub redis_health: RedisHealth,
}

/// What a store without a cache was asked, as far as requests for single records and writes go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreMeter {
    pub reads: Timed,
    pub writes: Timed,
    pub errors: u64,
}

#[derive(Debug, Default)]
pub(super) struct StoreCounts {
    pub reads: Stopwatch,
    pub writes: Stopwatch,
    pub errors: Count,
}

impl StoreCounts {
    pub fn snapshot(&self) -> StoreMeter {
        StoreMeter {
            reads: self.reads.snapshot(),
            writes: self.writes.snapshot(),
            errors: self.errors.get(),
        }
    }
}

/// Adds up times.
#[derive(Debug)]
pub struct Stopwatch {
    count: AtomicU64,
    nanoseconds: AtomicU64,
    buckets: [AtomicU64; BUCKETS],
}

impl Default for Stopwatch {
    fn default() -> Self {
        let buckets = std::array::from_fn(|_| AtomicU64::new(0));
        Self { count: AtomicU64::new(0), nanoseconds: AtomicU64::new(0), buckets }
    }
}

impl Stopwatch {
    pub fn add(&self, took: Duration) {
        if let Some(bucket) = self.buckets.get(bucket(took)) {
            bucket.fetch_add(1, Relaxed);
        }
        self.count.fetch_add(1, Relaxed);
        self.nanoseconds.fetch_add(took.as_nanos() as u64, Relaxed);
    }

    pub fn snapshot(&self) -> Timed {
        let sum = Duration::from_nanos(self.nanoseconds.load(Relaxed));
        let buckets = self.buckets.iter().map(|bucket| bucket.load(Relaxed));
        let mut buckets: Vec<u64> = buckets.collect();
        let used = buckets.iter().rposition(|many| *many > 0).map_or(0, |last| last + 1);
        buckets.truncate(used);
        Timed { count: self.count.load(Relaxed), sum, buckets }
    }
}

#[derive(Debug, Default)]
pub struct Meter {
    pub hits: Stopwatch,
    pub loads: Stopwatch,
    /// When a hit was timed last, in nanoseconds of the cache's clock.
    timed_at: AtomicU64,
    pub redis_hits: Count,
    pub collapsed: Count,
    pub store_reads: Count,
    pub store_errors: Count,
    pub early_refreshes: Count,
    pub stale: Count,
    pub poisoned: Count,
    pub outdated: Count,
    pub confirmations: Count,
    load_nanoseconds: AtomicU64,
}

#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    pub fn add_one(&self) {
        self.0.fetch_add(1, Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// Hits are timed this often at most: a clock is read in 25 ns, and a hit takes a few hundred.
const TIMED_EVERY: u64 = 5_000_000;

impl Meter {
    /// Shall the hit that was asked for at this moment be timed? Many threads only read the shared number.
    pub fn wants_time(&self, asked: u64) -> bool {
        let last = self.timed_at.load(Relaxed);
        let is_due = asked.saturating_sub(last) >= TIMED_EVERY;
        if is_due {
            self.timed_at.store(asked, Relaxed);
        }
        is_due
    }

    /// A lost update among threads is no matter: it is an average.
    pub fn note_load(&self, took: Duration) {
        self.loads.add(took);
        let before = self.load_nanoseconds.load(Relaxed);
        let took = took.as_nanos() as u64;
        let after = if before == 0 { took } else { before - before / 8 + took / 8 };
        self.load_nanoseconds.store(after, Relaxed);
    }

    pub fn load(&self) -> Duration {
        Duration::from_nanos(self.load_nanoseconds.load(Relaxed))
    }
}
