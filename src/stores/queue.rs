//! The queue in front of a store's threads: it has a bound, and nobody waits in it for ever.

use crate::core::time::now;
use crate::resource::{StoreError, StoreErrorKind};
use crate::stores::limits;
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What waits in a queue, together with its caller.
pub trait Job: Send {
    /// Answers the caller that nothing was done.
    fn refuse(self, error: StoreError);

    /// How much of the queue's capacity it takes.
    fn weight(&self) -> usize {
        1
    }
}

/// Jobs in the order in which they came.
pub struct Queue<J> {
    state: Mutex<State<J>>,
    came: Condvar,
    capacity: usize,
}

struct State<J> {
    waiting: VecDeque<Waiting<J>>,
    weight: usize,
    is_closed: bool,
}

struct Waiting<J> {
    job: J,
    until: Instant,
}

/// What a store's thread gets when it asks for work.
#[derive(Debug)]
pub enum Taken<J> {
    Jobs(Vec<J>),
    /// Nothing came for so long.
    Nothing,
    /// The store is closing, and nothing is left to do.
    Closed,
}

impl<J: Job> Queue<J> {
    pub fn new(capacity: usize) -> Self {
        let state = State { waiting: VecDeque::new(), weight: 0, is_closed: false };
        Self { state: Mutex::new(state), came: Condvar::new(), capacity }
    }

    /// Lets a job wait, or refuses it at once. A job that is larger than the whole queue is taken when nothing else
    /// waits.
    pub fn push(&self, job: J) {
        let mut state = self.lock();
        let weight = state.weight.saturating_add(job.weight());
        let refusal = if state.is_closed {
            StoreError::new(StoreErrorKind::Unavailable, "the store is closing")
        } else if weight > self.capacity && !state.waiting.is_empty() {
            StoreError::new(StoreErrorKind::Busy, "too much is waiting for the store already")
        } else {
            state.weight = weight;
            state.waiting.push_back(Waiting { job, until: now() + limits::WAIT });
            drop(state);
            self.came.notify_one();
            return;
        };
        drop(state);
        job.refuse(refusal);
    }

    /// Waits for work for as long as `patience`, and takes what waits up to a weight of `most`, but at least one job.
    /// Jobs that have waited too long are refused on the way.
    pub fn take(&self, most: usize, patience: Duration) -> Taken<J> {
        let until = now() + patience;
        let mut state = self.lock();
        loop {
            let late = state.take_late(now());
            if !late.is_empty() {
                drop(state);
                refuse_late(late);
                state = self.lock();
                continue;
            }
            if !state.waiting.is_empty() {
                return Taken::Jobs(state.take(most));
            }
            if state.is_closed {
                return Taken::Closed;
            }
            let left = until.saturating_duration_since(now());
            if left.is_zero() {
                return Taken::Nothing;
            }
            let waited = self.came.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Refuses what has waited too long, for the case that the thread that should take it is stuck.
    pub fn refuse_late(&self) {
        let late = self.lock().take_late(now());
        refuse_late(late);
    }

    /// Takes no more jobs in. What waits already is still taken out.
    pub fn close(&self) {
        self.lock().is_closed = true;
        self.came.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J: Job> State<J> {
    fn take(&mut self, most: usize) -> Vec<J> {
        let mut jobs = Vec::new();
        let mut taken = 0;
        while let Some(first) = self.waiting.front() {
            taken += first.job.weight();
            if taken > most && !jobs.is_empty() {
                break;
            }
            jobs.extend(self.pop());
        }
        jobs
    }

    /// All wait equally long, so the late ones are the first ones.
    fn take_late(&mut self, now: Instant) -> Vec<J> {
        let mut late = Vec::new();
        while self.waiting.front().is_some_and(|first| first.until <= now) {
            late.extend(self.pop());
        }
        late
    }

    fn pop(&mut self) -> Option<J> {
        let job = self.waiting.pop_front()?.job;
        self.weight = self.weight.saturating_sub(job.weight());
        Some(job)
    }
}

fn refuse_late<J: Job>(late: Vec<J>) {
    for job in late {
        job.refuse(StoreError::new(
            StoreErrorKind::TooSlow,
            format!("the store did not get to it within {} s", limits::WAIT.as_secs()),
        ));
    }
}

impl<J> fmt::Debug for Queue<J> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Queue").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{Answering, Pending, pending};

    struct Work(usize, Answering<()>);

    impl Job for Work {
        fn refuse(self, error: StoreError) {
            self.1.answer(Err(error));
        }

        fn weight(&self) -> usize {
            self.0
        }
    }

    fn push(queue: &Queue<Work>, weight: usize) -> Pending<()> {
        let (answering, pending) = pending();
        queue.push(Work(weight, answering));
        pending
    }

    fn taken(queue: &Queue<Work>, most: usize) -> Vec<usize> {
        match queue.take(most, Duration::ZERO) {
            Taken::Jobs(jobs) => jobs.iter().map(|job| job.0).collect(),
            Taken::Nothing | Taken::Closed => Vec::new(),
        }
    }

    #[test]
    fn takes_what_waits_in_order_up_to_the_weight_and_at_least_one() {
        let queue = Queue::new(100);
        let _waiting: Vec<_> = [1, 2, 3, 50].map(|weight| push(&queue, weight)).into();
        assert_eq!(taken(&queue, 3), [1, 2]);
        assert_eq!(taken(&queue, 1), [3]);
        assert_eq!(taken(&queue, 1), [50]);
        assert!(taken(&queue, 1).is_empty());
    }

    #[test]
    fn refuses_beyond_its_bound_but_takes_one_that_is_larger_when_alone() {
        let queue = Queue::new(4);
        let _large = push(&queue, 5);
        assert_eq!(push(&queue, 1).wait().unwrap_err().kind, StoreErrorKind::Busy);
        assert_eq!(taken(&queue, 1), [5]);
        let _waiting = push(&queue, 4);
        assert_eq!(push(&queue, 1).wait().unwrap_err().kind, StoreErrorKind::Busy);
    }

    #[test]
    fn hands_out_what_waits_after_closing_and_takes_no_more() {
        let queue = Queue::new(4);
        let _waiting = push(&queue, 1);
        queue.close();
        assert_eq!(push(&queue, 1).wait().unwrap_err().kind, StoreErrorKind::Unavailable);
        assert_eq!(taken(&queue, 1), [1]);
        assert!(matches!(queue.take(1, Duration::from_hours(1)), Taken::Closed));
    }

    #[test]
    fn a_job_that_waited_too_long_is_refused() {
        let queue = Queue::new(4);
        let late = push(&queue, 1);
        queue.lock().waiting[0].until = now();
        let _in_time = push(&queue, 2);
        queue.refuse_late();
        assert_eq!(late.wait().unwrap_err().kind, StoreErrorKind::TooSlow);
        assert_eq!(taken(&queue, 1), [2]);
    }
}
