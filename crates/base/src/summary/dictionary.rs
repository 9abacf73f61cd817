//! A column while it has few different values: each is looked at once and then only counted.

use super::heavy::{Shown, most_frequent};
use super::model::TopValue;
use super::value::Facts;

/// What is looked at for every cell, apart from the rest to stay in the processor's cache.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counted {
    pub(super) hash: u64,
    pub(super) count: u64,
}

/// What is looked at once for each different value.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) facts: Facts,
    pub(super) shown: Shown,
}

/// An open table of places in `counted`, counted from 1; 0 is free.
/// Values are told apart by their 64-bit hash alone.
#[derive(Debug)]
pub(super) struct Dictionary {
    table: Vec<u32>,
    counted: Vec<Counted>,
    known: Vec<Known>,
}

impl Dictionary {
    pub(super) fn new() -> Self {
        Self { table: vec![0; 16], counted: Vec::new(), known: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.counted.len()
    }

    /// Counts one more of a known value and answers which it is.
    pub(super) fn count(&mut self, hash: u64) -> Option<usize> {
        let place = self.table[self.slot(hash)] as usize;
        let counted = self.counted.get_mut(place.checked_sub(1)?)?;
        counted.count += 1;
        Some(place - 1)
    }

    /// Adds a value that is not known yet.
    pub(super) fn insert(&mut self, hash: u64, known: Known) {
        self.counted.push(Counted { hash, count: 1 });
        self.known.push(known);
        if self.counted.len() * 2 > self.table.len() {
            self.table = vec![0; self.table.len() * 2];
            for place in 0..self.counted.len() {
                let slot = self.slot(self.counted[place].hash);
                self.table[slot] = place as u32 + 1;
            }
        } else {
            let slot = self.slot(hash);
            self.table[slot] = self.counted.len() as u32;
        }
    }

    /// Where `hash` is or would be; the table is never more than half full.
    fn slot(&self, hash: u64) -> usize {
        let mask = self.table.len() - 1;
        let mut slot = hash as usize & mask;
        loop {
            let place = self.table[slot] as usize;
            if place == 0 || self.counted[place - 1].hash == hash {
                return slot;
            }
            slot = (slot + 1) & mask;
        }
    }

    pub(super) fn facts(&self, place: usize) -> Option<&Facts> {
        self.known.get(place).map(|known| &known.facts)
    }

    /// Every value in the order of its first cell.
    pub(super) fn values(&self) -> impl Iterator<Item = (Counted, &Known)> {
        self.counted.iter().copied().zip(&self.known)
    }

    /// Different numbers and how often each occurs, by size: `1` and `1.0` are the same number.
    pub(super) fn numbers(&self) -> Vec<(f64, u64)> {
        let mut numbers: Vec<(f64, u64)> = self
            .values()
            .filter_map(|(counted, known)| {
                known.facts.value.as_number().map(|number| (number + 0.0, counted.count))
            })
            .collect();
        numbers.sort_by(|left, right| left.0.total_cmp(&right.0));
        numbers.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            kept.1 += if same { next.1 } else { 0 };
            same
        });
        numbers
    }

    pub(super) fn top(&self) -> Vec<TopValue> {
        let values = self.values().map(|(counted, known)| TopValue {
            value: known.shown.text(),
            count: counted.count,
            error: 0,
        });
        most_frequent(values.collect())
    }
}
