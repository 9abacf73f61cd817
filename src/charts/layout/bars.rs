//! Horizontal bars: names on the left, the number at each bar's end, no axis needed.

use crate::charts::font::text_width;
use crate::charts::scene::{Anchor, Bounds, Label, Paint, Shape, Stroke, Weight};
use crate::charts::text::{clean, shorten, shorten_middle};
use crate::core::chart::{Bar, BarMarks};

use super::compose::{draw_empty, note};

const SIZE: f64 = 13.0;
const NOTE_SIZE: f64 = 12.0;
const TALLEST_ROW: f64 = 30.0;
const LOWEST_ROW: f64 = 20.0;
/// Names take at most this share of the width.
const NAMES_SHARE: f64 = 0.42;

pub(super) fn draw(marks: &BarMarks, place: &Bounds, shapes: &mut Vec<Shape>) -> f64 {
    let fitting = ((place.height / LOWEST_ROW) as usize).max(1);
    let shown = marks.bars.get(..fitting).unwrap_or(&marks.bars);
    if shown.is_empty() {
        return draw_empty(place, shapes);
    }
    let row = (place.height / shown.len() as f64).clamp(LOWEST_ROW, TALLEST_ROW);
    let names_room = place.width * NAMES_SHARE;
    let names = names(shown, names_room);
    let notes_room = place.width * 0.3;
    let notes: Vec<String> = shown
        .iter()
        .map(|bar| shorten(&clean(&bar.note), notes_room, NOTE_SIZE, Weight::Regular))
        .collect();
    let from = place.x + widest(&names, SIZE) + 10.0;
    let room = (place.x + place.width - from - widest(&notes, NOTE_SIZE) - 8.0).max(4.0);
    let most = shown.iter().map(|bar| bar.value).filter(|value| value.is_finite());
    let most = most.fold(f64::MIN_POSITIVE, f64::max);
    for (place_of_row, bar) in shown.iter().enumerate() {
        let top = place.y + place_of_row as f64 * row;
        let share = if bar.value.is_finite() { (bar.value / most).clamp(0.0, 1.0) } else { 0.0 };
        let length = if share > 0.0 { (share * room).max(1.0) } else { 0.0 };
        let bounds = Bounds { x: from, y: top + row * 0.16, width: length, height: row * 0.68 };
        if length > 0.0 {
            let hint = format!("{}: {}", clean(&bar.label), clean(&bar.note));
            shapes.push(Shape::Rect { bounds, paint: Paint::Accent, hint });
        }
        let baseline = top + row / 2.0 + 4.5;
        shapes.push(name(place.x, baseline, names.get(place_of_row)));
        let text = notes.get(place_of_row).cloned().unwrap_or_default();
        shapes.push(note(from + length + 7.0, baseline, Anchor::Start, text));
    }
    let height = row * shown.len() as f64;
    shapes.push(Shape::Line {
        from: (from - 0.5, place.y),
        to: (from - 0.5, place.y + height),
        stroke: Stroke::solid(Paint::Axis, 1.0),
    });
    height
}

/// The bars' names, shortened to the room. Names that would look alike lose their middle instead.
fn names(bars: &[Bar], room: f64) -> Vec<String> {
    let short = |bar: &Bar| shorten(&visible(&bar.label), room, SIZE, Weight::Regular);
    let names: Vec<String> = bars.iter().map(short).collect();
    let alike = |name: &String| names.iter().filter(|other| *other == name).count() > 1;
    let named = bars.iter().zip(&names);
    named
        .map(|(bar, name)| {
            if !alike(name) {
                return name.clone();
            }
            shorten_middle(&visible(&bar.label), room, SIZE, Weight::Regular)
        })
        .collect()
}

fn widest(texts: &[String], size: f64) -> f64 {
    texts.iter().map(|text| text_width(text, size, Weight::Regular)).fold(0.0, f64::max)
}

/// A value of nothing but spaces would look like a missing name.
fn visible(label: &str) -> String {
    let label = clean(label);
    if label.trim().is_empty() { "(blank)".to_owned() } else { label }
}

fn name(x: f64, y: f64, content: Option<&String>) -> Shape {
    Shape::Text(Label {
        x,
        y,
        anchor: Anchor::Start,
        size: SIZE,
        weight: Weight::Regular,
        paint: Paint::Ink,
        content: content.cloned().unwrap_or_default(),
    })
}
