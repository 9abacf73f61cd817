//! `table`: the records that came last.

use crate::charts::number::count;
use crate::core::kind::{About, PanelKind};
use crate::core::options::{Opt, Options, Shape};
use crate::core::panel::{Cell, Drawn, Form, Frame, Given, Panel, Sheet, Want};
use serde_json::{Value, json};

pub(super) static KIND: PanelKind = PanelKind {
    about: About {
        name: "table",
        summary: "Shows the records that came last, newest first.",
        details: "\
Without `fields` it shows those of the newest record, at most 12. Long values are shortened. It shows fewer rows than \
asked for after many of the latest records were deleted.",
        options: &[
            Opt::optional("fields", Shape::Names, "The fields, one column each."),
            Opt::with_default("rows", Shape::Whole(1, 200), "10", "How many records."),
        ],
        main: Some("fields"),
        example: "table: { fields: [name, age], rows: 5 }",
    },
    build,
};

fn build(options: &Options) -> Box<dyn Panel> {
    Box::new(Table {
        fields: options.names("fields").to_vec(),
        rows: options.whole("rows") as usize,
    })
}

struct Table {
    fields: Vec<String>,
    rows: usize,
}

impl Panel for Table {
    fn want(&self) -> Want {
        Want::Latest { fields: self.fields.clone(), most: self.rows }
    }

    fn name(&self, records: &str) -> String {
        format!("Latest {records}")
    }

    fn form(&self) -> Form {
        Form::Table
    }

    fn draw(&self, frame: &Frame, given: &Given) -> Drawn {
        let Given::Latest(latest) = given else {
            return Drawn::nothing("There is no record to show.".to_owned(), json!([]));
        };
        let rows: Vec<Vec<Cell>> = latest.rows.iter().take(self.rows).cloned().collect();
        let object = |row: &Vec<Cell>| {
            let pairs = latest.fields.iter().cloned().zip(row.iter().map(value));
            Value::Object(pairs.collect())
        };
        let objects: Vec<Value> = rows.iter().map(object).collect();
        let (shown, total) = (count(rows.len() as u64), count(frame.count));
        Drawn {
            summary: format!("The latest {shown} of {total} {}.", frame.records),
            chart: None,
            figures: Vec::new(),
            sheet: Sheet { head: latest.fields.clone(), rows },
            data: json!({ "table": objects }),
        }
    }
}

fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Empty => Value::Null,
        Cell::Number(number) => (*number).into(),
        Cell::Text(text) => (**text).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::panel::LatestRecords;

    #[test]
    fn shows_the_latest_rows_and_says_of_how_many() {
        let latest = LatestRecords {
            fields: vec!["name".to_owned(), "age".to_owned()],
            rows: (0..5).map(|age| vec![Cell::text("Ada"), Cell::Number(age.into())]).collect(),
        };
        let panel = Table { fields: Vec::new(), rows: 2 };
        let frame = Frame { records: "users", count: 1234 };
        let drawn = panel.draw(&frame, &Given::Latest(&latest));
        assert_eq!(drawn.summary, "The latest 2 of 1,234 users.");
        assert_eq!(drawn.data["table"][1], json!({ "name": "Ada", "age": 1.0 }));
        assert_eq!(drawn.sheet.rows.len(), 2);
    }
}
