//! One reading of a key that several wait for.

use super::{Entry, Near};
use crate::resource::{Key, StoreError};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::watch;

/// What a reading came to; `None` while it goes on.
pub type Answer = Result<Entry, StoreError>;

/// A reading that goes on. Who comes later finds it for as long as nothing has happened to its key.
#[derive(Debug)]
pub struct Flight {
    pub key: Key,
    pub epoch: u64,
    /// Something happened to the key of which no version is known.
    is_void: AtomicBool,
    answer: watch::Receiver<Option<Answer>>,
}

impl Flight {
    pub fn make_void(&self) {
        self.is_void.store(true, Ordering::Release);
    }

    pub fn is_void(&self) -> bool {
        self.is_void.load(Ordering::Acquire)
    }
}

/// Whoever waits for somebody else's reading.
#[derive(Debug)]
pub struct Join(watch::Receiver<Option<Answer>>);

impl Join {
    pub fn to(flight: &Flight) -> Self {
        Self(flight.answer.clone())
    }

    /// `None` when whoever read gave up without an answer: then somebody else must read.
    pub async fn answer(mut self) -> Option<Answer> {
        self.0.wait_for(Option::is_some).await.ok().and_then(|answer| answer.clone())
    }
}

/// Whoever reads. Dropped without an answer, the waiting ones are woken and one of them reads.
#[derive(Debug)]
pub struct Lead<'a> {
    near: &'a Near,
    pub(super) hash: u64,
    pub(super) flight: Arc<Flight>,
    sender: watch::Sender<Option<Answer>>,
}

impl<'a> Lead<'a> {
    pub(super) fn new(near: &'a Near, hash: u64, key: Key, epoch: u64) -> Self {
        let (sender, answer) = watch::channel(None);
        let flight = Arc::new(Flight { key, epoch, is_void: AtomicBool::new(false), answer });
        Self { near, hash, flight, sender }
    }

    pub fn epoch(&self) -> u64 {
        self.flight.epoch
    }

    /// Answers all with what the store said, and keeps it unless it was overwritten meanwhile.
    pub fn answer(self, entry: &Entry) {
        self.near.settle(&self, entry);
        self.sender.send_replace(Some(Ok(entry.clone())));
    }

    /// Answers all with a copy from elsewhere; gives itself back when that one may lack a write.
    pub fn admit(self, entry: &Entry) -> Result<(), Self> {
        if !self.near.admit(&self, entry) {
            return Err(self);
        }
        self.sender.send_replace(Some(Ok(entry.clone())));
        Ok(())
    }

    /// Everybody who waits is told, so that they do not all try a store that is away.
    pub fn fail(self, error: &StoreError) {
        self.near.detach(&self);
        self.sender.send_replace(Some(Err(error.clone())));
    }
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        self.near.detach(self);
    }
}
