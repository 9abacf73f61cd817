//! Processes of the tests: a cache each, over one set of records and one Redis.

use crate::redis_server::{self, Redis};
use headwater::caches::{Cached, Freshness, Origin, Read, RedisHealth};
use headwater::resource::{
    Action, Atomicity, CacheConfig, Secret, StoreError, Version, Write, Written,
};
use headwater::testing::store::{Script, ScriptedStore, key, number, thing};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub const ANY: Freshness = Freshness { at_least: Version(0), is_bypass: false };
/// The longest that anything may take before a test says that it does not happen.
const PATIENCE: Duration = Duration::from_secs(30);

/// A cache over a store, as one process has it.
pub struct Process {
    pub cached: Arc<Cached>,
    pub store: Arc<ScriptedStore>,
}

/// So long that nothing ends by itself within a test.
pub fn config(url: &str) -> CacheConfig {
    let hour = Duration::from_hours(1);
    CacheConfig {
        redis: Some(Secret(url.to_owned())),
        max_stale: hour,
        ttl: 2 * hour,
        negative_ttl: hour,
        ..CacheConfig::default()
    }
}

impl Process {
    /// The first of them.
    pub fn over(url: &str) -> Self {
        Self::with(ScriptedStore::new(Script::default()), &config(url))
    }

    /// Another one over the same records, ready for what the others share.
    pub fn beside(&self, url: &str) -> Self {
        Self::with(self.store.neighbour(), &config(url))
    }

    pub fn with(store: Arc<ScriptedStore>, config: &CacheConfig) -> Self {
        let cached = Cached::new(store.clone(), Some(config), "tests").unwrap();
        let process = Self { cached, store };
        process.store.tell();
        process
    }

    /// Waits until Redis is used, and the store has been asked what may not have been told.
    pub fn ready(self) -> Self {
        self.until_redis_is(RedisHealth::Ready);
        eventually("the floor is learnt", || self.store.floors() > 0);
        self
    }

    #[track_caller]
    pub fn until_redis_is(&self, health: RedisHealth) {
        eventually("Redis is as it should be", || self.cached.redis_health() == health);
    }

    pub fn try_get(&self, name: &str, freshness: Freshness) -> Result<Read, StoreError> {
        block_on(self.cached.get(key(name), freshness))
    }

    #[track_caller]
    pub fn get(&self, name: &str) -> (Origin, Option<i64>) {
        let read = self.try_get(name, ANY).unwrap();
        (read.origin, number(read.record.as_ref()))
    }

    pub fn is_near(&self, name: &str) -> bool {
        self.cached.now(&key(name), ANY).is_some()
    }

    pub fn put(&self, name: &str, number: i64) -> Written {
        let write = Write::from(Action::Put(thing(name, number)));
        block_on(self.cached.write(vec![write], Atomicity::All)).unwrap().remove(0)
    }
}

pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// Waits until `condition` holds; fails with `what` when it never does.
#[track_caller]
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "never: {what}");
        redis_server::pause(Duration::from_millis(2));
    }
}

/// The name under which Redis holds a copy of a thing, once it does.
#[track_caller]
pub fn copy_in(redis: &Redis, thing: &str) -> String {
    name_in(redis, thing, |kind| kind != 'O')
}

/// The name under which Redis holds that a thing was overwritten, once it does.
#[track_caller]
pub fn tombstone_in(redis: &Redis, thing: &str) -> String {
    name_in(redis, thing, |kind| kind == 'O')
}

#[track_caller]
fn name_in(redis: &Redis, thing: &str, is_wanted: impl Fn(char) -> bool) -> String {
    let mut found = None;
    eventually("Redis holds it", || {
        let names: Vec<String> = redis.query(&["KEYS", &format!("hw:tests:things:*:{thing}")]);
        found = names.into_iter().find(|name| {
            let kind: String = redis.query(&["GETRANGE", name, "3", "3"]);
            kind.chars().all(&is_wanted)
        });
        found.is_some()
    });
    found.unwrap()
}
