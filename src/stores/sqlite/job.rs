//! What waits in a store's queues.

use crate::resource::{
    Answering, Atomicity, ChangePosition, Changes, Condition, Fetched, Key, ListQuery, Page,
    StoreError, Version, Write, Written,
};
use crate::stores::queue;

pub(super) enum Job {
    Write(WriteJob),
    Get(Key, Answering<Fetched>),
    List(ListQuery, Answering<Page>),
    Count(Vec<Condition>, Answering<u64>),
    Changes(Option<ChangePosition>, usize, Answering<Changes>),
    CatchUp(Answering<()>),
    Newest(Answering<Version>),
}

/// A group of writes of one caller.
pub(super) struct WriteJob {
    pub writes: Vec<Write>,
    pub atomicity: Atomicity,
    pub answering: Answering<Vec<Written>>,
}

impl queue::Job for Job {
    fn refuse(self, error: StoreError) {
        match self {
            Self::Write(job) => job.answering.answer(Err(error)),
            Self::Get(_, answering) => answering.answer(Err(error)),
            Self::List(_, answering) => answering.answer(Err(error)),
            Self::Count(_, answering) => answering.answer(Err(error)),
            Self::Changes(_, _, answering) => answering.answer(Err(error)),
            Self::CatchUp(answering) => answering.answer(Err(error)),
            Self::Newest(answering) => answering.answer(Err(error)),
        }
    }

    fn weight(&self) -> usize {
        match self {
            Self::Write(job) => job.writes.len().max(1),
            _ => 1,
        }
    }
}
