//! Proves that what a flow's generator made arrived: makes it again, reads the target, and compares the two
//! in bounded memory. What is found is an [`Answer`]: made, arrived, missing, twice, out of order, damaged.

mod answer;
mod api;
mod bits;
mod datasets;
mod expected;
mod files;
mod mark;
mod matcher;
mod run;
mod subject;
mod tally;
mod target;
mod window;

pub use answer::{Answer, Example, OnPurpose};
pub use run::{Question, audit};
pub use tally::Wrong;
pub use target::Defect;
