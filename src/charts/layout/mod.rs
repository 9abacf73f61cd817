//! Turns a chart into a scene: one file for what all charts share and one for each kind of marks.

mod bars;
mod compose;
mod histogram;
mod line;
mod sparkline;

pub use compose::{Frame, layout};

#[cfg(test)]
mod tests;
