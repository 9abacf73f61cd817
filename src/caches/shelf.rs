//! What must be learnt before copies can be shared: who the store is, and what may have happened unseen.

use super::feed::Feed;
use super::limits;
use super::names::Names;
use crate::resource::{Schema, Store};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::sleep;

/// The place of a resource's copies in Redis.
#[derive(Debug)]
pub struct Shelf {
    stack: String,
    /// `None` while the store has not said who it is: then nothing is shared.
    names: Mutex<Option<Arc<Names>>>,
}

impl Shelf {
    pub fn new(stack: &str) -> Self {
        Self { stack: stack.to_owned(), names: Mutex::default() }
    }

    pub fn names(&self) -> Option<Arc<Names>> {
        self.lock().clone()
    }

    /// Another store may be behind the same address when it is back.
    pub fn forget(&self) {
        *self.lock() = None;
    }

    pub fn learn(&self, schema: &Schema, store: &str) {
        *self.lock() = Some(Arc::new(Names::new(&self.stack, schema, store)));
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<Names>>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Learns at the start and whenever track was lost, for ever. Copies in Redis from before then are never used, as
/// nobody told what happened to their keys.
pub async fn learn(store: Arc<dyn Store>, feed: Arc<Feed>, shelf: Arc<Shelf>) {
    loop {
        let Some(epoch) = feed.unknown_floor() else {
            feed.is_lost.notified().await;
            continue;
        };
        let newest = store.newest().await;
        let identity = store.identity();
        match newest {
            Ok(newest) if !identity.is_empty() => {
                shelf.learn(store.schema(), &identity);
                feed.learn_floor(epoch, newest);
            }
            _ => sleep(limits::FLOOR_AGAIN).await,
        }
    }
}
