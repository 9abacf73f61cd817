//! What must have arrived: the generator's records, its faults on purpose and the flow's own steps once more.
//! One after the other, in bounded memory, from any place.

use super::mark::{Mark, Reading};
use crate::core::batch::Batch;
use crate::core::fault::Fault;
use crate::core::kind::StepKind;
use crate::core::position::{Partition, Position};
use crate::core::record::{Encoding, Records};
use crate::core::step::Step;
use crate::formats::json_lines;
use crate::generator::Delivery;
use crate::stack::model::Part;
use std::collections::VecDeque;
use std::ops::Range;

/// Places of the generator that are made at a time.
const CHUNK: u64 = 2048;

/// What was made, and how far.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub delivery: Delivery,
    pub steps: Vec<Part<StepKind>>,
    pub reading: Reading,
    /// Places that the flow's checkpoint says are delivered: what is made of them must be there.
    pub made: u64,
    /// Places that may be there already.
    pub upper: u64,
}

impl Plan {
    /// Is the place of a record its index?
    fn is_plain(&self) -> bool {
        self.steps.is_empty() && self.delivery.is_flawless()
    }
}

/// The marks of what is expected, with their numbers: 0 is the first record that the flow delivers.
pub(super) struct Expected<'a> {
    plan: &'a Plan,
    maker: Maker<'a>,
    ready: VecDeque<Mark>,
    /// The number of the first that is ready.
    number: u64,
    /// How many records are expected in all; known once that place was passed.
    bound: Option<u64>,
}

impl<'a> Expected<'a> {
    /// Begins at a number.
    pub(super) fn at(plan: &'a Plan, number: u64) -> Result<Self, Fault> {
        let bound = plan.is_plain().then_some(plan.made);
        let maker = Maker::new(plan, if plan.is_plain() { number } else { 0 })?;
        let number_now = if plan.is_plain() { number } else { 0 };
        let mut expected = Self { plan, maker, ready: VecDeque::new(), number: number_now, bound };
        while expected.number < number && expected.next()?.is_some() {}
        Ok(expected)
    }

    /// The number of the next mark.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn next(&mut self) -> Result<Option<Mark>, Fault> {
        while self.ready.is_empty() {
            let before = self.number;
            let Some((_, lines)) = self.maker.next()? else { return Ok(None) };
            let reading = &self.plan.reading;
            self.ready.extend(records(&lines).map(|line| reading.mark(line)));
            if self.maker.next_place == self.plan.made {
                self.bound = Some(before + self.ready.len() as u64);
            }
        }
        self.number += 1;
        Ok(self.ready.pop_front())
    }

    pub(super) fn known_bound(&self) -> Option<u64> {
        self.bound
    }

    /// How many records must have arrived.
    pub(super) fn bound(mut self) -> Result<u64, Fault> {
        loop {
            if let Some(bound) = self.bound {
                return Ok(bound);
            }
            if self.plan.made == 0 {
                return Ok(0);
            }
            if self.next()?.is_none() {
                return Ok(self.number);
            }
        }
    }
}

/// Some places of the generator, and the lines that the flow delivers of them.
pub(super) type Chunk = (Range<u64>, Vec<u8>);

/// The lines of a chunk of places.
pub(super) struct Maker<'a> {
    plan: &'a Plan,
    steps: Vec<Box<dyn Step>>,
    partition: Partition,
    next_place: u64,
    has_ended: bool,
}

impl<'a> Maker<'a> {
    pub(super) fn new(plan: &'a Plan, next_place: u64) -> Result<Self, Fault> {
        let steps: Result<Vec<_>, Fault> =
            plan.steps.iter().map(|step| (step.kind.build)(&step.options)).collect();
        let (partition, steps) = ("records".into(), steps?);
        Ok(Self { plan, steps, partition, next_place, has_ended: false })
    }

    /// The places of the next chunk, and what the flow delivers of them.
    pub(super) fn next(&mut self) -> Result<Option<Chunk>, Fault> {
        let (plan, start) = (self.plan, self.next_place);
        if start >= plan.upper {
            if std::mem::replace(&mut self.has_ended, true) || plan.upper < plan.delivery.limit() {
                return Ok(None);
            }
            return Ok(Some((start..start, self.finish()?)));
        }
        // A chunk never reaches over the checkpoint, so that what belongs before it is known.
        let stop = if start < plan.made { plan.made } else { plan.upper };
        let places = start..stop.min(start + CHUNK).min(plan.upper);
        let mut bytes = Vec::new();
        let count = plan.delivery.write_ndjson(places.clone(), &mut bytes);
        let records = Records { encoding: Encoding::Json, bytes, count };
        self.next_place = places.end;
        let lines = self.apply(records, places.end, 0)?;
        Ok(Some((places, lines)))
    }

    /// Sends records through the steps from one on.
    fn apply(&mut self, records: Records, place: u64, from: usize) -> Result<Vec<u8>, Fault> {
        let mut batch = Batch::new(&self.partition, Position::at(place), records);
        for step in self.steps.iter_mut().skip(from) {
            let Some(applied) = step.apply(batch)? else { return Ok(Vec::new()) };
            batch = applied;
        }
        Ok(json_lines::of(&batch.records).0.into_owned())
    }

    /// What steps held back until the end.
    fn finish(&mut self) -> Result<Vec<u8>, Fault> {
        let mut lines = Vec::new();
        for index in 0..self.steps.len() {
            let Some(step) = self.steps.get_mut(index) else { break };
            if let Some(batch) = step.finish()? {
                lines.extend(self.apply(batch.records, self.next_place, index + 1)?);
            }
        }
        Ok(lines)
    }
}

/// A record that was expected, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Made {
    /// The generator's index; unknown when a step makes one record of several.
    pub index: Option<u64>,
    pub text: Vec<u8>,
}

/// The records of some numbers, which are sorted.
pub(super) fn made(plan: &Plan, numbers: &[u64]) -> Result<Vec<(u64, Made)>, Fault> {
    let mut found = Vec::new();
    let mut wanted = numbers.iter().copied().peekable();
    let (mut number, mut maker) = (0, Maker::new(plan, 0)?);
    while let Some(next) = wanted.peek().copied() {
        if plan.is_plain() && next >= number + CHUNK {
            number = next;
            maker = Maker::new(plan, next)?;
        }
        let Some((places, lines)) = maker.next()? else { break };
        let lines: Vec<&[u8]> = records(&lines).collect();
        let end = number + lines.len() as u64;
        let mut indexes = None;
        while let Some(wanted) = wanted.next_if(|wanted| *wanted < end) {
            let indexes: &Vec<u64> = match &indexes {
                Some(indexes) => indexes,
                None => indexes.insert(indexes_of(plan, places.clone(), lines.len())?),
            };
            let at = (wanted - number) as usize;
            let text = lines.get(at).copied().unwrap_or_default().to_vec();
            found.push((wanted, Made { index: indexes.get(at).copied(), text }));
        }
        number = end;
    }
    Ok(found)
}

/// The index that each of `count` delivered records was made of; nothing when that cannot be said.
fn indexes_of(plan: &Plan, places: Range<u64>, count: usize) -> Result<Vec<u64>, Fault> {
    let mut came = Vec::new();
    plan.delivery.indexes(places.clone(), &mut came);
    if plan.steps.is_empty() {
        return Ok(came);
    }
    let mut bytes = Vec::new();
    plan.delivery.write_ndjson(places.clone(), &mut bytes);
    let (mut all, mut maker) = (Vec::new(), Maker::new(plan, 0)?);
    for (line, index) in records(&bytes).zip(came) {
        let one = Records::from_lines(Encoding::Json, line.to_vec());
        let out = maker.apply(one, places.end, 0)?;
        all.extend(records(&out).map(|_| index));
    }
    Ok(if all.len() == count { all } else { Vec::new() })
}

/// Lines without their line feeds.
pub(super) fn records(lines: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = lines;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest.get(..end)?;
        rest = rest.get(end + 1..).unwrap_or_default();
        Some(line)
    })
}
