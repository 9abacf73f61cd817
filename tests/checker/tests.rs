//! The judge itself: it must find what is wrong, and nothing else.

use super::*;
use std::time::{Duration, Instant};

/// A history of one key, with times in milliseconds.
struct Told {
    start: Instant,
    history: History,
}

impl Told {
    fn new() -> Self {
        Self { start: Instant::now(), history: History::default() }
    }

    fn at(mut self, session: usize, (from, to): (u64, u64), what: What) -> Self {
        let moment = |milliseconds| self.start + Duration::from_millis(milliseconds);
        let event = Event { session, key: 0, what, start: moment(from), end: moment(to) };
        self.history.events.push(event);
        self
    }

    fn wrote(self, session: usize, time: (u64, u64), number: u64) -> Self {
        self.at(session, time, What::Wrote { number, is_delete: false, is_acknowledged: true })
    }

    fn deleted(self, session: usize, time: (u64, u64), number: u64) -> Self {
        self.at(session, time, What::Wrote { number, is_delete: true, is_acknowledged: true })
    }

    fn lost(self, session: usize, time: (u64, u64), number: u64) -> Self {
        self.at(session, time, What::Wrote { number, is_delete: false, is_acknowledged: false })
    }

    fn read(self, session: usize, time: (u64, u64), number: Option<u64>) -> Self {
        self.at(session, time, What::Read { number, bound: Duration::from_millis(100) })
    }

    #[track_caller]
    fn violations(&self, expected: usize) {
        self.judged(false, expected);
    }

    #[track_caller]
    fn judged(&self, is_monotonic: bool, expected: usize) {
        let verdict = judge(&self.history, Promise { is_monotonic });
        assert_eq!(verdict.violations.len(), expected, "{:?}", verdict.violations);
    }
}

#[test]
fn an_answer_may_be_as_old_as_its_bound_and_not_older() {
    let told = || Told::new().wrote(1, (0, 10), 1).wrote(1, (20, 30), 2);
    told().read(2, (130, 131), Some(1)).violations(0);
    told().read(2, (131, 132), Some(1)).violations(1);
    told().read(2, (131, 132), Some(2)).violations(0);
    told().read(2, (25, 500), Some(1)).violations(0);
}

#[test]
fn what_counts_is_the_first_write_that_was_missed() {
    let told = Told::new().wrote(1, (0, 1), 1).wrote(1, (10, 20), 2).wrote(1, (100, 110), 3);
    told.read(2, (130, 131), Some(1)).violations(1);
}

#[test]
fn a_write_that_nobody_acknowledged_proves_nothing_but_may_be_seen() {
    let told = || Told::new().wrote(1, (0, 1), 1).lost(1, (10, 20), 2);
    told().read(2, (500, 501), Some(1)).violations(0);
    told().read(2, (500, 501), Some(2)).violations(0);
    told().read(2, (5, 6), Some(2)).violations(1);
    told().read(2, (500, 501), Some(3)).violations(1);
}

#[test]
fn that_there_is_none_may_be_the_start_or_a_delete() {
    Told::new().read(2, (5, 6), None).violations(0);
    Told::new().wrote(1, (0, 10), 1).read(2, (200, 201), None).violations(1);
    let told = || Told::new().wrote(1, (0, 10), 1).deleted(1, (20, 30), 2);
    told().read(2, (500, 501), None).violations(0);
    told().read(2, (500, 501), Some(1)).violations(1);
    told().wrote(1, (40, 50), 3).read(2, (500, 501), None).violations(1);
}

#[test]
fn a_session_sees_what_it_wrote() {
    let told = || Told::new().wrote(1, (0, 1), 1).wrote(2, (10, 20), 2);
    told().read(2, (30, 31), Some(1)).violations(1);
    told().read(1, (30, 31), Some(1)).violations(0);
    told().read(2, (15, 16), Some(1)).violations(1);
}

#[test]
fn a_session_never_goes_back_where_that_is_promised() {
    let told = Told::new().wrote(1, (0, 1), 1).wrote(1, (10, 20), 2);
    let told = told.read(2, (30, 31), Some(2)).read(2, (40, 41), Some(1));
    told.judged(false, 0);
    told.judged(true, 1);
}

#[test]
fn that_there_was_none_is_taken_for_the_oldest_delete_that_it_can_be() {
    let told = || Told::new().wrote(1, (0, 1), 1).deleted(1, (10, 20), 2).wrote(1, (30, 40), 3);
    // It was asked for before the third write was done, and answered while a delete was under way.
    let told = || told().deleted(1, (41, 900), 4).read(2, (35, 45), None);
    told().read(2, (50, 51), Some(3)).judged(true, 0);
    // Nobody may be told of the first delete any more, so it is the second one that was seen.
    told().read(2, (200, 201), None).read(2, (300, 301), Some(3)).judged(true, 1);
    told().read(2, (200, 201), None).read(2, (300, 301), Some(3)).judged(false, 0);
}
