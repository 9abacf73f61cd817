//! Replicas by need: what is measured, how many that makes, and the Swarm or Compose that is told. `decide` is pure:
//! the same measures at the same times make the same decisions.

mod compose;
mod cpu;
mod decide;
mod exposition;
mod fleet;
mod gauge;
mod running;
mod swarm;
mod target;

pub use decide::{Decider, Settings};
pub use fleet::find;
pub use gauge::{Asked, Gauge};
pub use running::{Scaler, Told};
pub use target::{Kind, Target};

#[cfg(test)]
mod simulation;
