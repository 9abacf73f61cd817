//! Pictures the size of a word: a line with its end marked, or the bars of a small histogram.

use crate::charts::decimate::decimate;
use crate::charts::scene::{Bounds, Paint, Shape, Stroke};
use crate::charts::ticks::Domain;
use crate::core::chart::{Point, SparklineMarks};

const MARGIN: f64 = 3.0;
const WIDEST_BAR: f64 = 10.0;

pub(super) fn draw(marks: &SparklineMarks, place: &Bounds, shapes: &mut Vec<Shape>) -> f64 {
    match marks {
        SparklineMarks::Line(values) => draw_line(values, place, shapes),
        SparklineMarks::Bars(values) => draw_bars(values, place, shapes),
    }
    place.height
}

fn draw_line(values: &[f64], place: &Bounds, shapes: &mut Vec<Shape>) {
    let Some(domain) = Domain::of(values.iter().copied()) else { return };
    let known = values.iter().enumerate().filter(|(_, value)| value.is_finite());
    let points: Vec<Point> = known.map(|(at, value)| Point { x: at as f64, y: *value }).collect();
    let along = Domain::new(0.0, (values.len().max(2) - 1) as f64);
    let pixel = |point: &Point| {
        let x = MARGIN + along.share(point.x) * (place.width - 2.0 * MARGIN);
        let y = MARGIN + (1.0 - domain.share(point.y)) * (place.height - 2.0 * MARGIN);
        (x, y)
    };
    let line: Vec<(f64, f64)> =
        decimate(&points, place.width.ceil() as usize).iter().map(pixel).collect();
    let last = line.last().copied();
    if line.len() > 1 {
        shapes.push(Shape::Polyline { points: line, stroke: Stroke::solid(Paint::Accent, 1.5) });
    }
    if let Some(center) = last {
        shapes.push(Shape::Dot { center, radius: 2.5, paint: Paint::Accent });
    }
}

fn draw_bars(values: &[f64], place: &Bounds, shapes: &mut Vec<Shape>) {
    // More bars than pixels cannot be told apart; neighbours share one and the highest counts.
    let most_bars = (place.width / 2.0).max(1.0) as usize;
    let together = values.len().div_ceil(most_bars).max(1);
    let heights: Vec<f64> =
        values.chunks(together).map(|chunk| chunk.iter().copied().fold(0.0, f64::max)).collect();
    let most = heights.iter().copied().filter(|height| height.is_finite()).fold(0.0, f64::max);
    let step = (place.width / heights.len().max(1) as f64).min(WIDEST_BAR);
    let gap = if step > 3.0 { 1.0 } else { 0.0 };
    for (at, height) in heights.iter().enumerate().filter(|(_, height)| **height > 0.0) {
        let tall = ((height / most).clamp(0.0, 1.0) * (place.height - 1.0)).max(1.0);
        let bounds = Bounds {
            x: at as f64 * step + gap / 2.0,
            y: place.height - 1.0 - tall,
            width: step - gap,
            height: tall,
        };
        shapes.push(Shape::Rect { bounds, paint: Paint::Accent, hint: String::new() });
    }
    shapes.push(Shape::Line {
        from: (0.0, place.height - 0.5),
        to: (place.width, place.height - 0.5),
        stroke: Stroke::solid(Paint::Axis, 1.0),
    });
}
