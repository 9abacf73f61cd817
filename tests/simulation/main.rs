//! The whole engine with its real sinks on a disk that forgets, tears, runs full and fails, at seeded moments.
//!
//! A run is a row of lives: each ends with a kill or a power cut somewhere, the last one comes to its end.
//! Then what was given is compared with what is on the disk, record by record. A failure prints its seed;
//! `HEADWATER_SEED=n` replays it, `HEADWATER_SEEDS=n` runs that many. Threads are real, so a replay meets the
//! same faults and may meet another order of threads.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test may panic")]
mod datasets;
mod files;
mod gate;
mod journal;
mod letters;
mod life;
mod mishaps;
mod numbers;
mod replays;
mod reports;
mod workers;

use headwater::testing::random::{Random, seeds};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Each thread stops after so many failures: the first ones say enough.
const FAILURES: usize = 5;

/// Runs a scenario for every seed, on as many threads as there are cores. What a scenario answers as an error
/// is told with its seed.
fn for_every_seed(usual: u64, scenario: impl Fn(u64) -> Result<(), String> + Sync) {
    let seeds = seeds(usual);
    if seeds.end - seeds.start == 1 {
        // A replay tells what the flow says; that one was set up already is no matter.
        tracing_subscriber::fmt().with_test_writer().try_init().unwrap_or_default();
    }
    let next = AtomicU64::new(seeds.start);
    let failures: Vec<String> = std::thread::scope(|threads| {
        let run = || {
            let mut failures = Vec::new();
            loop {
                let seed = next.fetch_add(1, Relaxed);
                if seed >= seeds.end || failures.len() >= FAILURES {
                    return failures;
                }
                if let Err(failure) = scenario(seed) {
                    failures.push(format!("HEADWATER_SEED={seed}: {failure}"));
                }
            }
        };
        let workers: Vec<_> = (0..2).map(|_| threads.spawn(run)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert!(failures.is_empty(), "{} seeds failed\n{}", failures.len(), failures.join("\n"));
}

/// A different row of numbers for each purpose of one seed.
fn random(seed: u64, purpose: u64) -> Random {
    Random::new(seed.wrapping_mul(0x0100_0000_01B3) ^ (purpose << 48))
}
