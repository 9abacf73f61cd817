//! Kills the real binary at random moments and compares source and sink, record by record.
//!
//! `HEADWATER_KILLS=N` sets the number of kills over all shapes, `HEADWATER_SEED=N` replays the moments of
//! a run that failed; the seed is printed then.

mod datasets;
mod files;
mod generated;
mod kills;
mod letters;
mod listen;
mod moves;
mod poll;
mod recordings;
mod resources;
mod senders;
mod sending;

pub use kills::Kills;
