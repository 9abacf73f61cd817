//! Several processes share copies through Redis, and none of them believes one that a write has passed.

use crate::redis_server::Redis;
use crate::support::{ANY, Process, copy_in, eventually, tombstone_in};
use Origin::{Near, Store};
use headwater::caches::Origin;
use headwater::testing::store::key;

#[test]
fn what_one_process_read_another_finds_in_redis() {
    let redis = Redis::start();
    let one = Process::over(&redis.url()).ready();
    let other = one.beside(&redis.url()).ready();
    one.put("a", 1);
    other.store.tell();
    assert_eq!(one.get("a"), (Store, Some(1)));
    assert_eq!(one.get("none"), (Store, None));
    copy_in(&redis, "a");
    copy_in(&redis, "none");
    assert_eq!(other.get("a"), (Origin::Redis, Some(1)));
    assert_eq!(other.get("a"), (Near, Some(1)));
    assert_eq!(other.get("none"), (Origin::Redis, None));
    assert_eq!(other.store.gets(), 0);
    let meter = other.cached.meter().unwrap();
    assert_eq!((meter.redis_hits, meter.store_reads, meter.near_hits), (2, 0, 1));
}

#[test]
fn a_write_drops_the_copies_of_other_processes_before_their_feeds_tell() {
    let redis = Redis::start();
    let one = Process::over(&redis.url()).ready();
    let other = one.beside(&redis.url()).ready();
    one.put("a", 1);
    other.store.tell();
    other.get("a");
    assert!(other.is_near("a"));
    copy_in(&redis, "a");
    one.put("a", 2);
    eventually("the copy is dropped", || !other.is_near("a"));
    assert_eq!(other.get("a"), (Store, Some(2)));
}

#[test]
fn a_copy_that_was_read_before_a_write_does_not_come_back_through_redis() {
    let redis = Redis::start();
    let one = Process::over(&redis.url()).ready();
    let other = one.beside(&redis.url()).ready();
    one.put("a", 1);
    other.store.tell();
    other.store.script(|script| script.holds_gets = true);
    std::thread::scope(|threads| {
        let slow = threads.spawn(|| other.get("a"));
        eventually("it reads the store", || other.store.gets() == 1);
        one.put("a", 2);
        let name = tombstone_in(&redis, "a");
        let before: Vec<u8> = redis.query(&["GET", &name]);
        other.store.script(|script| script.holds_gets = false);
        other.store.let_go();
        assert_eq!(slow.join().unwrap(), (Store, Some(1)), "it began before the write");
        // What it sends now comes after what it sent before.
        other.put("b", 1);
        let after: Vec<u8> = redis.query(&["GET", &name]);
        assert_eq!(before, after, "Redis still knows that it was written");
    });
    assert!(!other.is_near("a"));
    assert_eq!(one.get("a"), (Store, Some(2)));
    assert_eq!(other.get("a").1, Some(2));
}

#[test]
fn an_older_copy_never_replaces_a_newer_one() {
    let redis = Redis::start();
    let one = Process::over(&redis.url()).ready();
    let other = one.beside(&redis.url()).ready();
    one.store.put("a", 1);
    other.store.script(|script| script.holds_gets = true);
    std::thread::scope(|threads| {
        let slow = threads.spawn(|| other.get("a"));
        eventually("it reads the store", || other.store.gets() == 1);
        // By somebody who does not tell Redis.
        one.store.put("a", 2);
        assert_eq!(one.get("a"), (Store, Some(2)));
        copy_in(&redis, "a");
        other.store.script(|script| script.holds_gets = false);
        other.store.let_go();
        slow.join().unwrap();
        other.put("b", 1);
    });
    let third = one.beside(&redis.url()).ready();
    assert_eq!(third.get("b").0, Store, "it was written");
    let version = redis.query::<String>(&["GETRANGE", &copy_in(&redis, "a"), "4", "23"]);
    assert_eq!(version.trim_start_matches('0'), "2");
}

#[test]
fn a_copy_from_before_a_process_began_to_listen_is_not_believed() {
    let redis = Redis::start();
    let one = Process::over(&redis.url()).ready();
    one.put("a", 1);
    one.get("a");
    copy_in(&redis, "a");
    // Written by somebody who does not tell, such as a person at the database.
    one.store.neighbour().put("a", 2);
    let late = one.beside(&redis.url()).ready();
    assert_eq!(late.get("a"), (Store, Some(2)));
}

#[test]
fn a_copy_that_a_restarted_redis_brings_back_is_not_believed() {
    let redis = Redis::start();
    let one = Process::over(&redis.url()).ready();
    one.put("a", 1);
    one.get("a");
    copy_in(&redis, "a");
    redis.query::<()>(&["SAVE"]);
    one.put("a", 2);
    tombstone_in(&redis, "a");
    redis.kill();
    one.until_redis_is(headwater::caches::RedisHealth::Away);
    redis.resume();
    let one = one.ready();
    let old: Vec<u8> = redis.query(&["GET", &copy_in(&redis, "a")]);
    assert!(String::from_utf8(old).unwrap().contains(":1}"), "the old copy is back");
    assert_eq!(one.get("a"), (Store, Some(2)));
    assert_eq!(one.cached.meter().unwrap().outdated, 1);
}

#[test]
fn a_flush_empties_the_near_caches_and_harms_nobody() {
    let redis = Redis::start();
    let one = Process::over(&redis.url()).ready();
    one.put("a", 1);
    one.get("a");
    copy_in(&redis, "a");
    assert!(one.is_near("a"));
    redis.query::<()>(&["FLUSHALL"]);
    eventually("the copy is dropped", || !one.is_near("a"));
    assert_eq!(one.get("a"), (Store, Some(1)));
    copy_in(&redis, "a");
    // A script that Redis forgot is sent again.
    redis.query::<()>(&["SCRIPT", "FLUSH"]);
    one.put("b", 1);
    one.get("b");
    copy_in(&redis, "b");
}

#[test]
fn nothing_but_names_of_the_resource_is_touched() {
    let redis = Redis::start();
    redis.query::<()>(&["SET", "theirs", "1"]);
    redis.query::<()>(&["SET", "hw:other:things:x:a", "1"]);
    let monitor = redis.monitor();
    let url = format!("{}/3", redis.url());
    let one = Process::over(&url).ready();
    let other = one.beside(&url).ready();
    for number in 0..50 {
        let name = number.to_string();
        one.put(&name, number);
        one.get(&name);
        other.store.tell();
        other.try_get(&name, ANY).unwrap();
        other.cached.now(&key(&name), ANY);
    }
    // Through the queue of each, behind what it sent.
    one.put("last", 1);
    other.put("last", 2);
    redis.query::<String>(&["ECHO", "the end"]);
    let mut keys = 0;
    for line in monitor.up_to("the end") {
        let words: Vec<&str> = line.split('"').skip(1).step_by(2).collect();
        let place = match words[0] {
            "HELLO" | "SELECT" | "CLIENT" | "SCRIPT" | "PING" => continue,
            "EVALSHA" | "EVAL" => 3,
            "MGET" | "pcall" | "GETRANGE" | "SET" => 1,
            _ => panic!("an unexpected command: {line}"),
        };
        let names = if words[0] == "MGET" { &words[1..] } else { &words[place..=place] };
        for name in names {
            assert!(name.starts_with("hw:tests:things:"), "{line}");
            keys += 1;
        }
    }
    assert!(keys > 100);
    let mine: Vec<String> = redis.query(&["KEYS", "*"]);
    assert_eq!(mine.len(), 2, "the database of the URL is used and no other: {mine:?}");
}
