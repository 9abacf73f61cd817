//! Redis is killed, frozen, cut off or locked: reads go on from the store, and nobody waits long.

use crate::proxy::Proxy;
use crate::redis_server::Redis;
use crate::support::{Process, config, copy_in, eventually};
use Origin::{Near, Store};
use headwater::caches::{Cached, Origin, RedisHealth};
use headwater::testing::store::{Script, ScriptedStore};
use std::time::{Duration, Instant};

/// Reads and writes go on, each by itself quick enough.
#[track_caller]
fn works(process: &Process, round: i64) {
    let start = Instant::now();
    for number in 0..20 {
        let name = format!("{round}-{number}");
        process.put(&name, number);
        assert_eq!(process.get(&name), (Store, Some(number)));
        assert_eq!(process.get(&name), (Near, Some(number)));
    }
    // A frozen Redis costs its deadline a few times, then it is left alone.
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[test]
fn goes_on_without_redis_and_uses_it_again_when_it_is_back() {
    let redis = Redis::start();
    let one = Process::over(&redis.url()).ready();
    let other = one.beside(&redis.url()).ready();
    works(&one, 1);
    redis.kill();
    one.until_redis_is(RedisHealth::Away);
    other.until_redis_is(RedisHealth::Away);
    works(&one, 2);
    redis.resume();
    let (one, other) = (one.ready(), other.ready());
    works(&one, 3);
    other.store.tell();
    one.get("3-1");
    copy_in(&redis, "3-1");
    assert_eq!(other.get("3-1"), (Origin::Redis, Some(1)));
    // News come again on the new connection.
    one.put("3-1", 7);
    eventually("the copy is dropped", || !other.is_near("3-1"));
    assert_eq!(one.cached.meter().unwrap().redis.outages, 1);
}

#[test]
fn a_redis_that_is_not_there_at_the_start_is_no_fault() {
    let redis = Redis::start();
    redis.kill();
    let one = Process::over(&redis.url());
    works(&one, 1);
    assert_eq!(one.cached.redis_health(), RedisHealth::Away);
    redis.resume();
    works(&one.ready(), 2);
}

#[test]
fn a_frozen_redis_is_left_alone_after_a_few_deadlines() {
    let redis = Redis::start();
    let one = Process::over(&redis.url()).ready();
    redis.freeze();
    works(&one, 1);
    assert_eq!(one.cached.redis_health(), RedisHealth::Away);
    let meter = one.cached.meter().unwrap();
    assert!(meter.redis.timeouts >= 3 && meter.redis.timeouts <= 10, "{:?}", meter.redis);
    redis.thaw();
    works(&one.ready(), 2);
}

#[test]
fn a_link_that_is_cut_held_halved_or_slow_is_survived() {
    let redis = Redis::start();
    let proxy = Proxy::to(&redis.address());
    let url = format!("redis://{}", proxy.address());
    let one = Process::over(&url).ready();
    works(&one, 1);
    proxy.drop_connections();
    works(&one, 2);
    let one = one.ready();
    proxy.cut();
    one.until_redis_is(RedisHealth::Away);
    works(&one, 3);
    proxy.mend();
    let one = one.ready();
    works(&one, 4);
    let before = proxy.taken();
    proxy.halve_next_answer();
    works(&one, 5);
    eventually("it connects anew", || proxy.taken() > before);
    let one = one.ready();
    proxy.hold();
    works(&one, 6);
    assert_eq!(one.cached.redis_health(), RedisHealth::Away);
    proxy.release();
    let one = one.ready();
    proxy.delay(Duration::from_millis(60));
    works(&one, 7);
    proxy.delay(Duration::ZERO);
    works(&one.ready(), 8);
}

#[test]
fn a_connection_that_is_silent_for_long_is_given_up() {
    let redis = Redis::start();
    let proxy = Proxy::to(&redis.address());
    let one = Process::over(&format!("redis://{}", proxy.address())).ready();
    proxy.hold();
    // The held one never answers; those that come after it do.
    eventually("it tries another connection", || proxy.taken() > 1);
    proxy.release();
    works(&one.ready(), 1);
}

#[test]
fn a_redis_that_wants_a_password_is_away_until_it_gets_it() {
    let redis = Redis::with(&["--requirepass", "right"]);
    let wrong = redis.url().replace("redis://", "redis://:wrong@");
    let one = Process::over(&wrong);
    works(&one, 1);
    assert_eq!(one.cached.redis_health(), RedisHealth::Away);
    let right = redis.url().replace("redis://", "redis://:right@");
    works(&one.beside(&right).ready(), 2);
}

#[test]
fn a_full_redis_is_used_for_what_it_still_holds() {
    let redis = Redis::with(&["--maxmemory", "1", "--maxmemory-policy", "noeviction"]);
    let one = Process::over(&redis.url());
    one.until_redis_is(RedisHealth::Ready);
    works(&one, 1);
    assert_eq!(one.cached.redis_health(), RedisHealth::Ready);
    assert!(one.cached.meter().unwrap().redis.errors > 0);
}

#[test]
fn an_address_that_is_none_is_told_at_once_and_without_its_password() {
    for url in ["", "redis:/x", "http://host", "redis://:secret@"] {
        let store = ScriptedStore::new(Script::default());
        let fault = Cached::new(store, Some(&config(url)), "tests").unwrap_err();
        assert!(fault.reason().contains("redis://HOST:PORT"), "{url}: {fault}");
        assert!(!fault.reason().contains("secret"));
    }
}

#[test]
fn a_cache_that_is_dropped_leaves_nothing_behind() {
    let redis = Redis::start();
    let count = || {
        let clients: String = redis.query(&["CLIENT", "LIST"]);
        clients.lines().filter(|line| line.contains("flags=") && line.contains("resp=3")).count()
    };
    let process = Process::over(&redis.url()).ready();
    eventually("it is connected", || count() == 1);
    drop(process);
    eventually("its connection has gone", || count() == 0);
}
