//! A column with too many different values to list them: every cell is looked at and forgotten.

use super::dictionary::Dictionary;
use super::distinct::Distinct;
use super::heavy::HeavyHitters;
use super::model::{TextFacts, Votes};
use super::number_stream::NumberStream;
use super::value::Facts;

/// Votes and lengths, which both ways of keeping a column count alike.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) votes: Votes,
    pub(super) invalid_utf8: u64,
    lengths: Option<(u64, u64)>,
}

impl Tally {
    pub(super) fn add(&mut self, facts: &Facts, times: u64) {
        self.votes.add(facts.value, times);
        self.invalid_utf8 += if facts.invalid_utf8 { times } else { 0 };
        let length = facts.characters;
        let (shortest, longest) = self.lengths.unwrap_or((length, length));
        self.lengths = Some((shortest.min(length), longest.max(length)));
    }

    pub(super) fn text(&self) -> Option<TextFacts> {
        self.lengths.map(|(shortest, longest)| TextFacts { shortest, longest })
    }
}

#[derive(Debug)]
pub(super) struct Stream {
    pub(super) tally: Tally,
    pub(super) distinct: Distinct,
    pub(super) heavy: HeavyHitters,
    pub(super) numbers: NumberStream,
}

impl Stream {
    /// Goes on from what `dictionary` counted.
    pub(super) fn new(dictionary: &Dictionary, most_kept: usize) -> Self {
        let mut tally = Tally::default();
        let mut distinct = Distinct::new();
        let mut heavy = HeavyHitters::new();
        for (counted, known) in dictionary.values() {
            tally.add(&known.facts, counted.count);
            distinct.add(counted.hash);
            heavy.add_new(counted.hash, counted.count, &known.shown);
        }
        let numbers = NumberStream::new(&dictionary.numbers(), most_kept);
        Self { tally, distinct, heavy, numbers }
    }

    pub(super) fn add(&mut self, hash: u64, cell: &[u8], facts: &Facts) {
        self.tally.add(facts, 1);
        self.distinct.add(hash);
        self.heavy.add(hash, cell);
        if let Some(number) = facts.value.as_number() {
            self.numbers.add(number);
        }
    }
}
