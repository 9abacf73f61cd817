//! How old an answer may be, and what a reader may ask for beyond that.

use super::*;
use Origin::{Near, Store};

#[test]
fn a_copy_answers_without_the_store_for_as_long_as_the_bound_allows() {
    let (store, layers) = usual();
    store.put("a", 1);
    layers.gets("a", ANY);
    layers.clock.advance(9 * MINUTE);
    assert_eq!(layers.gets("a", ANY), (Near, Some(1)));
    assert_eq!((store.gets(), store.catch_ups()), (1, 0));
    assert!(layers.near(&key("a"), ANY).unwrap().age >= 9 * MINUTE);
}

#[test]
fn a_feed_that_goes_on_keeps_a_copy_fresh_for_all_its_life() {
    let (store, layers) = usual();
    store.put("a", 1);
    layers.gets("a", ANY);
    for _ in 0..20 {
        layers.clock.advance(9 * MINUTE);
        store.tell();
    }
    assert_eq!(layers.gets("a", ANY), (Near, Some(1)));
    assert_eq!((store.gets(), store.catch_ups()), (1, 0));
}

#[test]
fn a_copy_beyond_the_bound_is_confirmed_before_it_answers() {
    let (store, layers) = usual();
    let other = store.neighbour();
    store.put("a", 1);
    layers.gets("a", ANY);
    layers.clock.advance(11 * MINUTE);
    assert_eq!(layers.sees("a"), None, "not at once");
    assert_eq!(layers.gets("a", ANY), (Near, Some(1)));
    assert_eq!((store.gets(), store.catch_ups()), (1, 1));
    layers.clock.advance(11 * MINUTE);
    other.put("a", 2);
    assert_eq!(layers.gets("a", ANY), (Store, Some(2)), "the store told of the change");
}

#[test]
fn with_no_bound_at_all_every_answer_is_confirmed() {
    let no_bound = CacheConfig { max_stale: Duration::ZERO, ..config() };
    let (store, layers) = cache(&no_bound, Script::default());
    let other = store.neighbour();
    store.put("a", 1);
    layers.gets("a", ANY);
    assert_eq!(layers.sees("a"), None);
    assert_eq!(layers.gets("a", ANY), (Near, Some(1)));
    assert_eq!(store.catch_ups(), 1);
    other.put("a", 2);
    assert_eq!(layers.gets("a", ANY), (Store, Some(2)));
    other.delete("a");
    assert_eq!(layers.gets("a", ANY), (Store, None));
}

#[test]
fn a_store_of_this_process_alone_needs_no_confirmation() {
    let no_bound = CacheConfig { max_stale: Duration::ZERO, ..config() };
    let (store, layers) = cache(&no_bound, Script { is_alone: true, ..Script::default() });
    store.put("a", 1);
    layers.gets("a", ANY);
    layers.gets("none", ANY);
    layers.clock.advance(50 * MINUTE);
    assert_eq!((layers.sees("a"), layers.sees("none")), (Some(Some(1)), Some(None)));
    store.put("a", 2);
    store.put("none", 3);
    assert_eq!((layers.gets("a", ANY).1, layers.gets("none", ANY).1), (Some(2), Some(3)));
    assert_eq!(store.catch_ups(), 0);
}

#[test]
fn a_record_that_another_process_creates_is_found_at_once() {
    let (store, layers) = usual();
    let other = store.neighbour();
    assert_eq!(layers.gets("a", ANY), (Store, None));
    assert_eq!(layers.gets("a", ANY), (Near, None), "confirmed");
    assert_eq!((store.gets(), store.catch_ups()), (1, 1));
    other.put("a", 1);
    assert_eq!(layers.gets("a", ANY), (Store, Some(1)));
}

#[test]
fn a_session_sees_what_it_wrote_in_another_process() {
    let (store, layers) = usual();
    let other = store.neighbour();
    store.put("a", 1);
    layers.gets("a", ANY);
    let version = other.put("a", 2);
    assert_eq!(layers.sees("a"), Some(Some(1)), "others may still see this");
    let own = Freshness { at_least: version, is_bypass: false };
    assert!(layers.near(&key("a"), own).is_none());
    assert_eq!(layers.gets("a", own), (Store, Some(2)));
    assert_eq!(layers.gets("a", own), (Near, Some(2)));
}

#[test]
fn who_asks_for_the_store_gets_it_and_refills_the_cache() {
    let (store, layers) = usual();
    let other = store.neighbour();
    store.put("a", 1);
    layers.gets("a", ANY);
    other.put("a", 2);
    assert!(layers.near(&key("a"), BYPASS).is_none());
    assert_eq!(layers.gets("a", BYPASS), (Store, Some(2)));
    assert_eq!(layers.gets("a", ANY), (Near, Some(2)));
}

#[test]
fn lives_end_within_a_tenth_of_what_they_are_told_to_be() {
    let (store, layers) = usual();
    let mut lives = Vec::new();
    for number in 0..100 {
        let name = number.to_string();
        store.put(&name, number);
        layers.gets(&name, ANY);
        lives.push(layers.near(&key(&name), ANY).unwrap().ttl.unwrap());
    }
    let (shortest, longest) = (lives.iter().min().unwrap(), lives.iter().max().unwrap());
    assert!(*shortest >= 899 * MINUTE && *shortest < 950 * MINUTE, "{shortest:?}");
    assert!(*longest <= 1100 * MINUTE && *longest > 1050 * MINUTE, "{longest:?}");
    layers.clock.advance(1101 * MINUTE);
    store.tell();
    assert_eq!(layers.gets("7", ANY), (Store, Some(7)));
}

#[test]
fn that_there_is_no_record_is_known_for_a_shorter_time() {
    let (store, layers) = usual();
    layers.gets("a", ANY);
    layers.clock.advance(111 * MINUTE);
    store.tell();
    assert_eq!(layers.gets("a", ANY), (Store, None));
}

#[test]
fn tells_how_far_its_answers_may_have_lagged() {
    let (store, layers) = usual();
    store.put("a", 1);
    layers.gets("a", ANY);
    layers.gets("a", ANY);
    layers.clock.advance(9 * MINUTE);
    layers.gets("a", ANY);
    let staleness = layers.meter().staleness;
    let below = |bound| staleness.iter().filter(|it| it.0 <= bound).map(|it| it.1).sum::<u64>();
    assert_eq!((below(8 * MINUTE), below(40 * MINUTE)), (1, 2));
    assert_eq!(staleness.last().unwrap().0, Duration::MAX);
}
