//! The one chart renderer: a [`Chart`] is plain data, [`layout`] turns it into a [`Scene`] of simple
//! shapes, and [`svg`] and [`png`] write that scene. Files, reports and live pages all use it.

mod axis;
mod column;
mod decimate;
mod describe;
mod file_name;
mod font;
mod layout;
pub mod number;
mod png;
mod scene;
mod svg;
mod text;
mod theme;
mod ticks;
pub mod time;

pub use crate::core::chart::{
    Axis, AxisKind, Bar, BarMarks, Chart, HistogramMarks, LineMarks, Marker, Marks, Point, Series,
    SparklineMarks,
};
pub use column::chart_for;
pub use decimate::decimate;
pub use file_name::file_safe;
pub use font::text_width;
pub use layout::{Frame, layout};
pub use png::{PngError, png};
pub use scene::{Anchor, Bounds, Label, Paint, Scene, Shape, Stroke, Weight};
pub use svg::{Placement, SvgOptions, page_rules, style_rules, svg};
pub use text::{clean, escape, shorten};
pub use theme::{Color, Theme};

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;
