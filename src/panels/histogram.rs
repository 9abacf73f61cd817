//! `histogram`: how the numbers of a field are spread, as bars and as a table.

use crate::charts::number::{count, number};
use crate::charts::{
    Axis, AxisKind, Chart, Frame as Room, HistogramMarks, Marks, Placement, SvgOptions, Theme,
    layout, svg,
};
use crate::core::kind::{About, PanelKind};
use crate::core::options::{Opt, Options, Shape};
use crate::core::panel::{Drawn, Frame, Panel};
use maud::{PreEscaped, html};
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

/// A page shows the one that fits its width; a scaled chart would have text that is too small or too large.
const ROOMS: [(&str, f64, f64); 3] =
    [("broad", 960.0, 400.0), ("middle", 600.0, 320.0), ("narrow", 300.0, 260.0)];

impl Panel for Histogram {
    fn field(&self) -> &str {
        &self.field
    }

    fn draw(&self, frame: &Frame, numbers: &[f64]) -> Drawn {
        let Bins { edges, counts } = bins(numbers, self.bins);
        let data = json!({ "histogram": self.field, "edges": edges, "counts": counts });
        let chart = self.chart(frame, &edges, &counts);
        let picture = |name: &str, width, height, placement| {
            let room = Room { width, height, heading: placement == Placement::File };
            let name = format!("{}-{name}", frame.id);
            svg(&layout(&chart, room), &SvgOptions { name, placement, theme: Theme::Automatic })
        };
        let (_, width, height) = ROOMS[0];
        let markup = html! {
            h2 { "Distribution of " (self.field) }
            figure id={ (frame.id) "-chart" } data-live {
                @for (name, width, height) in ROOMS {
                    div class=(name) { (PreEscaped(picture(name, width, height, Placement::Page))) }
                }
            }
            details {
                summary { "As a table" }
                table id={ (frame.id) "-table" } data-live {
                    thead { tr {
                        th scope="col" { (capital(&self.field)) }
                        th.n scope="col" { (number_of(frame.records)) }
                    } }
                    tbody {
                        @for (range, counted) in ranges(&edges).zip(&counts) {
                            tr { th scope="row" { (range) } td.n { (count(*counted)) } }
                        }
                    }
                }
            }
        };
        let file = picture("file", width, height, Placement::File);
        Drawn { markup: markup.into_string(), svg: Some(file), data }
    }
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

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
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
        "{field} of {} {records}, {} to {}, in {} bins; the fullest holds {}, {range}.",
        count(total),
        number(*low),
        number(*high),
        counts.len(),
        count(most)
    )
}

/// What a bin holds: its left edge belongs to it, its right edge to the next one.
fn ranges(edges: &[f64]) -> impl Iterator<Item = String> {
    let last = edges.len().saturating_sub(2);
    edges.windows(2).enumerate().map(move |(index, pair)| {
        let word = if index == last { "to" } else { "to below" };
        format!("{} {word} {}", number(pair[0]), number(pair[1]))
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
        let frame = Frame { id: "panel-1", records: "users" };
        Histogram { field: "age".into(), bins: 10 }.draw(&frame, numbers)
    }

    #[test]
    fn the_picture_has_its_axes_a_description_and_a_table() {
        let drawn = drawn(&[18.0, 18.5, 80.0]);
        for part in [
            ">Age</text>",
            ">Number of Users</text>",
            "age of 3 users, 18 to 80, in 10 bins; the fullest holds 2, 18 to below 24.2.",
            "<th scope=\"row\">73.8 to 80</th><td class=\"n\">1</td>",
            "id=\"panel-1-chart\" data-live",
            "id=\"panel-1-table\" data-live",
        ] {
            assert!(drawn.markup.contains(part), "{part} in {}", drawn.markup);
        }
        assert!(!drawn.markup.contains("style="), "a strict policy allows no style in the markup");
        assert_eq!(drawn.data["counts"][0], 2);
        roxmltree::Document::parse(&drawn.svg.unwrap()).unwrap();
    }

    #[test]
    fn a_field_with_a_hostile_name_stays_text() {
        let frame = Frame { id: "panel-1", records: "<b>" };
        let field = "<script>alert(1)</script>".to_owned();
        let drawn = Histogram { field, bins: 2 }.draw(&frame, &[1.0, 2.0]);
        assert!(!drawn.markup.contains("<script") && !drawn.markup.contains("<b>"));
    }
}
