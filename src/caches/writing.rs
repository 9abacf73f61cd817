//! What a write means for the copies, beyond what the store tells its listeners.

use super::envelope::{Content, Envelope};
use super::layers::Layers;
use super::limits;
use super::near::Entry;
use super::redis::Item;
use crate::core::time;
use crate::resource::{Action, Key, Outcome, Record, Version, Written};

/// The key that a write is about; `None` for a new record whose key the store makes.
pub fn key_of(layers: &Layers, action: &Action) -> Option<Key> {
    match action {
        Action::Insert(record)
        | Action::Ensure(record)
        | Action::Put(record)
        | Action::Replace(record) => record.key(layers.store.schema()),
        Action::Patch(key, _) | Action::Delete(key) => Some(key.clone()),
    }
}

impl Layers {
    /// Whoever was answered must not see less afterwards. Of what it changed, the copies have been told by the store;
    /// but it may also have learnt that nothing was to be done, because of a change that is still to be told here.
    pub fn wrote(&self, keys: &[Option<Key>], written: &[Written]) {
        for (key, written) in keys.iter().zip(written) {
            let Some(key) = key else { continue };
            let reveal = |record: Option<&Record>| {
                let agrees = |entry: &Entry| entry.record.as_ref() == record;
                self.near.reveal(key, written.version, agrees);
            };
            match &written.outcome {
                // How it was then is no news of how it is now.
                _ if written.is_replay => self.near.overwrite(&[(key.clone(), written.version)]),
                Outcome::Updated { record, changed: false }
                | Outcome::Exists(record)
                | Outcome::PreconditionFailed(Some(record)) => reveal(Some(record)),
                Outcome::Missing | Outcome::PreconditionFailed(None) => reveal(None),
                Outcome::Created(_)
                | Outcome::Updated { changed: true, .. }
                | Outcome::Deleted
                | Outcome::Taken { .. }
                | Outcome::Invalid(_)
                | Outcome::IdempotencyMismatch
                | Outcome::NotDone => {}
            }
        }
    }

    /// Lets Redis know what was written, so that other processes drop their copies before their feeds tell them.
    pub async fn tell_redis(&self, keys: Vec<Option<Key>>, written: &[Written]) {
        let Some((redis, names)) = self.shared() else { return };
        let unix_ms = time::unix_ms();
        let item = |key: Key, version: Version| {
            let name = names.name(&key);
            let envelope = Envelope { content: Content::Overwritten, version, unix_ms };
            let envelope = envelope.write(&name);
            Item { name, envelope, life: limits::REDIS_TOMBSTONE, is_forced: false }
        };
        let changed = keys.into_iter().zip(written).filter_map(|(key, written)| {
            let key = match &written.outcome {
                Outcome::Created(record) => record.key(self.store.schema()),
                Outcome::Updated { changed: true, .. } | Outcome::Deleted => key,
                _ => None,
            };
            Some(item(key?, written.version))
        });
        let items: Vec<Item> = changed.take(limits::REDIS_TOMBSTONES_AT_ONCE).collect();
        if !items.is_empty() {
            redis.put_all(items).await;
        }
    }
}
