//! `line`: how a figure goes over time, or one field over another.

use crate::charts::number::{counted, number};
use crate::charts::time::duration;
use crate::charts::{Axis, AxisKind, Chart, LineMarks, Marks, Point, Series};
use crate::core::kind::{About, PanelKind};
use crate::core::options::{Opt, Options, Shape};
use crate::core::panel::{Cell, Drawn, Figure, Form, Frame, Given, Panel, Sheet, Want};
use crate::core::text::{capital, listed};
use crate::core::time::rfc3339;
use serde_json::{Map, Value, json};

pub(super) static KIND: PanelKind = PanelKind {
    about: About {
        name: "line",
        summary: "Shows how a figure goes over time, or a field over another one.",
        details: "\
Without `x` it follows one figure of all records, looked at each second since the view began, at most 15 minutes. \
With `x`, a field with numbers or times, each record is a point. Spikes stay, however many points there are. Several \
`fields` are several lines, with their names at their ends.",
        options: &[
            Opt::optional("field", Shape::Text, "The field with the numbers."),
            Opt::optional("fields", Shape::Names, "Several fields, each a line of its own."),
            Opt::with_default(
                "show",
                Shape::Choice(&Figure::WORDS),
                "average",
                "Which figure of the field is followed; without a field it is the count of records.",
            ),
            Opt::optional("x", Shape::Text, "The field that says where each record stands."),
            Opt::optional(
                "unit",
                Shape::Text,
                "What is measured; of `%` the axis goes from 0 to 100.",
            ),
            Opt::optional("title", Shape::Text, "What stands above it."),
        ],
        main: Some("field"),
        example: "line: { field: age, show: average }",
    },
    build,
};

fn build(options: &Options) -> Box<dyn Panel> {
    let named = options.text_if("field").map(str::to_owned).into_iter();
    let fields: Vec<String> = named.chain(options.names("fields").iter().cloned()).collect();
    let show = Figure::parse(options.text("show")).unwrap_or(Figure::Average);
    let text = |name: &str| options.text_if(name).map(str::to_owned);
    Box::new(Line {
        show: if fields.is_empty() { Figure::Count } else { show },
        fields,
        x: text("x"),
        unit: text("unit"),
        title: text("title"),
    })
}

struct Line {
    fields: Vec<String>,
    show: Figure,
    x: Option<String>,
    unit: Option<String>,
    title: Option<String>,
}

impl Panel for Line {
    fn want(&self) -> Want {
        match &self.x {
            Some(x) if !self.fields.is_empty() => {
                Want::Points { x: x.clone(), y: self.fields.clone() }
            }
            _ => Want::History { figure: self.show, fields: self.fields.clone() },
        }
    }

    fn name(&self, records: &str) -> String {
        if let Some(title) = &self.title {
            return title.clone();
        }
        match (&self.x, self.fields.as_slice()) {
            (Some(x), [_, ..]) => format!("{} by {x}", capital(&listed(&self.fields))),
            (_, [] | [_]) => format!("{} over time", self.y_name(records)),
            (_, fields) => format!("{} over time", self.show.name(Some(&listed(fields)), records)),
        }
    }

    fn form(&self) -> Form {
        Form::Chart
    }

    fn draw(&self, frame: &Frame, given: &Given) -> Drawn {
        let (lines, is_time) = match given {
            Given::Points { lines, is_time } => (*lines, *is_time),
            _ => (&[][..], true),
        };
        let name = self.name(frame.records);
        let known: Vec<Known> = lines.iter().map(|line| Known::of(line)).collect();
        let data = self.data(&name, &known);
        if known.iter().all(|line| line.points.is_empty()) {
            return Drawn::nothing(self.nothing(frame), data);
        }
        let summary = self.describe(&name, &known, is_time);
        let x_name = self.x.as_deref().map_or_else(|| "Time".to_owned(), capital);
        let x_kind = if is_time { AxisKind::Time } else { AxisKind::Number };
        let x_label = if is_time { "" } else { x_name.as_str() };
        let series = lines.iter().enumerate().map(|(at, points)| Series {
            name: if lines.len() > 1 { self.field(at).to_owned() } else { String::new() },
            points: points.clone(),
        });
        let chart = Chart {
            title: name,
            subtitle: String::new(),
            description: summary.clone(),
            marks: Marks::Line(LineMarks {
                x: Axis::new(x_label, x_kind),
                y: Axis::new(&self.y_label(frame.records), self.y_kind()),
                lines: series.collect(),
            }),
        };
        let sheet = self.sheet(&x_name, frame.records, (&known, is_time));
        Drawn { summary, chart: Some(chart), figures: Vec::new(), sheet, data }
    }
}

/// The points of a line that have a number.
struct Known<'a> {
    points: Vec<&'a Point>,
}

impl<'a> Known<'a> {
    fn of(line: &'a [Point]) -> Self {
        Self { points: line.iter().filter(|point| point.y.is_finite()).collect() }
    }

    /// `at last 48.2, between 47 and 49.1`
    fn told(&self, unit: &str) -> String {
        let Some(last) = self.points.last() else { return "nothing is known".to_owned() };
        let values = || self.points.iter().map(|point| point.y);
        let least = values().fold(f64::INFINITY, f64::min);
        let largest = values().fold(f64::NEG_INFINITY, f64::max);
        let range = if least < largest {
            format!(", between {} and {}", number(least), number(largest))
        } else {
            String::new()
        };
        format!("at last {}{unit}{range}", number(last.y))
    }
}

impl Line {
    fn field(&self, at: usize) -> &str {
        self.fields.get(at).map_or("", String::as_str)
    }

    fn y_name(&self, records: &str) -> String {
        match (&self.x, self.fields.as_slice()) {
            (Some(_), [_, ..]) => capital(&listed(&self.fields)),
            (_, fields) => self.show.name(fields.first().map(String::as_str), records),
        }
    }

    /// What stands at the axis.
    fn y_label(&self, records: &str) -> String {
        match (&self.unit, self.fields.len()) {
            (Some(unit), 2..) => capital(unit),
            (Some(unit), _) => format!("{}, {unit}", self.y_name(records)),
            (None, 2..) => String::new(),
            (None, _) => self.y_name(records),
        }
    }

    fn y_kind(&self) -> AxisKind {
        match &self.unit {
            Some(unit) if unit == "%" => AxisKind::Percent,
            _ if self.show == Figure::Count && self.x.is_none() => AxisKind::Count,
            _ => AxisKind::Number,
        }
    }

    fn data(&self, name: &str, known: &[Known]) -> Value {
        let points = |line: &Known| {
            line.points.iter().map(|point| json!([point.x, point.y])).collect::<Value>()
        };
        match known {
            [] => json!({ "line": name, "points": [] }),
            [only] => json!({ "line": name, "points": points(only) }),
            lines => {
                let named = |(at, line)| (self.field(at).to_owned(), points(line));
                let lines: Map<String, Value> = lines.iter().enumerate().map(named).collect();
                json!({ "line": name, "lines": lines })
            }
        }
    }

    /// A row for each place on the axis, the newest first, with a column for each line.
    fn sheet(&self, x_name: &str, records: &str, (known, is_time): (&[Known], bool)) -> Sheet {
        let mut head = vec![x_name.to_owned()];
        match known {
            [_] => head.push(self.y_name(records)),
            lines => head.extend((0..lines.len()).map(|at| capital(self.field(at)))),
        }
        let all = known.iter().flat_map(|line| line.points.iter().map(|point| point.x));
        let mut places: Vec<f64> = all.collect();
        places.sort_by(f64::total_cmp);
        if known.len() > 1 {
            places.dedup();
        }
        let at = |x: f64| {
            if is_time { Cell::text(&rfc3339((x * 1000.0) as i64)) } else { Cell::Number(x) }
        };
        let mut rest: Vec<_> =
            known.iter().map(|line| line.points.iter().rev().peekable()).collect();
        let row = |x: &f64| {
            let cells = rest.iter_mut().map(|line| {
                let found = line.next_if(|point| point.x.total_cmp(x).is_ge());
                found.map_or(Cell::Empty, |point| Cell::Number(point.y))
            });
            std::iter::once(at(*x)).chain(cells.collect::<Vec<_>>()).collect()
        };
        Sheet { head, rows: places.iter().rev().map(row).collect() }
    }

    fn nothing(&self, frame: &Frame) -> String {
        let who = format!("None of the {}", counted(frame.count, frame.records));
        let (y, records) = (listed(&self.fields), frame.records);
        match (&self.x, self.fields.is_empty()) {
            (Some(x), false) => format!("{who} has both {x} and a number in {y}."),
            (_, false) if self.show == Figure::Last => {
                format!("None of the latest {records} had a number in {y} so far.")
            }
            (_, false) => format!("{who} has a number in {y} so far."),
            _ => "Nothing was seen so far.".to_owned(),
        }
    }

    /// `Average age over time: 900 points over 15 minutes, at last 48.2, between 47 and 49.1.`
    fn describe(&self, name: &str, known: &[Known], is_time: bool) -> String {
        let points = known.iter().map(|line| line.points.len()).max().unwrap_or(0) as u64;
        let all = || known.iter().flat_map(|line| line.points.iter().map(|point| point.x));
        let first = all().fold(f64::INFINITY, f64::min);
        let last = all().fold(f64::NEG_INFINITY, f64::max);
        let over = match is_time {
            true if last > first => format!(" over {}", duration(last - first)),
            true => String::new(),
            false => format!(", {} to {}", number(first), number(last)),
        };
        let points = counted(points, "points");
        let unit = self.unit.as_ref().map_or_else(String::new, |unit| format!(" {unit}"));
        if let [only] = known {
            return format!("{name}: {points}{over}, {}.", only.told(&unit));
        }
        let lines: Vec<String> = known
            .iter()
            .enumerate()
            .map(|(at, line)| format!("{} {}", self.field(at), line.told(&unit)))
            .collect();
        format!("{name}: {points}{over}; {}.", lines.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Frame = Frame { records: "users", count: 3 };

    fn draw(panel: &Line, points: &[(f64, f64)], is_time: bool) -> Drawn {
        let points: Vec<Point> = points.iter().map(|(x, y)| Point { x: *x, y: *y }).collect();
        panel.draw(&FRAME, &Given::Points { lines: &[points], is_time })
    }

    fn line(field: &str) -> Line {
        let (fields, show) = (vec![field.to_owned()], Figure::Average);
        Line { fields, show, x: None, unit: None, title: None }
    }

    #[test]
    fn a_figure_over_time_is_told_in_a_sentence() {
        let panel = line("age");
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
        let panel = Line { x: Some("n".into()), ..line("rows") };
        let drawn = draw(&panel, &[(1.0, 5.0)], false);
        assert_eq!(drawn.summary, "Rows by n: 1 point, 1 to 1, at last 5.");
        let Some(Chart { marks: Marks::Line(marks), .. }) = drawn.chart else { panic!() };
        assert_eq!((&*marks.x.label, &*marks.y.label), ("N", "Rows"));
    }

    #[test]
    fn several_fields_are_several_lines_with_their_names() {
        let fields = vec!["near".to_owned(), "store".to_owned()];
        let panel = Line {
            x: Some("time".into()),
            fields,
            unit: Some("reads a second".into()),
            title: Some("Where reads are answered".into()),
            ..line("")
        };
        let point = |x: f64, y: f64| Point { x, y };
        let lines = [vec![point(0.0, 9.0), point(60.0, 8.0)], vec![point(60.0, 1.0)]];
        let drawn = panel.draw(&FRAME, &Given::Points { lines: &lines, is_time: true });
        assert_eq!(
            drawn.summary,
            "Where reads are answered: 2 points over 1 minute; near at last 8 reads a second, between 8 and 9; \
             store at last 1 reads a second."
        );
        let Some(Chart { marks: Marks::Line(marks), .. }) = drawn.chart else { panic!() };
        let names: Vec<&str> = marks.lines.iter().map(|line| line.name.as_str()).collect();
        assert_eq!((names, &*marks.y.label), (vec!["near", "store"], "Reads a second"));
        assert_eq!(drawn.sheet.head, ["Time", "Near", "Store"]);
        assert_eq!(drawn.sheet.rows[0][1..], [Cell::Number(8.0), Cell::Number(1.0)]);
        assert_eq!(drawn.sheet.rows[1][1..], [Cell::Number(9.0), Cell::Empty]);
        assert_eq!(drawn.data["lines"]["store"], json!([[60.0, 1.0]]));
    }
}
