//! `time` and `ulid`'s clock: a moment that follows from the index, never from a clock.

use super::calendar::TimeFormat;
use super::clause::{Clause, Fault, Options, instant};
use super::random::{Draws, multiply};

/// Moments in even steps, or anywhere between two moments.
#[derive(Debug)]
pub(super) struct Time {
    course: Course,
    format: TimeFormat,
}

#[derive(Debug)]
enum Course {
    Every { clock: Clock, jitter: f64 },
    Between { first: i64, count: u64 },
}

/// `from + index * step`.
#[derive(Debug)]
pub(super) struct Clock {
    /// `None` is the origin of the generator.
    from: Option<i64>,
    step_micros: u64,
}

impl Clock {
    pub(super) fn parse(options: &Options<'_>, default_micros: u64) -> Result<Self, Fault> {
        let from = options.text("from").map(instant).transpose()?;
        let step_micros = options.duration("every")?.unwrap_or(default_micros);
        Ok(Self { from, step_micros })
    }

    /// Milliseconds since 1970 of a record, with so many microseconds on top.
    pub(super) fn at(&self, index: u64, origin_ms: i64, micros: u64) -> i64 {
        let from = self.from.unwrap_or(origin_ms);
        let passed = match index.checked_mul(self.step_micros).and_then(|m| m.checked_add(micros)) {
            Some(total) => (total / 1000) as i64,
            None => i64::try_from(
                (u128::from(index) * u128::from(self.step_micros) + u128::from(micros)) / 1000,
            )
            .unwrap_or(i64::MAX),
        };
        from.saturating_add(passed)
    }

    pub(super) fn step_micros(&self) -> u64 {
        self.step_micros
    }
}

impl Time {
    pub(super) fn parse(clause: Clause<'_>) -> Result<Self, Fault> {
        if clause.peek() == Some("between") {
            return Self::between(clause);
        }
        let options = clause.options(&["from", "every", "jitter", "format"])?;
        let course = Course::Every {
            clock: Clock::parse(&options, 1_000_000)?,
            jitter: options.share("jitter")?.unwrap_or(0.0),
        };
        Ok(Self { course, format: format(&options)? })
    }

    fn between(mut clause: Clause<'_>) -> Result<Self, Fault> {
        let words = [clause.word(), clause.word(), clause.word(), clause.word()];
        let [Some(_), Some(first), Some("and"), Some(last)] = words else {
            return Err(Fault::new(
                "`time between` needs two times",
                "write `time between 2026-01-01 and 2026-12-31`",
            ));
        };
        let (from, until) = (instant(first)?, instant(last)?);
        if from > until {
            return Err(Fault::new(
                format!("there is no time between {first} and {last}"),
                format!("write `time between {last} and {first}`"),
            ));
        }
        let options = clause.options(&["format"])?;
        let course = Course::Between { first: from, count: from.abs_diff(until) + 1 };
        Ok(Self { course, format: format(&options)? })
    }

    pub(super) fn is_text(&self) -> bool {
        self.format.is_text()
    }

    pub(super) fn write(&self, key: u64, index: u64, origin_ms: i64, out: &mut Vec<u8>) {
        let moment = match &self.course {
            Course::Every { clock, jitter } if *jitter == 0.0 => clock.at(index, origin_ms, 0),
            Course::Every { clock, jitter } => {
                // Only ever later and by less than a step: the order of the records stays.
                let reach = (clock.step_micros() as f64 * jitter) as u64;
                let late = multiply(Draws::new(key, index).bits(), reach).0;
                clock.at(index, origin_ms, late)
            }
            Course::Between { first, count } => {
                first.saturating_add_unsigned(Draws::new(key, index).below(*count))
            }
        };
        self.format.write(moment, out);
    }
}

fn format(options: &Options<'_>) -> Result<TimeFormat, Fault> {
    match options.text("format") {
        None | Some("rfc3339") => Ok(TimeFormat::Rfc3339),
        Some("date") => Ok(TimeFormat::Date),
        Some("unix") => Ok(TimeFormat::Unix),
        Some("unix_ms") => Ok(TimeFormat::UnixMilliseconds),
        Some(other) => Err(Fault::new(
            format!("there is no time format `{other}`"),
            "write `format rfc3339`, `date`, `unix` or `unix_ms`",
        )),
    }
}
