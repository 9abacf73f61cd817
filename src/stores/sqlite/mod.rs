//! Records in SQLite: in a file (`sqlite`) or in the memory of the process (`memory`).
//!
//! One thread writes: it takes everything that waits, does it in one transaction, and answers everybody after the one
//! commit. A few threads read, each with a connection of its own, and one looks for what other processes wrote. For
//! `memory` a single thread does all of it. Whatever changes a table is noted by its triggers in a log of changes,
//! also when it comes from the `sqlite3` shell; the log's last number is the version of the store.

mod apply;
mod attempts;
mod commit;
mod connection;
mod error;
mod here;
mod job;
mod layout;
mod log;
mod look;
mod pattern;
mod read;
mod select;
mod setup;
mod shared;
mod store;
mod table;
#[cfg(test)]
mod tests;
mod values;
mod worker;

pub use store::SqliteStore;
