//! What sessions did and saw, in the order of the clock.

use std::time::{Duration, Instant};

/// One thing that a session did to one key.
#[derive(Debug, Clone)]
pub struct Event {
    pub session: usize,
    pub key: usize,
    pub what: What,
    /// Before it was asked for.
    pub start: Instant,
    /// After it was answered.
    pub end: Instant,
}

impl Event {
    pub fn is_read(&self) -> bool {
        matches!(self.what, What::Read { .. })
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// The writes of a key are numbered from 1 in the order in which they were committed; one after the other, so that
    /// there is no doubt about it.
    Wrote { number: u64, is_delete: bool, is_acknowledged: bool },
    /// The number of the write that was seen; `None` for no record.
    Read { number: Option<u64>, bound: Duration },
}

#[derive(Debug, Clone, Default)]
pub struct History {
    pub events: Vec<Event>,
    /// Reads and writes that were not answered, or refused; nothing follows from them.
    pub troubles: usize,
}

impl History {
    pub fn join(&mut self, other: Self) {
        self.events.extend(other.events);
        self.troubles += other.troubles;
    }

    pub fn reads(&self) -> usize {
        self.events.iter().filter(|event| event.is_read()).count()
    }

    pub fn writes(&self) -> usize {
        self.events.len() - self.reads()
    }
}
