//! When to kill, and how often.

use crate::support::{Harness, PATIENCE, Process};
use headwater::testing::random::Random;
use std::time::{Duration, Instant, SystemTime};

/// Kills over all shapes, unless `HEADWATER_KILLS` says otherwise.
const KILLS: u64 = 600;

/// Shapes that share them.
const SHAPES: u64 = 16;

/// The kills of one shape of flow.
pub struct Kills {
    shape: &'static str,
    seed: u64,
    pub random: Random,
    left: u64,
    start: Instant,
}

impl Kills {
    pub fn of(shape: &'static str) -> Self {
        let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let seed = number("HEADWATER_SEED").unwrap_or(now.as_nanos() as u64 >> 10);
        let left = number("HEADWATER_KILLS").unwrap_or(KILLS).div_ceil(SHAPES);
        let salt = shape.bytes().fold(0, |salt: u64, byte| salt.rotate_left(7) ^ u64::from(byte));
        let random = Random::new(seed ^ salt);
        Self { shape, seed, random, left, start: Instant::now() }
    }

    /// Starts and kills until all kills are done. `before` prepares each start, `started` sees the
    /// process, `progress` is any number that grows with what is stored. A process that ends by itself
    /// must have ended well; that is no kill.
    #[track_caller]
    pub fn run(
        &mut self,
        harness: &Harness,
        mut before: impl FnMut(&mut Random),
        started: impl FnMut(&Process),
        progress: impl Fn() -> u64,
    ) {
        let start = |random: &mut Random| {
            before(random);
            harness.start()
        };
        self.run_by(start, started, progress);
    }

    /// Like `run`, with processes that `start` makes.
    #[track_caller]
    pub fn run_by(
        &mut self,
        mut start: impl FnMut(&mut Random) -> Process,
        mut started: impl FnMut(&Process),
        progress: impl Fn() -> u64,
    ) {
        // A process that ends before it can be killed gets less time the next time.
        let mut haste = 1;
        while self.left > 0 {
            let at_start = progress();
            let mut process = start(&mut self.random);
            started(&process);
            if self.random.chance(40) {
                wait_for_progress(&mut process, || progress() != at_start);
            }
            std::thread::sleep(self.moment() / haste);
            if process.has_ended() {
                let (status, _) = process.wait(PATIENCE);
                let told = process.err.to_end(PATIENCE);
                assert!(status.success(), "{} ended with {status}:\n{told}", self.shape);
                haste = (haste * 2).min(64);
                continue;
            }
            process.kill();
            self.left -= 1;
            let told = process.err.to_end(PATIENCE);
            assert!(!told.contains("a bug"), "{}:\n{told}", self.shape);
        }
    }

    /// Within the start, within the first batches, or in the middle of the work.
    fn moment(&mut self) -> Duration {
        let micros = match self.random.below(10) {
            0..3 => self.random.below(40_000),
            3..8 => self.random.below(150_000),
            _ => self.random.below(400_000),
        };
        Duration::from_micros(micros)
    }
}

fn wait_for_progress(process: &mut Process, has_moved: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(1);
    while !has_moved() && !process.has_ended() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(1));
    }
}

impl Drop for Kills {
    fn drop(&mut self) {
        let Self { shape, seed, left, .. } = self;
        let elapsed = self.start.elapsed();
        if std::thread::panicking() {
            eprintln!("{shape}: failed; replay with HEADWATER_SEED={seed}");
        } else {
            assert_eq!(*left, 0, "{shape}: not all kills are done");
            eprintln!("{shape}: done in {elapsed:.1?}");
        }
    }
}
