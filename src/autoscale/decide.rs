//! How many there shall be, from what is measured and when. Pure: the time is given, and nothing is asked.

use crate::autoscale::target::{Kind, Target};
use crate::core::unit::show_duration;
use std::cmp::Ordering;
use std::time::Duration;

/// A time that is below this share of its target lets one replica go.
const REST: f64 = 0.5;
/// What cannot be computed is tried in steps: never more than twice as many at once.
const STEP: u32 = 2;
/// How long it is remembered that fewer did not suffice.
const REMEMBERED: Duration = Duration::from_mins(30);

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    pub target: Target,
    pub min: u32,
    pub max: u32,
    /// More are started when they were needed all this time; it begins anew with each change.
    pub up_after: Duration,
    /// Some are stopped when fewer would have done all this time; it begins anew with each change.
    pub down_after: Duration,
    /// This far beside the target is on target.
    pub tolerance: f64,
}

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// A rate of all replicas together, a mean use of cores, a time in seconds.
    pub value: f64,
    /// What is done by all of them together, a second, where that is known.
    pub load: Option<f64>,
    /// Everybody who was asked answered; if not, there may be more.
    pub is_whole: bool,
}

/// Replicas that shall be, and that are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Crew {
    pub wanted: u32,
    pub running: u32,
    /// Why some do not run, if it is known.
    pub note: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// `None`: it stays as it is.
    pub to: Option<u32>,
    pub why: Why,
    /// One line for people.
    pub text: String,
}

/// What kind of reason it was: a log that repeats itself is read by nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    Changed,
    OnTarget,
    /// More or fewer are needed, but not for long enough yet.
    Soon,
    AtMax,
    AtMin,
    /// The last ones that were started do not run yet.
    Starting,
    /// It is above the target, and falls.
    Falling,
    /// Nothing was measured.
    Blind,
    /// Only some answered.
    Partly,
    /// Fewer were tried with this load, and did not suffice.
    Remembered,
    /// Somebody set it to nothing.
    Off,
}

/// More or fewer are needed, since then.
#[derive(Debug, Clone, Copy)]
struct Streak {
    since: Duration,
    /// The nearest to what there is, of all that were wanted.
    wanted: u32,
    /// The measure at its beginning.
    first: f64,
    /// The most that was done meanwhile.
    load: Option<f64>,
}

/// So many did not suffice for so much.
#[derive(Debug, Clone, Copy)]
struct Tried {
    replicas: u32,
    load: Option<f64>,
    at: Duration,
}

#[derive(Debug)]
pub struct Decider {
    settings: Settings,
    replicas: Option<u32>,
    more: Option<Streak>,
    fewer: Option<Streak>,
    measured_at: Option<Duration>,
    /// The last step down.
    tried: Option<Tried>,
    /// A step down that had to be taken back.
    failed: Option<Tried>,
}

impl Decider {
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            replicas: None,
            more: None,
            fewer: None,
            measured_at: None,
            tried: None,
            failed: None,
        }
    }

    /// One look, `at` since any beginning.
    pub fn decide(
        &mut self,
        at: Duration,
        crew: &Crew,
        measured: Result<Measured, &str>,
    ) -> Decision {
        let replicas = crew.wanted;
        if self.replicas.replace(replicas) != Some(replicas) {
            self.begin_anew();
        }
        let (min, max) = (self.settings.min, self.settings.max);
        if replicas == 0 {
            let text = "it is set to 0 replicas, which is left alone".to_owned();
            return hold(Why::Off, text);
        }
        if replicas < min || replicas > max {
            return self.change(replicas.clamp(min, max), format!("bounds are {min} to {max}"));
        }
        let measured = match measured {
            Ok(measured) => measured,
            Err(reason) => return self.blind(at, reason),
        };
        self.measured_at = Some(at);
        let wanted = self.wanted(&measured, replicas);
        let told = self.told(&measured, replicas);
        let bounded = wanted.clamp(min, max);
        match bounded.cmp(&replicas) {
            Ordering::Greater => {
                self.fewer = None;
                self.up(at, crew, (bounded, measured), &told)
            }
            Ordering::Less => {
                self.more = None;
                self.down(at, replicas, (bounded, measured), &told)
            }
            Ordering::Equal => {
                self.begin_anew();
                let (why, text) = match wanted {
                    _ if wanted > max => (Why::AtMax, format!("; {wanted} wanted, {max} is --max")),
                    _ if wanted < min => {
                        (Why::AtMin, format!("; {wanted} would do, {min} is --min"))
                    }
                    _ => (Why::OnTarget, String::new()),
                };
                hold(why, told + &text)
            }
        }
    }

    fn begin_anew(&mut self) {
        (self.more, self.fewer) = (None, None);
    }

    fn change(&mut self, to: u32, text: String) -> Decision {
        self.begin_anew();
        Decision { to: Some(to), why: Why::Changed, text }
    }

    /// A short gap is nothing; after a long one nobody can say what was needed all the time.
    fn blind(&mut self, at: Duration, reason: &str) -> Decision {
        let seen = self.measured_at.unwrap_or_default();
        if at.saturating_sub(seen) > self.settings.up_after {
            self.begin_anew();
        }
        hold(Why::Blind, format!("{} is not known: {reason}", self.settings.target.kind.word()))
    }

    fn up(&mut self, at: Duration, crew: &Crew, it: (u32, Measured), told: &str) -> Decision {
        let (wanted, measured) = it;
        if crew.running < crew.wanted {
            // What is measured now is what the missing ones leave to the others.
            self.more = None;
            let note =
                if crew.note.is_empty() { String::new() } else { format!(" ({})", crew.note) };
            let (running, all) = (crew.running, crew.wanted);
            return hold(Why::Starting, format!("{told}; {running} of {all} run{note}"));
        }
        let streak = grown(&mut self.more, at, &measured, |before| before.min(wanted), wanted);
        let lasted = at.saturating_sub(streak.since);
        let after = self.settings.up_after;
        if lasted < after {
            let text = format!("{told}; {wanted} wanted, if it lasts {}", show_duration(after));
            return hold(Why::Soon, text);
        }
        let is_falling = measured.value < streak.first * (1.0 - self.settings.tolerance);
        if !self.settings.target.kind.is_shared() && is_falling {
            self.more = None;
            return hold(Why::Falling, format!("{told}, and falls"));
        }
        self.learn(at, crew.wanted, measured.load);
        let (to, lasted) = (streak.wanted, show_duration(lasted));
        self.change(to, format!("{told}; {to} needed for {lasted}"))
    }

    /// Was the last step down the reason? The same load would only bring it back.
    fn learn(&mut self, at: Duration, replicas: u32, load: Option<f64>) {
        let Some(tried) = self.tried.take() else { return };
        let is_same = match (load, tried.load) {
            (Some(now), Some(then)) => now <= then * (1.0 + 2.0 * self.settings.tolerance),
            _ => true,
        };
        if tried.replicas == replicas && is_same && at.saturating_sub(tried.at) < REMEMBERED {
            self.failed = Some(Tried { at, ..tried });
        }
    }

    fn down(&mut self, at: Duration, replicas: u32, it: (u32, Measured), told: &str) -> Decision {
        let (wanted, measured) = it;
        if !measured.is_whole {
            self.fewer = None;
            return hold(Why::Partly, format!("{told}; not all answered, so fewer may not do"));
        }
        let streak = grown(&mut self.fewer, at, &measured, |before| before.max(wanted), wanted);
        let lasted = at.saturating_sub(streak.since);
        let after = self.settings.down_after;
        if lasted < after {
            let text = format!("{told}; {wanted} would do, if it lasts {}", show_duration(after));
            return hold(Why::Soon, text);
        }
        let mut to = streak.wanted;
        if let Some(failed) = self.failed_with(at, streak.load)
            && to <= failed
        {
            to = failed + 1;
            if to >= replicas {
                self.fewer = None;
                let text = format!("{told}; {failed} did not suffice for as much before");
                return hold(Why::Remembered, text);
            }
        }
        self.tried = Some(Tried { replicas: to, load: streak.load, at });
        self.change(to, format!("{told}; {to} would have done for {}", show_duration(lasted)))
    }

    /// The replicas that did not suffice for as much as this.
    fn failed_with(&self, at: Duration, load: Option<f64>) -> Option<u32> {
        let failed = self.failed.filter(|it| at.saturating_sub(it.at) < REMEMBERED)?;
        let is_less = match (load, failed.load) {
            (Some(now), Some(then)) => now < then * (1.0 - 2.0 * self.settings.tolerance),
            _ => false,
        };
        (!is_less).then_some(failed.replicas)
    }

    /// How far it is from the target: 1 is on it.
    fn ratio(&self, measured: &Measured, replicas: u32) -> f64 {
        let Target { kind, limit } = self.settings.target;
        let each =
            if kind == Kind::Rate { measured.value / f64::from(replicas) } else { measured.value };
        each / limit
    }

    fn wanted(&self, measured: &Measured, replicas: u32) -> u32 {
        let (ratio, kind) = (self.ratio(measured, replicas), self.settings.target.kind);
        let tolerance = self.settings.tolerance;
        // A saturated float; far more than any bound.
        let computed = (f64::from(replicas) * ratio - 1e-9).ceil().max(1.0) as u32;
        let most = if kind == Kind::Rate { u32::MAX } else { replicas.saturating_mul(STEP) };
        if ratio > 1.0 + tolerance {
            computed.clamp(replicas + 1, most)
        } else if kind.is_shared() && ratio < 1.0 - tolerance {
            computed.min(replicas)
        } else if !kind.is_shared() && ratio < REST {
            replicas - 1
        } else {
            replicas
        }
    }

    /// `rate 310/s is 155/s each, target 100/s`
    fn told(&self, measured: &Measured, replicas: u32) -> String {
        let target = &self.settings.target;
        let (word, value) = (target.kind.word(), target.kind.show(measured.value));
        if target.kind == Kind::Rate {
            let each = target.kind.show(measured.value / f64::from(replicas));
            return format!("{word} {value} is {each} each, target {}", target.show());
        }
        format!("{word} {value}, target {}", target.show())
    }
}

fn hold(why: Why, text: String) -> Decision {
    Decision { to: None, why, text }
}

/// The streak with one more look.
fn grown(
    streak: &mut Option<Streak>,
    at: Duration,
    measured: &Measured,
    nearest: impl Fn(u32) -> u32,
    wanted: u32,
) -> Streak {
    let load = measured.load;
    let fresh = Streak { since: at, wanted, first: measured.value, load };
    let streak = streak.get_or_insert(fresh);
    streak.wanted = nearest(streak.wanted);
    streak.load = match (streak.load, load) {
        (Some(before), Some(now)) => Some(before.max(now)),
        _ => None,
    };
    *streak
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decider(target: &str) -> Decider {
        Decider::new(Settings {
            target: target.parse().unwrap(),
            min: 1,
            max: 10,
            up_after: Duration::from_secs(10),
            down_after: Duration::from_mins(1),
            tolerance: 0.1,
        })
    }

    fn crew(replicas: u32) -> Crew {
        Crew { wanted: replicas, running: replicas, note: String::new() }
    }

    fn whole(value: f64) -> Measured {
        Measured { value, load: None, is_whole: true }
    }

    /// Looks every second until something changes.
    fn until_change(
        decider: &mut Decider,
        from: u64,
        replicas: u32,
        value: f64,
    ) -> Option<(u64, u32)> {
        (from..from + 300).find_map(|at| {
            let decision =
                decider.decide(Duration::from_secs(at), &crew(replicas), Ok(whole(value)));
            Some((at - from, decision.to?))
        })
    }

    #[test]
    fn what_can_be_computed_is_computed_and_waited_for() {
        assert_eq!(until_change(&mut decider("rate=50"), 0, 2, 310.0), Some((10, 7)));
        assert_eq!(until_change(&mut decider("rate=50"), 0, 7, 90.0), Some((60, 2)));
        assert_eq!(until_change(&mut decider("rate=50"), 0, 2, 109.0), None, "it is tolerated");
        assert_eq!(until_change(&mut decider("rate=50"), 0, 2, 9000.0), Some((10, 10)), "--max");
        assert_eq!(until_change(&mut decider("cpu=60%"), 0, 2, 0.9), Some((10, 3)));
        assert_eq!(until_change(&mut decider("cpu=60%"), 0, 3, 4.0), Some((10, 6)), "in steps");
    }

    #[test]
    fn times_go_up_in_steps_and_down_one_by_one() {
        assert_eq!(until_change(&mut decider("latency=100ms"), 0, 2, 5.0), Some((10, 4)));
        assert_eq!(until_change(&mut decider("latency=100ms"), 0, 4, 0.115), Some((10, 5)));
        assert_eq!(until_change(&mut decider("latency=100ms"), 0, 4, 0.08), None);
        assert_eq!(until_change(&mut decider("latency=100ms"), 0, 4, 0.02), Some((60, 3)));
    }

    #[test]
    fn a_moment_of_rest_begins_the_count_anew() {
        let mut decider = decider("rate=50");
        for at in 0..100 {
            let value = if at % 9 == 0 { 100.0 } else { 300.0 };
            let decision = decider.decide(Duration::from_secs(at), &crew(2), Ok(whole(value)));
            assert_eq!(decision.to, None, "{at}: {}", decision.text);
        }
    }

    #[test]
    fn nothing_is_changed_while_nothing_is_known_and_a_gap_begins_anew() {
        let mut decider = decider("rate=50");
        decider.decide(Duration::ZERO, &crew(2), Ok(whole(300.0)));
        for at in 1..20 {
            let decision = decider.decide(Duration::from_secs(at), &crew(2), Err("no answer"));
            assert_eq!((decision.to, decision.why), (None, Why::Blind));
            assert_eq!(decision.text, "rate is not known: no answer");
        }
        assert_eq!(until_change(&mut decider, 20, 2, 300.0), Some((10, 6)));
    }

    #[test]
    fn what_only_some_told_makes_more_and_never_fewer() {
        let partly = |value| Ok(Measured { value, load: None, is_whole: false });
        let mut decider = decider("rate=50");
        let mut ask = |at, value| decider.decide(Duration::from_secs(at), &crew(3), partly(value));
        assert!((0..200).all(|at| ask(at, 10.0).to.is_none()));
        assert_eq!((200..211).find_map(|at| ask(at, 300.0).to), Some(6));
    }

    #[test]
    fn bounds_hold_at_once_and_nothing_is_left_alone() {
        let mut decider = decider("rate=50");
        let mut ask = |replicas| decider.decide(Duration::ZERO, &crew(replicas), Err("unknown"));
        assert_eq!(ask(12).to, Some(10));
        assert_eq!((ask(0).to, ask(0).why), (None, Why::Off));
    }

    #[test]
    fn those_that_start_are_waited_for() {
        let mut decider = decider("latency=100ms");
        let starting = Crew { wanted: 4, running: 2, note: "No such image".to_owned() };
        for at in 0..60 {
            let decision = decider.decide(Duration::from_secs(at), &starting, Ok(whole(9.0)));
            assert_eq!((decision.to, decision.why), (None, Why::Starting));
            assert!(decision.text.ends_with("2 of 4 run (No such image)"), "{}", decision.text);
        }
    }

    #[test]
    fn a_lag_that_falls_is_left_to_fall() {
        let mut decider = decider("lag=10s");
        for at in 0..80 {
            let lag = 200.0 - at as f64 * 2.5;
            let decision = decider.decide(Duration::from_secs(at), &crew(2), Ok(whole(lag)));
            assert_eq!(decision.to, None, "{at}: {}", decision.text);
        }
    }

    #[test]
    fn fewer_that_did_not_suffice_are_not_tried_again_with_the_same_load() {
        let mut decider = decider("latency=100ms");
        let of = |value, load| Ok(Measured { value, load: Some(load), is_whole: true });
        let mut ask = |at, replicas, value, load| {
            decider.decide(Duration::from_secs(at), &crew(replicas), of(value, load))
        };
        assert_eq!((0..100).find_map(|at| ask(at, 3, 0.01, 70.0).to), Some(2));
        assert_eq!((100..200).find_map(|at| ask(at, 2, 0.3, 65.0).to), Some(4));
        assert_eq!((200..300).find_map(|at| ask(at, 4, 0.01, 70.0).to), Some(3));
        let last = (300..600).map(|at| ask(at, 3, 0.01, 70.0)).find(|it| it.why == Why::Remembered);
        assert!(last.unwrap().text.ends_with("2 did not suffice for as much before"));
        assert_eq!((600..700).find_map(|at| ask(at, 3, 0.01, 40.0).to), Some(2), "less load");
    }
}
