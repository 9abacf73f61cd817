//! What every entry of the component lists must do, whatever it is. A new source, step or sink is tested here
//! without a line of its own, or with one arrangement where the test cannot guess what it needs.
#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may panic and write")]

mod bad_input;
mod embedded_stores;
mod guarantees;
mod http;
mod kinds;
mod leases;
mod nats;
#[cfg(test)]
#[expect(dead_code, reason = "other tests use the rest")]
#[path = "../servers/nats.rs"]
mod nats_server;
mod postgres;
#[path = "../servers/postgres.rs"]
mod postgres_server;
mod power;
mod sinks;
mod sources;
mod stores;
mod support;
mod trials;
