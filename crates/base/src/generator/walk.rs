//! `walk`: a random walk that can be entered anywhere in O(log index).
//!
//! The walk is laid out in dyadic steps: the values at 1, 2, 4, 8, … come first, every other one is
//! the middle of its two neighbours at the next coarser step plus noise of the right size (a
//! Brownian bridge). One draw belongs to each index, so any order of asking gives the same value.

use std::cell::RefCell;

use super::clause::{Clause, Fault};
use super::decimal::write_float;
use super::normal::normal_quantile;
use super::random::{draw_at, inner_unit};

/// `walk [from A] [step S] [min M] [max N] [decimals D]`.
#[derive(Debug)]
pub(super) struct Walk {
    from: f64,
    step: f64,
    min: f64,
    max: f64,
    decimals: Option<u8>,
    /// Which part of the thread's memory this walk uses; walks that share one are only slower.
    lane: usize,
}

impl Walk {
    pub(super) fn parse(clause: Clause<'_>, lane: usize) -> Result<Self, Fault> {
        let options = clause.options(&["from", "step", "min", "max", "decimals"])?;
        let min = options.number("min")?.unwrap_or(f64::NEG_INFINITY);
        let max = options.number("max")?.unwrap_or(f64::INFINITY);
        if min >= max {
            return Err(Fault::new(
                format!("there is no room between `min {min}` and `max {max}`"),
                "set `max` above `min`",
            ));
        }
        let inside = 0.0_f64.clamp(min, max);
        let from = options.number("from")?.unwrap_or(inside);
        if !(min..=max).contains(&from) {
            return Err(Fault::new(
                format!("`from {from}` is out of bounds"),
                format!("write `from {}`", from.clamp(min, max)),
            ));
        }
        let step = options.text("step").map_or(Ok(1.0), |_| options.positive("step"))?;
        Ok(Self { from, step, min, max, decimals: options.decimals()?, lane: lane % LANES })
    }

    pub(super) fn write(&self, key: u64, index: u64, out: &mut Vec<u8>) {
        let unit = MEMORY.with_borrow_mut(|memory| memory.point(self.lane, key, index));
        let value = reflect(self.from + self.step * unit, self.min, self.max);
        write_float(value, self.decimals, out);
    }
}

/// Folds a value into bounds as if it bounced off them.
fn reflect(value: f64, min: f64, max: f64) -> f64 {
    if (min..=max).contains(&value) {
        return value;
    }
    match (min.is_finite(), max.is_finite()) {
        (true, true) => {
            let width = max - min;
            let turn = libm::fmod(value - min, 2.0 * width);
            let turn = if turn < 0.0 { turn + 2.0 * width } else { turn };
            min + if turn > width { 2.0 * width - turn } else { turn }
        }
        (true, false) => 2.0 * min - value,
        _ => 2.0 * max - value,
    }
}

/// As many walks per thread are remembered side by side.
const LANES: usize = 8;

thread_local! {
    static MEMORY: RefCell<Memory> = const { RefCell::new(Memory { points: [[NOWHERE; 64]; LANES] }) };
}

/// A value of a walk with steps of deviation 1, remembered with all it depends on.
#[derive(Debug, Clone, Copy)]
struct Point {
    key: u64,
    index: u64,
    value: f64,
}

const NOWHERE: Point = Point { key: 0, index: 0, value: 0.0 };

/// The last point of every dyadic level: all that neighbouring indexes have in common. A point is
/// used only for its own key and index, so what is remembered never changes a value.
#[derive(Debug)]
struct Memory {
    points: [[Point; 64]; LANES],
}

impl Memory {
    fn point(&mut self, lane: usize, key: u64, index: u64) -> f64 {
        if index == 0 {
            return 0.0;
        }
        let level = index.trailing_zeros() as usize;
        let known = self.points[lane][level];
        if known.index == index && known.key == key {
            return known.value;
        }
        let noise = normal_quantile(inner_unit(draw_at(key, index)));
        let value = if index.is_power_of_two() {
            // 1, 2, 4, …: the previous power of two plus as many steps again.
            let half = index / 2;
            self.point(lane, key, half) + noise * ((index - half) as f64).sqrt()
        } else {
            let half = 1 << level;
            let left = self.point(lane, key, index - half);
            let right = match index.checked_add(half) {
                Some(right) => self.point(lane, key, right),
                None => left,
            };
            0.5 * (left + right) + noise * (half as f64 / 2.0).sqrt()
        };
        self.points[lane][level] = Point { key, index, value };
        value
    }
}
