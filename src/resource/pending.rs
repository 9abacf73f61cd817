//! An answer that a store's thread is still to give; it can be awaited, or waited for by a thread.

use crate::resource::{StoreError, StoreErrorKind};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::oneshot;

/// What came of it, or why nothing did.
#[derive(Debug)]
pub struct Pending<T> {
    answer: oneshot::Receiver<Result<T, StoreError>>,
}

/// The end of whoever answers. Dropped without an answer, the caller is told that the store has stopped.
#[derive(Debug)]
pub struct Answering<T> {
    answer: oneshot::Sender<Result<T, StoreError>>,
}

pub fn pending<T>() -> (Answering<T>, Pending<T>) {
    let (sender, receiver) = oneshot::channel();
    (Answering { answer: sender }, Pending { answer: receiver })
}

impl<T> Answering<T> {
    /// A caller that does not wait any more is no reason to stop.
    pub fn answer(self, result: Result<T, StoreError>) {
        drop(self.answer.send(result));
    }

    /// Nobody waits for it any more.
    pub fn is_forgotten(&self) -> bool {
        self.answer.is_closed()
    }
}

impl<T> Pending<T> {
    /// An answer that is there at once.
    pub fn ready(result: Result<T, StoreError>) -> Self {
        let (answering, pending) = pending();
        answering.answer(result);
        pending
    }

    /// For threads of flows; never call it inside async code.
    pub fn wait(self) -> Result<T, StoreError> {
        self.answer.blocking_recv().unwrap_or_else(|_| Err(stopped()))
    }
}

impl<T> Future for Pending<T> {
    type Output = Result<T, StoreError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = Pin::new(&mut self.answer).poll(context);
        answer.map(|answer| answer.unwrap_or_else(|_| Err(stopped())))
    }
}

fn stopped() -> StoreError {
    StoreError::new(StoreErrorKind::Unavailable, "the store has stopped")
}
