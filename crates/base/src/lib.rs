//! What Headwater stands on: time, disk and threads, the formats of records, the generator, summaries and expressions.
//!
//! A package of its own, because all of it is in the way of records: it is built for speed, the rest of the program
//! small (docs/decisions/0031-base.md). Nothing in it knows of flows, servers or stores.

pub mod core;

pub mod expr;
pub mod formats;
pub mod generator;
pub mod summary;
