//! How often each value of a field occurs, kept up to date record by record.

use crate::core::panel::{Cell, ValueCounts};
use std::collections::HashMap;
use std::sync::Arc;

/// Different values that are told apart; those that come later are counted together.
const VALUES: usize = 10_000;

/// Stands for the value of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Id {
    Empty,
    Other,
    Known(u32),
}

#[derive(Debug, Default)]
pub(super) struct Values {
    ids: HashMap<Arc<str>, u32>,
    texts: Vec<(Arc<str>, u64)>,
    others: u64,
    empty: u64,
}

impl Values {
    pub(super) fn add(&mut self, cell: &Cell) -> Id {
        let text: Arc<str> = match cell {
            Cell::Empty => {
                self.empty += 1;
                return Id::Empty;
            }
            Cell::Number(number) => number.to_string().into(),
            Cell::Text(text) => Arc::from(&**text),
        };
        let id = match self.ids.get(&text) {
            Some(id) => *id,
            None if self.texts.len() >= VALUES => {
                self.others += 1;
                return Id::Other;
            }
            None => {
                let id = self.texts.len() as u32;
                self.ids.insert(Arc::clone(&text), id);
                self.texts.push((text, 0));
                id
            }
        };
        if let Some((_, count)) = self.texts.get_mut(id as usize) {
            *count += 1;
        }
        Id::Known(id)
    }

    pub(super) fn remove(&mut self, id: Id) {
        let count = match id {
            Id::Empty => Some(&mut self.empty),
            Id::Other => Some(&mut self.others),
            Id::Known(id) => self.texts.get_mut(id as usize).map(|(_, count)| count),
        };
        if let Some(count) = count {
            *count = count.saturating_sub(1);
        }
    }

    pub(super) fn counts(&self) -> ValueCounts {
        let there = self.texts.iter().filter(|(_, count)| *count > 0);
        let mut counts: Vec<(String, u64)> =
            there.map(|(text, count)| (text.to_string(), *count)).collect();
        counts.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
        ValueCounts { counts, others: self.others, empty: self.empty }
    }
}
