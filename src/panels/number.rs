//! `number`: one figure, large.

use crate::charts::number::{count, number};
use crate::core::kind::{About, PanelKind};
use crate::core::options::{Opt, Options, Shape};
use crate::core::panel::{Cell, Drawn, Figure, Form, Frame, Given, Panel, Sheet, Want};
use serde_json::json;

pub(super) static KIND: PanelKind = PanelKind {
    about: About {
        name: "number",
        summary: "Shows one figure: how many records there are, or the average, sum or an end of a field.",
        details: "Without a field it is the number of records.",
        options: &[
            Opt::optional("field", Shape::Text, "The field with the numbers."),
            Opt::with_default(
                "show",
                Shape::Choice(&Figure::WORDS),
                "count",
                "Which figure; `last` is the number of the record that came last.",
            ),
            Opt::optional("unit", Shape::Text, "What stands behind the figure."),
        ],
        main: Some("field"),
        example: "number: { field: age, show: average }",
    },
    build,
};

fn build(options: &Options) -> Box<dyn Panel> {
    Box::new(Number {
        field: options.text_if("field").map(str::to_owned),
        show: Figure::parse(options.text("show")).unwrap_or(Figure::Count),
        unit: options.text_if("unit").map(str::to_owned),
    })
}

struct Number {
    field: Option<String>,
    show: Figure,
    unit: Option<String>,
}

impl Panel for Number {
    fn want(&self) -> Want {
        match &self.field {
            None => Want::Nothing,
            Some(field) if self.show == Figure::Last => {
                Want::Latest { fields: vec![field.clone()], most: 1 }
            }
            Some(field) => Want::Numbers(field.clone()),
        }
    }

    fn name(&self, records: &str) -> String {
        self.show.name(self.field.as_deref(), records)
    }

    fn form(&self) -> Form {
        Form::Figures
    }

    fn draw(&self, frame: &Frame, given: &Given) -> Drawn {
        let value = match given {
            Given::Numbers(numbers) => self.show.of(numbers),
            Given::Latest(latest) => match latest.rows.first().and_then(|row| row.first()) {
                Some(Cell::Number(number)) => Some(*number),
                _ => None,
            },
            _ if self.field.is_none() => Some(frame.count as f64),
            _ => None,
        };
        let name = self.name(frame.records);
        let data = json!({ "number": name, "value": value });
        let Some(value) = value else {
            let field = self.field.as_deref().unwrap_or_default();
            let words = match self.show {
                Figure::Last => {
                    format!("The latest of the {} has no number in {field}.", frame.records)
                }
                _ => format!(
                    "None of the {} {} has a number in {field}.",
                    frame.count, frame.records
                ),
            };
            return Drawn::nothing(words, data);
        };
        let text = if self.show == Figure::Count { count(value as u64) } else { number(value) };
        let shown = match &self.unit {
            Some(unit) => format!("{text}\u{a0}{unit}"),
            None => text,
        };
        Drawn {
            summary: format!("{name}: {shown}."),
            chart: None,
            figures: vec![(name.clone(), shown)],
            sheet: Sheet { head: vec![name], rows: vec![vec![Cell::Number(value)]] },
            data,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(field: Option<&str>, show: Figure, given: &Given) -> String {
        let panel =
            Number { field: field.map(str::to_owned), show, unit: Some("years".to_owned()) };
        panel.draw(&Frame { records: "users", count: 1234 }, given).summary
    }

    #[test]
    fn says_the_figure_with_its_name_and_unit() {
        let numbers = Given::Numbers(&[18.0, 80.0]);
        for (field, show, given, expected) in [
            (None, Figure::Count, &Given::Nothing, "Number of users: 1,234\u{a0}years."),
            (Some("age"), Figure::Average, &numbers, "Average age: 49\u{a0}years."),
            (Some("age"), Figure::Sum, &numbers, "Sum of age: 98\u{a0}years."),
            (
                Some("age"),
                Figure::Least,
                &Given::Numbers(&[]),
                "None of the 1234 users has a number in age.",
            ),
        ] {
            assert_eq!(shown(field, show, given), expected);
        }
    }
}
