//! Proves or refutes what a cache promises: sessions write and read through several sites at once, everything they
//! saw is recorded with the time, and a judge looks for answers that must not have been given.
//!
//! It knows sites only as something to read and write; they may be caches in this process or servers.

mod drive;
mod history;
mod judge;
#[cfg(test)]
mod tests;

pub use drive::{Plan, Seen, Site, Trouble, drive};
pub use history::{Event, History, What};
pub use judge::{Promise, Verdict, judge};
