//! Leases: in a directory that several workers share (a local volume, NFS, anything that renames in one step), in a
//! bucket of JetStream, in a table of PostgreSQL. `registers` has the last two; this is how those in a directory are:
//!
//! A lease is a directory, `NAME`, and in it one directory with the name of the tenure, which never comes twice;
//! in that one stands the file `beat`, which the holder writes anew, and what the holder has not published
//! yet. No lock of the system is used, and no clock of another machine is looked at:
//!
//! - *claim*: the tenure is prepared aside and renamed to `NAME`, which works only where nobody is;
//! - *renew*: the beat is written through its path; it is missing when the lease is lost;
//! - *take over*: whoever sees the same beat for the whole time of a lease, by its own clock, renames `NAME`
//!   away, with everything that the holder was about to publish;
//! - *publish*: a file is written within the tenure and renamed to its place. A worker that was paused, however
//!   long, finds its paths gone and publishes nothing.
//!
//! Safety rests on the renames alone; the times decide only how soon work changes hands.

mod clock;
mod directory;
mod election;
mod log;
mod names;
mod open;
mod process;
mod registers;
#[cfg(test)]
mod simulation;

pub use clock::ProcessClock;
pub use directory::DirectoryLeases;
pub use election::DirectoryElection;
pub use log::{News, SharedLog};
pub use names::worker;
pub use open::{open, saved};
pub use registers::{Register, RegisterLeases, Registers};
