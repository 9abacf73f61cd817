//! What every layout keeps to: labels that do not touch, shapes inside the picture, the same scene every time.

use std::fmt::Write;

use super::*;
use crate::charts::font::exact_width;
use crate::charts::scene::{Anchor, Label, Scene, Shape};
use crate::core::chart::{
    Axis, AxisKind, Bar, BarMarks, Chart, HistogramMarks, LineMarks, Marker, Marks, Point, Series,
    SparklineMarks,
};

fn chart(marks: Marks) -> Chart {
    Chart {
        title: "A title".to_owned(),
        subtitle: "A subtitle".to_owned(),
        description: "A description.".to_owned(),
        marks,
    }
}

/// Repeatable made-up numbers of very different sizes.
struct Numbers(u64);

impl Numbers {
    fn share(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn any(&mut self) -> f64 {
        let power = (self.share() * 30.0 - 12.0).floor();
        (self.share() * 2.0 - 1.0) * 10_f64.powf(power)
    }
}

fn texts(scene: &Scene) -> Vec<&Label> {
    let labels = scene.shapes.iter().filter_map(|shape| match shape {
        Shape::Text(label) if !label.content.is_empty() => Some(label),
        _ => None,
    });
    labels.collect()
}

/// Left, right and baseline of a text.
fn extent(label: &Label) -> (f64, f64, f64) {
    let width = exact_width(&label.content, label.size, label.weight);
    let left = match label.anchor {
        Anchor::Start => label.x,
        Anchor::Middle => label.x - width / 2.0,
        Anchor::End => label.x - width,
    };
    (left, left + width, label.y)
}

fn assert_readable(scene: &Scene, what: &str) {
    let labels = texts(scene);
    for (place, one) in labels.iter().enumerate() {
        let (left, right, y) = extent(one);
        assert!(left >= -0.5 && right <= scene.width + 0.5, "{what}: {} leaves", one.content);
        assert!(y > 0.0 && y <= scene.height, "{what}: {} leaves downwards", one.content);
        for other in labels.iter().skip(place + 1) {
            let (other_left, other_right, other_y) = extent(other);
            let apart = right < other_left || other_right < left || (y - other_y).abs() >= 11.0;
            assert!(apart, "{what}: “{}” touches “{}”", one.content, other.content);
        }
    }
}

fn random_histogram(numbers: &mut Numbers) -> HistogramMarks {
    let bins = 1 + (numbers.share() * 40.0) as usize;
    let (start, step) = (numbers.any(), numbers.any().abs().max(1e-12));
    HistogramMarks {
        x: Axis::default(),
        y: Axis::new("rows", AxisKind::Count),
        edges: (0..=bins).map(|bin| start + bin as f64 * step).collect(),
        counts: (0..bins).map(|_| numbers.any().abs() as u64).collect(),
        marker: Some(Marker { value: start + step * 0.7, label: "median 12.3".to_owned() }),
    }
}

#[test]
fn labels_of_histograms_never_touch_nor_leave_the_picture() {
    let mut numbers = Numbers(1);
    for round in 0..600 {
        let marks = random_histogram(&mut numbers);
        let frame = Frame { width: 240.0 + numbers.share() * 700.0, ..Frame::default() };
        assert_readable(&layout(&chart(Marks::Histogram(marks)), frame), &format!("{round}"));
    }
}

#[test]
fn labels_of_lines_never_touch_nor_leave_the_picture() {
    let mut numbers = Numbers(2);
    for round in 0..600 {
        let kind = [AxisKind::Time, AxisKind::Number, AxisKind::Count][round % 3];
        let (start, step) = (numbers.share() * 2e9, 10_f64.powf(numbers.share() * 9.0 - 2.0));
        let many = (numbers.share() * 60.0) as usize;
        let size = numbers.any();
        let point = |at: usize, y: f64| Point { x: start + at as f64 * step, y };
        let points = (0..many).map(|at| point(at, size * (1.0 + numbers.share()))).collect();
        let y = Axis::new("records per second", AxisKind::Number);
        let marks = LineMarks::one(Axis::new("", kind), y, points);
        let frame = Frame { width: 320.0 + numbers.share() * 600.0, ..Frame::default() };
        assert_readable(&layout(&chart(Marks::Line(marks)), frame), &format!("{round}"));
    }
}

#[test]
fn several_lines_have_names_that_never_touch_and_looks_of_their_own() {
    let mut numbers = Numbers(4);
    for round in 0..300 {
        let size = numbers.any().abs();
        let lines = ["near", "redis", "a long name of a store", "miss"].map(|name| {
            let y = size * numbers.share();
            let points = (0..40).map(|at| Point { x: f64::from(at), y: y * (1.0 + f64::from(at)) });
            Series { name: name.to_owned(), points: points.collect() }
        });
        let y = Axis::new("reads a second", AxisKind::Number);
        let marks = LineMarks { x: Axis::new("", AxisKind::Time), y, lines: lines.to_vec() };
        let frame = Frame { width: 320.0 + numbers.share() * 600.0, ..Frame::default() };
        let scene = layout(&chart(Marks::Line(marks)), frame);
        assert_readable(&scene, &format!("{round}"));
        let strokes = scene.shapes.iter().filter_map(|shape| match shape {
            Shape::Polyline { stroke, .. } => Some((stroke.paint as u8, stroke.dashed)),
            _ => None,
        });
        let strokes: std::collections::BTreeSet<_> = strokes.collect();
        assert_eq!(strokes.len(), 4, "{round}: told apart without reading the names");
    }
}

#[test]
fn noise_fills_no_height_and_a_share_is_one_of_a_hundred() {
    let height = |values: [f64; 2], kind| {
        let points = (0..100).map(|at| Point { x: f64::from(at), y: values[at as usize % 2] });
        let marks = LineMarks::one(Axis::default(), Axis::new("", kind), points.collect());
        let scene = layout(&chart(Marks::Line(marks)), Frame::default());
        let ys = scene.shapes.iter().filter_map(|shape| match shape {
            Shape::Polyline { points, .. } => Some(points.iter().map(|(_, y)| *y)),
            _ => None,
        });
        let ys: Vec<f64> = ys.flatten().collect();
        let highest = ys.iter().copied().fold(f64::INFINITY, f64::min);
        ys.iter().copied().fold(f64::NEG_INFINITY, f64::max) - highest
    };
    assert!(height([1000.0, 1004.0], AxisKind::Number) < 20.0);
    assert!(height([-1004.0, -1000.0], AxisKind::Number) < 20.0);
    assert!(height([1000.0, 1900.0], AxisKind::Number) > 100.0);
    assert!(height([98.0, 99.0], AxisKind::Percent) < 5.0);
}

#[test]
fn labels_of_bars_never_touch_nor_leave_the_picture() {
    let mut numbers = Numbers(3);
    for round in 0..300 {
        let letter = |numbers: &mut Numbers| char::from(b'a' + (numbers.share() * 26.0) as u8);
        let bars = (0..(numbers.share() * 14.0) as usize)
            .map(|_| {
                let length = (numbers.share() * 60.0) as usize;
                let label = (0..length).map(|_| letter(&mut numbers)).collect();
                let value = numbers.any();
                Bar { label, value, note: format!("{value:.0} (12 %)") }
            })
            .collect();
        let frame = Frame { width: 240.0 + numbers.share() * 600.0, ..Frame::default() };
        let scene = layout(&chart(Marks::Bars(BarMarks { bars })), frame);
        assert_readable(&scene, &format!("{round}"));
    }
}

#[test]
fn odd_frames_and_values_do_no_harm() {
    let odd = [0.0, -1.0, 1e-9, f64::NAN, f64::INFINITY, 1e12];
    let marks = [
        Marks::Histogram(HistogramMarks {
            edges: vec![0.0, f64::NAN, 1.0],
            counts: vec![1, 2],
            ..HistogramMarks::default()
        }),
        Marks::Line(LineMarks::one(
            Axis::default(),
            Axis::new("", AxisKind::Percent),
            odd.map(|value| Point { x: value, y: value }).to_vec(),
        )),
        Marks::Sparkline(SparklineMarks::Line(odd.to_vec())),
        Marks::Sparkline(SparklineMarks::Bars(odd.to_vec())),
        Marks::Sparkline(SparklineMarks::Bars(Vec::new())),
    ];
    for marks in marks {
        for width in odd {
            for height in odd {
                let scene = layout(&chart(marks.clone()), Frame { width, height, heading: true });
                assert!(scene.width.is_finite() && scene.height.is_finite());
                assert!(scene.height > 0.0);
            }
        }
    }
}

#[test]
fn a_spike_is_as_high_in_the_picture_as_in_the_data() {
    let mut points: Vec<Point> =
        (0..100_000).map(|at| Point { x: f64::from(at), y: 1.0 }).collect();
    points[54_321].y = 100.0;
    let marks = LineMarks::one(Axis::default(), Axis::default(), points);
    let scene = layout(&chart(Marks::Line(marks)), Frame::default());
    let top = scene.shapes.iter().find_map(|shape| match shape {
        Shape::Polyline { points, .. } => points.iter().map(|(_, y)| *y).reduce(f64::min),
        _ => None,
    });
    let gridline = scene.shapes.iter().find_map(|shape| match shape {
        Shape::Text(label) if label.content == "100" => Some(label.y - 4.0),
        _ => None,
    });
    assert_eq!(top, gridline);
}

#[test]
fn names_with_the_same_beginning_stay_apart() {
    let name = |at: usize| format!("a category with a long beginning and number {at}");
    let bars = (0..5).map(|at| Bar { label: name(at), value: 1.0, note: String::new() }).collect();
    let frame = Frame { width: 320.0, ..Frame::default() };
    let scene = layout(&chart(Marks::Bars(BarMarks { bars })), frame);
    let mut seen = String::new();
    for label in texts(&scene).into_iter().filter(|label| label.content.contains('…')) {
        assert!(!seen.contains(&label.content), "{}", label.content);
        writeln!(seen, "{}", label.content).unwrap();
    }
    assert_eq!(seen.lines().count(), 5);
}
