//! The composition root: a checked stack becomes running services. The only place that knows everything.

mod admin;
mod gates;
mod gating;
mod lifecycle;
mod map;
mod metrics;
mod move_note;
mod moving;
mod resources;
mod seed;
mod service;
mod serving;
mod status;

pub use lifecycle::{App, Options};
pub use move_note::MoveNote;
pub use moving::Move;
pub use resources::open_store;
pub use seed::known_seed;
pub use status::{Detail, ServiceStatus, Snapshot};
