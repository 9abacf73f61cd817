//! Lines over time or a sequence, thinned so that every spike stays.

use crate::charts::axis::{VerticalAxis, draw_x_labels, fit_labels};
use crate::charts::decimate::decimate;
use crate::charts::font::text_width;
use crate::charts::number;
use crate::charts::scene::{Anchor, Bounds, Label, Paint, Shape, Stroke, Weight};
use crate::charts::text::{clean, shorten};
use crate::charts::ticks::Domain;
use crate::charts::time;
use crate::core::chart::{AxisKind, LineMarks, Point};

use super::compose::{TEXT_SIZE, draw_axis_name, draw_empty, note};

/// Below this many points each one gets a dot of its own.
const FEW_POINTS: usize = 24;
const LINE_WIDTH: f64 = 2.0;

pub(super) fn draw(marks: &LineMarks, place: &Bounds, shapes: &mut Vec<Shape>) -> f64 {
    let known = |point: &&Point| point.x.is_finite() && point.y.is_finite();
    let values = marks.points.iter().filter(known).map(|point| point.y);
    let positions = marks.points.iter().filter(known).map(|point| point.x);
    let (Some(values), Some(positions)) = (extent(values), extent(positions)) else {
        return draw_empty(place, shapes);
    };
    let positions = x_domain(positions, marks.x.kind);
    let above = 28.0;
    let below = if x_name(marks, positions).is_empty() { 24.0 } else { 42.0 };
    let height = (place.height - above - below).max(4.0);
    let vertical = VerticalAxis::new(y_domain(values), marks.y.kind, height);
    let last = last_label(marks);
    let left = vertical.label_width + 8.0;
    let right = text_width(&last, TEXT_SIZE, Weight::SemiBold) + 12.0;
    let plot = Bounds {
        x: place.x + left,
        y: place.y + above,
        width: (place.width - left - right).max(1.0),
        height,
    };
    let pieces = pieces(marks, positions, &vertical, &plot);
    draw_areas(&pieces, &vertical, &plot, shapes);
    vertical.draw(&plot, shapes);
    vertical.draw_base(&plot, shapes);
    draw_pieces(&pieces, shapes);
    draw_last(&pieces, last, shapes);
    let limits = (place.x, place.x + place.width);
    draw_x_labels(&fit_labels(&plot, positions, marks.x.kind, limits), &plot, shapes);
    draw_axis_name(&marks.y.label, place, place.width, shapes);
    let name = shorten(&x_name(marks, positions), place.width, TEXT_SIZE, Weight::Regular);
    if !name.is_empty() {
        let (end, bottom) = (plot.x + plot.width, place.y + place.height);
        shapes.push(note(end, bottom - 4.0, Anchor::End, name));
    }
    place.height
}

fn extent(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.fold(None, |found: Option<(f64, f64)>, value| {
        let (low, high) = found.unwrap_or((value, value));
        Some((low.min(value), high.max(value)))
    })
}

/// A single position gets a neighbourhood that suits what it measures.
fn x_domain((low, high): (f64, f64), kind: AxisKind) -> Domain {
    let margin = match kind {
        AxisKind::Time if low == high => 1800.0,
        AxisKind::Count if low == high => 1.0,
        _ => 0.0,
    };
    Domain::new(low - margin, high + margin)
}

/// The axis includes zero when that costs less than half of the height, or when all is one value.
fn y_domain((low, high): (f64, f64)) -> Domain {
    let single = low == high;
    if low >= 0.0 && (single || low < high / 2.0) {
        Domain::new(0.0, if high > 0.0 { high } else { 1.0 })
    } else if high <= 0.0 && (single || high > low / 2.0) {
        Domain::new(low, 0.0)
    } else {
        Domain::new(low, high)
    }
}

fn x_name(marks: &LineMarks, positions: Domain) -> String {
    if marks.x.label.is_empty() && marks.x.kind == AxisKind::Time {
        time::date_range(positions.low, positions.high)
    } else {
        clean(&marks.x.label)
    }
}

fn last_label(marks: &LineMarks) -> String {
    let last = marks.points.iter().rev().find(|point| point.x.is_finite() && point.y.is_finite());
    last.map_or_else(String::new, |point| number::number(point.y))
}

/// The line in pixels, one piece between two gaps.
fn pieces(
    marks: &LineMarks,
    positions: Domain,
    vertical: &VerticalAxis,
    plot: &Bounds,
) -> Vec<Vec<(f64, f64)>> {
    let gap = |point: &Point| !(point.x.is_finite() && point.y.is_finite());
    marks
        .points
        .split(gap)
        .filter(|piece| !piece.is_empty())
        .map(|piece| {
            let ends = piece.first().zip(piece.last());
            let share = ends.map_or(1.0, |(from, to)| (to.x - from.x) / positions.span());
            let kept = decimate(piece, (share * plot.width / LINE_WIDTH).ceil() as usize);
            let pixel = |point: &Point| {
                let x = plot.x + positions.share(point.x) * plot.width;
                (x, vertical.y(point.y, plot))
            };
            kept.iter().map(pixel).collect()
        })
        .collect()
}

/// Fills the room between line and zero; drawn first so that the gridlines stay visible.
fn draw_areas(
    pieces: &[Vec<(f64, f64)>],
    vertical: &VerticalAxis,
    plot: &Bounds,
    shapes: &mut Vec<Shape>,
) {
    if vertical.domain.low > 0.0 || vertical.domain.high < 0.0 {
        return;
    }
    let base = vertical.y(0.0, plot);
    for piece in pieces.iter().filter(|piece| piece.len() > 1) {
        let ends = [piece.last(), piece.first()].into_iter().flatten().map(|(x, _)| (*x, base));
        let points = piece.iter().copied().chain(ends).collect();
        shapes.push(Shape::Area { points, paint: Paint::AccentSoft });
    }
}

fn draw_pieces(pieces: &[Vec<(f64, f64)>], shapes: &mut Vec<Shape>) {
    let drawn: usize = pieces.iter().map(Vec::len).sum();
    for piece in pieces {
        if piece.len() > 1 {
            let stroke = Stroke::solid(Paint::Accent, LINE_WIDTH);
            shapes.push(Shape::Polyline { points: piece.clone(), stroke });
        }
        if drawn <= FEW_POINTS || piece.len() == 1 {
            let dot = |center| Shape::Dot { center, radius: 2.5, paint: Paint::Accent };
            shapes.extend(piece.iter().copied().map(dot));
        }
    }
}

/// The newest value is what the reader looks for first, so it is written out.
fn draw_last(pieces: &[Vec<(f64, f64)>], text: String, shapes: &mut Vec<Shape>) {
    let Some((x, y)) = pieces.last().and_then(|piece| piece.last()).copied() else { return };
    shapes.push(Shape::Dot { center: (x, y), radius: 4.0, paint: Paint::Accent });
    shapes.push(Shape::Text(Label {
        x: x + 8.0,
        y: y + 4.0,
        anchor: Anchor::Start,
        size: TEXT_SIZE,
        weight: Weight::SemiBold,
        paint: Paint::Accent,
        content: text,
    }));
}
