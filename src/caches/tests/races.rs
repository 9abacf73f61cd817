//! A write comes while a record is read: whatever the order, the old copy does not stay.

use super::*;
use crate::testing::store::schema;
use Origin::{Near, Store};

#[test]
fn a_copy_that_a_write_of_this_process_passed_is_not_kept() {
    let (store, layers) = usual();
    store.put("a", 1);
    store.script(|script| script.holds_gets = true);
    let mut getting = layers.getting("a", ANY);
    advance(&mut getting);
    store.put("a", 2);
    store.let_go();
    assert_eq!(seen(&finish(&mut getting).unwrap()), (Store, Some(1)), "it began before the write");
    assert_eq!(layers.sees("a"), None, "the old copy is not kept");
    store.script(|script| script.holds_gets = false);
    assert_eq!(layers.gets("a", ANY), (Store, Some(2)));
    assert_eq!(layers.gets("a", ANY), (Near, Some(2)));
}

#[test]
fn a_copy_that_a_write_of_another_process_passed_is_not_kept() {
    let (store, layers) = usual();
    let other = store.neighbour();
    other.put("a", 1);
    store.script(|script| script.holds_gets = true);
    let mut getting = layers.getting("a", ANY);
    advance(&mut getting);
    other.put("a", 2);
    store.tell();
    store.let_go();
    finish(&mut getting).unwrap();
    assert_eq!(layers.sees("a"), None);
    assert_eq!(layers.meter().refused_fills, 1);
}

#[test]
fn a_copy_goes_when_a_write_is_told_after_it_was_kept() {
    let (store, layers) = usual();
    let other = store.neighbour();
    store.put("a", 1);
    layers.gets("a", ANY);
    other.put("a", 2);
    assert_eq!(layers.sees("a"), Some(Some(1)), "within the bound");
    store.tell();
    assert_eq!(layers.sees("a"), None);
    assert_eq!(layers.gets("a", ANY), (Store, Some(2)));
}

#[test]
fn a_copy_that_has_seen_the_write_told_meanwhile_is_kept() {
    let (store, layers) = usual();
    let other = store.neighbour();
    other.put("a", 2);
    store.script(|script| script.holds_gets = true);
    let mut getting = layers.getting("a", ANY);
    advance(&mut getting);
    store.tell();
    store.let_go();
    finish(&mut getting).unwrap();
    assert_eq!(layers.sees("a"), Some(Some(2)));
}

#[test]
fn a_store_that_claims_less_than_it_saw_is_cached_all_the_same() {
    let (store, layers) = cache(&config(), Script { modesty: 5, ..Script::default() });
    store.put("a", 1);
    store.put("a", 2);
    assert_eq!(layers.gets("a", ANY), (Store, Some(2)));
    assert_eq!(layers.sees("a"), Some(Some(2)), "its reading began after the write was told");
    store.script(|script| script.holds_gets = true);
    let mut getting = layers.getting("b", ANY);
    advance(&mut getting);
    store.put("b", 1);
    store.let_go();
    finish(&mut getting).unwrap();
    assert_eq!(layers.sees("b"), None);
}

#[test]
fn that_there_is_no_record_is_forgotten_when_one_is_created() {
    let (store, layers) = cache(&config(), Script { is_alone: true, ..Script::default() });
    assert_eq!(layers.gets("a", ANY), (Store, None));
    assert_eq!(layers.sees("a"), Some(None));
    store.put("a", 1);
    assert_eq!(layers.gets("a", ANY), (Store, Some(1)));
    store.script(|script| script.holds_gets = true);
    let mut getting = layers.getting("b", ANY);
    advance(&mut getting);
    store.put("b", 1);
    store.let_go();
    assert_eq!(seen(&finish(&mut getting).unwrap()), (Store, None));
    assert_eq!(layers.sees("b"), None, "nobody learns that there is none");
}

#[test]
fn a_deleted_record_is_gone_at_once() {
    let (store, layers) = usual();
    store.put("a", 1);
    layers.gets("a", ANY);
    store.delete("a");
    assert_eq!(layers.gets("a", ANY), (Store, None));
}

#[test]
fn nothing_from_before_track_was_lost_answers() {
    let (store, layers) = usual();
    let other = store.neighbour();
    store.put("a", 1);
    store.put("b", 1);
    layers.gets("a", ANY);
    store.script(|script| script.holds_gets = true);
    let mut getting = layers.getting("b", ANY);
    advance(&mut getting);
    other.put("a", 2);
    other.put("b", 2);
    store.lose_track();
    store.tell();
    assert_eq!(layers.sees("a"), None);
    store.let_go();
    finish(&mut getting).unwrap();
    assert_eq!(layers.sees("b"), None, "it was read before");
    store.script(|script| script.holds_gets = false);
    assert_eq!(layers.gets("a", ANY), (Store, Some(2)));
    assert_eq!(layers.gets("b", ANY), (Store, Some(2)));
    assert_eq!(layers.gets("b", ANY), (Near, Some(2)));
}

#[test]
fn an_older_answer_never_replaces_a_newer_copy() {
    let (store, layers) = usual();
    store.put("a", 1);
    store.script(|script| script.holds_gets = true);
    let mut slow = layers.getting("a", ANY);
    advance(&mut slow);
    // Told to nobody yet, so that nothing but the version says which of the two is newer.
    store.neighbour().put("a", 2);
    store.script(|script| script.holds_gets = false);
    assert_eq!(layers.gets("a", BYPASS), (Store, Some(2)));
    store.let_go();
    assert_eq!(seen(&finish(&mut slow).unwrap()), (Store, Some(1)));
    assert_eq!(layers.sees("a"), Some(Some(2)));
}

#[test]
fn who_comes_after_a_write_does_not_join_a_reading_from_before() {
    let (store, layers) = usual();
    store.put("a", 1);
    store.script(|script| script.holds_gets = true);
    let mut before = layers.getting("a", ANY);
    advance(&mut before);
    store.put("a", 2);
    let mut after = layers.getting("a", ANY);
    advance(&mut after);
    assert_eq!(store.gets(), 2);
    store.let_go();
    assert_eq!(seen(&finish(&mut after).unwrap()), (Store, Some(2)));
    assert_eq!(seen(&finish(&mut before).unwrap()), (Store, Some(1)));
    assert_eq!(layers.sees("a"), Some(Some(2)));
}

/// The name of "a" in Redis, as if there were one.
fn named(layers: &Layers) -> String {
    layers.shelf.learn(&schema(), "a store");
    layers.shelf.names().unwrap().name(&key("a"))
}

#[test]
fn a_copy_that_has_gone_from_redis_is_dropped_also_while_it_is_read() {
    use crate::caches::redis::Companion as _;
    let (store, layers) = usual();
    let name = named(&layers);
    assert!(!layers.has_copy(&name));
    store.put("a", 1);
    layers.gets("a", ANY);
    assert!(layers.has_copy(&name));
    layers.found_in_redis(&name, None);
    assert_eq!(layers.sees("a"), None);
    store.script(|script| script.holds_gets = true);
    let mut getting = layers.getting("a", ANY);
    advance(&mut getting);
    assert!(layers.has_copy(&name));
    layers.found_in_redis(&name, None);
    store.let_go();
    finish(&mut getting).unwrap();
    assert_eq!(layers.sees("a"), None, "nobody knows which version was changed");
    store.script(|script| script.holds_gets = false);
    layers.gets("a", ANY);
    layers.redis_was_flushed();
    assert_eq!((layers.sees("a"), layers.meter().entries), (None, 0));
    layers.found_in_redis("hw:another:name", None);
}

#[test]
fn news_from_redis_drop_what_lacks_a_write_and_nothing_else() {
    use crate::caches::envelope::{Content, Envelope};
    use crate::caches::redis::Companion as _;
    let (store, layers) = usual();
    let name = named(&layers);
    let found = |content, version| {
        let envelope = Envelope { content, version: Version(version), unix_ms: 0 };
        layers.found_in_redis(&name, Some(&envelope.write(&name)));
    };
    store.put("a", 1);
    layers.gets("a", ANY);
    found(Content::Record(br#"{"name":"a","number":1}"#), 9);
    found(Content::Overwritten, 1);
    assert_eq!(layers.sees("a"), Some(Some(1)), "it is the same, or has seen the write");
    found(Content::Overwritten, 2);
    assert_eq!(layers.sees("a"), None);
    layers.gets("a", ANY);
    found(Content::Record(br#"{"name":"a","number":2}"#), 2);
    assert_eq!(layers.sees("a"), None);
    layers.gets("a", ANY);
    found(Content::Absent, 2);
    assert_eq!(layers.sees("a"), None);
}
