//! One copy, what a reader wants, and whether the one will do for the other.

use crate::caches::moment::Moment;
use crate::resource::{Record, Version};
use std::time::Duration;

/// A record, or that there is none, as the store had it.
#[derive(Debug, Clone)]
pub struct Entry {
    pub record: Option<Record>,
    pub as_of: Version,
    /// When the store was asked for it; from another process's clock if it came through Redis, so it judges nothing
    /// but what stands in while the store is away.
    pub read_at: Moment,
    /// It lacks nothing that was committed before.
    pub known_at: Moment,
    pub expires: Moment,
    /// How long it took to read.
    pub load: Duration,
    /// The feed's when the reading began.
    pub epoch: u64,
}

/// What a reader asks for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    pub asked: Moment,
    /// The answer must lack nothing that was committed so long before it was asked for.
    pub bound: Duration,
    /// The same for the answer that there is no such record.
    pub negative_bound: Duration,
    pub at_least: Version,
    /// Since this moment the store was asked for all its changes, and told them.
    pub confirmed: Moment,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Fresh,
    /// It would do if the store said that it had told every change.
    Unsure,
    Useless,
}

impl Wanted {
    /// What `entry` must be known up to.
    fn since(&self, entry: &Entry) -> Moment {
        let bound = if entry.record.is_some() { self.bound } else { self.negative_bound };
        self.asked.before(bound)
    }

    /// Whether an answer that somebody else got will do.
    pub fn is_met_by(&self, entry: &Entry) -> bool {
        entry.as_of >= self.at_least && entry.known_at >= self.since(entry)
    }
}

impl Entry {
    /// `known` and `epoch` are the feed's, or what was confirmed, read before this entry was looked up.
    pub fn judge(&self, wanted: &Wanted, known: Moment, epoch: u64) -> Verdict {
        if self.epoch != epoch || self.expires <= wanted.asked || self.as_of < wanted.at_least {
            return Verdict::Useless;
        }
        if known.max(self.known_at) >= wanted.since(self) {
            Verdict::Fresh
        } else {
            Verdict::Unsure
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Value;
    use Verdict::{Fresh, Unsure, Useless};

    fn entry(known_at: u64, expires: u64) -> Entry {
        Entry {
            record: Some(Record::new([Value::Null])),
            as_of: Version(5),
            read_at: Moment(known_at),
            known_at: Moment(known_at),
            expires: Moment(expires),
            load: Duration::ZERO,
            epoch: 0,
        }
    }

    fn wanted(asked: u64) -> Wanted {
        Wanted {
            asked: Moment(asked),
            bound: Duration::from_nanos(10),
            negative_bound: Duration::ZERO,
            at_least: Version(0),
            confirmed: Moment::NEVER,
        }
    }

    #[test]
    fn an_entry_is_fresh_for_as_long_as_it_is_known_to_lack_nothing() {
        let entry = entry(100, 1000);
        assert_eq!(entry.judge(&wanted(110), Moment::NEVER, 0), Fresh);
        assert_eq!(entry.judge(&wanted(111), Moment::NEVER, 0), Unsure);
        assert_eq!(entry.judge(&wanted(111), Moment(101), 0), Fresh, "the feed says so");
        assert_eq!(entry.judge(&wanted(1000), Moment(1000), 0), Useless, "its life is over");
        assert_eq!(entry.judge(&wanted(110), Moment(110), 1), Useless, "track was lost");
        let later = Wanted { at_least: Version(6), ..wanted(100) };
        assert_eq!(entry.judge(&later, Moment(100), 0), Useless);
    }

    #[test]
    fn that_there_is_no_record_has_a_bound_of_its_own() {
        let none = Entry { record: None, ..entry(100, 1000) };
        assert_eq!(none.judge(&wanted(100), Moment::NEVER, 0), Fresh);
        assert_eq!(none.judge(&wanted(101), Moment(100), 0), Unsure);
        assert!(wanted(100).is_met_by(&none) && !wanted(101).is_met_by(&none));
        assert!(wanted(110).is_met_by(&entry(100, 1000)));
    }
}
