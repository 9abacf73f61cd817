//! What is known of one replica's health: pure, told of every check and every request, with the time.

use crate::gate::limits::{SILENCES, SUSPENDED_FIRST, SUSPENDED_LONGEST};
use std::time::{Duration, Instant};

/// Why something did not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The machine is there and says no: nothing listens, or the readiness check fails. What is under way is finished.
    Refused,
    /// Nothing comes back. What is under way is lost.
    Silent,
}

/// When a replica counts as down and as back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Thresholds {
    pub(crate) down_after: u32,
    pub(crate) up_after: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Health {
    /// Found, and not checked yet.
    New,
    /// With the time since when.
    Ready(Instant),
    Down(Trouble),
    /// It takes requests and does not answer them, whatever the checks say.
    Suspended(Instant),
}

/// The memory behind a replica's health.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record {
    pub(crate) health: Health,
    passed: u32,
    failed: u32,
    silences: u32,
    suspensions: u32,
}

impl Record {
    pub(crate) fn new() -> Self {
        Self { health: Health::New, passed: 0, failed: 0, silences: 0, suspensions: 0 }
    }

    pub(crate) fn check_passed(&mut self, thresholds: Thresholds, now: Instant) {
        self.failed = 0;
        self.passed = self.passed.saturating_add(1);
        match self.health {
            Health::New => self.health = Health::Ready(now),
            Health::Down(_) if self.passed >= thresholds.up_after => {
                self.health = Health::Ready(now);
            }
            // Half open: the next requests show whether it answers again.
            Health::Suspended(until) if until <= now => self.health = Health::Ready(now),
            _ => {}
        }
    }

    /// Whether the replica is down by this check and was not before.
    pub(crate) fn check_failed(&mut self, trouble: Trouble, thresholds: Thresholds) -> bool {
        self.passed = 0;
        self.failed = self.failed.saturating_add(1);
        // A port where nothing listens is no accident of the network.
        let is_sure = trouble == Trouble::Refused || self.failed >= thresholds.down_after;
        let was_up = !matches!(self.health, Health::Down(_));
        if is_sure || self.health == Health::New {
            self.health = Health::Down(trouble);
        }
        was_up && is_sure
    }

    /// A request found nothing listening.
    pub(crate) fn request_refused(&mut self) {
        self.passed = 0;
        self.health = Health::Down(Trouble::Refused);
    }

    /// A request was taken and not answered in time.
    pub(crate) fn request_silent(&mut self, now: Instant) {
        self.silences = self.silences.saturating_add(1);
        // Those that were under way together count once; after a first suspension one silence is enough.
        if self.silences >= SILENCES && matches!(self.health, Health::Ready(_)) {
            let doubled = SUSPENDED_FIRST * (1 << self.suspensions.min(8));
            self.health = Health::Suspended(now + doubled.min(SUSPENDED_LONGEST));
            self.suspensions = self.suspensions.saturating_add(1);
        }
    }

    pub(crate) fn request_answered(&mut self) {
        (self.silences, self.suspensions) = (0, 0);
    }

    /// A share of a full load, in thousandths: a new replica is cold and gets little at first.
    pub(crate) fn weight(&self, slow_start: Duration, now: Instant) -> u64 {
        use crate::gate::limits::SLOW_START_SHARE as FIRST;
        let Health::Ready(since) = self.health else { return FIRST };
        let age = now.saturating_duration_since(since).as_millis() as u64;
        match slow_start.as_millis() as u64 {
            whole if age >= whole => 1000,
            whole => (FIRST + (1000 - FIRST) * age / whole).min(1000),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::time::now;

    const TWICE: Thresholds = Thresholds { down_after: 2, up_after: 2 };

    fn ready() -> Record {
        let mut record = Record::new();
        record.check_passed(TWICE, now());
        assert!(matches!(record.health, Health::Ready(_)));
        record
    }

    #[test]
    fn one_lost_check_is_no_death_and_two_are() {
        let mut record = ready();
        assert!(!record.check_failed(Trouble::Silent, TWICE));
        record.check_passed(TWICE, now());
        assert!(!record.check_failed(Trouble::Silent, TWICE));
        assert!(matches!(record.health, Health::Ready(_)));
        assert!(record.check_failed(Trouble::Silent, TWICE));
        assert_eq!(record.health, Health::Down(Trouble::Silent));
        record.check_passed(TWICE, now());
        assert_eq!(record.health, Health::Down(Trouble::Silent));
        record.check_passed(TWICE, now());
        assert!(matches!(record.health, Health::Ready(_)));
    }

    #[test]
    fn a_port_where_nothing_listens_is_believed_at_once() {
        let mut record = ready();
        assert!(record.check_failed(Trouble::Refused, TWICE));
        assert!(!record.check_failed(Trouble::Refused, TWICE), "it was down before");
        let mut record = ready();
        record.request_refused();
        assert_eq!(record.health, Health::Down(Trouble::Refused));
    }

    #[test]
    fn who_takes_requests_and_does_not_answer_is_left_alone_ever_longer() {
        let (mut record, start) = (ready(), now());
        let mut times = Vec::new();
        for _ in 0..7 {
            for _ in 0..SILENCES {
                record.request_silent(start);
            }
            let Health::Suspended(until) = record.health else { panic!("{record:?}") };
            times.push((until - start).as_secs());
            record.check_passed(TWICE, start);
            assert!(matches!(record.health, Health::Suspended(_)), "a check says nothing");
            record.check_passed(TWICE, until);
            assert!(matches!(record.health, Health::Ready(_)));
        }
        assert_eq!(times, [1, 2, 4, 8, 16, 30, 30]);
        record.request_answered();
        record.request_silent(start);
        assert!(matches!(record.health, Health::Ready(_)), "one silence is forgiven");
    }

    #[test]
    fn a_new_replica_grows_into_its_load() {
        let (record, whole) = (ready(), Duration::from_secs(10));
        let Health::Ready(since) = record.health else { panic!() };
        let at = |seconds| record.weight(whole, since + Duration::from_secs(seconds));
        assert_eq!([at(0), at(5), at(10), at(60)], [100, 550, 1000, 1000]);
        assert_eq!(record.weight(Duration::ZERO, since), 1000);
    }
}
