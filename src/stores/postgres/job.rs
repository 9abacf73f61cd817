//! What callers ask for, on its way to a worker.

use crate::resource::{
    Answering, Atomicity, ChangePosition, Changes, Condition, Fetched, Key, ListQuery, Page,
    StoreError, Version, Write, Written,
};
use crate::stores::queue::Job;

#[derive(Debug)]
pub struct Get {
    pub key: Key,
    pub answering: Answering<Fetched>,
}

/// What reads many records.
#[derive(Debug)]
pub enum Scan {
    List(ListQuery, Answering<Page>),
    Count(Vec<Condition>, Answering<u64>),
    Changes(Option<ChangePosition>, usize, Answering<Changes>),
    Newest(Answering<Version>),
    /// The log is cut to what is kept.
    Trim,
}

/// Writes of one caller.
#[derive(Debug)]
pub struct Group {
    pub writes: Vec<Write>,
    pub atomicity: Atomicity,
    pub answering: Answering<Vec<Written>>,
}

/// A wish to be told of everything that was committed before.
#[derive(Debug)]
pub struct Look(pub Answering<()>);

impl Job for Get {
    fn refuse(self, error: StoreError) {
        self.answering.answer(Err(error));
    }
}

impl Job for Scan {
    fn refuse(self, error: StoreError) {
        match self {
            Self::List(_, answering) => answering.answer(Err(error)),
            Self::Count(_, answering) => answering.answer(Err(error)),
            Self::Changes(_, _, answering) => answering.answer(Err(error)),
            Self::Newest(answering) => answering.answer(Err(error)),
            Self::Trim => {}
        }
    }
}

impl Job for Group {
    fn refuse(self, error: StoreError) {
        self.answering.answer(Err(error));
    }

    fn weight(&self) -> usize {
        self.writes.len().max(1)
    }
}

impl Job for Look {
    fn refuse(self, error: StoreError) {
        self.0.answer(Err(error));
    }
}
