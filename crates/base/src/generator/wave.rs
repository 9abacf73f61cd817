//! `wave`: a sine around a level, with noise.

use std::f64::consts::TAU;

use super::calendar;
use super::clause::{Clause, Fault};
use super::decimal::write_float;
use super::distribution::normal;
use super::random::Draws;

/// `wave period P [every D] [amplitude A] [level L] [noise N] [phase F] [decimals D]`.
#[derive(Debug)]
pub(super) struct Wave {
    /// Length of a period and of a step, in the same unit: microseconds or millionths of a record.
    period: u64,
    step: u64,
    amplitude: f64,
    level: f64,
    noise: f64,
    phase: f64,
    decimals: Option<u8>,
}

const MILLION: u64 = 1_000_000;

impl Wave {
    pub(super) fn parse(clause: Clause<'_>) -> Result<Self, Fault> {
        let names = ["period", "every", "amplitude", "level", "noise", "phase", "decimals"];
        let options = clause.options(&names)?;
        let bad_period = |message: String| {
            Fault::new(message, "write `period 100` for records, or `period 24h every 1s`")
        };
        let Some(text) = options.text("period") else {
            return Err(bad_period("`wave` needs a period".to_owned()));
        };
        let in_records = text.parse::<f64>().is_ok();
        let period = calendar::parse_duration(text)
            .filter(|period| *period > 0)
            .ok_or_else(|| bad_period(format!("`{text}` is not a period")))?;
        let every = options.duration("every")?;
        if in_records && every.is_some() {
            return Err(bad_period("a period in records has no `every`".to_owned()));
        }
        Ok(Self {
            period,
            step: every.unwrap_or(MILLION),
            amplitude: options.number("amplitude")?.unwrap_or(1.0),
            level: options.number("level")?.unwrap_or(0.0),
            noise: options.number("noise")?.unwrap_or(0.0),
            phase: options.share("phase")?.unwrap_or(0.0),
            decimals: options.decimals()?,
        })
    }

    pub(super) fn write(&self, key: u64, index: u64, out: &mut Vec<u8>) {
        let place = match index.checked_mul(self.step) {
            Some(passed) => passed % self.period,
            None => (u128::from(index) * u128::from(self.step) % u128::from(self.period)) as u64,
        };
        let turn = place as f64 / self.period as f64 + self.phase;
        let mut value = self.level + self.amplitude * libm::sin(TAU * turn);
        if self.noise != 0.0 {
            value += self.noise * normal(&mut Draws::new(key, index));
        }
        write_float(value, self.decimals, out);
    }
}
