//! Headwater runs the services between where data is made and where it is used, and loses nothing on the
//! way. ARCHITECTURE.md is the map; the modules below stand in reading order.
//!
//! The library has no promises of its own: the stack file, the wire and the files on disk are what users
//! rely on. It exports what `main.rs` needs, and `testing` for tests, benches and fuzzers.

mod core;

mod charts;
mod clients;
mod expr;
mod formats;
mod generator;
mod report;
mod summary;

mod engine;
mod server;

mod sinks;
mod sources;
mod steps;

mod catalog;
mod routes;
mod stack;

mod app;
mod cli;

#[doc(hidden)]
pub mod testing;

pub use cli::run;
