//! `line`: how a figure goes over time, or one field over another.

use crate::charts::number::{count, number};
use crate::charts::time::duration;
use crate::charts::{Axis, AxisKind, Chart, LineMarks, Marks, Point};
use crate::core::kind::{About, PanelKind};
use crate::core::options::{Opt, Options, Shape};
use crate::core::panel::{Cell, Drawn, Figure, Form, Frame, Given, Panel, Sheet, Want};
use crate::core::text::capital;
use crate::core::time::rfc3339;
use serde_json::json;

pub(super) static KIND: PanelKind = PanelKind {
    about: About {
        name: "line",
        summary: "Shows how a figure goes over time, or a field over another one.",
        details: "\
Without `x` it follows one figure of all records, looked at each second since the view began, at most 15 minutes. \
With `x`, a field with numbers or times, each record is a point. Spikes stay, however many points there are.",
        options: &[
            Opt::optional("field", Shape::Text, "The field with the numbers."),
            Opt::with_default(
                "show",
                Shape::Choice(&Figure::WORDS),
                "average",
                "Which figure of the field is followed; without a field it is the count of records.",
            ),
            Opt::optional("x", Shape::Text, "The field that says where each record stands."),
        ],
        main: Some("field"),
        example: "line: { field: age, show: average }",
    },
    build,
};

fn build(options: &Options) -> Box<dyn Panel> {
    let field = options.text_if("field").map(str::to_owned);
    let show = Figure::parse(options.text("show")).unwrap_or(Figure::Average);
    let x = options.text_if("x").map(str::to_owned);
    Box::new(Line { show: if field.is_none() { Figure::Count } else { show }, field, x })
}

struct Line {
    field: Option<String>,
    show: Figure,
    x: Option<String>,
}

impl Panel for Line {
    fn want(&self) -> Want {
        match (&self.x, &self.field) {
            (Some(x), Some(y)) => Want::Points { x: x.clone(), y: y.clone() },
            _ => Want::History { figure: self.show, field: self.field.clone() },
        }
    }

    fn name(&self, records: &str) -> String {
        match (&self.x, &self.field) {
            (Some(x), Some(y)) => format!("{} by {x}", capital(y)),
            _ => format!("{} over time", self.show.name(self.field.as_deref(), records)),
        }
    }

    fn form(&self) -> Form {
        Form::Chart
    }

    fn draw(&self, frame: &Frame, given: &Given) -> Drawn {
        let (points, is_time) = match given {
            Given::Points { points, is_time } => (*points, *is_time),
            _ => (&[][..], true),
        };
        let known: Vec<&Point> = points.iter().filter(|point| point.y.is_finite()).collect();
        let name = self.name(frame.records);
        let data = json!({
            "line": name,
            "points": known.iter().map(|point| (point.x, point.y)).collect::<Vec<_>>(),
        });
        let (Some(first), Some(last)) = (known.first(), known.last()) else {
            return Drawn::nothing(self.nothing(frame), data);
        };
        let x_name = self.x.as_deref().map_or_else(|| "Time".to_owned(), capital);
        let y_name = self.y_name(frame.records);
        let summary = describe(&name, &known, (first, last), is_time);
        let at = |x: f64| {
            if is_time { Cell::text(&rfc3339((x * 1000.0) as i64)) } else { Cell::Number(x) }
        };
        let rows =
            known.iter().rev().map(|point| vec![at(point.x), Cell::Number(point.y)]).collect();
        let kind = if is_time { AxisKind::Time } else { AxisKind::Number };
        let is_count = self.show == Figure::Count && self.x.is_none();
        let y_kind = if is_count { AxisKind::Count } else { AxisKind::Number };
        let x_label = if is_time { String::new() } else { x_name.clone() };
        let chart = Chart {
            title: name,
            subtitle: String::new(),
            description: summary.clone(),
            marks: Marks::Line(LineMarks {
                x: Axis::new(&x_label, kind),
                y: Axis::new(&y_name, y_kind),
                points: points.to_vec(),
            }),
        };
        Drawn {
            summary,
            chart: Some(chart),
            figures: Vec::new(),
            sheet: Sheet { head: vec![x_name, y_name], rows },
            data,
        }
    }
}

impl Line {
    fn y_name(&self, records: &str) -> String {
        match (&self.x, &self.field) {
            (Some(_), Some(y)) => capital(y),
            _ => self.show.name(self.field.as_deref(), records),
        }
    }

    fn nothing(&self, frame: &Frame) -> String {
        let (total, records) = (count(frame.count), frame.records);
        match (&self.x, &self.field) {
            (Some(x), Some(y)) => {
                format!("None of the {total} {records} has both {x} and a number in {y}.")
            }
            (_, Some(y)) if self.show == Figure::Last => {
                format!("None of the latest {records} had a number in {y} so far.")
            }
            (_, Some(y)) => format!("None of the {total} {records} has a number in {y} so far."),
            _ => "Nothing was seen so far.".to_owned(),
        }
    }
}

/// `Average age over time: 900 points over 15 minutes, now 48.2, between 47 and 49.1.`
fn describe(
    name: &str,
    known: &[&Point],
    (first, last): (&Point, &Point),
    is_time: bool,
) -> String {
    let least = known.iter().map(|point| point.y).fold(f64::INFINITY, f64::min);
    let largest = known.iter().map(|point| point.y).fold(f64::NEG_INFINITY, f64::max);
    let ending = if known.len() == 1 { "" } else { "s" };
    let over = match is_time {
        true if last.x > first.x => format!(" over {}", duration(last.x - first.x)),
        true => String::new(),
        false => format!(", {} to {}", number(first.x), number(last.x)),
    };
    let points = count(known.len() as u64);
    let range = if least < largest {
        format!(", between {} and {}", number(least), number(largest))
    } else {
        String::new()
    };
    format!("{name}: {points} point{ending}{over}, at last {}{range}.", number(last.y))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Frame = Frame { records: "users", count: 3 };

    fn draw(panel: &Line, points: &[(f64, f64)], is_time: bool) -> Drawn {
        let points: Vec<Point> = points.iter().map(|(x, y)| Point { x: *x, y: *y }).collect();
        panel.draw(&FRAME, &Given::Points { points: &points, is_time })
    }

    #[test]
    fn a_figure_over_time_is_told_in_a_sentence() {
        let panel = Line { field: Some("age".into()), show: Figure::Average, x: None };
        let drawn = draw(&panel, &[(0.0, 47.0), (60.0, f64::NAN), (120.0, 49.5)], true);
        let sentence =
            "Average age over time: 2 points over 2 minutes, at last 49.5, between 47 and 49.5.";
        assert_eq!(drawn.summary, sentence);
        let newest = vec![Cell::text("1970-01-01T00:02:00.000Z"), Cell::Number(49.5)];
        assert_eq!(drawn.sheet.rows[0], newest);
        let empty = draw(&panel, &[(0.0, f64::NAN)], true);
        assert_eq!(empty.summary, "None of the 3 users has a number in age so far.");
        let panel = Line { show: Figure::Last, ..panel };
        let empty = draw(&panel, &[], true);
        assert_eq!(empty.summary, "None of the latest users had a number in age so far.");
    }

    #[test]
    fn a_field_over_another_one_has_its_name_on_the_axis() {
        let panel = Line { field: Some("rows".into()), show: Figure::Average, x: Some("n".into()) };
        let drawn = draw(&panel, &[(1.0, 5.0)], false);
        assert_eq!(drawn.summary, "Rows by n: 1 point, 1 to 1, at last 5.");
        let Some(Chart { marks: Marks::Line(marks), .. }) = drawn.chart else { panic!() };
        assert_eq!((&*marks.x.label, &*marks.y.label), ("N", "Rows"));
    }
}
