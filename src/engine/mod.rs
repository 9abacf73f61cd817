//! Moves batches: read, apply the steps, write durable, save the checkpoint, acknowledge.
//!
//! The engine knows the traits of `core` and never a component by name. Retry, back-off, dead letters,
//! metering and the journal live here, once, around every component. Start with [`flow`].

pub mod checkpoints;
pub mod flow;
mod hand_over;
mod inbox;
pub mod journal;
mod journal_source;
mod last_records;
pub mod letters;
pub mod meter;
mod notes;
mod progress;
mod reader;
mod recorder;
mod refusals;
mod replaying;
mod retry;
mod standby;
mod steps;
mod tap;
mod writer;

pub use flow::{Flow, Outline, RunningFlow};
pub use hand_over::HandOver;
pub use last_records::{LastRecords, Seen};
pub use meter::{Complaint, FlowMeter, State};
pub use progress::{checkpoint_at, checkpoint_for_all};
pub use recorder::{Recorder, Recording};
pub use standby::Elect;
pub use tap::{Listener, Tap};
