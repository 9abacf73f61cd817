//! Puts ticks on pixels: labels that fit beside each other, gridlines and the base line.

use super::font::text_width;
use super::scene::{Anchor, Bounds, Label, Paint, Shape, Stroke, Weight};
use super::ticks::{Domain, Tick, nice_step, ticks};
use crate::core::chart::AxisKind;

pub(super) const TICK_SIZE: f64 = 12.0;
/// Least distance between two tick labels on one line.
const LABEL_GAP: f64 = 10.0;
/// Two gridlines are at least this far apart.
const GRID_DISTANCE: f64 = 30.0;

/// A tick label with its place, measured.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PlacedTick {
    pub(super) x: f64,
    /// Where the label's middle is; differs from `x` at the picture's edges.
    pub(super) label_x: f64,
    pub(super) width: f64,
    pub(super) label: String,
}

/// As many tick labels as fit between `left` and `right`; the plot's x range is given by `plot`.
pub(super) fn fit_labels(
    plot: &Bounds,
    domain: Domain,
    kind: AxisKind,
    (left, right): (f64, f64),
) -> Vec<PlacedTick> {
    let most = ((plot.width / 45.0) as usize).clamp(1, 12);
    for count in (1..=most).rev() {
        let placed = place(ticks(domain, count, kind), plot, domain, (left, right));
        if !placed.is_empty() && !overlap(&placed) {
            return placed;
        }
    }
    thinned(&place(ticks(domain, 1, kind), plot, domain, (left, right)))
}

/// Puts given ticks on the axis and keeps every second, third, … until none overlaps.
pub(super) fn fit_given(given: Vec<(f64, String)>, (left, right): (f64, f64)) -> Vec<PlacedTick> {
    let placed = given.into_iter().filter_map(|(x, label)| place_one(x, label, (left, right)));
    thinned(&placed.collect::<Vec<_>>())
}

fn thinned(placed: &[PlacedTick]) -> Vec<PlacedTick> {
    for every in 1..=placed.len() {
        let kept: Vec<PlacedTick> = placed.iter().step_by(every).cloned().collect();
        if !overlap(&kept) {
            return kept;
        }
    }
    Vec::new()
}

fn place(found: Vec<Tick>, plot: &Bounds, domain: Domain, limits: (f64, f64)) -> Vec<PlacedTick> {
    let at = |value| plot.x + domain.share(value) * plot.width;
    found.into_iter().filter_map(|tick| place_one(at(tick.value), tick.label, limits)).collect()
}

fn place_one(x: f64, label: String, (left, right): (f64, f64)) -> Option<PlacedTick> {
    let width = text_width(&label, TICK_SIZE, Weight::Regular);
    if width > right - left {
        return None;
    }
    let label_x = x.min(right - width / 2.0).max(left + width / 2.0);
    Some(PlacedTick { x, label_x, width, label })
}

fn overlap(placed: &[PlacedTick]) -> bool {
    placed.windows(2).any(|pair| match pair {
        [one, next] => next.label_x - next.width / 2.0 < one.label_x + one.width / 2.0 + LABEL_GAP,
        _ => false,
    })
}

/// Tick marks and labels below the plot.
pub(super) fn draw_x_labels(placed: &[PlacedTick], plot: &Bounds, shapes: &mut Vec<Shape>) {
    let base = plot.y + plot.height;
    for tick in placed {
        shapes.push(Shape::Line {
            from: (tick.x, base),
            to: (tick.x, base + 4.0),
            stroke: Stroke::solid(Paint::Axis, 1.0),
        });
        shapes.push(tick_text(tick.label_x, base + 18.0, Anchor::Middle, &tick.label));
    }
}

/// The vertical axis of a plot: its rounded domain and ticks, chosen before the plot's left edge is known.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct VerticalAxis {
    pub(super) domain: Domain,
    ticks: Vec<Tick>,
    pub(super) label_width: f64,
}

impl VerticalAxis {
    pub(super) fn new(data: Domain, kind: AxisKind, height: f64) -> Self {
        let most = ((height / GRID_DISTANCE) as usize).clamp(1, 6);
        let least = if kind == AxisKind::Count { 1.0 } else { 0.0 };
        let (step, domain) = tightest(data, most, least);
        // Rounding outwards may add an interval, which the number of ticks has to allow for.
        let intervals = (domain.span() / step).round().max(1.0) as usize;
        let found = ticks(domain, intervals, kind);
        let widths = found.iter().map(|tick| text_width(&tick.label, TICK_SIZE, Weight::Regular));
        let label_width = widths.fold(0.0, f64::max);
        Self { domain, ticks: found, label_width }
    }

    pub(super) fn y(&self, value: f64, plot: &Bounds) -> f64 {
        plot.y + plot.height * (1.0 - self.domain.share(value))
    }

    /// Gridlines with labels; the line at zero, or else the lowest, is the base line.
    pub(super) fn draw(&self, plot: &Bounds, shapes: &mut Vec<Shape>) {
        for tick in &self.ticks {
            let y = self.y(tick.value, plot);
            shapes.push(Shape::Line {
                from: (plot.x, y),
                to: (plot.x + plot.width, y),
                stroke: Stroke::solid(Paint::Grid, 1.0),
            });
            shapes.push(tick_text(plot.x - 8.0, y + 4.0, Anchor::End, &tick.label));
        }
    }

    /// Drawn after the data so that bars stand on it.
    pub(super) fn draw_base(&self, plot: &Bounds, shapes: &mut Vec<Shape>) {
        let y = self.y(0.0_f64.clamp(self.domain.low, self.domain.high), plot);
        shapes.push(Shape::Line {
            from: (plot.x, y),
            to: (plot.x + plot.width, y),
            stroke: Stroke::solid(Paint::Axis, 1.0),
        });
    }
}

/// Of the steps that give up to `most` intervals, the one that leaves least of the height unused.
fn tightest(data: Domain, most: usize, least_step: f64) -> (f64, Domain) {
    let with = |count: usize| {
        let step = nice_step(data.span(), count).max(least_step);
        (step, data.rounded_to(step))
    };
    let fewest = most.saturating_sub(2).max(1);
    (fewest..most).rev().map(with).fold(with(most), |best, next| {
        if next.1.span() < best.1.span() * 0.999 { next } else { best }
    })
}

fn tick_text(x: f64, y: f64, anchor: Anchor, content: &str) -> Shape {
    Shape::Text(Label {
        x,
        y,
        anchor,
        size: TICK_SIZE,
        weight: Weight::Regular,
        paint: Paint::Muted,
        content: content.to_owned(),
    })
}
