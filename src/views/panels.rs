//! The panels of a view: what they are called, what they want, and what they are given of the records.

use crate::core::chart::Point;
use crate::core::panel::{Drawn, Form, Frame, Given, LatestRecords, Panel, ValueCounts, Want};
use crate::views::history::History;
use crate::views::table::Table;
use std::collections::HashMap;

/// One panel of a view.
pub(super) struct Place {
    pub names: Names,
    pub panel: Box<dyn Panel>,
    pub want: Want,
    /// For those that want one.
    pub histories: Vec<History>,
}

/// What a panel is called where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Names {
    /// In the page: `panel-1`.
    pub id: String,
    /// In addresses: `histogram-age`.
    pub slug: String,
    /// Above it.
    pub name: String,
    pub form: Form,
}

impl Place {
    /// All panels with addresses of their own.
    pub(super) fn all(panels: Vec<(String, Box<dyn Panel>)>, records: &str) -> Vec<Self> {
        let mut places: Vec<Self> = Vec::new();
        for (index, (wanted, panel)) in panels.into_iter().enumerate() {
            let taken = |slug: &String| places.iter().any(|place| place.names.slug == *slug);
            let slugs = std::iter::once(wanted.clone());
            let mut slugs = slugs.chain((2..).map(|number| format!("{wanted}-{number}")));
            let slug = slugs.find(|slug| !taken(slug)).unwrap_or(wanted);
            let want = panel.want();
            let id = format!("panel-{}", index + 1);
            let names = Names { id, slug, name: panel.name(records), form: panel.form() };
            let many = match &want {
                Want::History { fields, .. } => fields.len().max(1),
                _ => 0,
            };
            let histories = std::iter::repeat_with(History::default).take(many).collect();
            places.push(Self { names, panel, want, histories });
        }
        places
    }

    /// Does it follow a figure over time?
    pub(super) fn follows(&self) -> bool {
        matches!(self.want, Want::History { .. })
    }

    /// Looks at the figure that the panel follows, if it does.
    pub(super) fn sample(&mut self, seconds: f64, table: &Table) {
        if let Want::History { figure, fields } = &self.want {
            for (at, history) in self.histories.iter_mut().enumerate() {
                history.add(seconds, table.figure(*figure, fields.get(at).map(String::as_str)));
            }
        }
    }

    pub(super) fn draw(&self, records: &str, table: &Table, numbers: &mut NumbersOf) -> Drawn {
        let frame = Frame { records, count: table.records() as u64 };
        let points: (Vec<Vec<Point>>, bool);
        let values: ValueCounts;
        let latest: LatestRecords;
        let given = match &self.want {
            Want::Nothing => Given::Nothing,
            Want::Numbers(field) => {
                let numbers = numbers.entry(field.clone());
                Given::Numbers(numbers.or_insert_with(|| table.numbers(field)))
            }
            Want::Values(field) => {
                values = table.values(field);
                Given::Values(&values)
            }
            Want::Latest { fields, most } => {
                latest = table.latest(fields, *most);
                Given::Latest(&latest)
            }
            Want::History { .. } => {
                points = (self.histories.iter().map(History::points).collect(), true);
                Given::Points { lines: &points.0, is_time: true }
            }
            Want::Points { x, y } => {
                points = table.points(x, y);
                Given::Points { lines: &points.0, is_time: points.1 }
            }
        };
        self.panel.draw(&frame, &given)
    }
}

/// The numbers of a field are collected once for all panels that show them.
pub(super) type NumbersOf = HashMap<String, Vec<f64>>;
