//! `statistics`: how many, the average, the least and the largest.

use crate::charts::number::{count, number};
use crate::core::kind::{About, PanelKind};
use crate::core::options::{Opt, Options, Shape};
use crate::core::panel::{Drawn, Frame, Panel};
use maud::html;
use serde_json::json;

pub(super) static KIND: PanelKind = PanelKind {
    about: About {
        name: "statistics",
        summary: "Shows how many records there are, and the average, least and largest number of a field.",
        details: "\
The average has one decimal, as Python's `:.1f` writes it. Of a field `age` the least and the largest are called \
youngest and oldest.",
        options: &[Opt::required("field", Shape::Text, "The field with the numbers.")],
        main: Some("field"),
        example: "statistics: { field: age }",
    },
    build,
};

fn build(options: &Options) -> Box<dyn Panel> {
    Box::new(Statistics { field: options.text("field").to_owned() })
}

struct Statistics {
    field: String,
}

impl Panel for Statistics {
    fn field(&self) -> &str {
        &self.field
    }

    fn draw(&self, frame: &Frame, numbers: &[f64]) -> Drawn {
        let figures = figures(numbers);
        let (least, largest) = self.ends();
        let markup = html! {
            h2 { "Statistics:" }
            dl.totals id={ (frame.id) "-figures" } data-live {
                (figure(&format!("Total {}", frame.records), &count(numbers.len() as u64)))
                @if let Some(figures) = &figures {
                    (figure(&format!("Average {}", self.field), &format!("{:.1}", figures.mean)))
                    (figure(&least, &number(figures.least)))
                    (figure(&largest, &number(figures.largest)))
                }
            }
        };
        let data = match figures {
            Some(Figures { mean, least, largest }) => json!({
                "statistics": self.field, "count": numbers.len(), "mean": mean, "min": least,
                "max": largest,
            }),
            None => json!({ "statistics": self.field, "count": 0 }),
        };
        Drawn { markup: markup.into_string(), svg: None, data }
    }
}

impl Statistics {
    fn ends(&self) -> (String, String) {
        match self.field.as_str() {
            "age" => ("Youngest".to_owned(), "Oldest".to_owned()),
            field => (format!("Least {field}"), format!("Largest {field}")),
        }
    }
}

fn figure(name: &str, value: &str) -> maud::Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

struct Figures {
    mean: f64,
    least: f64,
    largest: f64,
}

fn figures(numbers: &[f64]) -> Option<Figures> {
    let first = *numbers.first()?;
    let fold = |choose: fn(f64, f64) -> f64| numbers.iter().copied().fold(first, choose);
    let mean = sum(numbers) / numbers.len() as f64;
    Some(Figures { mean, least: fold(f64::min), largest: fold(f64::max) })
}

/// Like Python's `sum`: what rounding loses is added up beside it (Neumaier), so that the order does not matter.
fn sum(numbers: &[f64]) -> f64 {
    let (mut sum, mut lost) = (0.0_f64, 0.0_f64);
    for number in numbers {
        let next = sum + number;
        lost +=
            if sum.abs() >= number.abs() { (sum - next) + number } else { (number - next) + sum };
        sum = next;
    }
    if lost.is_finite() { sum + lost } else { sum }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn average(numbers: &[f64]) -> String {
        format!("{:.1}", figures(numbers).unwrap().mean)
    }

    #[test]
    fn the_average_is_written_as_python_writes_it() {
        // f"{sum(ages) / len(ages):.1f}" of Python 3.13: ties that are exact in binary go to the even digit.
        for (numbers, expected) in [
            (&[30.0, 31.0][..], "30.5"),
            (&[18.0, 18.0, 18.0, 19.0], "18.2"),
            (&[18.0, 19.0, 19.0, 19.0], "18.8"),
            (&[20.0, 20.0, 21.0], "20.3"),
            (&[0.05], "0.1"),
            (&[0.15], "0.1"),
            (&[0.25], "0.2"),
            (&[0.35], "0.3"),
            (&[-0.25], "-0.2"),
            (&[1e16, 1.0, -1e16], "0.3"),
        ] {
            assert_eq!(average(numbers), expected, "{numbers:?}");
        }
    }

    #[test]
    fn names_the_ends_of_an_age_as_people_do() {
        let frame = Frame { id: "panel-2", records: "users" };
        let drawn = Statistics { field: "age".into() }.draw(&frame, &[18.0, 80.0, 43.0]);
        for (name, value) in
            [("Total users", "3"), ("Average age", "47.0"), ("Youngest", "18"), ("Oldest", "80")]
        {
            let figure = format!("<dt>{name}</dt><dd>{value}</dd>");
            assert!(drawn.markup.contains(&figure), "{figure} in {}", drawn.markup);
        }
        let of_weight = Statistics { field: "weight".into() }.draw(&frame, &[1.5]);
        assert!(of_weight.markup.contains("<dt>Least weight</dt><dd>1.5</dd>"));
    }

    #[test]
    fn nothing_has_a_total_and_no_average() {
        let frame = Frame { id: "panel-2", records: "users" };
        let drawn = Statistics { field: "age".into() }.draw(&frame, &[]);
        assert!(drawn.markup.contains("<dd>0</dd>") && !drawn.markup.contains("Average"));
    }
}
