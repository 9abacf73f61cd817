//! The layers before a store: near cache, Redis, and what the store tells of its changes.

use super::admission::Admission;
use super::envelope::{Content, Envelope};
use super::feed::Feed;
use super::limits;
use super::meter::{CacheMeter, Meter};
use super::moment::{Clock, Moment};
use super::names::{self, Names};
use super::near::{Near, STALENESS_BUCKETS};
use super::redis::{Companion, Redis, RedisCounts, RedisHealth, Setup};
use super::shelf::{self, Shelf};
use crate::core::fault::Fault;
use crate::resource::{CacheConfig, Key, Listener, Store, Version, json};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

#[derive(Debug)]
pub struct Layers {
    pub(super) store: Arc<dyn Store>,
    pub(super) config: CacheConfig,
    pub(super) shelf: Arc<Shelf>,
    pub(super) feed: Arc<Feed>,
    pub(super) near: Near,
    /// Set once, right after the layers were made: it must know them, weakly.
    redis: OnceLock<Redis>,
    pub(super) admission: Admission,
    pub(super) clock: Clock,
    pub(super) counts: Meter,
}

impl Layers {
    pub fn start(
        store: Arc<dyn Store>,
        config: &CacheConfig,
        stack: &str,
    ) -> Result<Arc<Self>, Fault> {
        let feed = Arc::new(Feed::new(store.is_shared()));
        let layers = Arc::new(Self {
            shelf: Arc::new(Shelf::new(stack)),
            near: Near::new(config.entries, Arc::clone(&feed)),
            redis: OnceLock::new(),
            admission: Admission::new(),
            clock: Clock::new(),
            counts: Meter::default(),
            config: config.clone(),
            feed,
            store,
        });
        let listener: Arc<dyn Listener> = layers.clone();
        layers.store.listen(&listener);
        if let Some(url) = &config.redis {
            let companion: Arc<dyn Companion> = layers.clone();
            let redis = Redis::start(Setup {
                url: url.clone(),
                prefix: names::prefix(stack, layers.store.schema()),
                resource: layers.store.schema().name.clone(),
                companion: Weak::clone(&Arc::downgrade(&companion)),
                beside: Box::pin(shelf::learn(
                    Arc::clone(&layers.store),
                    Arc::clone(&layers.feed),
                    Arc::clone(&layers.shelf),
                )),
            })?;
            layers.redis.get_or_init(|| redis);
        }
        Ok(layers)
    }

    /// Redis and the names in it, when it is there and it is known whose copies they are.
    pub(super) fn shared(&self) -> Option<(&Redis, Arc<Names>)> {
        let redis = self.redis.get().filter(|redis| redis.is_ready())?;
        Some((redis, self.shelf.names()?))
    }

    pub fn redis_health(&self) -> RedisHealth {
        self.redis.get().map_or(RedisHealth::Absent, Redis::health)
    }

    fn key(&self, name: &str) -> Option<Key> {
        self.shelf.names()?.key(name)
    }

    /// `life`, a little longer or shorter each time.
    pub(super) fn jittered(&self, life: Duration, now: Moment) -> Duration {
        let chance = self.near.scatter(now.0) as f64 / u64::MAX as f64;
        life.mul_f64(1.0 - limits::JITTER + 2.0 * limits::JITTER * chance)
    }

    pub fn meter(&self) -> CacheMeter {
        let near = self.near.counts();
        let bound = |bucket: usize| match bucket + 1 {
            STALENESS_BUCKETS => Duration::MAX,
            _ => Duration::from_micros(1 << (2 * bucket)),
        };
        CacheMeter {
            near_hits: near.hits,
            negative_hits: near.negative_hits,
            redis_hits: self.counts.redis_hits.get(),
            collapsed: self.counts.collapsed.get(),
            store_reads: self.counts.store_reads.get(),
            store_errors: self.counts.store_errors.get(),
            early_refreshes: self.counts.early_refreshes.get(),
            stale: self.counts.stale.get(),
            entries: self.near.len() as u64,
            invalidations: near.invalidations,
            evictions: near.evictions,
            refused_fills: near.refused_fills,
            poisoned: self.counts.poisoned.get(),
            outdated: self.counts.outdated.get(),
            confirmations: self.counts.confirmations.get(),
            staleness: near.staleness.iter().enumerate().map(|(i, n)| (bound(i), *n)).collect(),
            load: self.counts.load(),
            hit_time: self.counts.hits.snapshot(),
            load_time: self.counts.loads.snapshot(),
            redis: self.redis.get().map_or_else(RedisCounts::default, Redis::counts),
            redis_health: self.redis_health(),
        }
    }
}

impl Listener for Layers {
    fn changed(&self, keys: &[(Key, Version)]) {
        self.near.overwrite(keys);
    }

    fn lost_track(&self) {
        self.shelf.forget();
        self.feed.lost_track();
    }

    fn synced(&self, at: Instant) {
        self.feed.synced(self.clock.moment(at));
    }
}

impl Companion for Layers {
    fn has_copy(&self, name: &str) -> bool {
        self.key(name).is_some_and(|key| self.near.has(&key))
    }

    /// Only promptness depends on it: that a copy is true is known from the feed.
    fn found_in_redis(&self, name: &str, bytes: Option<&[u8]>) {
        let Some(key) = self.key(name) else { return };
        let json = match bytes.and_then(|bytes| Envelope::read(name, bytes)) {
            Some(Envelope { content: Content::Overwritten, version, .. }) => {
                return self.near.overwrite(&[(key, version)]);
            }
            Some(Envelope { content: Content::Record(json), .. }) => Some(json),
            Some(Envelope { content: Content::Absent, .. }) => None,
            None => return self.near.drop_copy(&key),
        };
        let Some(entry) = self.near.any(&key) else { return };
        let held = entry.record.map(|record| {
            let mut bytes = Vec::new();
            json::append_record(&mut bytes, self.store.schema(), &record);
            bytes
        });
        if held.as_deref() != json {
            self.near.drop_copy(&key);
        }
    }

    fn redis_was_flushed(&self) {
        self.near.clear();
    }
}
