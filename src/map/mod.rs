//! The live map of a stack: what there is ([`graph`]), what flows ([`sample`], [`history`]), what holds it up
//! ([`bottleneck`]), and how it looks. Pure: it knows the checked stack and plain numbers, never what runs.

pub mod alert;
pub mod archive;
pub mod bottleneck;
mod configuration;
mod draw;
mod graph;
mod history;
pub mod home;
mod join;
pub mod layout;
mod letters;
mod mask;
pub mod merge;
pub mod node;
pub mod picture;
pub mod plain;
mod sample;
mod streams;
pub mod terminal;
pub mod words;

pub use configuration::{Configuration, configuration};
pub use draw::Drawing;
pub use graph::{Edge, Graph, Kind, Node, NodePart, Rate};
pub use history::{History, SECONDS};
pub use mask::{masked, shown};
pub use sample::{Condition, Latency, Row, SERIES, Sample, Series, UNKNOWN};

/// How the map looks, beside the colours of charts.
pub const STYLE: &str = include_str!("map.css");

#[cfg(test)]
pub(crate) mod tests;
