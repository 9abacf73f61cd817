//! The live map of a stack: what there is ([`graph`]), what flows ([`sample`], [`history`]), what holds it up
//! ([`bottleneck`]), and how it looks. Pure: it knows the checked stack and plain numbers, never what runs.

mod graph;
mod join;
pub mod layout;
mod sample;

pub use graph::{Edge, Graph, Kind, Node, NodePart, Rate};
pub use sample::{Condition, Latency, Row, SERIES, Sample, Series, UNKNOWN};

#[cfg(test)]
mod tests;
