//! Histograms: bars that touch, on the scale of the values they count.

use crate::charts::axis::{PlacedTick, VerticalAxis, draw_x_labels, fit_given, fit_labels};
use crate::charts::font::text_width;
use crate::charts::number;
use crate::charts::scene::{Anchor, Bounds, Label, Paint, Shape, Stroke, Weight};
use crate::charts::text::{clean, shorten};
use crate::charts::ticks::Domain;
use crate::charts::time;
use crate::core::chart::{AxisKind, HistogramMarks, Marker};

use super::compose::{TEXT_SIZE, draw_axis_name, draw_empty, note};

/// Bins whose widths differ by more than this are drawn equally wide, with their edges written below.
const EQUAL_WIDTHS: f64 = 1.5;

pub(super) fn draw(marks: &HistogramMarks, place: &Bounds, shapes: &mut Vec<Shape>) -> f64 {
    let bins = marks.counts.len().min(marks.edges.len().saturating_sub(1));
    let most = marks.counts.iter().take(bins).copied().max().unwrap_or(0);
    let finite = marks.edges.iter().all(|edge| edge.is_finite());
    if most == 0 || !finite {
        return draw_empty(place, shapes);
    }
    let plot_height = plot_height(marks, place);
    let vertical = VerticalAxis::new(Domain::new(0.0, most as f64), marks.y.kind, plot_height);
    let left = vertical.label_width + 8.0;
    let plot = Bounds {
        x: place.x + left,
        y: place.y + place.height - below(marks) - plot_height,
        width: (place.width - left - 2.0).max(1.0),
        height: plot_height,
    };
    vertical.draw(&plot, shapes);
    let scale = Scale::new(marks, bins, &plot);
    draw_bins(marks, &scale, &vertical, shapes);
    vertical.draw_base(&plot, shapes);
    draw_x_labels(&scale.ticks(marks, place), &plot, shapes);
    draw_x_name(marks, place, shapes);
    // A marker's note stands beside the name; without one there is nothing that it could run into.
    let room = if marks.marker.is_some() { 0.4 } else { 1.0 };
    let name_end = draw_axis_name(&marks.y.label, place, place.width * room, shapes);
    if let Some(marker) = &marks.marker {
        draw_marker(marker, &scale, name_end, shapes);
    }
    place.height
}

fn plot_height(marks: &HistogramMarks, place: &Bounds) -> f64 {
    let named = !marks.y.label.is_empty() || marks.marker.is_some();
    let above = if named { 28.0 } else { 6.0 };
    (place.height - above - below(marks)).max(4.0)
}

fn below(marks: &HistogramMarks) -> f64 {
    if x_name(marks).is_empty() { 24.0 } else { 42.0 }
}

fn x_name(marks: &HistogramMarks) -> String {
    match (marks.edges.first(), marks.edges.last()) {
        (Some(first), Some(last)) if marks.x.label.is_empty() && marks.x.kind == AxisKind::Time => {
            time::date_range(*first, *last)
        }
        _ => clean(&marks.x.label),
    }
}

fn draw_x_name(marks: &HistogramMarks, place: &Bounds, shapes: &mut Vec<Shape>) {
    let name = shorten(&x_name(marks), place.width, TEXT_SIZE, Weight::Regular);
    if !name.is_empty() {
        let (right, bottom) = (place.x + place.width, place.y + place.height);
        shapes.push(note(right, bottom - 4.0, Anchor::End, name));
    }
}

/// Where bin edges and other values lie on the x axis.
struct Scale<'a> {
    edges: &'a [f64],
    plot: Bounds,
    domain: Domain,
    /// Whether a bin is as wide as the values it spans.
    linear: bool,
}

impl<'a> Scale<'a> {
    fn new(marks: &'a HistogramMarks, bins: usize, plot: &Bounds) -> Self {
        let edges = marks.edges.get(..=bins).unwrap_or(&marks.edges);
        let widths = edges.iter().zip(edges.iter().skip(1)).map(|(low, high)| high - low);
        let narrowest = widths.clone().fold(f64::INFINITY, f64::min);
        let widest = widths.fold(0.0, f64::max);
        let ends = (edges.first().copied().unwrap_or(0.0), edges.last().copied().unwrap_or(0.0));
        let linear = bins == 1 || (narrowest > 0.0 && widest / narrowest <= EQUAL_WIDTHS);
        // A single bin as wide as the plot would be a wall rather than a bar.
        let room = if bins == 1 { 2.0 * (ends.1 - ends.0) } else { 0.0 };
        let domain = Domain::new(ends.0 - room, ends.1 + room);
        Self { edges, plot: *plot, domain, linear }
    }

    fn edge(&self, place: usize) -> f64 {
        let share = if self.linear {
            self.domain.share(self.edges.get(place).copied().unwrap_or(self.domain.high))
        } else {
            place as f64 / (self.edges.len() - 1) as f64
        };
        self.plot.x + share * self.plot.width
    }

    fn at(&self, value: f64) -> f64 {
        if self.linear {
            return self.plot.x + self.domain.share(value) * self.plot.width;
        }
        let bin = self.edges.iter().skip(1).take_while(|edge| **edge <= value).count();
        let bin = bin.min(self.edges.len() - 2);
        let known = |place: usize| self.edges.get(place).copied().unwrap_or(value);
        let (low, high) = (known(bin), known(bin + 1));
        let within = if high > low { ((value - low) / (high - low)).clamp(0.0, 1.0) } else { 0.5 };
        self.edge(bin) + within * (self.edge(bin + 1) - self.edge(bin))
    }

    fn ticks(&self, marks: &HistogramMarks, place: &Bounds) -> Vec<PlacedTick> {
        let limits = (place.x, place.x + place.width);
        if self.linear {
            return fit_labels(&self.plot, self.domain, marks.x.kind, limits);
        }
        let given = self.edges.iter().enumerate();
        fit_given(given.map(|(at, edge)| (self.edge(at), number::number(*edge))).collect(), limits)
    }
}

fn draw_bins(
    marks: &HistogramMarks,
    scale: &Scale,
    vertical: &VerticalAxis,
    shapes: &mut Vec<Shape>,
) {
    let base = vertical.y(0.0, &scale.plot);
    let bins = scale.edges.len() - 1;
    for (bin, count) in marks.counts.iter().take(bins).enumerate() {
        if *count == 0 {
            continue;
        }
        let (left, right) = (scale.edge(bin), scale.edge(bin + 1));
        let gap = if right - left > 4.0 { 1.0 } else { 0.0 };
        // A bin with a single row among millions stays visible.
        let top = vertical.y(*count as f64, &scale.plot).min(base - 1.0);
        let bounds = Bounds {
            x: left + gap / 2.0,
            y: top,
            width: (right - left - gap).max(0.5),
            height: base - top,
        };
        let hint = hint(marks, bin, *count);
        shapes.push(Shape::Rect { bounds, paint: Paint::Accent, hint });
    }
}

fn hint(marks: &HistogramMarks, bin: usize, count: u64) -> String {
    let written = |place: usize| {
        let edge = marks.edges.get(place).copied().unwrap_or(0.0);
        match marks.x.kind {
            AxisKind::Time => time::date_text(edge),
            _ => number::number(edge),
        }
    };
    format!("{} to {}: {}", written(bin), written(bin + 1), number::count(count))
}

/// A line through the plot with its label above, kept clear of the axis name and of the right edge.
fn draw_marker(marker: &Marker, scale: &Scale, name_end: f64, shapes: &mut Vec<Shape>) {
    if !marker.value.is_finite() {
        return;
    }
    let plot = &scale.plot;
    let x = scale.at(marker.value);
    let right = plot.x + plot.width;
    let left = name_end + 12.0;
    let text = shorten(&clean(&marker.label), right - left, TEXT_SIZE, Weight::SemiBold);
    let half = text_width(&text, TEXT_SIZE, Weight::SemiBold) / 2.0;
    // The lighter rim keeps the line apart from the bars it crosses.
    for (paint, width) in [(Paint::Background, 3.5), (Paint::Highlight, 1.5)] {
        shapes.push(Shape::Line {
            from: (x, plot.y - 13.0),
            to: (x, plot.y + plot.height - 0.5),
            stroke: Stroke::solid(paint, width),
        });
    }
    shapes.push(Shape::Text(Label {
        x: x.min(right - half).max(left + half),
        y: plot.y - 18.0,
        anchor: Anchor::Middle,
        size: TEXT_SIZE,
        weight: Weight::SemiBold,
        paint: Paint::Highlight,
        content: text,
    }));
}
