//! The most frequent of very many values: Misra-Gries counters in small groups by hash.
//! What a group had to give up is counted, so that every count comes with its bounds.

use super::model::TopValue;

const GROUPS: usize = 1024;
const WAYS: usize = 4;

/// Longest piece of a value that is shown.
const SHOWN_BYTES: usize = 64;

/// How many values are listed.
pub(super) const TOP: usize = 10;

/// At most a short piece of a value, cut between characters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown {
    bytes: [u8; SHOWN_BYTES],
    length: u8,
    cut: bool,
}

impl Shown {
    const NOTHING: Self = Self { bytes: [0; SHOWN_BYTES], length: 0, cut: false };

    pub(super) fn of(value: &[u8]) -> Self {
        let mut length = value.len().min(SHOWN_BYTES);
        let cut = length < value.len();
        // Continuation bytes of UTF-8 start with 0b10; a character has at most three of them.
        for _ in 0..3 {
            if cut && value[length] & 0xC0 == 0x80 {
                length -= 1;
            }
        }
        let mut shown = Self { length: length as u8, cut, ..Self::NOTHING };
        shown.bytes[..length].copy_from_slice(&value[..length]);
        shown
    }

    pub(super) fn text(&self) -> String {
        let mut text =
            String::from_utf8_lossy(&self.bytes[..usize::from(self.length)]).into_owned();
        if self.cut {
            text.push('…');
        }
        text
    }
}

#[derive(Debug, Clone, Copy)]
struct Group {
    hashes: [u64; WAYS],
    counts: [u64; WAYS],
    /// What was taken off every value of this group that is or was not counted.
    lost: u64,
    /// Which counters have their value in `shown`.
    named: [bool; WAYS],
}

#[derive(Debug)]
pub(super) struct HeavyHitters {
    groups: Vec<Group>,
    shown: Vec<Shown>,
}

impl HeavyHitters {
    pub(super) fn new() -> Self {
        let empty = Group { hashes: [0; WAYS], counts: [0; WAYS], lost: 0, named: [false; WAYS] };
        Self { groups: vec![empty; GROUPS], shown: Vec::new() }
    }

    /// One more `value`. It is kept only when seen again: most values of a long column never are.
    pub(super) fn add(&mut self, hash: u64, value: &[u8]) {
        let index = hash as usize % GROUPS;
        let group = &mut self.groups[index];
        for way in 0..WAYS {
            if group.hashes[way] == hash && group.counts[way] > 0 {
                group.counts[way] += 1;
                if !group.named[way] {
                    self.name(index, way, value);
                }
                return;
            }
        }
        for way in 0..WAYS {
            if group.counts[way] == 0 {
                group.hashes[way] = hash;
                group.counts[way] = 1;
                group.named[way] = false;
                return;
            }
        }
        group.lost += 1;
        for count in &mut group.counts {
            *count -= 1;
        }
    }

    /// `times` of a value that is not counted here yet.
    pub(super) fn add_new(&mut self, hash: u64, times: u64, value: &Shown) {
        let index = hash as usize % GROUPS;
        let group = &mut self.groups[index];
        let least = group.counts.iter().fold(times, |least, count| least.min(*count));
        group.lost += least;
        for count in &mut group.counts {
            *count -= least;
        }
        if times > least
            && let Some(way) = group.counts.iter().position(|count| *count == 0)
        {
            group.hashes[way] = hash;
            group.counts[way] = times - least;
            group.named[way] = true;
            self.shown_place(index, way).clone_from(value);
        }
    }

    fn name(&mut self, index: usize, way: usize, value: &[u8]) {
        self.groups[index].named[way] = true;
        *self.shown_place(index, way) = Shown::of(value);
    }

    fn shown_place(&mut self, index: usize, way: usize) -> &mut Shown {
        if self.shown.is_empty() {
            self.shown.resize(GROUPS * WAYS, Shown::NOTHING);
        }
        &mut self.shown[index * WAYS + way]
    }

    /// Only values for which at least half of the stated count is certain, and seen twice.
    pub(super) fn top(&self) -> Vec<TopValue> {
        let mut found = Vec::new();
        for (index, group) in self.groups.iter().enumerate() {
            for way in 0..WAYS {
                let certain = group.counts[way];
                if certain >= group.lost.max(2) && group.named[way] {
                    found.push((certain + group.lost, group.lost, index * WAYS + way));
                }
            }
        }
        let values = found.into_iter().map(|(count, error, place)| TopValue {
            value: self.shown[place].text(),
            count,
            error,
        });
        most_frequent(values.collect())
    }
}

/// The first `TOP`, most frequent first, ties by value.
pub(super) fn most_frequent(mut values: Vec<TopValue>) -> Vec<TopValue> {
    values.sort_by(|left, right| {
        right.count.cmp(&left.count).then_with(|| left.value.cmp(&right.value))
    });
    values.truncate(TOP);
    values
}
