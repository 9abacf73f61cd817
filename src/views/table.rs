//! What a view knows of its records: for each key what its panels show, in dense columns.

use crate::core::chart::Point;
use crate::core::panel::{Cell, Figure, LatestRecords, ValueCounts, Want};
use crate::views::record::{Key, Record, Wanted, moment};
use crate::views::values::{Id, Values};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// Records that are taken; of more than that a view shows the first ones. They take about 40 bytes each and 8 more
/// for each further field, and twice that while a list is read anew.
pub(super) const RECORDS: usize = 2_000_000;

/// What is to be kept of the records, as the panels want it.
#[derive(Debug, Clone, Default)]
pub(super) struct Plan {
    /// Columns by field.
    numbers: Vec<usize>,
    moments: Vec<usize>,
    values: Vec<usize>,
    /// How many of the latest records.
    latest: usize,
}

impl Plan {
    /// The fields that are to be read, and what is to be kept of them.
    pub(super) fn new(wants: &[Want], key_field: Option<String>) -> (Wanted, Self) {
        let mut fields: Vec<String> = Vec::new();
        let mut plan = Self::default();
        let mut wants_all = false;
        let mut field = |name: &str| {
            fields.iter().position(|field| field == name).unwrap_or_else(|| {
                fields.push(name.to_owned());
                fields.len() - 1
            })
        };
        for want in wants {
            match want {
                Want::Nothing => {}
                Want::History { figure: Figure::Last, fields: names } => {
                    for name in names {
                        field(name);
                        plan.latest = plan.latest.max(1);
                    }
                }
                Want::History { fields: names, .. } => {
                    for name in names {
                        add(&mut plan.numbers, field(name));
                    }
                }
                Want::Numbers(name) => add(&mut plan.numbers, field(name)),
                Want::Values(name) => add(&mut plan.values, field(name)),
                Want::Points { x, y } => {
                    add(&mut plan.moments, field(x));
                    for name in y {
                        add(&mut plan.numbers, field(name));
                    }
                }
                Want::Latest { fields: names, most } => {
                    for name in names {
                        field(name);
                    }
                    wants_all |= names.is_empty();
                    plan.latest = plan.latest.max(*most);
                }
            }
        }
        (Wanted::new(fields, wants_all, key_field), plan)
    }
}

fn add(columns: &mut Vec<usize>, field: usize) {
    if !columns.contains(&field) {
        columns.push(field);
    }
}

/// Numbers by the record's slot; not a number where there is none.
#[derive(Debug)]
struct Numbers {
    field: usize,
    by_slot: Vec<f64>,
    /// Records whose text was read as a time.
    times: usize,
}

#[derive(Debug)]
struct Occurrences {
    field: usize,
    ids: Vec<Id>,
    values: Values,
}

/// Every record has a slot in all columns; the last one takes the place of one that goes.
#[derive(Debug)]
pub(super) struct Table {
    fields: Arc<[String]>,
    slots: HashMap<Key, u32>,
    keys: Vec<Key>,
    numbers: Vec<Numbers>,
    moments: Vec<Numbers>,
    values: Vec<Occurrences>,
    latest: VecDeque<(Key, Record)>,
    latest_most: usize,
    most: usize,
    /// A record found no room.
    is_cut: bool,
}

impl Table {
    pub(super) fn new(wanted: &Wanted, plan: &Plan) -> Self {
        let numbers = |fields: &[usize]| {
            let column = |field: &usize| Numbers { field: *field, by_slot: Vec::new(), times: 0 };
            fields.iter().map(column).collect()
        };
        let values = plan.values.iter().map(|field| Occurrences {
            field: *field,
            ids: Vec::new(),
            values: Values::default(),
        });
        Self {
            fields: Arc::clone(&wanted.fields),
            slots: HashMap::new(),
            keys: Vec::new(),
            numbers: numbers(&plan.numbers),
            moments: numbers(&plan.moments),
            values: values.collect(),
            latest: VecDeque::new(),
            latest_most: plan.latest,
            most: RECORDS,
            is_cut: false,
        }
    }

    /// Puts a record in or in the place of the one with its key, if there is room.
    pub(super) fn put(&mut self, key: Key, record: Record) {
        let slot = self.slots.get(&key).map(|slot| *slot as usize);
        if slot.is_none() && self.records() >= self.most {
            self.is_cut = true;
            return;
        }
        let is_new = slot.is_none();
        let slot = slot.unwrap_or_else(|| {
            let slot = self.keys.len();
            self.slots.insert(key, slot as u32);
            self.keys.push(key);
            self.numbers
                .iter_mut()
                .chain(&mut self.moments)
                .for_each(|it| it.by_slot.push(f64::NAN));
            slot
        });
        let cell = |field: usize| record.cells.get(field).unwrap_or(&Cell::Empty);
        for column in &mut self.numbers {
            let number =
                if let Cell::Number(number) = cell(column.field) { *number } else { f64::NAN };
            column.put(slot, number);
        }
        for column in &mut self.moments {
            let (at, is_time) = moment(cell(column.field)).unwrap_or((f64::NAN, false));
            column.times += usize::from(is_time);
            column.put(slot, at);
        }
        for column in &mut self.values {
            if let Some(old) = column.ids.get(slot) {
                column.values.remove(*old);
            }
            let id = column.values.add(cell(column.field));
            match column.ids.get_mut(slot) {
                Some(place) => *place = id,
                None => column.ids.push(id),
            }
        }
        if self.latest_most > 0 {
            if !is_new {
                self.latest.retain(|(known, _)| *known != key);
            }
            self.latest.push_front((key, record));
            self.latest.truncate(self.latest_most);
        }
    }

    pub(super) fn remove(&mut self, key: Key) {
        let Some(slot) = self.slots.remove(&key).map(|slot| slot as usize) else { return };
        self.keys.swap_remove(slot);
        if let Some(moved) = self.keys.get(slot) {
            self.slots.insert(*moved, slot as u32);
        }
        for column in self.numbers.iter_mut().chain(&mut self.moments) {
            column.by_slot.swap_remove(slot);
        }
        for column in &mut self.values {
            let id = column.ids.swap_remove(slot);
            column.values.remove(id);
        }
        self.latest.retain(|(known, _)| *known != key);
    }

    pub(super) fn records(&self) -> usize {
        self.keys.len()
    }

    /// How many records there is room for.
    pub(super) fn room(&self) -> usize {
        self.most
    }

    #[cfg(test)]
    pub(super) fn with_room(mut self, most: usize) -> Self {
        self.most = most;
        self
    }

    pub(super) fn is_cut(&self) -> bool {
        self.is_cut
    }

    fn field(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field == name)
    }

    /// The numbers of a field, without those that are none.
    pub(super) fn numbers(&self, field: &str) -> Vec<f64> {
        let column = column(&self.numbers, self.field(field));
        column.iter().copied().filter(|number| !number.is_nan()).collect()
    }

    pub(super) fn values(&self, field: &str) -> ValueCounts {
        let field = self.field(field);
        let column = self.values.iter().find(|column| Some(column.field) == field);
        column.map(|column| column.values.counts()).unwrap_or_default()
    }

    /// For each of the fields points in the order of `x`, and whether `x` is a time.
    pub(super) fn points(&self, x: &str, fields: &[String]) -> (Vec<Vec<Point>>, bool) {
        let x_field = self.field(x);
        let is_known = |(x, y): &(&f64, &f64)| x.is_finite() && !y.is_nan();
        let line = |y: &String| {
            let numbers = column(&self.numbers, self.field(y));
            let pairs = column(&self.moments, x_field).iter().zip(numbers);
            let mut points: Vec<Point> =
                pairs.filter(is_known).map(|(x, y)| Point { x: *x, y: *y }).collect();
            points.sort_by(|one, other| one.x.total_cmp(&other.x));
            points
        };
        let lines = fields.iter().map(line).collect();
        let moments = self.moments.iter().find(|column| Some(column.field) == x_field);
        (lines, moments.is_some_and(|column| column.times > 0))
    }

    /// The latest records with these fields, or with those of the newest one.
    pub(super) fn latest(&self, fields: &[String], most: usize) -> LatestRecords {
        let mut names = fields.to_vec();
        if let (true, Some((_, newest))) = (fields.is_empty(), self.latest.front()) {
            names = newest.all.iter().map(|(name, _)| name.clone()).collect();
        }
        let cell = |record: &Record, name: &String| {
            let wanted = self.field(name).and_then(|field| record.cells.get(field));
            let other = || record.all.iter().find(|(known, _)| known == name).map(|(_, cell)| cell);
            wanted.or_else(other).cloned().unwrap_or(Cell::Empty)
        };
        let row = |(_, record): &(Key, Record)| {
            names.iter().map(|name| cell(record, name)).collect::<Vec<_>>()
        };
        let rows = self.latest.iter().take(most).map(row).collect();
        LatestRecords { fields: names, rows }
    }

    /// What a history is made of, one look at a time.
    pub(super) fn figure(&self, figure: Figure, field: Option<&str>) -> Option<f64> {
        let Some(field) = field else { return Some(self.records() as f64) };
        if figure == Figure::Last {
            let latest = self.latest(&[field.to_owned()], 1);
            return match latest.rows.first().and_then(|row| row.first()) {
                Some(Cell::Number(number)) => Some(*number),
                _ => None,
            };
        }
        figure.of(&self.numbers(field))
    }
}

impl Numbers {
    fn put(&mut self, slot: usize, number: f64) {
        if let Some(place) = self.by_slot.get_mut(slot) {
            *place = number;
        }
    }
}

fn column(columns: &[Numbers], field: Option<usize>) -> &[f64] {
    let column = columns.iter().find(|column| Some(column.field) == field);
    column.map_or(&[], |column| column.by_slot.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn all_wants() -> Vec<Want> {
        vec![
            Want::Numbers("age".to_owned()),
            Want::Values("city".to_owned()),
            Want::Points { x: "time".to_owned(), y: vec!["age".to_owned()] },
            Want::Latest { fields: Vec::new(), most: 3 },
        ]
    }

    fn table() -> (Wanted, Table) {
        let (wanted, plan) = Plan::new(&all_wants(), None);
        let table = Table::new(&wanted, &plan);
        (wanted, table)
    }

    fn put(table: &mut Table, wanted: &Wanted, key: &str, record: &Value) {
        table.put(wanted.key(key), Record::of(record, wanted));
    }

    #[test]
    fn a_full_table_takes_changes_and_no_new_records() {
        let (wanted, mut table) = table();
        table.most = 10;
        for place in 0..10 {
            put(&mut table, &wanted, &place.to_string(), &json!({ "age": 1 }));
        }
        put(&mut table, &wanted, "7", &json!({ "age": 2 }));
        assert!(!table.is_cut());
        put(&mut table, &wanted, "new", &json!({ "age": 3 }));
        assert!(table.is_cut());
        let mut numbers = table.numbers("age");
        numbers.sort_by(f64::total_cmp);
        assert_eq!((numbers.len(), numbers[8], numbers[9]), (10, 1.0, 2.0));
    }

    #[test]
    fn changes_and_removals_are_in_every_column() {
        let (wanted, mut table) = table();
        for (key, age, city) in [("a", 1, "Oslo"), ("b", 2, "Bergen"), ("c", 3, "Oslo")] {
            let time = format!("2026-11-21T12:00:0{age}Z");
            put(&mut table, &wanted, key, &json!({ "age": age, "city": city, "time": time }));
        }
        put(&mut table, &wanted, "b", &json!({ "age": "none", "city": null, "time": 5 }));
        table.remove(wanted.key("a"));
        table.remove(wanted.key("a"));
        assert_eq!((table.records(), table.numbers("age")), (2, vec![3.0]));
        let counts = vec![("Oslo".to_owned(), 1)];
        assert_eq!(table.values("city"), ValueCounts { counts, others: 0, empty: 1 });
        let (lines, is_time) = table.points("time", &["age".to_owned()]);
        let point = Point { x: 1_795_262_403.0, y: 3.0 };
        assert_eq!((lines, is_time), (vec![vec![point]], true));
        let latest = table.latest(&[], 3);
        assert_eq!(latest.fields, ["age", "city", "time"]);
        assert_eq!(latest.rows[0], [Cell::text("none"), Cell::Empty, Cell::Number(5.0)]);
        assert_eq!(latest.rows.len(), 2, "what is deleted is not shown");
    }

    #[test]
    fn many_different_values_are_bounded() {
        let (wanted, mut table) = table();
        for number in 0..20_000 {
            put(&mut table, &wanted, &number.to_string(), &json!({ "city": number }));
        }
        let values = table.values("city");
        assert_eq!((values.counts.len(), values.others), (10_000, 10_000));
        for number in 0..20_000 {
            table.remove(wanted.key(&number.to_string()));
        }
        assert_eq!(table.values("city"), ValueCounts::default());
    }
}
