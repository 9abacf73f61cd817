//! Whatever stands in Redis under a name of ours and is no copy counts as nothing, and is overwritten.

use crate::redis_server::Redis;
use crate::support::{Process, copy_in, eventually};
use headwater::caches::Origin;

/// Puts `words` (with the name in place of `NAME`) into Redis where a copy was; everybody must survive it.
#[track_caller]
fn survives(words: &[&str]) {
    let redis = Redis::start();
    let one = Process::over(&redis.url()).ready();
    for (name, number) in [("a", 1), ("b", 2)] {
        one.put(name, number);
        one.get(name);
    }
    let (name, beside) = (copy_in(&redis, "a"), copy_in(&redis, "b"));
    redis.query::<()>(&["DEL", &name]);
    let words: Vec<&str> = words
        .iter()
        .map(|word| match *word {
            "NAME" => name.as_str(),
            "BESIDE" => beside.as_str(),
            other => other,
        })
        .collect();
    redis.query::<()>(&words);
    let other = one.beside(&redis.url()).ready();
    assert_eq!(other.get("a"), (Origin::Store, Some(1)), "{words:?}");
    eventually("it is overwritten", || {
        redis.query::<String>(&["TYPE", &name]) == "string" && {
            let bytes: Vec<u8> = redis.query(&["GET", &name]);
            bytes.starts_with(b"HW1R") && bytes.ends_with(b"{\"name\":\"a\",\"number\":1}")
        }
    });
    assert!(redis.query::<i64>(&["PTTL", &name]) > 0, "and does not live for ever");
    let third = one.beside(&redis.url()).ready();
    assert_eq!(third.get("a"), (Origin::Redis, Some(1)), "{words:?}");
}

#[test]
fn survives_values_of_other_types() {
    survives(&["RPUSH", "NAME", "1", "2"]);
    survives(&["HSET", "NAME", "number", "7"]);
}

#[test]
fn survives_texts_that_are_no_copies() {
    survives(&["SET", "NAME", ""]);
    survives(&["SET", "NAME", "{\"name\":\"a\",\"number\":7}"]);
    survives(&["SETBIT", "NAME", "100000", "1"]);
}

#[test]
fn survives_a_copy_of_another_format() {
    let old = "HW0R000000000000000000990000170000000000000700000000{}";
    survives(&["SET", "NAME", old]);
    survives(&["SET", "NAME", &old.replace("HW0", "HW2")]);
}

#[test]
fn survives_a_copy_with_a_wrong_checksum_however_new_it_claims_to_be() {
    survives(&["SET", "NAME", "HW1R999999999999999999990000170000000000000700000000{}"]);
    survives(&["SET", "NAME", "HW1O999999999999999999990000170000000000000700000000"]);
}

#[test]
fn survives_the_copy_of_another_key() {
    survives(&["RENAME", "BESIDE", "NAME"]);
}
