//! Lines over time or a sequence, thinned so that every spike stays.

use crate::charts::axis::{VerticalAxis, draw_x_labels, fit_labels};
use crate::charts::decimate::decimate;
use crate::charts::font::text_width;
use crate::charts::number;
use crate::charts::scene::{Anchor, Bounds, Label, Paint, Shape, Stroke, Weight};
use crate::charts::text::{clean, shorten};
use crate::charts::ticks::Domain;
use crate::charts::time;
use crate::core::chart::{AxisKind, LineMarks, Point, Series};

use super::compose::{TEXT_SIZE, draw_axis_name, draw_empty, note};

/// Below this many points each one gets a dot of its own.
const FEW_POINTS: usize = 24;
const LINE_WIDTH: f64 = 2.0;

/// Two labels of lines are at least this far apart.
const LABEL_HEIGHT: f64 = 15.0;
/// Differences that are small beside the values themselves are noise: an axis spans at least this share of them.
const LEAST_SPAN: f64 = 0.2;

/// What tells lines apart: colour and dashes, beside the names at their ends.
const LOOKS: [Stroke; 4] = [
    Stroke { paint: Paint::Accent, width: LINE_WIDTH, dashed: false },
    Stroke { paint: Paint::Highlight, width: LINE_WIDTH, dashed: true },
    Stroke { paint: Paint::Muted, width: LINE_WIDTH, dashed: false },
    Stroke { paint: Paint::Ink, width: LINE_WIDTH, dashed: true },
];

/// A line in pixels, one piece between two gaps.
type Pieces = Vec<Vec<(f64, f64)>>;

pub(super) fn draw(marks: &LineMarks, place: &Bounds, shapes: &mut Vec<Shape>) -> f64 {
    let points = || marks.lines.iter().flat_map(|line| &line.points);
    let known = || points().filter(|point| point.x.is_finite() && point.y.is_finite());
    let values = extent(known().map(|point| point.y));
    let positions = extent(known().map(|point| point.x));
    let (Some(values), Some(positions)) = (values, positions) else {
        return draw_empty(place, shapes);
    };
    let positions = x_domain(positions, marks.x.kind);
    let above = 28.0;
    let below = if x_name(marks, positions).is_empty() { 24.0 } else { 42.0 };
    let height = (place.height - above - below).max(4.0);
    let vertical = VerticalAxis::new(y_domain(values, marks.y.kind), marks.y.kind, height);
    let labels: Vec<String> =
        marks.lines.iter().map(|line| last_label(line, marks.y.kind, place.width)).collect();
    let widths = labels.iter().map(|label| text_width(label, TEXT_SIZE, Weight::SemiBold));
    let left = vertical.label_width + 8.0;
    let right = widths.fold(0.0, f64::max) + 12.0;
    let plot = Bounds {
        x: place.x + left,
        y: place.y + above,
        width: (place.width - left - right).max(1.0),
        height,
    };
    let lines: Vec<Pieces> =
        marks.lines.iter().map(|line| pieces(line, positions, &vertical, &plot)).collect();
    if let [only] = lines.as_slice() {
        draw_areas(only, &vertical, &plot, shapes);
    }
    vertical.draw(&plot, shapes);
    vertical.draw_base(&plot, shapes);
    for (pieces, look) in lines.iter().zip(LOOKS.iter().cycle()) {
        draw_pieces(pieces, *look, shapes);
    }
    draw_ends(&lines, labels, &plot, shapes);
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

/// The axis includes zero when that costs less than half of the height, or when all is one value; else it spans so
/// much that noise looks like noise.
fn y_domain((low, high): (f64, f64), kind: AxisKind) -> Domain {
    if kind == AxisKind::Percent && low >= 0.0 && high <= 100.0 {
        return Domain::new(0.0, 100.0);
    }
    let single = low == high;
    if low >= 0.0 && (single || low < high / 2.0) {
        return Domain::new(0.0, if high > 0.0 { high } else { 1.0 });
    }
    if high <= 0.0 && (single || high > low / 2.0) {
        return Domain::new(low, 0.0);
    }
    let missing = low.abs().max(high.abs()) * LEAST_SPAN - (high - low);
    let margin = if kind == AxisKind::Time { 0.0 } else { missing.max(0.0) / 2.0 };
    Domain::new(low - margin, high + margin)
}

fn x_name(marks: &LineMarks, positions: Domain) -> String {
    if marks.x.label.is_empty() && marks.x.kind == AxisKind::Time {
        time::date_range(positions.low, positions.high)
    } else {
        clean(&marks.x.label)
    }
}

/// `48.2`; of several lines each with its name.
fn last_label(line: &Series, kind: AxisKind, room: f64) -> String {
    let last = line.points.iter().rev().find(|point| point.x.is_finite() && point.y.is_finite());
    let Some(last) = last else { return String::new() };
    let unit = if kind == AxisKind::Percent { "\u{a0}%" } else { "" };
    let value = number::number(last.y);
    if line.name.is_empty() {
        return format!("{value}{unit}");
    }
    let name = shorten(&clean(&line.name), room / 4.0, TEXT_SIZE, Weight::SemiBold);
    format!("{name} {value}{unit}")
}

fn pieces(line: &Series, positions: Domain, vertical: &VerticalAxis, plot: &Bounds) -> Pieces {
    let gap = |point: &Point| !(point.x.is_finite() && point.y.is_finite());
    line.points
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

fn draw_pieces(pieces: &Pieces, look: Stroke, shapes: &mut Vec<Shape>) {
    let drawn: usize = pieces.iter().map(Vec::len).sum();
    for piece in pieces {
        if piece.len() > 1 {
            shapes.push(Shape::Polyline { points: piece.clone(), stroke: look });
        }
        if drawn <= FEW_POINTS || piece.len() == 1 {
            let dot = |center| Shape::Dot { center, radius: 2.5, paint: look.paint };
            shapes.extend(piece.iter().copied().map(dot));
        }
    }
}

/// The newest values are what the reader looks for first, so they are written out.
fn draw_ends(lines: &[Pieces], labels: Vec<String>, plot: &Bounds, shapes: &mut Vec<Shape>) {
    let last = |pieces: &Pieces| pieces.last().and_then(|piece| piece.last()).copied();
    let looks = LOOKS.iter().cycle();
    let mut ends: Vec<(f64, f64, String, Paint)> = lines
        .iter()
        .zip(labels)
        .zip(looks)
        .filter_map(|((pieces, label), look)| {
            let (x, y) = last(pieces)?;
            shapes.push(Shape::Dot { center: (x, y), radius: 4.0, paint: look.paint });
            // A line that ended early would have its label among the others.
            let x = if lines.len() > 1 { plot.x + plot.width } else { x };
            Some((x, y, label, look.paint))
        })
        .collect();
    spread(&mut ends, plot);
    shapes.extend(ends.into_iter().map(|(x, y, content, paint)| {
        let (x, y, anchor) = (x + 8.0, y + 4.0, Anchor::Start);
        let (size, weight) = (TEXT_SIZE, Weight::SemiBold);
        Shape::Text(Label { x, y, anchor, size, weight, paint, content })
    }));
}

/// Moves labels apart, as little as it takes: down where they touch, and up again from the bottom.
fn spread(ends: &mut [(f64, f64, String, Paint)], plot: &Bounds) {
    if ends.len() < 2 {
        return;
    }
    ends.sort_by(|one, other| one.1.total_cmp(&other.1));
    let mut free = f64::NEG_INFINITY;
    for end in ends.iter_mut() {
        end.1 = end.1.max(free);
        free = end.1 + LABEL_HEIGHT;
    }
    let mut free = plot.y + plot.height;
    for end in ends.iter_mut().rev() {
        end.1 = end.1.min(free);
        free = end.1 - LABEL_HEIGHT;
    }
}
