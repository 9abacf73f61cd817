//! One column from its first cell to its part of the summary.

use super::dictionary::{Dictionary, Known};
use super::distribution::Distribution;
use super::hash::hash;
use super::heavy::Shown;
use super::model::{self, Estimate, Histogram, Kind, TopValue};
use super::moments::Moments;
use super::stream::{Stream, Tally};
use super::time::TimeOrder;
use super::value::{Facts, Origin, Value};

/// Most different values that are counted exactly.
const MOST_DISTINCT: usize = 4_096;

/// Most numbers of a column that are kept for exact quantiles.
const MOST_KEPT: usize = 100_000;

/// Different values and kept numbers of all columns together, so that memory stays bounded for
/// files with very many columns; the first 10 to 48 columns get the most a column may have.
const DISTINCT_OF_ALL: usize = 48 * MOST_DISTINCT;
const KEPT_OF_ALL: usize = 10 * MOST_KEPT;

/// Sets the strings of JSON apart from equal numbers and words.
const STRING_MARK: u64 = 0x9E37_79B9_7F4A_7C15;

#[derive(Debug)]
enum Values {
    Few(Dictionary),
    Many(Box<Stream>),
}

#[derive(Debug)]
pub(super) struct Column {
    name: String,
    values: Values,
    times: TimeOrder,
    most_distinct: usize,
    most_kept: usize,
}

impl Column {
    /// A column that shares the memory with `columns` in all, itself included.
    pub(super) fn new(name: String, columns: usize) -> Self {
        Self {
            name,
            values: Values::Few(Dictionary::new()),
            times: TimeOrder::default(),
            most_distinct: MOST_DISTINCT.min(DISTINCT_OF_ALL / columns.max(1)),
            most_kept: MOST_KEPT.min(KEPT_OF_ALL / columns.max(1)),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Adds a cell that is not null.
    pub(super) fn add(&mut self, cell: &[u8], origin: Origin) {
        let mark = if origin == Origin::JsonString { STRING_MARK } else { 0 };
        let hash = hash(cell) ^ mark;
        match &mut self.values {
            Values::Few(dictionary) => {
                if let Some(place) = dictionary.count(hash) {
                    if !self.times.is_empty()
                        && let Some(Facts { value: Value::Time(time), .. }) =
                            dictionary.facts(place)
                    {
                        self.times.add(*time);
                    }
                } else {
                    self.add_new(hash, cell, origin);
                }
            }
            Values::Many(stream) => {
                let facts = Facts::of(cell, origin);
                stream.add(hash, cell, &facts);
                if let Value::Time(time) = facts.value {
                    self.times.add(time);
                }
            }
        }
    }

    #[cold]
    fn add_new(&mut self, hash: u64, cell: &[u8], origin: Origin) {
        let Values::Few(dictionary) = &mut self.values else { return };
        let facts = Facts::of(cell, origin);
        if let Value::Time(time) = facts.value {
            self.times.add(time);
        }
        if dictionary.len() < self.most_distinct {
            dictionary.insert(hash, Known { facts, shown: Shown::of(cell) });
        } else {
            let mut stream = Box::new(Stream::new(dictionary, self.most_kept));
            stream.add(hash, cell, &facts);
            self.values = Values::Many(stream);
        }
    }

    /// What the column holds; `rows` without a cell are nulls.
    pub(super) fn finish(self, rows: u64) -> model::Column {
        let Findings { tally, distinct, top, moments, distribution } = self.values.finish();
        let kind = tally.votes.kind();
        let is_number = matches!(kind, Kind::Integer | Kind::Float);
        let numbers = if is_number { moments.numbers(distribution.outliers()) } else { None };
        let histogram = numbers.as_ref().and_then(|numbers| {
            Histogram::of(&distribution, numbers.min, numbers.max, kind == Kind::Integer)
        });
        model::Column {
            name: self.name,
            kind,
            votes: tally.votes,
            nulls: rows.saturating_sub(tally.votes.total()),
            invalid_utf8: tally.invalid_utf8,
            distinct,
            numbers,
            quantiles: if is_number { distribution.quantiles() } else { Vec::new() },
            histogram,
            top,
            text: if kind == Kind::Text { tally.text() } else { None },
            time: if kind == Kind::Time { self.times.facts() } else { None },
        }
    }
}

/// A column's values, however they were kept.
struct Findings {
    tally: Tally,
    distinct: Estimate,
    top: Vec<TopValue>,
    moments: Moments,
    distribution: Distribution,
}

impl Values {
    fn finish(self) -> Findings {
        match self {
            Self::Few(dictionary) => {
                let mut tally = Tally::default();
                for (counted, known) in dictionary.values() {
                    tally.add(&known.facts, counted.count);
                }
                let numbers = dictionary.numbers();
                Findings {
                    tally,
                    distinct: Estimate { value: dictionary.len() as u64, error: 0.0 },
                    top: dictionary.top(),
                    moments: Moments::of_counted(&numbers),
                    distribution: Distribution::exact(numbers),
                }
            }
            Self::Many(stream) => {
                let Stream { tally, distinct, heavy, numbers } = *stream;
                let (moments, distribution) = numbers.finish(tally.votes.float == 0);
                Findings {
                    distinct: distinct.estimate(),
                    top: heavy.top(),
                    moments,
                    distribution,
                    tally,
                }
            }
        }
    }
}
