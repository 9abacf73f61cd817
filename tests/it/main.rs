//! The real binary under kills, signals, full disks and clients that are not ours. One test binary, so that
//! the whole is linked once.

#![expect(
    clippy::disallowed_methods,
    reason = "tests stand outside: they write files, read the clock and end processes"
)]

#[cfg(test)]
mod audits;
#[cfg(test)]
#[path = "../checker/mod.rs"]
mod checker;
#[cfg(test)]
mod clock;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod cuts;
#[cfg(test)]
mod disk_full;
#[cfg(test)]
mod edge;
#[cfg(test)]
mod gate;
#[cfg(test)]
mod https;
#[cfg(test)]
#[path = "../servers/mosquitto.rs"]
mod mosquitto;
#[cfg(test)]
#[path = "../servers/nats.rs"]
mod nats_server;
#[cfg(test)]
mod order;
#[cfg(test)]
mod other_target;
#[cfg(test)]
mod pages;
#[cfg(test)]
#[expect(dead_code, reason = "other tests use the rest")]
#[path = "../servers/postgres.rs"]
mod postgres;
#[cfg(test)]
#[path = "../servers/proxy.rs"]
mod proxy;
#[cfg(test)]
mod read_only;
#[cfg(test)]
#[expect(dead_code, reason = "other tests use the rest")]
#[path = "../servers/redis.rs"]
mod redis_server;
#[cfg(test)]
mod reload;
#[cfg(test)]
mod rotated;
#[cfg(test)]
mod staleness;
#[cfg(test)]
mod stop;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod support;
#[cfg(test)]
mod systems;
#[cfg(test)]
#[path = "../servers/trouble.rs"]
mod trouble;
#[cfg(test)]
mod workers;
