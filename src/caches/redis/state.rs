//! Whether Redis is used: a breaker that opens after failures and closes when a probe succeeds.

use crate::caches::limits;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

/// How Redis is, for those who look at it from outside; it names no host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedisHealth {
    /// None is configured.
    Absent,
    Ready,
    /// It is left alone until it answers a probe.
    Away,
}

/// What happened since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RedisCounts {
    /// Commands that Redis refused.
    pub errors: u64,
    /// Commands without an answer in time.
    pub timeouts: u64,
    /// Commands that were not sent because too many waited.
    pub overflows: u64,
    /// How often it was given up for a while.
    pub outages: u64,
}

#[derive(Debug)]
pub struct State {
    resource: String,
    is_ready: AtomicBool,
    failures: AtomicU32,
    /// What the log was told last.
    told: Mutex<Option<bool>>,
    errors: AtomicU64,
    timeouts: AtomicU64,
    overflows: AtomicU64,
    outages: AtomicU64,
}

impl State {
    pub fn new(resource: String) -> Self {
        Self {
            resource,
            is_ready: AtomicBool::new(false),
            failures: AtomicU32::new(0),
            told: Mutex::new(None),
            errors: AtomicU64::new(0),
            timeouts: AtomicU64::new(0),
            overflows: AtomicU64::new(0),
            outages: AtomicU64::new(0),
        }
    }

    pub fn is_ready(&self) -> bool {
        self.is_ready.load(Relaxed)
    }

    pub fn health(&self) -> RedisHealth {
        if self.is_ready() { RedisHealth::Ready } else { RedisHealth::Away }
    }

    pub fn counts(&self) -> RedisCounts {
        RedisCounts {
            errors: self.errors.load(Relaxed),
            timeouts: self.timeouts.load(Relaxed),
            overflows: self.overflows.load(Relaxed),
            outages: self.outages.load(Relaxed),
        }
    }

    pub fn up(&self) {
        self.failures.store(0, Relaxed);
        self.is_ready.store(true, Relaxed);
        if self.tells(true) {
            tracing::info!("the Redis of resource {} is there", self.resource);
        }
    }

    pub fn down(&self, reason: &str) {
        if self.is_ready.swap(false, Relaxed) {
            self.outages.fetch_add(1, Relaxed);
        }
        if self.tells(false) {
            tracing::warn!(
                "the Redis of resource {} is away: {reason}; its records come from the store until it is back",
                self.resource
            );
        }
    }

    pub fn note_success(&self) {
        if self.failures.load(Relaxed) != 0 {
            self.failures.store(0, Relaxed);
        }
    }

    pub fn note_timeout(&self) {
        self.timeouts.fetch_add(1, Relaxed);
        self.note_failure("it does not answer in time");
    }

    /// Redis is there, and refuses this command.
    pub fn note_error(&self) {
        self.errors.fetch_add(1, Relaxed);
    }

    pub fn note_failure(&self, reason: &str) {
        if self.failures.fetch_add(1, Relaxed) + 1 >= limits::REDIS_FAILURES {
            self.down(reason);
        }
    }

    pub fn note_full_queue(&self) {
        self.overflows.fetch_add(1, Relaxed);
    }

    /// Only a change is worth a line of the log.
    fn tells(&self, is_there: bool) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.replace(is_there) != Some(is_there)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_after_failures_in_a_row_and_closes_with_a_probe() {
        let state = State::new("things".into());
        assert_eq!(state.health(), RedisHealth::Away, "until it was reached");
        state.up();
        for _ in 0..10 {
            state.note_timeout();
            state.note_timeout();
            state.note_success();
        }
        assert_eq!(state.health(), RedisHealth::Ready);
        for _ in 0..limits::REDIS_FAILURES {
            state.note_timeout();
        }
        assert_eq!(state.health(), RedisHealth::Away);
        state.up();
        assert_eq!(state.health(), RedisHealth::Ready);
        assert_eq!(state.counts().outages, 1);
    }
}
