//! Evenly spread numbers and counters: `integer`, `float`, `sequence`.

use super::clause::{Clause, Fault, range};
use super::decimal::{power_of_ten, write_float, write_integer, write_scaled};
use super::random::Draws;

/// `integer A..B`, both ends included.
#[derive(Debug)]
pub(super) struct Integer {
    low: i64,
    /// How many numbers there are; 0 stands for all 2^64.
    count: u64,
}

impl Integer {
    pub(super) fn parse(mut clause: Clause<'_>) -> Result<Self, Fault> {
        let (low, high) = range::<i64>(clause.kind, clause.word(), "1..100")?;
        clause.finish()?;
        Ok(Self { low, count: count(low, high) })
    }

    pub(super) fn write(&self, draws: &mut Draws, out: &mut Vec<u8>) {
        write_integer(self.low.wrapping_add_unsigned(draws.below(self.count)), out);
    }
}

/// How many integers a range holds; 0 stands for 2^64.
pub(super) fn count(low: i64, high: i64) -> u64 {
    high.wrapping_sub(low).cast_unsigned().wrapping_add(1)
}

/// `float A..B [decimals D]`.
#[derive(Debug)]
pub(super) enum Float {
    Even {
        low: f64,
        width: f64,
    },
    /// With fixed decimals it is an integer with a point in it.
    Decimal {
        low: i64,
        count: u64,
        decimals: u8,
    },
}

impl Float {
    pub(super) fn parse(mut clause: Clause<'_>) -> Result<Self, Fault> {
        let kind = clause.kind;
        let (low, high) = range::<f64>(kind, clause.word(), "0..1")?;
        if !(high - low).is_finite() {
            return Err(Fault::new("the range is too wide", format!("write `{kind} 0..1`")));
        }
        let Some(decimals) = clause.options(&["decimals"])?.decimals()? else {
            return Ok(Self::Even { low, width: high - low });
        };
        let power = power_of_ten(decimals);
        let (low, high) = (libm::round(low * power), libm::round(high * power));
        if low.abs().max(high.abs()) >= 9e15 {
            return Err(Fault::new(
                format!("{decimals} decimals are too many for this range"),
                "write fewer decimals",
            ));
        }
        let (low, high) = (low as i64, high as i64);
        Ok(Self::Decimal { low, count: count(low, high), decimals })
    }

    pub(super) fn write(&self, draws: &mut Draws, out: &mut Vec<u8>) {
        match *self {
            Self::Even { low, width } => write_float(low + draws.unit() * width, None, out),
            Self::Decimal { low, count, decimals } => {
                write_scaled(low.wrapping_add_unsigned(draws.below(count)), decimals, out);
            }
        }
    }
}

/// `sequence [from A] [step B]`: the index as a number.
#[derive(Debug)]
pub(super) struct Sequence {
    from: i64,
    step: i64,
}

impl Sequence {
    pub(super) fn parse(clause: Clause<'_>) -> Result<Self, Fault> {
        let options = clause.options(&["from", "step"])?;
        Ok(Self {
            from: options.integer("from")?.unwrap_or(1),
            step: options.integer("step")?.unwrap_or(1),
        })
    }

    pub(super) fn is_distinct(&self) -> bool {
        self.step != 0
    }

    /// Past the last 64-bit integer the sequence goes on at the first.
    pub(super) fn write(&self, index: u64, out: &mut Vec<u8>) {
        let offset = self.step.wrapping_mul(index.cast_signed());
        write_integer(self.from.wrapping_add(offset), out);
    }
}
