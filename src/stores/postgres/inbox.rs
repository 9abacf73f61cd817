//! What waits for a worker: it has a bound, an end, and is refused at once while the server is away.

use crate::core::time::now;
use crate::resource::{StoreError, StoreErrorKind};
use crate::stores::queue::Job;
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// Jobs in the order in which they came; unlike the queue of the stores on threads, it is awaited.
pub struct Inbox<J> {
    state: Mutex<State<J>>,
    came: Notify,
    capacity: usize,
    patience: Duration,
}

struct State<J> {
    waiting: VecDeque<Waiting<J>>,
    weight: usize,
    /// Why nothing is taken in.
    refusal: Option<StoreError>,
    is_closed: bool,
}

/// A job and when its caller stops waiting.
#[derive(Debug)]
pub struct Waiting<J> {
    pub job: J,
    pub until: Instant,
}

impl<J: Job> Inbox<J> {
    pub fn new(capacity: usize, patience: Duration) -> Self {
        let waiting = VecDeque::new();
        let state = State { waiting, weight: 0, refusal: None, is_closed: false };
        Self { state: Mutex::new(state), came: Notify::new(), capacity, patience }
    }

    /// Lets a job wait, or refuses it at once. One that is larger than the whole inbox is taken when nothing else
    /// waits.
    pub fn push(&self, job: J) {
        let mut state = self.lock();
        let weight = state.weight.saturating_add(job.weight());
        let refusal = if let Some(refusal) = &state.refusal {
            refusal.clone()
        } else if weight > self.capacity && !state.waiting.is_empty() {
            StoreError::new(StoreErrorKind::Busy, "too much is waiting for the store already")
        } else {
            state.weight = weight;
            state.waiting.push_back(Waiting { job, until: now() + self.patience });
            drop(state);
            self.came.notify_one();
            return;
        };
        drop(state);
        job.refuse(refusal);
    }

    /// Waits for jobs and takes them up to a weight of `most`, but at least one; `None` when it was closed and is
    /// empty. Who has waited too long is refused on the way.
    pub async fn take(&self, most: usize) -> Option<Vec<Waiting<J>>> {
        loop {
            match self.take_now(most) {
                Ok(taken) => return Some(taken),
                Err(true) => return None,
                Err(false) => self.came.notified().await,
            }
        }
    }

    /// What is there; `Err(is_closed)` when there is nothing.
    pub fn take_now(&self, most: usize) -> Result<Vec<Waiting<J>>, bool> {
        let mut late = Vec::new();
        let mut taken = Vec::new();
        let mut weight = 0;
        let mut state = self.lock();
        let now = now();
        while let Some(first) = state.waiting.front() {
            let is_late = first.until <= now;
            let first_weight = first.job.weight();
            if !is_late && weight + first_weight > most && !taken.is_empty() {
                // Another worker may take the rest.
                self.came.notify_one();
                break;
            }
            state.weight = state.weight.saturating_sub(first_weight);
            let Some(first) = state.waiting.pop_front() else { break };
            if is_late {
                late.push(first);
            } else {
                weight += first_weight;
                taken.push(first);
            }
        }
        let is_closed = state.is_closed;
        drop(state);
        for waiting in late {
            let detail = "the store did not get to it in time";
            waiting.job.refuse(StoreError::new(StoreErrorKind::TooSlow, detail));
        }
        if taken.is_empty() {
            if is_closed {
                // So that every worker sees it.
                self.came.notify_one();
            }
            return Err(is_closed);
        }
        Ok(taken)
    }

    /// Refuses everything that waits and that comes from now on.
    pub fn shut(&self, why: &StoreError) {
        let mut state = self.lock();
        if !state.is_closed {
            state.refusal = Some(why.clone());
        }
        state.weight = 0;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        for waiting in waiting {
            waiting.job.refuse(why.clone());
        }
    }

    /// Takes jobs in again.
    pub fn reopen(&self) {
        let mut state = self.lock();
        if !state.is_closed {
            state.refusal = None;
        }
    }

    /// For good; what waits already is still taken out.
    pub fn close(&self) {
        let mut state = self.lock();
        let closing = StoreError::new(StoreErrorKind::Unavailable, "the store is closing");
        state.refusal = Some(closing);
        state.is_closed = true;
        drop(state);
        self.came.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J> fmt::Debug for Inbox<J> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Inbox").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}
