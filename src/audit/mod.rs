//! Proves that what a flow's generator made arrived: makes it again, reads the target, and compares the two
//! in bounded memory. What is found is an [`answer::Answer`]: made, arrived, missing, twice, out of order, damaged.

mod answer;
mod api;
mod bits;
mod datasets;
mod expected;
mod files;
mod mark;
mod matcher;
mod places;
mod rows;
mod run;
mod stream;
mod subject;
mod tally;
mod target;
#[cfg(test)]
mod tests;
mod window;

pub use run::{Question, audit};
