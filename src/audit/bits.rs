//! Which of very many numbers are in a set: whole chunks cost one word, and only mixed ones a bit for each.

use std::ops::Range;

const CHUNK: u64 = 1 << 16;
const WORDS: usize = (CHUNK / 64) as usize;

#[derive(Debug, Clone)]
enum Chunk {
    Empty,
    Full,
    Mixed { words: Box<[u64; WORDS]>, count: u32 },
}

/// A set of numbers that mostly has long runs.
#[derive(Debug, Clone, Default)]
pub(super) struct Bits {
    chunks: Vec<Chunk>,
}

impl Bits {
    /// Puts a number in; answers whether it was not there yet.
    pub(super) fn insert(&mut self, number: u64) -> bool {
        let index = usize::try_from(number / CHUNK).unwrap_or(usize::MAX);
        if index >= self.chunks.len() {
            self.chunks.resize(index + 1, Chunk::Empty);
        }
        let Some(chunk) = self.chunks.get_mut(index) else { return false };
        if matches!(chunk, Chunk::Empty) {
            *chunk = Chunk::Mixed { words: Box::new([0; WORDS]), count: 0 };
        }
        let Chunk::Mixed { words, count } = chunk else { return false };
        let (word, bit) = place(number);
        let is_new = words[word] & bit == 0;
        words[word] |= bit;
        *count += u32::from(is_new);
        if u64::from(*count) == CHUNK {
            *chunk = Chunk::Full;
        }
        is_new
    }

    pub(super) fn has(&self, number: u64) -> bool {
        let index = usize::try_from(number / CHUNK).unwrap_or(usize::MAX);
        match self.chunks.get(index) {
            None | Some(Chunk::Empty) => false,
            Some(Chunk::Full) => true,
            Some(Chunk::Mixed { words, .. }) => {
                let (word, bit) = place(number);
                words[word] & bit != 0
            }
        }
    }

    /// How many numbers of the range are in the set.
    pub(super) fn count(&self, range: Range<u64>) -> u64 {
        let away: u64 = self.gaps(range.clone()).map(|gap| gap.end - gap.start).sum();
        range.end.saturating_sub(range.start) - away
    }

    /// The lowest number in the set.
    pub(super) fn lowest(&self) -> Option<u64> {
        let end = self.chunks.len() as u64 * CHUNK;
        match self.gaps(0..end).next() {
            Some(gap) if gap.start == 0 => (gap.end < end).then_some(gap.end),
            _ => (end > 0).then_some(0),
        }
    }

    /// The runs of numbers in the range that are not in the set.
    pub(super) fn gaps(&self, range: Range<u64>) -> impl Iterator<Item = Range<u64>> + '_ {
        let mut at = range.start;
        std::iter::from_fn(move || {
            let start = self.next(at, range.end, false);
            if start >= range.end {
                return None;
            }
            let end = self.next(start, range.end, true);
            at = end;
            Some(start..end)
        })
    }

    /// The first number from `at` on that is in the set, or is not; `end` when there is none before it.
    fn next(&self, at: u64, end: u64, wanted: bool) -> u64 {
        let mut at = at;
        while at < end {
            let after = (at / CHUNK + 1) * CHUNK;
            match self.chunks.get(usize::try_from(at / CHUNK).unwrap_or(usize::MAX)) {
                None => return if wanted { end } else { at },
                Some(Chunk::Empty) if !wanted => return at,
                Some(Chunk::Full) if wanted => return at,
                Some(Chunk::Empty | Chunk::Full) => at = after,
                Some(Chunk::Mixed { words, .. }) => {
                    let (word, bit) = place(at);
                    let found = if wanted { words[word] } else { !words[word] };
                    // The bits below `at` are not looked at.
                    let found = found & !(bit - 1);
                    if found != 0 {
                        return (at / 64 * 64 + u64::from(found.trailing_zeros())).min(end);
                    }
                    at = (at / 64 + 1) * 64;
                }
            }
        }
        end
    }
}

/// Word and bit of a number in its chunk.
fn place(number: u64) -> (usize, u64) {
    let inside = number % CHUNK;
    ((inside / 64) as usize, 1 << (inside % 64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn is_like_a_plain_set(numbers in proptest::collection::vec(0_u64..200_000, 0..300),
                               run in 0_u64..140_000, range in (0_u64..200_000, 0_u64..100_000)) {
            let mut bits = Bits::default();
            let mut plain = BTreeSet::new();
            for number in numbers.iter().copied().chain(run..run + 66_000) {
                prop_assert_eq!(bits.insert(number), plain.insert(number));
            }
            let range = range.0..range.0 + range.1;
            prop_assert_eq!(bits.count(range.clone()), plain.range(range.clone()).count() as u64);
            prop_assert_eq!(bits.lowest(), plain.first().copied());
            let gaps: Vec<u64> = bits.gaps(range.clone()).flatten().collect();
            let expected: Vec<u64> = range.filter(|number| !plain.contains(number)).collect();
            prop_assert_eq!(gaps, expected);
        }
    }

    #[test]
    fn an_empty_set_has_one_gap() {
        let bits = Bits::default();
        assert_eq!(bits.gaps(3..9).collect::<Vec<_>>(), vec![3..9]);
        assert_eq!((bits.count(0..9), bits.lowest(), bits.has(3)), (0, None, false));
    }
}
