//! What all charts share: size, background, heading, and the note that stands where nothing can be drawn.

use crate::charts::font::text_width;
use crate::charts::scene::{Anchor, Bounds, Label, Paint, Scene, Shape, Weight};
use crate::charts::text::{clean, shorten};
use crate::core::chart::{Chart, Marks};

use super::{bars, histogram, line, sparkline};

/// The room a chart is given. A chart that needs less height takes less.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frame {
    pub width: f64,
    pub height: f64,
    /// Whether the title and subtitle are drawn; a page that has a heading of its own leaves them out.
    pub heading: bool,
}

impl Default for Frame {
    fn default() -> Self {
        Self { width: 640.0, height: 360.0, heading: true }
    }
}

const SMALLEST: f64 = 8.0;
const LARGEST: f64 = 8000.0;
const TITLE_SIZE: f64 = 16.0;
pub(super) const TEXT_SIZE: f64 = 12.0;

/// Lays a chart out. The same chart and frame give the same scene, always.
pub fn layout(chart: &Chart, frame: Frame) -> Scene {
    let clamp = |size: f64| if size.is_finite() { size.clamp(SMALLEST, LARGEST) } else { 300.0 };
    let (width, height) = (clamp(frame.width), clamp(frame.height));
    let mut shapes = Vec::new();
    let place = if matches!(chart.marks, Marks::Sparkline(_)) {
        Bounds { x: 0.0, y: 0.0, width, height }
    } else {
        place_below_heading(chart, Frame { width, height, ..frame }, &mut shapes)
    };
    let used = match &chart.marks {
        Marks::Histogram(marks) => histogram::draw(marks, &place, &mut shapes),
        Marks::Bars(marks) => bars::draw(marks, &place, &mut shapes),
        Marks::Line(marks) => line::draw(marks, &place, &mut shapes),
        Marks::Sparkline(marks) => sparkline::draw(marks, &place, &mut shapes),
    };
    let height = (height - place.height + used).round();
    let bounds = Bounds { x: 0.0, y: 0.0, width, height };
    shapes.insert(0, Shape::Rect { bounds, paint: Paint::Background, hint: String::new() });
    Scene {
        width,
        height,
        title: clean(&chart.title),
        description: clean(&chart.description),
        shapes,
    }
}

/// Draws the heading and gives the place left for the marks.
fn place_below_heading(chart: &Chart, frame: Frame, shapes: &mut Vec<Shape>) -> Bounds {
    let margin = if frame.heading { 16.0 } else { 2.0 };
    let room = (frame.width - 2.0 * margin).max(1.0);
    let mut top = margin;
    if frame.heading {
        let title = shorten(&clean(&chart.title), room, TITLE_SIZE, Weight::SemiBold);
        let label = Label {
            x: margin,
            y: top + 14.0,
            anchor: Anchor::Start,
            size: TITLE_SIZE,
            weight: Weight::SemiBold,
            paint: Paint::Ink,
            content: title,
        };
        shapes.push(Shape::Text(label));
        top += 24.0;
        if !chart.subtitle.is_empty() {
            let subtitle = shorten(&clean(&chart.subtitle), room, TEXT_SIZE, Weight::Regular);
            shapes.push(note(margin, top + 11.0, Anchor::Start, subtitle));
            top += 20.0;
        }
        top += 8.0;
    }
    Bounds { x: margin, y: top, width: room, height: (frame.height - top - margin).max(SMALLEST) }
}

/// A line of quiet text.
pub(super) fn note(x: f64, y: f64, anchor: Anchor, content: String) -> Shape {
    Shape::Text(Label {
        x,
        y,
        anchor,
        size: TEXT_SIZE,
        weight: Weight::Regular,
        paint: Paint::Muted,
        content,
    })
}

/// Says in the middle of the place that there is nothing to draw; gives the height used.
pub(super) fn draw_empty(place: &Bounds, shapes: &mut Vec<Shape>) -> f64 {
    let height = place.height.min(96.0);
    let bounds = Bounds { height, ..*place };
    shapes.push(Shape::Rect { bounds, paint: Paint::AccentSoft, hint: String::new() });
    let text = shorten("No values to draw", place.width, TEXT_SIZE, Weight::Regular);
    let middle = (place.x + place.width / 2.0, place.y + height / 2.0 + 4.0);
    shapes.push(note(middle.0, middle.1, Anchor::Middle, text));
    height
}

/// A short text over the plot's left edge that names the vertical axis; gives its right end.
pub(super) fn draw_axis_name(
    name: &str,
    place: &Bounds,
    room: f64,
    shapes: &mut Vec<Shape>,
) -> f64 {
    if name.is_empty() {
        return place.x;
    }
    let text = shorten(&clean(name), room, TEXT_SIZE, Weight::Regular);
    let end = place.x + text_width(&text, TEXT_SIZE, Weight::Regular);
    shapes.push(note(place.x, place.y + 10.0, Anchor::Start, text));
    end
}
