//! Dead letters: records that could not be delivered, kept with the reason and delivered again when asked for.
//!
//! [`letter`] is one of them, [`store`] the files that a flow writes, [`shelf`] how anybody reads them,
//! [`request`] what is asked to be done with them, and [`replay`] the flow that does it.

mod letter;
mod lines;
mod numbers;
mod replay;
mod request;
mod shelf;
mod store;

pub use letter::{Form, Letter, Place};
pub(super) use letter::{Outcast, Passed};
pub use numbers::Numbers;
pub(super) use replay::{Next, PARTITION, Replays};
pub use request::{Answer, Refusal, Request, What, answers, ask, waiting};
pub use shelf::Shelf;
pub use store::DeadLetters;

#[cfg(test)]
mod tests;
