//! `number`: one figure, large.

use crate::charts::number::{count, counted, number};
use crate::core::kind::{About, PanelKind};
use crate::core::options::{Opt, Options, Shape};
use crate::core::panel::{
    Cell, Drawn, Figure, Form, Frame, Given, LatestRecords, Panel, Sheet, Want,
};
use crate::core::text::{capital, listed};
use serde_json::{Map, Value, json};

pub(super) static KIND: PanelKind = PanelKind {
    about: About {
        name: "number",
        summary: "Shows one figure: how many records there are, or the average, sum or an end of a field.",
        details: "\
Without a field it is the number of records. Several `fields` are several figures, each the number of the record that \
came last.",
        options: &[
            Opt::optional("field", Shape::Text, "The field with the numbers."),
            Opt::optional("fields", Shape::Names, "Several fields, each with its latest number."),
            Opt::with_default(
                "show",
                Shape::Choice(&Figure::WORDS),
                "count",
                "Which figure; `last` is the number of the record that came last.",
            ),
            Opt::optional("unit", Shape::Text, "What stands behind the figure."),
            Opt::optional("title", Shape::Text, "What stands above it."),
        ],
        main: Some("field"),
        example: "number: { field: age, show: average }",
    },
    build,
};

fn build(options: &Options) -> Box<dyn Panel> {
    Box::new(Number {
        field: options.text_if("field").map(str::to_owned),
        fields: options.names("fields").to_vec(),
        show: Figure::parse(options.text("show")).unwrap_or(Figure::Count),
        unit: options.text_if("unit").map(str::to_owned),
        title: options.text_if("title").map(str::to_owned),
    })
}

struct Number {
    field: Option<String>,
    fields: Vec<String>,
    show: Figure,
    unit: Option<String>,
    title: Option<String>,
}

impl Panel for Number {
    fn want(&self) -> Want {
        if !self.fields.is_empty() {
            let fields = self.field.iter().chain(&self.fields).cloned().collect();
            return Want::Latest { fields, most: 1 };
        }
        match &self.field {
            None => Want::Nothing,
            Some(field) if self.show == Figure::Last => {
                Want::Latest { fields: vec![field.clone()], most: 1 }
            }
            Some(field) => Want::Numbers(field.clone()),
        }
    }

    fn name(&self, records: &str) -> String {
        if let Some(title) = &self.title {
            return title.clone();
        }
        if !self.fields.is_empty() {
            return format!("Latest {}", listed(&self.fields));
        }
        self.show.name(self.field.as_deref(), records)
    }

    fn form(&self) -> Form {
        Form::Figures
    }

    fn draw(&self, frame: &Frame, given: &Given) -> Drawn {
        if let (false, Given::Latest(latest)) = (self.fields.is_empty(), given) {
            return self.several(frame, latest);
        }
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
                    "None of the {} has a number in {field}.",
                    counted(frame.count, frame.records)
                ),
            };
            return Drawn::nothing(words, data);
        };
        let text = if self.show == Figure::Count { count(value as u64) } else { number(value) };
        let shown = self.with_unit(text);
        Drawn {
            summary: format!("{name}: {shown}."),
            chart: None,
            figures: vec![(name.clone(), shown)],
            sheet: Sheet { head: vec![name], rows: vec![vec![Cell::Number(value)]] },
            data,
        }
    }
}

impl Number {
    fn with_unit(&self, text: String) -> String {
        match &self.unit {
            Some(unit) => format!("{text}\u{a0}{unit}"),
            None => text,
        }
    }

    /// One that is not known is a dash, so that all keep their places.
    fn several(&self, frame: &Frame, latest: &LatestRecords) -> Drawn {
        let row = latest.rows.first();
        let values = latest.fields.iter().enumerate().map(|(at, field)| {
            let cell = row.and_then(|row| row.get(at)).cloned().unwrap_or(Cell::Empty);
            (field, if matches!(cell, Cell::Number(_)) { cell } else { Cell::Empty })
        });
        let values: Vec<(&String, Cell)> = values.collect();
        let shown = |cell: &Cell| match cell {
            Cell::Number(value) => self.with_unit(number(*value)),
            _ => "–".to_owned(),
        };
        let figures: Vec<(String, String)> =
            values.iter().map(|(field, cell)| (capital(field), shown(cell))).collect();
        let told = figures.iter().map(|(name, value)| format!("{name}: {value}"));
        let data: Map<String, Value> = values
            .iter()
            .map(|(field, cell)| {
                let value = if let Cell::Number(value) = cell { Some(*value) } else { None };
                ((*field).clone(), value.into())
            })
            .collect();
        let name = self.name(frame.records);
        Drawn {
            summary: format!("{name}: {}.", told.collect::<Vec<_>>().join(", ")),
            chart: None,
            sheet: Sheet {
                head: values.iter().map(|(field, _)| capital(field)).collect(),
                rows: vec![values.iter().map(|(_, cell)| cell.clone()).collect()],
            },
            figures,
            data: json!({ "number": name, "values": data }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(field: Option<&str>, show: Figure, given: &Given) -> String {
        let panel = Number {
            field: field.map(str::to_owned),
            fields: Vec::new(),
            show,
            unit: Some("years".to_owned()),
            title: None,
        };
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
                "None of the 1,234 users has a number in age.",
            ),
        ] {
            assert_eq!(shown(field, show, given), expected);
        }
    }

    #[test]
    fn several_figures_keep_their_places_when_one_is_not_known() {
        let fields = ["hit p50", "miss p50"].map(str::to_owned).to_vec();
        let panel = Number {
            field: None,
            fields: fields.clone(),
            show: Figure::Count,
            unit: Some("ms".to_owned()),
            title: Some("Latency".to_owned()),
        };
        let latest = LatestRecords { fields, rows: vec![vec![Cell::Number(0.017), Cell::Empty]] };
        let frame = Frame { records: "seconds", count: 9 };
        let drawn = panel.draw(&frame, &Given::Latest(&latest));
        assert_eq!(drawn.summary, "Latency: Hit p50: 0.017\u{a0}ms, Miss p50: –.");
        assert_eq!(drawn.data["values"], json!({ "hit p50": 0.017, "miss p50": null }));
    }
}
