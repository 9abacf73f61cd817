//! Faults on purpose: which records come late, twice, damaged or not at all. Like every value, a fault is
//! a function of seed, stream and index, so that whoever knows these can say which faults were put in.

use std::collections::VecDeque;
use std::ops::Range;

use super::random::{Draws, draw_at, hash, mix};
use super::record::Generator;

/// A late record comes at most so many places after its own.
pub const LATEST: u64 = 64;

/// Sets these draws apart from those of any field: no path of a field begins like this.
const STREAM: &str = "\0faults";

/// The shares of records that something is done to.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Faults {
    pub late: f64,
    pub repeat: f64,
    pub drop: f64,
    pub corrupt: f64,
}

impl Faults {
    /// The words of the option, in the order of the fields.
    pub const NAMES: &'static [&'static str] = &["late", "repeat", "drop", "corrupt"];

    /// From the shares that a stack file names; what it does not name does not happen.
    pub fn of(shares: &[(String, f64)]) -> Self {
        let share = |name| shares.iter().find(|(known, _)| known == name).map_or(0.0, |it| it.1);
        let (late, repeat) = (share("late"), share("repeat"));
        Self { late, repeat, drop: share("drop"), corrupt: share("corrupt") }
    }
}

/// What is done to one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Injected {
    /// It comes so many places after its own.
    Late(u64),
    /// It comes twice, one behind the other.
    Repeat,
    /// It never comes.
    Drop,
    /// Its bytes are damaged.
    Corrupt,
}

impl Injected {
    pub fn name(self) -> &'static str {
        match self {
            Self::Late(_) => "late",
            Self::Repeat => "repeat",
            Self::Drop => "drop",
            Self::Corrupt => "corrupt",
        }
    }
}

/// What a generator delivers: its records in the order of their indexes, but for the faults. There is one
/// place for each index, so that the index of the next place stays all the state there is.
#[derive(Debug, Clone)]
pub struct Delivery {
    generator: Generator,
    faults: Option<Faults>,
    key: u64,
    /// No place is at or behind this one.
    limit: u64,
}

impl Delivery {
    pub fn new(generator: Generator, faults: Option<Faults>, limit: u64) -> Self {
        let key = mix(generator.key() ^ hash(STREAM));
        Self { generator, faults, key, limit }
    }

    /// The same without the faults.
    #[must_use]
    pub fn flawless(&self) -> Self {
        Self { faults: None, ..self.clone() }
    }

    pub fn generator(&self) -> &Generator {
        &self.generator
    }

    pub fn limit(&self) -> u64 {
        self.limit
    }

    pub fn is_flawless(&self) -> bool {
        self.faults.is_none()
    }

    /// What is done to the record of this index.
    pub fn fault(&self, index: u64) -> Option<Injected> {
        let faults = self.faults?;
        let mut draws = Draws::new(self.key, index);
        let mut left = draws.unit();
        let mut is = |share: f64| {
            left -= share;
            left < 0.0
        };
        if is(faults.drop) {
            return Some(Injected::Drop);
        }
        if is(faults.corrupt) {
            return Some(Injected::Corrupt);
        }
        if is(faults.repeat) {
            return Some(Injected::Repeat);
        }
        let by = 1 + draws.below(LATEST);
        // One that would come behind the last place comes in time: it must not be lost.
        let is_late = is(faults.late) && index.saturating_add(by) < self.limit;
        is_late.then_some(Injected::Late(by))
    }

    /// The faults of these indexes.
    pub fn injected(&self, indexes: Range<u64>) -> impl Iterator<Item = (u64, Injected)> + '_ {
        let none = if self.is_flawless() { 0..0 } else { indexes };
        none.filter_map(|index| Some((index, self.fault(index)?)))
    }

    /// Writes what comes at these places as lines of JSON, and answers how many records that are.
    pub fn write_ndjson(&self, places: Range<u64>, out: &mut Vec<u8>) -> u64 {
        if self.is_flawless() {
            self.generator.write_ndjson(places.clone(), out);
            return places.end.saturating_sub(places.start);
        }
        let mut count = 0;
        self.each(places, |index, is_damaged| {
            let start = out.len();
            self.generator.write_json(index, out);
            if is_damaged {
                self.damage(index, start, out);
            }
            out.push(b'\n');
            count += 1;
        });
        count
    }

    /// The indexes of the records that come at these places, one after the other.
    pub fn indexes(&self, places: Range<u64>, into: &mut Vec<u64>) {
        if self.is_flawless() {
            return into.extend(places);
        }
        self.each(places, |index, _| into.push(index));
    }

    fn each(&self, places: Range<u64>, mut each: impl FnMut(u64, bool)) {
        let before = places.start.saturating_sub(LATEST)..places.start;
        let mut late: VecDeque<(u64, u64)> = VecDeque::new();
        let due = |index: u64| match self.fault(index) {
            Some(Injected::Late(by)) => Some((index + by, index)),
            _ => None,
        };
        late.extend(before.filter_map(due).filter(|(place, _)| *place >= places.start));
        for place in places {
            match self.fault(place) {
                None => each(place, false),
                Some(Injected::Corrupt) => each(place, true),
                Some(Injected::Repeat) => {
                    each(place, false);
                    each(place, false);
                }
                Some(Injected::Drop) => {}
                Some(Injected::Late(by)) => late.push_back((place + by, place)),
            }
            late.retain(|(due, index)| {
                if *due == place {
                    each(*index, false);
                }
                *due != place
            });
        }
    }

    /// Half of them end in the middle, as after a crash; in the others one byte is another.
    fn damage(&self, index: u64, start: usize, out: &mut Vec<u8>) {
        let mut draws = Draws::new(mix(self.key), index);
        let length = (out.len() - start).max(2) as u64;
        let at = start + 1 + draws.below(length - 1) as usize;
        if draw_at(!self.key, index).is_multiple_of(2) {
            out.truncate(at);
        } else if let Some(byte) = out.get_mut(at) {
            *byte = if *byte == b'#' { b'~' } else { b'#' };
        }
    }
}
