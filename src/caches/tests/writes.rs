//! Whoever was answered a write sees no less afterwards, also when there was nothing to do.

use super::*;
use crate::resource::{Action, Outcome, Written};
use crate::testing::store::thing;
use Origin::{Near, Store};

/// A write through the cache, as `Cached` does it.
fn write(store: &ScriptedStore, layers: &Layers, action: Action) -> Outcome {
    let keys = [crate::caches::writing::key_of(layers, &action)];
    let written = store.act(action);
    layers.wrote(&keys, std::slice::from_ref(&written));
    written.outcome
}

/// A process that holds number 1 of "a", while another has written 2, which is not told yet.
fn behind() -> (Arc<ScriptedStore>, Arc<Layers>) {
    let (store, layers) = usual();
    store.put("a", 1);
    layers.gets("a", ANY);
    store.neighbour().put("a", 2);
    assert_eq!(layers.sees("a"), Some(Some(1)), "within the bound");
    (store, layers)
}

#[test]
fn who_learns_that_its_write_was_there_already_sees_it() {
    let (store, layers) = behind();
    let outcome = write(&store, &layers, Action::Put(thing("a", 2)));
    assert!(matches!(outcome, Outcome::Updated { changed: false, .. }));
    assert_eq!(layers.gets("a", ANY), (Store, Some(2)));
    let (store, layers) = behind();
    assert!(matches!(write(&store, &layers, Action::Insert(thing("a", 7))), Outcome::Exists(_)));
    assert_eq!(layers.gets("a", ANY), (Store, Some(2)));
}

#[test]
fn who_learns_that_there_is_none_sees_none() {
    let (store, layers) = usual();
    store.put("a", 1);
    layers.gets("a", ANY);
    store.neighbour().delete("a");
    assert_eq!(write(&store, &layers, Action::Delete(key("a"))), Outcome::Missing);
    assert_eq!(layers.gets("a", ANY), (Store, None));
}

#[test]
fn nobody_joins_a_reading_from_before_it_was_learnt() {
    let (store, layers) = usual();
    store.put("a", 1);
    store.script(|script| script.holds_gets = true);
    let mut before = layers.getting("a", ANY);
    advance(&mut before);
    store.neighbour().put("a", 2);
    write(&store, &layers, Action::Put(thing("a", 2)));
    let mut after = layers.getting("a", ANY);
    advance(&mut after);
    store.let_go();
    assert_eq!(seen(&finish(&mut after).unwrap()), (Store, Some(2)));
    assert_eq!(seen(&finish(&mut before).unwrap()), (Store, Some(1)));
    assert_eq!(layers.sees("a"), Some(Some(2)));
}

#[test]
fn a_copy_that_agrees_with_what_was_learnt_stays() {
    let (store, layers) = usual();
    store.put("a", 1);
    layers.gets("a", ANY);
    write(&store, &layers, Action::Ensure(thing("a", 7)));
    write(&store, &layers, Action::Put(thing("a", 1)));
    assert_eq!(layers.gets("a", ANY), (Near, Some(1)));
}

#[test]
fn the_outcome_of_an_earlier_attempt_drops_the_copy() {
    let (store, layers) = behind();
    let outcome = Outcome::Updated { record: thing("a", 2), changed: true };
    let replay = Written { outcome, version: Version(2), is_replay: true };
    layers.wrote(&[Some(key("a"))], &[replay]);
    assert_eq!(layers.gets("a", ANY), (Store, Some(2)));
    drop(store);
}
