//! Records in PostgreSQL: a few workers, each with a connection of its own, share what waits between them.
//!
//! Reading order: [`store`] is what callers see; [`shared`] is what the workers share; [`watcher`] prepares the
//! database (with `setup`) and says whether it is there; `getter`, `scanner` and `writer` work.
//!
//! Versions are numbers of transactions: a write has its own, a read has the newest below which no transaction runs
//! any more. Prepared statements and `LISTEN` need a session of their own: pgbouncer works in its session mode only.
//! Without the right to make triggers, others' writes are seen only when they are read.

mod catalog;
mod cell;
mod decide;
mod following;
mod getter;
mod group;
mod inbox;
mod job;
mod layout;
mod log;
mod pen;
mod scanner;
mod select;
mod session;
mod setup;
mod shared;
mod store;
mod transaction;
mod trouble;
mod watcher;
mod writer;

pub use store::Postgres;
