//! Counters of one server: requests by status class, bytes, connections, latency. Who shows them is the
//! caller's choice.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Buckets of the latency histogram; the last one has no upper bound.
pub const LATENCY_BUCKETS: usize = 26;

/// Upper bound (exclusive) of a latency bucket: 1.024 µs, doubling; none for the last.
pub fn latency_bound(bucket: usize) -> Option<Duration> {
    (bucket + 1 < LATENCY_BUCKETS).then(|| Duration::from_nanos(1024 << bucket))
}

/// What a server has done since it started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MeterSnapshot {
    /// Requests answered with 1xx..5xx, in that order.
    pub requests: [u64; 5],
    pub bytes_in: u64,
    pub bytes_out: u64,
    pub connections_accepted: u64,
    /// Connections refused because the limit was reached.
    pub connections_refused: u64,
    pub connections_open: u64,
    /// From the end of a request's headers to its answer in the write buffer; streams until they begin.
    pub latency: [u64; LATENCY_BUCKETS],
    pub latency_sum: Duration,
}

impl MeterSnapshot {
    pub fn requests_total(&self) -> u64 {
        self.requests.iter().sum()
    }
}

/// One worker's share. Alone on its cache lines, because two cores writing one line would slow both.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct MeterShard {
    requests: [AtomicU64; 5],
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    accepted: AtomicU64,
    refused: AtomicU64,
    latency: [AtomicU64; LATENCY_BUCKETS],
    latency_nanos: AtomicU64,
}

impl MeterShard {
    pub(crate) fn request(&self, status: u16, taken: Duration) {
        let nanos = u64::try_from(taken.as_nanos()).unwrap_or(u64::MAX);
        let class = usize::from(status / 100).clamp(1, 5) - 1;
        let bucket = (64 - (nanos >> 10).leading_zeros() as usize).min(LATENCY_BUCKETS - 1);
        self.requests[class].fetch_add(1, Relaxed);
        self.latency[bucket].fetch_add(1, Relaxed);
        self.latency_nanos.fetch_add(nanos, Relaxed);
    }

    pub(crate) fn bytes_in(&self, count: usize) {
        self.bytes_in.fetch_add(count as u64, Relaxed);
    }

    pub(crate) fn bytes_out(&self, count: usize) {
        self.bytes_out.fetch_add(count as u64, Relaxed);
    }

    pub(crate) fn accepted(&self) {
        self.accepted.fetch_add(1, Relaxed);
    }

    pub(crate) fn refused(&self) {
        self.refused.fetch_add(1, Relaxed);
    }
}

/// All shards of a server.
#[derive(Debug)]
pub(crate) struct Meter {
    shards: Vec<MeterShard>,
}

impl Meter {
    pub(crate) fn new(workers: usize) -> Self {
        Self { shards: (0..workers.max(1)).map(|_| MeterShard::default()).collect() }
    }

    pub(crate) fn shard(&self, worker: usize) -> &MeterShard {
        &self.shards[worker % self.shards.len()]
    }

    pub(crate) fn snapshot(&self, connections_open: usize) -> MeterSnapshot {
        let mut sum =
            MeterSnapshot { connections_open: connections_open as u64, ..MeterSnapshot::default() };
        let mut nanos = 0;
        for shard in &self.shards {
            for (total, part) in sum.requests.iter_mut().zip(&shard.requests) {
                *total += part.load(Relaxed);
            }
            for (total, part) in sum.latency.iter_mut().zip(&shard.latency) {
                *total += part.load(Relaxed);
            }
            sum.bytes_in += shard.bytes_in.load(Relaxed);
            sum.bytes_out += shard.bytes_out.load(Relaxed);
            sum.connections_accepted += shard.accepted.load(Relaxed);
            sum.connections_refused += shard.refused.load(Relaxed);
            nanos += shard.latency_nanos.load(Relaxed);
        }
        sum.latency_sum = Duration::from_nanos(nanos);
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn puts_every_latency_below_the_bound_of_its_bucket() {
        for nanos in [0, 1, 1023, 1024, 2047, 2048, 1_000_000, 40_000_000_000, u64::MAX] {
            let meter = Meter::new(2);
            meter.shard(1).request(204, Duration::from_nanos(nanos));
            let seen = meter.snapshot(0);
            let bucket = seen.latency.iter().position(|count| *count == 1).unwrap();
            let below = |bucket| latency_bound(bucket).is_none_or(|b| nanos < b.as_nanos() as u64);
            assert!(below(bucket), "{nanos}");
            assert!(bucket == 0 || !below(bucket - 1), "{nanos}");
            assert_eq!(seen.requests, [0, 1, 0, 0, 0]);
        }
    }
}
