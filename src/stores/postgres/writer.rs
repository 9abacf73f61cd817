//! The worker that writes: whatever waits shares a transaction, and everybody is answered after its commit.

use super::group::{End, Ended, Failure, unknown, write};
use super::inbox::Waiting;
use super::job::Group;
use super::pen::Pen;
use super::session::{judge, ready};
use super::shared::{Shared, WRITE_TIME};
use crate::clients::postgres::connection::until;
use crate::clients::postgres::trouble::{Kind, Trouble};
use crate::clients::race::{Either, either};
use crate::core::time::now;
use crate::stores::limits;
use crate::stores::queue::Job as _;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How long a write is put aside whose record somebody else holds, and how many of them are tried in one go: each of
/// them may hold up the others for as long as it waits for the lock.
const ASIDE: Duration = Duration::from_millis(40);
const ASIDE_TOGETHER: usize = 4;

/// How long a writer lets another one finish first. What comes meanwhile shares its commit; only one that is held up by
/// somebody's lock is overtaken.
const TURN: Duration = Duration::from_millis(5);

pub async fn work(shared: &Shared) {
    let mut writer = Writer { shared, pen: None, aside: VecDeque::new() };
    while writer.round().await {}
}

struct Writer<'s> {
    shared: &'s Shared,
    pen: Option<Pen>,
    /// Writes that wait for somebody else, with the time of their next try.
    aside: VecDeque<(Instant, Waiting<Group>)>,
}

impl Writer<'_> {
    /// Whether there may be more to do.
    async fn round(&mut self) -> bool {
        let due = self.due();
        if !due.is_empty() {
            self.write(due).await;
        }
        let next = self.aside.front().map(|(at, _)| *at);
        let taken = match next {
            None => self.shared.groups.take(limits::COMMIT_WRITES).await,
            Some(next) => {
                let sleep = tokio::time::sleep_until(next.into());
                match either(self.shared.groups.take(limits::COMMIT_WRITES), sleep).await {
                    Either::First(Some(taken)) => Some(taken),
                    // It is closing, or it is time.
                    Either::First(None) => {
                        tokio::time::sleep_until(next.into()).await;
                        Some(Vec::new())
                    }
                    Either::Second(()) => Some(Vec::new()),
                }
            }
        };
        match taken {
            Some(taken) if taken.is_empty() => true,
            Some(mut taken) => {
                let shared = self.shared;
                let turn = tokio::time::timeout(TURN, shared.turn.lock()).await;
                let weight: usize = taken.iter().map(|waiting| waiting.job.weight()).sum();
                if weight < limits::COMMIT_WRITES {
                    // Nothing there, or closed: then there is only what was taken.
                    let more = shared.groups.take_now(limits::COMMIT_WRITES - weight);
                    taken.extend(more.unwrap_or_default());
                }
                self.write(taken).await;
                drop(turn);
                true
            }
            None => false,
        }
    }

    fn due(&mut self) -> Vec<Waiting<Group>> {
        let now = now();
        let mut due = Vec::new();
        while due.len() < ASIDE_TOGETHER
            && let Some((at, _)) = self.aside.front()
            && *at <= now
        {
            due.extend(self.aside.pop_front().map(|(_, waiting)| waiting));
        }
        due
    }

    async fn write(&mut self, groups: Vec<Waiting<Group>>) {
        // The time of waiting does not count, or a server that is merely busy would look as if it were away.
        match self.attempt(&groups, now() + WRITE_TIME).await {
            Ok(ended) => self.answer(groups, ended),
            Err(trouble) => {
                for waiting in groups {
                    waiting.job.refuse(trouble.store_error());
                }
            }
        }
    }

    /// What was certainly not done is tried once more when only the connection was to blame.
    async fn attempt(
        &mut self,
        groups: &[Waiting<Group>],
        deadline: Instant,
    ) -> Result<Ended, Trouble> {
        let mut may_be_stale = self.pen.is_some();
        let groups: Vec<&Group> = groups.iter().map(|waiting| &waiting.job).collect();
        loop {
            let pen = match ready(self.shared, &mut self.pen, deadline).await {
                Ok(pen) => pen,
                Err(trouble) => {
                    judge(self.shared, &mut self.pen, &trouble);
                    return Err(trouble);
                }
            };
            let trouble = match write(pen, &groups, deadline).await {
                Ok(ended) => return Ok(ended),
                Err(Failure::NotDone(trouble)) if trouble.kind == Kind::Lost && may_be_stale => {
                    may_be_stale = false;
                    self.pen = None;
                    continue;
                }
                Err(Failure::Unknown(trouble)) => {
                    judge(self.shared, &mut self.pen, &trouble);
                    return Err(unknown(&trouble));
                }
                Err(Failure::NotDone(trouble)) => trouble,
            };
            if !trouble.ends_connection() {
                let rollback = pen.execute("ROLLBACK");
                if until(deadline, rollback).await.is_err() {
                    self.pen = None;
                }
            }
            judge(self.shared, &mut self.pen, &trouble);
            return Err(trouble);
        }
    }

    /// Listeners know before callers do.
    fn answer(&mut self, groups: Vec<Waiting<Group>>, ended: Ended) {
        if !ended.changed.is_empty() {
            self.shared.feed.changed(&ended.changed);
        }
        let now = now();
        for (waiting, end) in groups.into_iter().zip(ended.ends) {
            match end {
                End::Written(written) => waiting.job.answering.answer(Ok(written)),
                End::Blocked(_) if waiting.until > now + ASIDE => {
                    self.aside.push_back((now + ASIDE, waiting));
                }
                End::Blocked(trouble) | End::Failed(trouble) => {
                    waiting.job.refuse(trouble.store_error());
                }
            }
        }
    }
}
