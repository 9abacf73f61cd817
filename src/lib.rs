//! Headwater runs the services between where data is made and where it is used, and loses nothing on the
//! way. ARCHITECTURE.md is the map; the modules below stand in reading order.
//!
//! The library has no promises of its own: the stack file, the wire and the files on disk are what users
//! rely on. What is public here is public for the tests, the benches and the fuzzers in this repository.

// What everything stands on; a package of its own, because it is in the way of records and built for speed.
#[doc(hidden)]
pub use headwater_base::{core, expr, formats, generator, summary};

#[doc(hidden)]
pub mod charts;
#[doc(hidden)]
pub mod clients;
#[doc(hidden)]
pub mod report;
#[doc(hidden)]
pub mod resource;

#[doc(hidden)]
pub mod engine;
#[doc(hidden)]
pub mod gate;
#[doc(hidden)]
pub mod server;
#[doc(hidden)]
pub mod web;

#[doc(hidden)]
pub mod caches;
#[doc(hidden)]
pub mod stores;
#[doc(hidden)]
pub mod wires;

mod panels;
mod sinks;
mod sources;
mod steps;

#[doc(hidden)]
pub mod catalog;
mod routes;
#[doc(hidden)]
pub mod stack;

#[doc(hidden)]
pub mod doctor;
#[doc(hidden)]
pub mod map;
#[doc(hidden)]
pub mod render;
mod views;

mod app;
mod audit;
mod autoscale;
mod cli;

#[doc(hidden)]
pub mod testing;

pub use cli::run;
