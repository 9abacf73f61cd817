//! The store is away: what may stand in, and what may not.

use super::*;
use crate::resource::StoreErrorKind;
use Origin::{Near, Stale, Store};

/// Holds "a" and that there is no "none", both beyond their bound, with the store away.
fn without_store() -> (Arc<ScriptedStore>, Arc<Layers>) {
    let (store, layers) = usual();
    store.put("a", 1);
    layers.gets("a", ANY);
    layers.gets("none", ANY);
    layers.clock.advance(11 * MINUTE);
    away(&store, Some(StoreErrorKind::Unavailable));
    (store, layers)
}

fn away(store: &ScriptedStore, kind: Option<StoreErrorKind>) {
    store.script(|script| (script.get_error, script.catch_up_error) = (kind, kind));
}

#[test]
fn an_old_copy_stands_in_and_says_so() {
    let (store, layers) = without_store();
    assert_eq!(layers.gets("a", ANY), (Stale, Some(1)));
    layers.clock.advance(4900 * MINUTE);
    assert_eq!(layers.gets("a", ANY), (Stale, Some(1)), "also when its life is over");
    away(&store, None);
    store.put("a", 2);
    assert_eq!(layers.gets("a", ANY), (Store, Some(2)));
    assert_eq!(layers.meter().stale, 2);
}

#[test]
fn a_copy_within_its_bound_needs_no_store() {
    let (store, layers) = usual();
    store.put("a", 1);
    layers.gets("a", ANY);
    away(&store, Some(StoreErrorKind::Unavailable));
    assert_eq!(layers.gets("a", ANY), (Near, Some(1)));
}

#[test]
fn nothing_too_old_stands_in() {
    let (_store, layers) = without_store();
    layers.clock.advance(5000 * MINUTE);
    assert!(finish(&mut layers.getting("a", ANY)).is_err());
}

#[test]
fn neither_absence_nor_a_copy_without_the_own_write_stands_in() {
    let (_store, layers) = without_store();
    assert!(finish(&mut layers.getting("none", ANY)).is_err());
    assert!(finish(&mut layers.getting("never read", ANY)).is_err());
    let own = Freshness { at_least: Version(2), is_bypass: false };
    assert!(finish(&mut layers.getting("a", own)).is_err());
    assert!(finish(&mut layers.getting("a", BYPASS)).is_err());
}

#[test]
fn what_is_known_to_be_overwritten_does_not_stand_in() {
    let (store, layers) = usual();
    store.put("a", 1);
    layers.gets("a", ANY);
    store.put("a", 2);
    away(&store, Some(StoreErrorKind::Unavailable));
    assert!(finish(&mut layers.getting("a", ANY)).is_err());
}

#[test]
fn a_copy_from_before_track_was_lost_may_stand_in() {
    let (store, layers) = without_store();
    store.lose_track();
    assert_eq!(layers.gets("a", ANY), (Stale, Some(1)));
    away(&store, None);
    assert_eq!(layers.gets("a", ANY), (Store, Some(1)));
}

#[test]
fn a_broken_store_is_not_covered_up() {
    let (store, layers) = without_store();
    away(&store, Some(StoreErrorKind::Broken));
    assert_eq!(finish(&mut layers.getting("a", ANY)).unwrap_err().kind, StoreErrorKind::Broken);
}

#[test]
fn a_store_that_is_known_to_be_away_is_not_waited_for() {
    let (store, layers) = without_store();
    store.script(|script| script.health = Some("no route".into()));
    let before = store.catch_ups();
    assert_eq!(layers.gets("a", ANY), (Stale, Some(1)));
    assert_eq!(store.catch_ups(), before);
}

#[test]
fn those_who_wait_get_the_old_copy_too() {
    let (store, layers) = without_store();
    layers.clock.advance(2000 * MINUTE);
    store.script(|script| script.holds_gets = true);
    let mut getting: Vec<_> = (0..10).map(|_| layers.getting("a", ANY)).collect();
    getting.iter_mut().for_each(advance);
    assert_eq!(store.let_go(), 1);
    for waiting in &mut getting {
        assert_eq!(seen(&finish(waiting).unwrap()), (Stale, Some(1)));
    }
}
