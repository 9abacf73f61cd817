//! Entries are renewed before all their readers miss them at once.

use super::*;
use Origin::{Near, Store};

/// Holds "a", which took a minute to read and lives for another ten seconds.
fn ageing() -> (Arc<ScriptedStore>, Arc<Layers>) {
    let (store, layers) = usual();
    store.put("a", 1);
    store.script(|script| script.holds_gets = true);
    let mut getting = layers.getting("a", ANY);
    advance(&mut getting);
    layers.clock.advance(MINUTE);
    store.let_go();
    finish(&mut getting).unwrap();
    drop(getting);
    let left = layers.near(&key("a"), ANY).unwrap().ttl.unwrap();
    layers.clock.advance(left.saturating_sub(Duration::from_secs(10)));
    store.tell();
    (store, layers)
}

/// Reads until a reader is chosen to renew the entry, and lets that reading begin.
async fn until_renewing(store: &ScriptedStore, layers: &Arc<Layers>) {
    let before = store.gets();
    while store.gets() == before {
        assert_eq!(layers.sees("a"), Some(Some(1)), "readers have their answer meanwhile");
        tokio::task::yield_now().await;
    }
}

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(test);
}

#[test]
fn one_reader_renews_an_entry_before_its_end() {
    let (store, layers) = ageing();
    run(async {
        until_renewing(&store, &layers).await;
        for _ in 0..100 {
            assert_eq!(layers.gets("a", ANY).0, Near);
            tokio::task::yield_now().await;
        }
        assert_eq!(store.let_go(), 1, "nobody else reads meanwhile");
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
        let renewed = layers.near(&key("a"), ANY).unwrap();
        assert!(renewed.ttl.unwrap() > 800 * MINUTE);
        assert_eq!(layers.meter().early_refreshes, 1);
    });
}

#[test]
fn a_renewal_that_a_write_passed_is_not_kept() {
    let (store, layers) = ageing();
    run(async {
        until_renewing(&store, &layers).await;
        store.put("a", 2);
        store.let_go();
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
        assert_eq!(layers.sees("a"), None);
        store.script(|script| script.holds_gets = false);
        assert_eq!(layers.gets("a", ANY), (Store, Some(2)));
    });
}

#[test]
fn nothing_is_renewed_outside_a_runtime_or_long_before_the_end() {
    let (store, layers) = ageing();
    for _ in 0..1000 {
        assert_eq!(layers.sees("a"), Some(Some(1)));
    }
    assert_eq!(store.gets(), 1);
    let (store, layers) = usual();
    store.put("a", 1);
    layers.gets("a", ANY);
    run(async {
        for _ in 0..1000 {
            assert_eq!(layers.sees("a"), Some(Some(1)));
            tokio::task::yield_now().await;
        }
    });
    assert_eq!(store.gets(), 1);
}
