//! What an audit counts, and the examples that it shows.

use serde::Serialize;

/// A place in a target: which piece of it (a file), and which record in there, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub piece: u32,
    pub record: u64,
}

/// What is wrong with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Wrong {
    Missing,
    Twice,
    OutOfOrder,
    Damaged,
    Foreign,
}

/// A case of something wrong, as it was met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Case {
    pub wrong: Wrong,
    /// The number of the record that was expected.
    pub number: Option<u64>,
    pub place: Option<Place>,
    pub found: Option<Vec<u8>>,
}

/// The counts, with the first cases of each kind.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    pub twice: u64,
    pub out_of_order: u64,
    pub damaged: u64,
    pub foreign: u64,
    /// Records of the target, whatever they are.
    pub found: u64,
    /// Not in the target, and kept as dead letters.
    pub dead: u64,
    pub cases: Vec<Case>,
    pub examples: usize,
}

impl Tally {
    pub(super) fn add(&mut self, case: Case) {
        match case.wrong {
            Wrong::Missing => {}
            Wrong::Twice => self.twice += 1,
            Wrong::OutOfOrder => self.out_of_order += 1,
            Wrong::Damaged => self.damaged += 1,
            Wrong::Foreign => self.foreign += 1,
        }
        if self.cases.iter().filter(|known| known.wrong == case.wrong).count() < self.examples {
            self.cases.push(case);
        }
    }
}
