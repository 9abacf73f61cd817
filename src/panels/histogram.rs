//! `histogram`: how the numbers of a field are spread, as bars and as a table.

use crate::charts::number::{count, counted, number_within};
use crate::charts::{Axis, AxisKind, Chart, HistogramMarks, Marks};
use crate::core::kind::{About, PanelKind};
use crate::core::options::{Opt, Options, Shape};
use crate::core::panel::{Cell, Drawn, Form, Frame, Given, Panel, Sheet, Want};
use crate::core::text::capital;
use serde_json::json;

pub(super) static KIND: PanelKind = PanelKind {
    about: About {
        name: "histogram",
        summary: "Shows how the numbers of a field are spread.",
        details: "\
The bins are equally wide between the least and the largest number, the last one holds its right edge, and a \
single value stands in the middle of a width of 1: what numpy and matplotlib draw. Records without a number there \
are left out.",
        options: &[
            Opt::required("field", Shape::Text, "The field with the numbers."),
            Opt::with_default("bins", Shape::Whole(1, 200), "10", "How many bars."),
        ],
        main: Some("field"),
        example: "histogram: { field: age, bins: 10 }",
    },
    build,
};

fn build(options: &Options) -> Box<dyn Panel> {
    Box::new(Histogram {
        field: options.text("field").to_owned(),
        bins: options.whole("bins") as usize,
    })
}

struct Histogram {
    field: String,
    bins: usize,
}

impl Panel for Histogram {
    fn want(&self) -> Want {
        Want::Numbers(self.field.clone())
    }

    fn name(&self, _: &str) -> String {
        format!("Distribution of {}", self.field)
    }

    fn form(&self) -> Form {
        Form::Chart
    }

    fn draw(&self, frame: &Frame, given: &Given) -> Drawn {
        let Given::Numbers(numbers) = given else { return no_numbers(frame, &self.field) };
        let Bins { edges, counts } = bins(numbers, self.bins);
        if counts.is_empty() {
            return no_numbers(frame, &self.field);
        }
        let chart = self.chart(frame, &edges, &counts);
        let head = ["from", "to below", frame.records].map(capital).to_vec();
        let row = |(pair, count): (&[f64], &u64)| {
            let edges = pair.iter().map(|edge| Cell::Number(*edge));
            edges.chain([Cell::count(*count)]).collect()
        };
        let rows = edges.windows(2).zip(&counts).map(row).collect();
        Drawn {
            summary: chart.description.clone(),
            data: json!({ "histogram": self.field, "edges": edges, "counts": counts }),
            chart: Some(chart),
            figures: Vec::new(),
            sheet: Sheet { head, rows },
        }
    }
}

/// Says so instead of drawing an empty picture.
fn no_numbers(frame: &Frame, field: &str) -> Drawn {
    let words =
        format!("None of the {} has a number in {field}.", counted(frame.count, frame.records));
    Drawn::nothing(words, json!({ "histogram": field, "edges": [], "counts": [] }))
}

impl Histogram {
    fn chart(&self, frame: &Frame, edges: &[f64], counts: &[u64]) -> Chart {
        Chart {
            title: format!("{} by {}", number_of(frame.records), self.field),
            subtitle: String::new(),
            description: describe(&self.field, frame.records, edges, counts),
            marks: Marks::Histogram(HistogramMarks {
                x: Axis::new(&capital(&self.field), AxisKind::Number),
                y: Axis::new(&number_of(frame.records), AxisKind::Count),
                edges: edges.to_vec(),
                counts: counts.to_vec(),
                marker: None,
            }),
        }
    }
}

fn number_of(records: &str) -> String {
    format!("Number of {}", capital(records))
}

/// `age of 1,234 users, 18 to 80, in 10 bins; the fullest holds 150, from 42.8 to 49`
fn describe(field: &str, records: &str, edges: &[f64], counts: &[u64]) -> String {
    let total: u64 = counts.iter().sum();
    let most = counts.iter().copied().max().unwrap_or(0);
    let (Some(low), Some(high), true) = (edges.first(), edges.last(), total > 0) else {
        return format!("There is no {field} to show.");
    };
    let fullest = counts.iter().position(|count| *count == most).unwrap_or(0);
    let range = ranges(edges).nth(fullest).unwrap_or_default();
    format!(
        "{field} of {}, {} to {}, in {} bins; the fullest holds {}, {range}.",
        counted(total, records),
        number_within(*low, high - low),
        number_within(*high, high - low),
        counts.len(),
        count(most)
    )
}

/// What a bin holds: its left edge belongs to it, its right edge to the next one.
fn ranges(edges: &[f64]) -> impl Iterator<Item = String> {
    let last = edges.len().saturating_sub(2);
    let span = edges.first().zip(edges.last()).map_or(0.0, |(low, high)| high - low);
    edges.windows(2).enumerate().map(move |(index, pair)| {
        let word = if index == last { "to" } else { "to below" };
        format!("{} {word} {}", number_within(pair[0], span), number_within(pair[1], span))
    })
}

#[derive(Debug, PartialEq)]
struct Bins {
    edges: Vec<f64>,
    counts: Vec<u64>,
}

/// What `numpy.histogram(numbers, count)` gives, to the last bit; nothing when there are no numbers.
fn bins(numbers: &[f64], count: usize) -> Bins {
    let mut counts = vec![0; count];
    let least = numbers.iter().copied().fold(f64::INFINITY, f64::min);
    let largest = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if least > largest {
        return Bins { edges: Vec::new(), counts: Vec::new() };
    }
    let (low, high) =
        if least == largest { (least - 0.5, largest + 0.5) } else { (least, largest) };
    let step = (high - low) / count as f64;
    let mut edges: Vec<f64> = (0..count).map(|index| index as f64 * step + low).collect();
    edges.push(high);
    for value in numbers {
        let mut bin = (((value - low) / (high - low) * count as f64) as usize).min(count - 1);
        // The division rounds; the edges decide.
        if *value < edges[bin] {
            bin -= 1;
        }
        if bin + 1 < count && *value >= edges[bin + 1] {
            bin += 1;
        }
        counts[bin] += 1;
    }
    Bins { edges, counts }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by numpy 2.4.6: `numpy.histogram(numbers, bins)`.
    const NUMPY: &str = include_str!("numpy.json");

    fn list<T: serde::de::DeserializeOwned>(case: &serde_json::Value, name: &str) -> T {
        serde_json::from_value(case[name].clone()).unwrap()
    }

    #[test]
    fn bins_are_those_of_numpy_to_the_last_bit() {
        let known: serde_json::Value = serde_json::from_str(NUMPY).unwrap();
        let cases = known["cases"].as_array().unwrap();
        assert!(cases.len() > 15);
        for case in cases {
            let (numbers, count): (Vec<f64>, usize) = (list(case, "numbers"), list(case, "bins"));
            let expected = Bins { edges: list(case, "edges"), counts: list(case, "counts") };
            assert_eq!(bins(&numbers, count), expected, "{numbers:?} in {count} bins");
        }
    }

    #[test]
    fn no_numbers_have_no_bins_and_the_extremes_do_not_panic() {
        assert_eq!(bins(&[], 10), Bins { edges: Vec::new(), counts: Vec::new() });
        for numbers in [[f64::MAX, f64::MIN], [f64::MAX, f64::MAX], [5e-324, 0.0], [1.0, 1e308]] {
            let total: u64 = bins(&numbers, 200).counts.iter().sum();
            assert_eq!(total, 2, "{numbers:?}");
        }
    }

    fn drawn(numbers: &[f64]) -> Drawn {
        let frame = Frame { records: "users", count: 3 };
        Histogram { field: "age".into(), bins: 10 }.draw(&frame, &Given::Numbers(numbers))
    }

    #[test]
    fn the_picture_has_its_axes_a_sentence_and_a_table() {
        let drawn = drawn(&[18.0, 18.5, 80.0]);
        let Some(Chart { marks: Marks::Histogram(marks), .. }) = &drawn.chart else { panic!() };
        assert_eq!((&*marks.x.label, &*marks.y.label), ("Age", "Number of Users"));
        assert_eq!(
            drawn.summary,
            "age of 3 users, 18 to 80, in 10 bins; the fullest holds 2, 18 to below 24.2."
        );
        assert_eq!(drawn.sheet.head, ["From", "To below", "Users"]);
        assert_eq!(drawn.sheet.rows[9], [73.800_000_000_000_01, 80.0, 1.0].map(Cell::Number));
        assert_eq!(drawn.data["counts"][0], 2);
    }

    #[test]
    fn a_field_without_numbers_is_said_to_have_none() {
        let drawn = drawn(&[]);
        assert_eq!(drawn.summary, "None of the 3 users has a number in age.");
        assert!(drawn.chart.is_none() && drawn.sheet.rows.is_empty());
    }
}
