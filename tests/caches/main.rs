//! The caches over a real Redis and real stores: what they promise while servers are killed, frozen and cut off.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]
#![expect(
    clippy::disallowed_methods,
    reason = "tests stand outside: they read the clock and start threads"
)]

#[path = "../checker/mod.rs"]
mod checker;
mod checks;
mod degraded;
mod poison;
#[expect(dead_code, reason = "other tests use the rest")]
#[path = "../servers/proxy.rs"]
mod proxy;
#[path = "../servers/redis.rs"]
mod redis_server;
mod shared;
mod support;
#[path = "../servers/trouble.rs"]
mod trouble;
