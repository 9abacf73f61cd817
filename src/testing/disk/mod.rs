//! A disk in memory that behaves as badly as a real one may: it forgets what was not synced, tears
//! writes at 512 bytes, runs full, fails, and drops dirty pages when a sync fails.

mod faults;
mod file;
mod simulated;
mod state;
#[cfg(test)]
mod tests;

pub use faults::Fault;
pub use simulated::SimulatedDisk;
