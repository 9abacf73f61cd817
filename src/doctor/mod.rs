//! What on this machine, or on the nodes of a Swarm, will fail without a word: each finding with what it hits and its
//! cure. It only looks; the one thing that it writes is a probe in the data directory, which it removes.

mod clock;
mod finding;
mod kernel;
mod machine;
mod nodes;
mod ports;
mod storage;
mod visit;

pub use finding::{Finding, Severity};
pub use visit::{Patient, visit};
