//! Many want one record at once: one reads, and nobody is left waiting.

use super::*;
use crate::caches::limits::{STORE_READS, STORE_READS_WAITING};
use crate::resource::StoreErrorKind;
use Origin::{Collapsed, Store};

fn holding() -> (Arc<ScriptedStore>, Arc<Layers>) {
    cache(&config(), Script { holds_gets: true, ..Script::default() })
}

#[test]
fn a_hundred_readers_are_one_read_of_the_store() {
    let (store, layers) = holding();
    store.put("a", 1);
    let mut getting: Vec<_> = (0..100).map(|_| layers.getting("a", ANY)).collect();
    getting.iter_mut().for_each(advance);
    assert_eq!(store.let_go(), 1);
    assert_eq!(seen(&finish(&mut getting[0]).unwrap()), (Store, Some(1)));
    for waiting in &mut getting[1..] {
        let read = finish(waiting).unwrap();
        assert_eq!((seen(&read), read.is_cached()), ((Collapsed, Some(1)), true));
    }
    assert_eq!(layers.meter().collapsed, 99);
}

#[test]
fn all_are_told_when_the_store_is_away_and_none_tries_by_itself() {
    let (store, layers) = holding();
    store.script(|script| script.get_error = Some(StoreErrorKind::Unavailable));
    let mut getting: Vec<_> = (0..10).map(|_| layers.getting("a", ANY)).collect();
    getting.iter_mut().for_each(advance);
    store.let_go();
    for waiting in &mut getting {
        assert_eq!(finish(waiting).unwrap_err().kind, StoreErrorKind::Unavailable);
    }
    assert_eq!(store.gets(), 1);
}

#[test]
fn when_the_reading_one_goes_away_another_reads() {
    let (store, layers) = holding();
    store.put("a", 1);
    let mut first = layers.getting("a", ANY);
    advance(&mut first);
    let mut waiting: Vec<_> = (0..10).map(|_| layers.getting("a", ANY)).collect();
    waiting.iter_mut().for_each(advance);
    drop(first);
    waiting.iter_mut().for_each(advance);
    assert_eq!(store.gets(), 2, "one of them took over");
    assert_eq!(store.let_go(), 2);
    let origins: Vec<_> = waiting.iter_mut().map(|it| finish(it).unwrap().origin).collect();
    assert_eq!(origins.iter().filter(|origin| **origin == Store).count(), 1);
    assert_eq!(origins.iter().filter(|origin| **origin == Collapsed).count(), 9);
}

#[test]
fn a_reader_that_panics_leaves_nobody_waiting() {
    let (store, layers) = holding();
    let mut first = layers.getting("a", ANY);
    advance(&mut first);
    let mut waiting = layers.getting("a", ANY);
    advance(&mut waiting);
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
        let _first = first;
        std::panic::resume_unwind(Box::new("the reader's end"));
    }));
    assert!(panic.is_err());
    advance(&mut waiting);
    store.let_go();
    assert_eq!(finish(&mut waiting).unwrap().origin, Store);
}

#[test]
fn who_wants_the_present_shares_a_reading_that_began_after_it_asked() {
    let (store, layers) = cache(&CacheConfig { max_stale: Duration::ZERO, ..config() }, {
        Script { holds_gets: true, ..Script::default() }
    });
    store.put("a", 1);
    let mut first = layers.getting("a", ANY);
    advance(&mut first);
    let mut later: Vec<_> = (0..10).map(|_| layers.getting("a", ANY)).collect();
    later.iter_mut().for_each(advance);
    assert_eq!(store.gets(), 1, "they wait for it to end");
    store.let_go();
    finish(&mut first).unwrap();
    // The copy is confirmed for them, or they read once more, together.
    for getting in &mut later {
        assert_eq!(finish(getting).unwrap().record, Some(crate::testing::store::thing("a", 1)));
    }
    assert!(store.gets() <= 2);
}

#[test]
fn who_must_see_a_write_does_not_take_an_answer_from_before() {
    let (store, layers) = holding();
    let other = store.neighbour();
    store.put("a", 1);
    let mut first = layers.getting("a", ANY);
    advance(&mut first);
    let version = other.put("a", 2);
    let mut wanting = layers.getting("a", Freshness { at_least: version, is_bypass: false });
    advance(&mut wanting);
    store.let_go();
    assert_eq!(seen(&finish(&mut first).unwrap()), (Store, Some(1)));
    advance(&mut wanting);
    store.let_go();
    assert_eq!(seen(&finish(&mut wanting).unwrap()), (Store, Some(2)));
}

#[test]
fn a_version_that_does_not_exist_costs_a_read_and_no_more() {
    let (store, layers) = usual();
    store.put("a", 1);
    let bogus = Freshness { at_least: Version(u64::MAX), is_bypass: false };
    for _ in 0..3 {
        assert_eq!(layers.gets("a", bogus), (Store, Some(1)));
    }
    assert_eq!(store.gets(), 3);
}

#[test]
fn a_herd_reads_the_store_a_few_at_a_time_and_the_rest_is_told_that_it_is_busy() {
    let (store, layers) = holding();
    let names: Vec<String> =
        (0..=STORE_READS + STORE_READS_WAITING).map(|number| format!("n{number}")).collect();
    let mut herd: Vec<_> = names.iter().map(|name| layers.getting(name, ANY)).collect();
    let mut last = herd.pop().unwrap();
    herd.iter_mut().for_each(advance);
    assert_eq!(store.gets(), STORE_READS);
    assert_eq!(finish(&mut last).unwrap_err().kind, StoreErrorKind::Busy);
    // Who goes away makes room for another one.
    drop(herd.pop());
    let mut another = layers.getting("another", ANY);
    advance(&mut another);
    assert_eq!(store.let_go(), STORE_READS);
    let mut waiting = herd.split_off(STORE_READS);
    for reading in &mut herd {
        assert!(finish(reading).is_ok());
    }
    waiting.iter_mut().for_each(advance);
    advance(&mut another);
    assert_eq!(store.gets(), 2 * STORE_READS);
}
