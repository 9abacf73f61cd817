//! The wire that a new resource gets: records at their own addresses, conditions, lists in pages, bulk, live changes.
//!
//! Reading order: `routes` says what is where, `shared` holds what all handlers have; `item`, `create`, `bulk`,
//! `list` and `lines` are the handlers; the rest reads one part of a request or makes one part of an answer.

mod bulk;
mod conditions;
mod create;
mod faults;
mod item;
mod lines;
mod list;
mod media;

mod outcome;
mod path;
mod prefer;
mod routes;
mod shared;
#[cfg(test)]
mod tests;

pub use routes::mount;
