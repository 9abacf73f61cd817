//! A store with its cache in front: what every wire, source and sink reads and writes through.

use crate::core::fault::Fault;
use crate::resource::{
    Atomicity, CacheConfig, Key, Record, Schema, Store, StoreError, Version, Write, Written,
};
use std::sync::Arc;
use std::time::Duration;

/// A store behind a cache, or alone.
#[derive(Debug)]
pub struct Cached {
    store: Arc<dyn Store>,
}

/// What a reader asks for beyond the bound of the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Freshness {
    /// The answer must have seen this write: read-your-writes.
    pub at_least: Version,
    /// Ask the store, whatever is cached (`Cache-Control: no-cache`).
    pub is_bypass: bool,
}

/// A record, or that there is none, and where that is known from.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    pub record: Option<Record>,
    pub as_of: Version,
    pub origin: Origin,
    /// How long ago the store said so.
    pub age: Duration,
    /// How long it may still be kept; `None` without a cache.
    pub ttl: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// This very request read the store.
    Store,
    /// It waited for another request that read the store.
    Collapsed,
    Near,
    Redis,
    /// The store is away and this is older than `max_stale`, within `stale_if_error`.
    Stale,
}

impl Read {
    /// `false` exactly when this request read the store.
    pub fn is_cached(&self) -> bool {
        self.origin != Origin::Store
    }
}

impl Cached {
    /// `stack` is part of the names under which a shared cache holds the records.
    pub fn new(
        store: Arc<dyn Store>,
        config: Option<&CacheConfig>,
        stack: &str,
    ) -> Result<Arc<Self>, Fault> {
        let _ = (config, stack);
        Ok(Arc::new(Self { store }))
    }

    pub fn schema(&self) -> &Arc<Schema> {
        self.store.schema()
    }

    /// For lists, counts and changes, which are never cached.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    pub fn has_cache(&self) -> bool {
        false
    }

    /// What the near cache may answer at once; never waits.
    pub fn near(&self, _key: &Key, _freshness: Freshness) -> Option<Read> {
        None
    }

    pub async fn get(&self, key: Key, _freshness: Freshness) -> Result<Read, StoreError> {
        let fetched = self.store.get(key).await?;
        Ok(Read {
            record: fetched.record,
            as_of: fetched.as_of,
            origin: Origin::Store,
            age: Duration::ZERO,
            ttl: None,
        })
    }

    /// Once it answers, no reader of this process sees what was before.
    pub async fn write(
        &self,
        writes: Vec<Write>,
        atomicity: Atomicity,
    ) -> Result<Vec<Written>, StoreError> {
        self.store.write(writes, atomicity).await
    }
}
