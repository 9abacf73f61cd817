//! `bar`: the most frequent values of a field.

use crate::charts::number::{count, counted, percent, short_count};
use crate::charts::{Bar, BarMarks, Chart, Marks, clean};
use crate::core::kind::{About, PanelKind};
use crate::core::options::{Opt, Options, Shape};
use crate::core::panel::{Cell, Drawn, Form, Frame, Given, Panel, Sheet, ValueCounts, Want};
use crate::core::text::capital;
use serde_json::json;

pub(super) static KIND: PanelKind = PanelKind {
    about: About {
        name: "bar",
        summary: "Shows how often the most frequent values of a field occur.",
        details: "\
What is not among them is summed up in one more bar, so that all bars together are all records. Of a field with more \
than 10,000 different values those that came later are counted together.",
        options: &[
            Opt::required("field", Shape::Text, "The field with the values."),
            Opt::with_default("most", Shape::Whole(1, 50), "10", "How many values have a bar."),
        ],
        main: Some("field"),
        example: "bar: { field: name, most: 5 }",
    },
    build,
};

fn build(options: &Options) -> Box<dyn Panel> {
    Box::new(Bars { field: options.text("field").to_owned(), most: options.whole("most") as usize })
}

struct Bars {
    field: String,
    most: usize,
}

impl Panel for Bars {
    fn want(&self) -> Want {
        Want::Values(self.field.clone())
    }

    fn name(&self, records: &str) -> String {
        format!("{} by {}", capital(records), self.field)
    }

    fn form(&self) -> Form {
        Form::Chart
    }

    fn draw(&self, frame: &Frame, given: &Given) -> Drawn {
        let empty = ValueCounts::default();
        let values = if let Given::Values(values) = given { values } else { &empty };
        let shown = values.counts.get(..self.most).unwrap_or(&values.counts);
        let data = json!({
            "bar": self.field,
            "values": shown,
            "distinct": values.counts.len(),
            "others": rest(values, shown.len()),
            "empty": values.empty,
        });
        if shown.is_empty() {
            let all = counted(frame.count, frame.records);
            let words = format!("None of the {all} has a value in {}.", self.field);
            return Drawn::nothing(words, data);
        }
        let bars = bars(values, shown, frame.count);
        let summary = self.describe(frame, values);
        let head = vec![capital(&self.field), capital(frame.records)];
        let row = |(label, count): &(String, u64)| vec![Cell::text(label), Cell::count(*count)];
        let mut rows: Vec<Vec<Cell>> = shown.iter().map(row).collect();
        for (label, count) in others(values, shown.len()) {
            rows.push(vec![Cell::text(&label), Cell::count(count)]);
        }
        let chart = Chart {
            title: self.name(frame.records),
            subtitle: String::new(),
            description: summary.clone(),
            marks: Marks::Bars(BarMarks { bars }),
        };
        Drawn {
            summary,
            chart: Some(chart),
            figures: Vec::new(),
            sheet: Sheet { head, rows },
            data,
        }
    }
}

impl Bars {
    /// `name of 12 users, 4 different values; most often “Ada” (5).`
    fn describe(&self, frame: &Frame, values: &ValueCounts) -> String {
        let known = frame.count.saturating_sub(values.empty);
        let distinct = values.counts.len() as u64;
        let more = if values.others > 0 { "more than " } else { "" };
        let ending = if distinct == 1 { "" } else { "s" };
        let first = values.counts.first();
        let most = first.map_or(String::new(), |(value, times)| {
            format!("; most often “{}” ({})", clean(value), count(*times))
        });
        format!(
            "{} of {}, {more}{} different value{ending}{most}.",
            self.field,
            counted(known, frame.records),
            count(distinct)
        )
    }
}

fn rest(values: &ValueCounts, shown: usize) -> u64 {
    let unseen = values.counts.get(shown..).unwrap_or_default();
    unseen.iter().map(|(_, count)| count).sum::<u64>() + values.others
}

/// What has no bar of its own.
fn others(values: &ValueCounts, shown: usize) -> Vec<(String, u64)> {
    let unseen = values.counts.len().saturating_sub(shown);
    let rest = rest(values, shown);
    let label = match (unseen, values.others) {
        (_, 1..) => "all other values".to_owned(),
        (1, _) => "1 other value".to_owned(),
        _ => format!("{} other values", count(unseen as u64)),
    };
    let empty = ("no value".to_owned(), values.empty);
    [(label, rest), empty].into_iter().filter(|(_, count)| *count > 0).collect()
}

fn bars(values: &ValueCounts, shown: &[(String, u64)], total: u64) -> Vec<Bar> {
    let others = others(values, shown.len());
    let all = shown.iter().chain(&others);
    all.map(|(label, count)| Bar {
        label: label.clone(),
        value: *count as f64,
        note: format!("{} ({})", short_count(*count), percent(*count, total)),
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(values: &ValueCounts, count: u64) -> Drawn {
        let panel = Bars { field: "city".to_owned(), most: 10 };
        panel.draw(&Frame { records: "users", count }, &Given::Values(values))
    }

    #[test]
    fn two_hundred_categories_are_ten_bars_and_the_rest() {
        let counts = (0..200).map(|n| (format!("<b>{n}</b>"), 200 - n)).collect();
        let drawn = draw(&ValueCounts { counts, others: 0, empty: 7 }, 20_107);
        let Some(Chart { marks: Marks::Bars(marks), .. }) = &drawn.chart else { panic!() };
        assert_eq!(marks.bars.len(), 12);
        assert_eq!(marks.bars[10].label, "190 other values");
        let total: f64 = marks.bars.iter().map(|bar| bar.value).sum();
        assert_eq!(total, 20_107.0, "all bars together are all records");
        let sentence = "city of 20,100 users, 200 different values; most often “<b>0</b>” (200).";
        assert_eq!(drawn.summary, sentence);
        assert_eq!(drawn.data["others"], 18_145);
    }

    #[test]
    fn no_value_and_one_value_are_clear() {
        let none = draw(&ValueCounts { empty: 3, ..ValueCounts::default() }, 3);
        assert_eq!(none.summary, "None of the 3 users has a value in city.");
        let counts = vec![("Oslo".to_owned(), 1)];
        let one = draw(&ValueCounts { counts, ..ValueCounts::default() }, 1);
        assert_eq!(one.summary, "city of 1 user, 1 different value; most often “Oslo” (1).");
    }
}
