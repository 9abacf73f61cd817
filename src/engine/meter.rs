//! Counts, rates, latencies and ages around every component; components themselves never count.

use crate::core::time::{now, unix_ms};
use crate::engine::last_records::LastRecords;
use crate::engine::tap::Tap;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Upper bounds of the latency buckets, in microseconds.
pub const BUCKETS_US: [u64; 12] =
    [10, 50, 100, 500, 1_000, 5_000, 10_000, 50_000, 100_000, 500_000, 1_000_000, 10_000_000];

/// What a flow is doing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum State {
    #[default]
    Starting,
    Running,
    /// Another process runs it, and this one waits for its lease.
    StandsBy(String),
    /// Something outside says no for now; tried again by itself.
    Waiting(String),
    /// The source has ended and everything is stored.
    Ended,
    Stopped,
    /// Cannot go on before a person has changed something.
    Failed(String),
}

impl State {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Running => "running",
            Self::StandsBy(_) => "stands by",
            Self::Waiting(_) => "waiting",
            Self::Ended => "ended",
            Self::Stopped => "stopped",
            Self::Failed(_) => "failed",
        }
    }
}

/// The numbers of one flow; written by its threads, read by `/metrics`, the live line and the map.
#[derive(Debug)]
pub struct FlowMeter {
    pub read_records: AtomicU64,
    pub read_bytes: AtomicU64,
    pub stored_records: AtomicU64,
    pub stored_bytes: AtomicU64,
    pub commits: AtomicU64,
    pub rejected: AtomicU64,
    /// Dead letters that went into the flow again.
    pub replayed: AtomicU64,
    /// Records that the target refused in a way that the stack file expects.
    pub refused: AtomicU64,
    pub source_faults: AtomicU64,
    pub sink_faults: AtomicU64,
    /// Records that are read and not yet acknowledged.
    pub backlog_records: AtomicU64,
    pub read_time: Histogram,
    pub step_time: Histogram,
    pub write_time: Histogram,
    pub commit_time: Histogram,
    /// What it delivers, for those who look.
    pub tap: Tap,
    /// Some of it, for the pages of the map.
    pub last_records: LastRecords,
    shared: Mutex<Shared>,
}

/// A place in a flow. Each says for itself that it waits or works: a source that idles must not hide a sink
/// that is down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Source,
    /// The journal in front of a source that cannot be read again.
    Intake,
    Sink,
}

/// Something that went wrong, once or more often in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    pub reason: String,
    pub times: u64,
    /// Milliseconds since 1970.
    pub first: i64,
    pub last: i64,
}

/// How many different errors are remembered.
const ERRORS: usize = 20;

#[derive(Debug, Default)]
struct Shared {
    state: State,
    /// Why each of them waits.
    source_waits: Option<String>,
    intake_waits: Option<String>,
    sink_waits: Option<String>,
    /// The newest last; the same again and again is one.
    errors: VecDeque<Complaint>,
    /// When the oldest record that is not yet acknowledged was read.
    oldest: Option<Instant>,
}

impl Default for FlowMeter {
    fn default() -> Self {
        let zero = AtomicU64::default;
        Self {
            read_records: zero(),
            read_bytes: zero(),
            stored_records: zero(),
            stored_bytes: zero(),
            commits: zero(),
            rejected: zero(),
            replayed: zero(),
            refused: zero(),
            source_faults: zero(),
            sink_faults: zero(),
            backlog_records: zero(),
            read_time: Histogram::default(),
            step_time: Histogram::default(),
            write_time: Histogram::default(),
            commit_time: Histogram::default(),
            tap: Tap::default(),
            last_records: LastRecords::default(),
            shared: Mutex::default(),
        }
    }
}

impl FlowMeter {
    pub fn state(&self) -> State {
        let shared = self.lock();
        let waits = [&shared.sink_waits, &shared.intake_waits, &shared.source_waits];
        let waits = waits.into_iter().find_map(Option::as_ref);
        match (&shared.state, waits) {
            (State::Running, Some(reason)) => State::Waiting(reason.clone()),
            (state, _) => state.clone(),
        }
    }

    pub fn set_state(&self, state: State) {
        let mut shared = self.lock();
        // A failure or an end is the last word until the flow is started anew.
        let is_final = matches!(shared.state, State::Failed(_) | State::Ended | State::Stopped);
        if !is_final || matches!(state, State::Starting) {
            shared.state = state;
        }
    }

    /// Everything is open.
    pub fn set_running(&self) {
        let mut shared = self.lock();
        if matches!(shared.state, State::Starting | State::StandsBy(_) | State::Waiting(_)) {
            shared.state = State::Running;
            shared.source_waits = None;
            shared.intake_waits = None;
            shared.sink_waits = None;
        }
    }

    /// One place cannot go on for now.
    pub fn waits(&self, side: Side, reason: &str) {
        *self.lock().waiting(side) = Some(reason.to_owned());
    }

    /// One place works: its wait, if there was one, is over.
    pub fn works(&self, side: Side) {
        *self.lock().waiting(side) = None;
    }

    /// Which of its places waits; the one that is nearest to the end says most.
    pub fn waiting_side(&self) -> Option<Side> {
        let shared = self.lock();
        let waits = [
            (Side::Sink, &shared.sink_waits),
            (Side::Intake, &shared.intake_waits),
            (Side::Source, &shared.source_waits),
        ];
        waits.into_iter().find_map(|(side, reason)| reason.as_ref().map(|_| side))
    }

    pub fn last_error(&self) -> Option<String> {
        self.lock().errors.back().map(|complaint| complaint.reason.clone())
    }

    /// What went wrong, the newest last.
    pub fn errors(&self) -> Vec<Complaint> {
        self.lock().errors.iter().cloned().collect()
    }

    pub fn error(&self, reason: &str) {
        let at = unix_ms();
        let mut shared = self.lock();
        if let Some(same) = shared.errors.back_mut().filter(|last| last.reason == reason) {
            (same.times, same.last) = (same.times + 1, at);
            return;
        }
        let reason = reason.to_owned();
        shared.errors.push_back(Complaint { reason, times: 1, first: at, last: at });
        let surplus = shared.errors.len().saturating_sub(ERRORS);
        shared.errors.drain(..surplus);
    }

    /// A batch was read and is on its way.
    pub fn took(&self, records: u64, bytes: u64, read_at: Instant) {
        self.read_records.fetch_add(records, Relaxed);
        self.read_bytes.fetch_add(bytes, Relaxed);
        self.backlog_records.fetch_add(records, Relaxed);
        self.lock().oldest.get_or_insert(read_at);
    }

    /// What the steps filtered out or made more of changes what is still under way.
    pub fn became(&self, came_in: u64, goes_out: u64) {
        if came_in != goes_out {
            self.settled(came_in, None);
            self.backlog_records.fetch_add(goes_out, Relaxed);
        }
    }

    /// Records arrived at their end; `next` is when the oldest of what is still under way was read.
    pub fn settled(&self, records: u64, next: Option<Instant>) {
        let left = self.backlog_records.load(Relaxed).saturating_sub(records);
        self.backlog_records.store(left, Relaxed);
        self.lock().oldest = if left == 0 { None } else { next.or_else(|| Some(now())) };
    }

    pub fn oldest_age(&self) -> Duration {
        self.lock().oldest.map_or(Duration::ZERO, |oldest| oldest.elapsed())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    fn waiting(&mut self, side: Side) -> &mut Option<String> {
        match side {
            Side::Source => &mut self.source_waits,
            Side::Intake => &mut self.intake_waits,
            Side::Sink => &mut self.sink_waits,
        }
    }
}

/// Latencies in fixed buckets.
#[derive(Debug, Default)]
pub struct Histogram {
    counts: [AtomicU64; BUCKETS_US.len() + 1],
    sum_us: AtomicU64,
}

impl Histogram {
    /// Runs `work` and counts how long it took.
    pub fn time<T>(&self, work: impl FnOnce() -> T) -> T {
        let start = now();
        let result = work();
        self.add(start.elapsed());
        result
    }

    pub fn add(&self, elapsed: Duration) {
        let us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        let bucket = BUCKETS_US.partition_point(|bound| *bound < us);
        self.counts[bucket].fetch_add(1, Relaxed);
        self.sum_us.fetch_add(us, Relaxed);
    }

    /// All of them together.
    pub fn sum(&self) -> Duration {
        Duration::from_micros(self.sum_us.load(Relaxed))
    }

    /// Cumulative counts per bound, the total, and the sum in seconds.
    pub fn snapshot(&self) -> (Vec<u64>, u64, f64) {
        let mut total = 0;
        let cumulative: Vec<u64> = self
            .counts
            .iter()
            .map(|count| {
                total += count.load(Relaxed);
                total
            })
            .collect();
        (cumulative, total, self.sum_us.load(Relaxed) as f64 / 1e6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_cumulative_and_their_bounds_belong_to_them() {
        let histogram = Histogram::default();
        for us in [10, 11, 60_000_000] {
            histogram.add(Duration::from_micros(us));
        }
        let (counts, total, _) = histogram.snapshot();
        assert_eq!((counts[0], counts[1], counts[11], total), (1, 2, 2, 3));
    }

    #[test]
    fn a_source_that_works_does_not_hide_a_sink_that_waits() {
        let meter = FlowMeter::default();
        meter.set_running();
        meter.waits(Side::Source, "no answer");
        meter.waits(Side::Sink, "no room");
        meter.works(Side::Source);
        assert_eq!(meter.state(), State::Waiting("no room".to_owned()));
        meter.works(Side::Sink);
        assert_eq!(meter.state(), State::Running);
    }

    #[test]
    fn a_failure_is_the_last_word() {
        let meter = FlowMeter::default();
        meter.set_state(State::Failed("no".into()));
        meter.set_running();
        assert_eq!(meter.state().name(), "failed");
    }
}
