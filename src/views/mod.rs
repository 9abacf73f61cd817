//! Views: live pages over a resource's API.
//!
//! ```text
//!  reading thread                     drawing thread                      server
//!  events or lists -> queue (1024) -> table of numbers -> snapshot (latest only) -> page, events, data
//! ```
//!
//! The queue is bounded, so that a view that draws slowly slows its API's stream; a browser that reads slowly
//! misses snapshots and slows nobody.

mod drawing;
mod list;
mod page;
mod reader;
mod serve;
mod table;
mod view;

pub use view::{RunningView, View, records_of};
