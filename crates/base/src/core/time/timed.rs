//! How long things took, as plain numbers that add up and of which what came in between can be told; and what a cache
//! did, in such numbers.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Four to each doubling from 256 ns to half a minute: a time is known to a fifth or better.
pub const BUCKETS: usize = 112;
/// Below this all times are one.
const SHORTEST: u32 = 8;

/// How many took how long in all, and how many how long each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timed {
    pub count: u64,
    pub sum: Duration,
    /// By `bucket`; those at the end without any may be missing.
    #[serde(default)]
    pub buckets: Vec<u64>,
}

/// Where a time is counted.
pub fn bucket(took: Duration) -> usize {
    let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
    let Some(power) = nanoseconds.checked_ilog2().and_then(|it| it.checked_sub(SHORTEST)) else {
        return 0;
    };
    let quarter = (nanoseconds >> (power + SHORTEST - 2)) & 3;
    (power as usize * 4 + quarter as usize + 1).min(BUCKETS - 1)
}

/// The least time in a bucket, in seconds.
fn least(bucket: usize) -> f64 {
    let Some(place) = bucket.checked_sub(1) else { return 0.0 };
    let quarters = (4 + place % 4) as f64;
    quarters * 2_f64.powi((place / 4) as i32 + SHORTEST as i32 - 2) / 1e9
}

impl Timed {
    pub fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
        self.buckets.resize(self.buckets.len().max(other.buckets.len()), 0);
        for (mine, others) in self.buckets.iter_mut().zip(&other.buckets) {
            *mine += others;
        }
    }

    /// What came after `before`; counters that went back began anew, and then it is everything.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        let (count, sum) = (self.count.checked_sub(before.count), self.sum.checked_sub(before.sum));
        let (Some(count), Some(sum)) = (count, sum) else { return self.clone() };
        let then = |at: usize| before.buckets.get(at).copied().unwrap_or(0);
        let buckets = self.buckets.iter().enumerate();
        let buckets = buckets.map(|(at, many)| many.saturating_sub(then(at))).collect();
        Self { count, sum, buckets }
    }

    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum.as_secs_f64() / self.count as f64)
    }

    /// The seconds below which this share of all lies, evenly spread inside a bucket.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let total: u64 = self.buckets.iter().sum();
        let wanted = share * total as f64;
        let mut seen = 0.0;
        for (at, many) in self.buckets.iter().enumerate().filter(|(_, many)| **many > 0) {
            let many = *many as f64;
            if seen + many >= wanted {
                let (low, high) = (least(at), least(at + 1));
                return Some(low + (high - low) * ((wanted - seen) / many).clamp(0.0, 1.0));
            }
            seen += many;
        }
        None
    }
}

/// What a cache did since its process started.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheCounts {
    /// Without a cache every read is one of the store.
    pub is_on: bool,
    /// Reads that were answered from the memory of a process, from Redis, from the store.
    pub near: u64,
    pub redis: u64,
    pub store: u64,
    /// Reads that were answered with an old copy while the store was away.
    pub stale: u64,
    /// How long answers of the cache took, those of them that were timed, and how long reads of the store.
    pub hit: Timed,
    pub miss: Timed,
}

impl CacheCounts {
    pub fn add(&mut self, other: &Self) {
        self.is_on |= other.is_on;
        self.near += other.near;
        self.redis += other.redis;
        self.store += other.store;
        self.stale += other.stale;
        self.hit.add(&other.hit);
        self.miss.add(&other.miss);
    }

    pub fn hits(&self) -> u64 {
        self.near + self.redis
    }

    pub fn reads(&self) -> u64 {
        self.hits() + self.store + self.stale
    }

    /// The seconds that hits would have taken longer as misses.
    pub fn saved(&self) -> Option<f64> {
        let saved = self.miss.mean()? - self.hit.mean()?;
        Some(saved.max(0.0) * self.hits() as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timed(microseconds: &[u64]) -> Timed {
        let mut timed = Timed { buckets: vec![0; BUCKETS], ..Timed::default() };
        for took in microseconds.iter().map(|it| Duration::from_micros(*it)) {
            timed.count += 1;
            timed.sum += took;
            timed.buckets[bucket(took)] += 1;
        }
        timed
    }

    #[test]
    fn every_time_lies_in_its_bucket_and_buckets_are_narrow() {
        for nanoseconds in (0..40).flat_map(|power| [1_u64 << power, (1 << power) + 1, 3 << power])
        {
            let seconds = nanoseconds as f64 / 1e9;
            let at = bucket(Duration::from_nanos(nanoseconds));
            assert!(least(at) <= seconds, "{nanoseconds} in {at}");
            if at + 1 < BUCKETS {
                assert!(seconds < least(at + 1), "{nanoseconds} in {at}");
            }
            if at > 0 {
                assert!(least(at + 1) / least(at) <= 1.26, "{at}");
            }
        }
        assert_eq!(bucket(Duration::MAX), BUCKETS - 1);
    }

    #[test]
    fn a_quantile_is_of_what_came_since() {
        let before = timed(&[50_000; 100]);
        let mut now = before.clone();
        now.add(&timed(&[100; 99]));
        now.add(&timed(&[4000]));
        let since = now.since(&before);
        assert_eq!(since.count, 100);
        let micros = |share| since.quantile(share).unwrap() * 1e6;
        assert!((80.0..=125.0).contains(&micros(0.5)), "{}", micros(0.5));
        assert!((3000.0..=5000.0).contains(&micros(0.999)), "{}", micros(0.999));
        assert!((since.mean().unwrap() * 1e6 - 139.0).abs() < 0.5);
        assert_eq!(now.since(&now).quantile(0.5), None);
        assert_eq!(before.since(&now), before, "a process that was started anew");
    }

    #[test]
    fn what_a_hit_saves_is_what_a_miss_takes_longer() {
        let (hit, miss) = (timed(&[10, 10]), timed(&[1010]));
        let mut counts = CacheCounts { near: 900, redis: 100, hit, miss, ..Default::default() };
        assert!((counts.saved().unwrap() - 1.0).abs() < 1e-6);
        counts.hit = timed(&[5000]);
        assert_eq!(counts.saved(), Some(0.0), "a cache that is slower saves nothing");
        assert_eq!(CacheCounts::default().saved(), None);
    }
}
