//! A stretch of the expected records that can be looked at again: some before the one that is due, and some
//! behind it.

use super::expected::{Expected, Plan};
use super::mark::Mark;
use crate::core::fault::Fault;
use std::collections::VecDeque;

/// How far a record is looked for in either direction before it is put aside.
/// Tests shorten it, so that few records reach what lies beyond.
pub(super) const REACH: u64 = if cfg!(test) { 32 } else { 1 << 16 };

pub(super) struct Window<'a> {
    plan: &'a Plan,
    expected: Expected<'a>,
    marks: VecDeque<Mark>,
    /// The number of the first mark.
    base: u64,
}

impl<'a> Window<'a> {
    pub(super) fn at(plan: &'a Plan, number: u64) -> Result<Self, Fault> {
        let expected = Expected::at(plan, number)?;
        let base = expected.number();
        Ok(Self { plan, expected, marks: VecDeque::new(), base })
    }

    /// How many records are expected in all, if that place was passed.
    pub(super) fn bound(&self) -> Option<u64> {
        self.expected.known_bound()
    }

    /// The mark of a number; nothing when it is further than anything expected.
    pub(super) fn mark(&mut self, number: u64) -> Result<Option<Mark>, Fault> {
        if number < self.base {
            *self = Self::at(self.plan, number)?;
        }
        while self.base + self.marks.len() as u64 <= number {
            let Some(mark) = self.expected.next()? else { return Ok(None) };
            self.marks.push_back(mark);
            if self.marks.len() as u64 > 3 * REACH {
                self.marks.drain(..REACH as usize);
                self.base += REACH;
            }
        }
        Ok(self.marks.get((number - self.base) as usize).copied())
    }

    /// The next number from `from` on with this key, within reach.
    pub(super) fn ahead(&mut self, key: u64, from: u64, reach: u64) -> Result<Option<u64>, Fault> {
        self.mark(from + reach - 1)?;
        let start = (from.saturating_sub(self.base) as usize).min(self.marks.len());
        let end = (start + reach as usize).min(self.marks.len());
        let found = self.marks.range(start..end).position(|mark| mark.key == key);
        Ok(found.map(|at| self.base + (start + at) as u64))
    }

    /// The numbers before `before` with this key, the nearest first, as far as they are still known.
    pub(super) fn behind(&self, key: u64, before: u64) -> impl Iterator<Item = u64> + '_ {
        let end = (before.saturating_sub(self.base) as usize).min(self.marks.len());
        let start = end.saturating_sub(REACH as usize);
        let marks = self.marks.range(start..end).enumerate().rev();
        let numbers = marks.filter(move |(_, mark)| mark.key == key);
        numbers.map(move |(at, _)| self.base + (start + at) as u64)
    }
}
