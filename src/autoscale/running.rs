//! Looks, decides, changes, tells; until it is stopped.

use crate::autoscale::decide::{Decider, Decision, Why};
use crate::autoscale::fleet::Fleet;
use crate::autoscale::gauge::Gauge;
use crate::core::time::now;
use crate::core::wait::Wait;
use std::time::{Duration, Instant};

/// What stays the same is told this often.
const REMINDER: Duration = Duration::from_mins(1);

#[derive(Debug)]
pub struct Scaler {
    pub fleet: Box<dyn Fleet>,
    pub gauge: Gauge,
    pub decider: Decider,
    pub every: Duration,
    /// It only says what it would do.
    pub is_dry: bool,
}

/// One look, for the log and the map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Those that shall be, after it.
    pub replicas: u32,
    /// `2 -> 4 replicas: …` or `4 replicas stay: …`
    pub text: String,
    pub is_change: bool,
    /// Something does not work.
    pub is_bad: bool,
    /// It was not told just before.
    pub is_news: bool,
}

impl Scaler {
    pub fn run(&mut self, wait: &Wait, tell: &mut dyn FnMut(&Told)) {
        let begin = now();
        // What happens is told by two looks; this is the one before the first.
        drop(self.gauge.read(&*self.fleet));
        if wait.sleep(self.every) {
            return;
        }
        let mut last: Option<(Instant, Why)> = None;
        loop {
            let (mut told, why) = self.look(begin.elapsed());
            let is_same = last.is_some_and(|(at, before)| before == why && at.elapsed() < REMINDER);
            told.is_news = told.is_change || !is_same;
            if told.is_news {
                last = Some((now(), why));
            }
            tell(&told);
            if wait.sleep(self.every) {
                return;
            }
        }
    }

    fn look(&mut self, at: Duration) -> (Told, Why) {
        let measured = self.gauge.read(&*self.fleet);
        let crew = match self.fleet.crew() {
            Ok(crew) => crew,
            Err(reason) => return (unknown(&reason), Why::Blind),
        };
        let from = crew.wanted;
        let measured = measured.as_ref().map(|it| *it).map_err(String::as_str);
        let Decision { to, why, text } = self.decider.decide(at, &crew, measured);
        let mut told = Told {
            replicas: from,
            text: format!(
                "{from} {}: {text}",
                if from == 1 { "replica stays" } else { "replicas stay" }
            ),
            is_change: false,
            is_bad: why == Why::Blind,
            is_news: true,
        };
        let Some(to) = to else { return (told, why) };
        told.is_change = true;
        if self.is_dry {
            told.text = format!("would be {from} -> {to} {}: {text}", noun(to));
            return (told, why);
        }
        match self.fleet.scale(to) {
            Ok(()) => {
                told.replicas = to;
                told.text = format!("{from} -> {to} {}: {text}", noun(to));
            }
            Err(reason) => {
                told.is_bad = true;
                told.text =
                    format!("{from} -> {to} {} did not succeed: {reason} ({text})", noun(to));
            }
        }
        (told, why)
    }
}

fn unknown(reason: &str) -> Told {
    Told {
        replicas: 0,
        text: format!("nothing is changed: the replicas are not known: {reason}"),
        is_change: false,
        is_bad: true,
        is_news: true,
    }
}

fn noun(count: u32) -> &'static str {
    if count == 1 { "replica" } else { "replicas" }
}
