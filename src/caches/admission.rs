//! How many reads of the store go on at once: a herd that finds no copies waits here and cannot kill the store.

use super::limits;
use crate::resource::{StoreError, StoreErrorKind};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use tokio::sync::{Semaphore, SemaphorePermit};

#[derive(Debug)]
pub struct Admission {
    permits: Semaphore,
    waiting: AtomicUsize,
}

impl Admission {
    pub fn new() -> Self {
        Self { permits: Semaphore::new(limits::STORE_READS), waiting: AtomicUsize::new(0) }
    }

    /// Waits for a turn; those inside are answered within the deadlines of the store.
    pub async fn enter(&self) -> Result<SemaphorePermit<'_>, StoreError> {
        if let Ok(permit) = self.permits.try_acquire() {
            return Ok(permit);
        }
        let place = Place::take(&self.waiting).ok_or_else(busy)?;
        let permit = self.permits.acquire().await.map_err(|_| busy());
        drop(place);
        permit
    }
}

fn busy() -> StoreError {
    StoreError::new(StoreErrorKind::Busy, "too many reads wait for the store")
}

/// One of those who wait, also when it goes away.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize) -> Option<Self> {
        let place = Self(waiting);
        // Dropped again when it is one too many.
        (waiting.fetch_add(1, Relaxed) < limits::STORE_READS_WAITING).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}
