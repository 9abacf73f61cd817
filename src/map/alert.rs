//! When an alert fires: its condition has held for as long as the stack file says. Pure; the time is given.

use crate::core::time::rfc3339;
use crate::map::picture::{self, AlertState, Reading};
use crate::map::sample::Condition;
use crate::map::words;
use crate::stack::model::{Alert, Measure};
use std::time::Instant;

/// One alert over time.
#[derive(Debug, Clone)]
pub struct Watched {
    alert: Alert,
    state: AlertState,
    /// Milliseconds since 1970 at which the state began, for people.
    since: i64,
    /// The same, by a clock that nobody sets.
    begun: Instant,
    value: Option<f64>,
}

impl Watched {
    pub fn new(alert: Alert, at: i64, now: Instant) -> Self {
        Self { alert, state: AlertState::Quiet, since: at, begun: now, value: None }
    }

    pub fn alert(&self) -> &Alert {
        &self.alert
    }

    /// Looks at what is measured now; answers whether it began or ceased to fire. What is not known changes nothing:
    /// a service that is not there has an alert of its own state, and a gap must not end one that fires.
    pub fn look(&mut self, reading: &Reading, at: i64, now: Instant) -> bool {
        let Some(value) = measured(self.alert.measure, reading) else { return false };
        self.value = Some(value);
        let (alert, before) = (&self.alert, self.state);
        let holds = if alert.is_above { value > alert.limit } else { value < alert.limit };
        let held = now.saturating_duration_since(self.begun);
        let is_long = before == AlertState::Pending && held >= alert.lasting;
        let next = match (holds, before) {
            (false, _) => AlertState::Quiet,
            (true, AlertState::Firing) => AlertState::Firing,
            (true, _) if is_long || alert.lasting.is_zero() => AlertState::Firing,
            (true, _) => AlertState::Pending,
        };
        if next != before {
            (self.state, self.since, self.begun) = (next, at, now);
        }
        // A clock that was set back: nothing began in the future.
        self.since = self.since.min(at);
        (before == AlertState::Firing) != (next == AlertState::Firing)
    }

    pub fn shown(&self) -> picture::Alert {
        picture::Alert {
            service: self.alert.service.clone(),
            when: self.alert.text.clone(),
            state: self.state,
            since: rfc3339(self.since),
            value: self.value.map_or_else(|| "not known".to_owned(), |it| said(&self.alert, it)),
        }
    }
}

fn measured(measure: Measure, reading: &Reading) -> Option<f64> {
    if matches!(reading.condition, Condition::Elsewhere | Condition::Outside) {
        return None;
    }
    let now = &reading.now;
    let value = match measure {
        Measure::Backlog => now.waiting,
        Measure::BacklogAge => now.oldest_seconds,
        Measure::DeadLetters => return Some(reading.totals.dead_letters as f64),
        Measure::Errors => now.errors_per_second,
        Measure::Latency => now.latency_seconds,
        Measure::Rate => now.taken_per_second,
        Measure::Waiting => {
            let waits = matches!(reading.condition, Condition::Waiting | Condition::Failed);
            return Some(f64::from(u8::from(waits)));
        }
    };
    value.map(f64::from)
}

fn said(alert: &Alert, value: f64) -> String {
    match alert.measure {
        Measure::BacklogAge | Measure::Latency => {
            words::seconds(value as f32).replace('\u{a0}', " ")
        }
        Measure::Errors | Measure::Rate => words::rate(value as f32),
        Measure::Backlog | Measure::DeadLetters => crate::charts::number::number(value),
        Measure::Waiting if value > 0.0 => "it waits".to_owned(),
        Measure::Waiting => "it works".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::time::now;
    use crate::map::graph::Kind;
    use std::time::Duration;

    fn alert(lasting: u64) -> Steadily {
        let alert = Alert {
            service: "f".to_owned(),
            text: "backlog_age > 30s".to_owned(),
            measure: Measure::BacklogAge,
            is_above: true,
            limit: 30.0,
            lasting: Duration::from_secs(lasting),
            webhook: None,
        };
        Steadily { watched: Watched::new(alert, 0, now()), begun: now() }
    }

    /// A clock that nobody sets goes along with the other.
    struct Steadily {
        watched: Watched,
        begun: Instant,
    }

    impl Steadily {
        fn look(&mut self, reading: &Reading, at: u64) -> bool {
            let now = self.begun + Duration::from_millis(at);
            self.watched.look(reading, at as i64, now)
        }

        fn shown(&self) -> picture::Alert {
            self.watched.shown()
        }
    }

    fn age(seconds: f32) -> Reading {
        let mut reading = Reading::unknown(Kind::Flow);
        reading.condition = Condition::Running;
        reading.now.oldest_seconds = Some(seconds);
        reading
    }

    #[test]
    fn it_fires_when_the_condition_has_held_long_enough_and_not_before() {
        let mut watched = alert(60);
        assert!(!watched.look(&age(31.0), 1_000));
        assert_eq!(watched.shown().state, AlertState::Pending);
        assert!(!watched.look(&age(31.0), 60_000));
        assert!(watched.look(&age(31.0), 61_000), "now it fires");
        assert!(!watched.look(&age(99.0), 62_000), "and says so once");
        assert_eq!(watched.shown().value, "99 s");
        assert!(watched.look(&age(1.0), 63_000), "and is over");
        assert_eq!(watched.shown().state, AlertState::Quiet);
    }

    #[test]
    fn a_moment_of_rest_begins_the_count_anew() {
        let mut watched = alert(60);
        watched.look(&age(31.0), 0);
        watched.look(&age(2.0), 59_000);
        assert!(!watched.look(&age(31.0), 60_000));
        assert!(!watched.look(&age(31.0), 119_000));
        assert!(watched.look(&age(31.0), 120_000));
    }

    #[test]
    fn what_is_not_known_neither_fires_nor_ends_it() {
        let mut watched = alert(0);
        assert!(watched.look(&age(31.0), 1_000));
        assert!(!watched.look(&Reading::unknown(Kind::Flow), 2_000));
        assert_eq!(watched.shown().state, AlertState::Firing);
    }

    #[test]
    fn a_clock_that_jumps_makes_nothing_last_longer_or_shorter() {
        let Steadily { mut watched, begun } = alert(60);
        let after = |seconds| begun + Duration::from_secs(seconds);
        let hour = 3_600_000;
        assert!(!watched.look(&age(31.0), 2 * hour, after(0)));
        assert!(!watched.look(&age(31.0), 9_000 * hour, after(1)), "ahead");
        assert!(!watched.look(&age(31.0), hour, after(59)), "back");
        assert_eq!(watched.shown().since, rfc3339(hour), "nothing began in the future");
        assert!(watched.look(&age(31.0), hour, after(60)));
    }
}
