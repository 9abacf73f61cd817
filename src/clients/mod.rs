//! One file per outside system: connect, time out, sort errors into faults.

pub mod dataset;
pub mod disk;
pub mod generations;
pub mod http;
pub mod ledger;
pub mod parts;
pub mod retention;
pub mod watch;
