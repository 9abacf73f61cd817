//! The promises of the cache as a whole, over a store that does what a test says. Time passes only when a test lets
//! it pass.

mod bounds;
mod flights;
mod outages;
mod races;
mod refresh;
mod writes;

use super::layers::Layers;
use super::{Freshness, Origin, Read};
use crate::resource::{CacheConfig, StoreError, Version};
use crate::testing::store::{Script, ScriptedStore, key, number};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

const MINUTE: Duration = Duration::from_mins(1);
const ANY: Freshness = Freshness { at_least: Version(0), is_bypass: false };
const BYPASS: Freshness = Freshness { at_least: Version(0), is_bypass: true };

type Getting<'a> = Pin<Box<dyn Future<Output = Result<Read, StoreError>> + 'a>>;

/// Long spans, so that no test depends on how fast it runs.
fn config() -> CacheConfig {
    CacheConfig {
        max_stale: 10 * MINUTE,
        ttl: 1000 * MINUTE,
        negative_ttl: 100 * MINUTE,
        stale_if_error: 5000 * MINUTE,
        ..CacheConfig::default()
    }
}

fn cache(config: &CacheConfig, script: Script) -> (Arc<ScriptedStore>, Arc<Layers>) {
    let store = ScriptedStore::new(script);
    let layers = Layers::start(store.clone(), config, "tests").unwrap();
    (store, layers)
}

fn usual() -> (Arc<ScriptedStore>, Arc<Layers>) {
    cache(&config(), Script::default())
}

impl Layers {
    /// A get that needs not wait: its origin and the number it found.
    #[track_caller]
    fn gets(self: &Arc<Self>, name: &str, freshness: Freshness) -> (Origin, Option<i64>) {
        seen(&finish(&mut self.getting(name, freshness)).unwrap())
    }

    fn getting<'a>(self: &'a Arc<Self>, name: &'a str, freshness: Freshness) -> Getting<'a> {
        Box::pin(async move { self.get(&key(name), freshness).await })
    }

    /// What is near; `Some(None)` when it is near that there is none.
    #[expect(clippy::option_option, reason = "not knowing and knowing of none are two things")]
    fn sees(self: &Arc<Self>, name: &str) -> Option<Option<i64>> {
        self.near(&key(name), ANY).map(|read| number(read.record.as_ref()))
    }
}

fn seen(read: &Read) -> (Origin, Option<i64>) {
    (read.origin, number(read.record.as_ref()))
}

fn poll(getting: &mut Getting<'_>) -> Poll<Result<Read, StoreError>> {
    getting.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

/// Goes on as far as it can, which is not the end.
#[track_caller]
fn advance(getting: &mut Getting<'_>) {
    assert!(poll(getting).is_pending(), "it has something to wait for");
}

#[track_caller]
fn finish(getting: &mut Getting<'_>) -> Result<Read, StoreError> {
    match poll(getting) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("it still waits"),
    }
}
