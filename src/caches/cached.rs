//! A store with its cache in front: what every wire, source and sink reads and writes through.

use super::layers::Layers;
use super::meter::StoreCounts;
use super::writing::key_of;
use super::{CacheMeter, Freshness, Origin, Read, RedisHealth, StoreMeter};
use crate::core::fault::Fault;
use crate::core::time;
use crate::resource::{
    Atomicity, CacheConfig, Fetched, Key, Schema, Store, StoreError, Write, Written,
};
use std::sync::Arc;
use std::time::Duration;

/// A store behind a cache, or alone.
#[derive(Debug)]
pub struct Cached {
    store: Arc<dyn Store>,
    layers: Option<Arc<Layers>>,
    counts: StoreCounts,
}

impl Cached {
    /// `stack` is part of the names under which a shared cache holds the records. A Redis that is away is no fault.
    pub fn new(
        store: Arc<dyn Store>,
        config: Option<&CacheConfig>,
        stack: &str,
    ) -> Result<Arc<Self>, Fault> {
        let start = |config| Layers::start(Arc::clone(&store), config, stack);
        let layers = config.map(start).transpose()?;
        Ok(Arc::new(Self { store, layers, counts: StoreCounts::default() }))
    }

    pub fn schema(&self) -> &Arc<Schema> {
        self.store.schema()
    }

    /// For lists, counts and changes, which are never cached.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    pub fn has_cache(&self) -> bool {
        self.layers.is_some()
    }

    /// What the near cache, or a store without a cache, answers at once; never waits.
    pub fn now(&self, key: &Key, freshness: Freshness) -> Option<Read> {
        if let Some(layers) = &self.layers {
            return layers.near(key, freshness);
        }
        let asked = time::now();
        let fetched = self.store.get_now(key)?;
        self.counts.reads.add(asked.elapsed());
        Some(from_store(fetched))
    }

    /// Never older than `max_stale`, nor than `freshness` says, unless the origin is `Stale`. Needs no runtime: any
    /// executor will do.
    pub async fn get(&self, key: Key, freshness: Freshness) -> Result<Read, StoreError> {
        if let Some(layers) = &self.layers {
            return layers.get(&key, freshness).await;
        }
        let asked = time::now();
        let fetched = self.store.get(key).await.inspect_err(|_| self.counts.errors.add_one())?;
        self.counts.reads.add(asked.elapsed());
        Ok(from_store(fetched))
    }

    /// Once it answers, no reader of this process sees what was before.
    pub async fn write(
        &self,
        writes: Vec<Write>,
        atomicity: Atomicity,
    ) -> Result<Vec<Written>, StoreError> {
        let Some(layers) = &self.layers else {
            return self.store_writes(writes, atomicity).await;
        };
        let key = |write: &Write| key_of(layers, &write.action);
        let keys: Vec<Option<Key>> = writes.iter().map(key).collect();
        let written = self.store_writes(writes, atomicity).await?;
        layers.wrote(&keys, &written);
        layers.tell_redis(keys, &written).await;
        Ok(written)
    }

    async fn store_writes(
        &self,
        writes: Vec<Write>,
        atomicity: Atomicity,
    ) -> Result<Vec<Written>, StoreError> {
        let asked = time::now();
        let written = self.store.write(writes, atomicity).await;
        let written = written.inspect_err(|_| self.counts.errors.add_one())?;
        self.counts.writes.add(asked.elapsed());
        Ok(written)
    }

    /// What the store was asked through this: reads only without a cache, which counts its own.
    pub fn store_meter(&self) -> StoreMeter {
        self.counts.snapshot()
    }

    /// `None` without a cache.
    pub fn meter(&self) -> Option<CacheMeter> {
        self.layers.as_ref().map(|layers| layers.meter())
    }

    pub fn redis_health(&self) -> RedisHealth {
        self.layers.as_ref().map_or(RedisHealth::Absent, |layers| layers.redis_health())
    }
}

/// Without a cache every read is the store's own.
fn from_store(fetched: Fetched) -> Read {
    Read {
        record: fetched.record,
        as_of: fetched.as_of,
        origin: Origin::Store,
        age: Duration::ZERO,
        ttl: None,
    }
}
