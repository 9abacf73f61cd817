//! `statistics`: how many, the average, the least and the largest.

use crate::charts::number::{count, number};
use crate::core::kind::{About, PanelKind};
use crate::core::options::{Opt, Options, Shape};
use crate::core::panel::{Cell, Drawn, Figure, Form, Frame, Given, Panel, Sheet, Want};
use crate::core::text::capital;
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
    fn want(&self) -> Want {
        Want::Numbers(self.field.clone())
    }

    fn name(&self, _: &str) -> String {
        "Statistics:".to_owned()
    }

    fn form(&self) -> Form {
        Form::Figures
    }

    fn draw(&self, frame: &Frame, given: &Given) -> Drawn {
        let numbers: &[f64] = if let Given::Numbers(numbers) = given { numbers } else { &[] };
        let total = numbers.len() as u64;
        let (least, largest) = self.ends();
        let mut figures = vec![(format!("Total {}", frame.records), count(total))];
        let mut data = json!({ "statistics": self.field, "count": total });
        let mut rows = vec![vec![Cell::text("count"), Cell::count(total)]];
        let of = |figure: Figure| figure.of(numbers);
        if let (Some(mean), Some(min), Some(max)) =
            (of(Figure::Average), of(Figure::Least), of(Figure::Largest))
        {
            figures.push((format!("Average {}", self.field), format!("{mean:.1}")));
            figures.push((least, number(min)));
            figures.push((largest, number(max)));
            for (name, value) in [("mean", mean), ("min", min), ("max", max)] {
                data[name] = value.into();
                rows.push(vec![Cell::text(name), Cell::Number(value)]);
            }
        }
        let told = figures.iter().map(|(name, value)| format!("{name}: {value}"));
        Drawn {
            summary: format!("{}.", told.collect::<Vec<_>>().join(", ")),
            chart: None,
            figures,
            sheet: Sheet { head: vec!["Figure".to_owned(), capital(&self.field)], rows },
            data,
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn average(numbers: &[f64]) -> String {
        format!("{:.1}", Figure::Average.of(numbers).unwrap())
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

    fn drawn(field: &str, numbers: &[f64]) -> Drawn {
        let frame = Frame { records: "users", count: 3 };
        Statistics { field: field.into() }.draw(&frame, &Given::Numbers(numbers))
    }

    #[test]
    fn names_the_ends_of_an_age_as_people_do() {
        let expected =
            [("Total users", "3"), ("Average age", "47.0"), ("Youngest", "18"), ("Oldest", "80")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(drawn("age", &[18.0, 80.0, 43.0]).figures, expected);
        let least = ("Least weight".to_owned(), "1.5".to_owned());
        assert_eq!(drawn("weight", &[1.5]).figures[2], least);
    }

    #[test]
    fn nothing_has_a_total_and_no_average() {
        let drawn = drawn("age", &[]);
        assert_eq!(drawn.figures, [("Total users".to_owned(), "0".to_owned())]);
        assert_eq!((drawn.summary.as_str(), drawn.sheet.rows.len()), ("Total users: 0.", 1));
    }
}
