//! One record as a view reads it: the values of the fields that its panels show, shortened.

use crate::core::panel::Cell;
use serde_json::Value;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

/// Letters of a value that are kept; more is nobody's reading in a table.
const LETTERS: usize = 200;
/// Columns of a table that names none.
pub(super) const COLUMNS: usize = 12;

/// Which fields of a record count.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub fields: Arc<[String]>,
    /// Whatever other fields there are, too: a table shows what there is.
    pub wants_all: bool,
    /// The field that holds the key, if that is known.
    pub key_field: Option<String>,
    /// Keys are kept as their hash, keyed so that nobody can make two meet on purpose; of two million keys two meet
    /// by chance once in ten million tables.
    keys: RandomState,
}

impl Wanted {
    pub(super) fn new(fields: Vec<String>, wants_all: bool, key_field: Option<String>) -> Self {
        Self { fields: fields.into(), wants_all, key_field, keys: RandomState::new() }
    }

    /// `123` and `"123"` are the same key.
    pub(super) fn key(&self, text: &str) -> Key {
        Key(self.keys.hash_one(text))
    }

    /// For records without a key that is known: their place in the list.
    pub(super) fn place(&self, place: u64) -> Key {
        Key(self.keys.hash_one(place))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key(u64);

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Record {
    /// In the order of the wanted fields.
    pub cells: Vec<Cell>,
    /// All fields with their names, if they are wanted.
    pub all: Vec<(String, Cell)>,
}

impl Record {
    pub(super) fn empty(wanted: &Wanted) -> Self {
        Self { cells: vec![Cell::Empty; wanted.fields.len()], all: Vec::new() }
    }

    /// Takes the value of a field.
    pub(super) fn put(&mut self, wanted: &Wanted, name: &str, value: &Value) {
        let field = wanted.fields.iter().position(|field| field == name);
        let shows = wanted.wants_all && self.all.len() < COLUMNS;
        if field.is_none() && !shows {
            return;
        }
        let cell = cell(value);
        if shows {
            self.all.push((name.to_owned(), cell.clone()));
        }
        if let Some(place) = field.and_then(|field| self.cells.get_mut(field)) {
            *place = cell;
        }
    }

    /// Of a whole object; anything else has no fields.
    pub(super) fn of(value: &Value, wanted: &Wanted) -> Self {
        let mut record = Self::empty(wanted);
        for (name, value) in value.as_object().into_iter().flatten() {
            record.put(wanted, name, value);
        }
        record
    }

    /// Is anything done with a field of that name?
    pub(super) fn is_wanted(wanted: &Wanted, name: &str) -> bool {
        wanted.wants_all || wanted.fields.iter().any(|field| field == name)
    }
}

fn cell(value: &Value) -> Cell {
    match value {
        Value::Null => Cell::Empty,
        Value::Number(number) => number.as_f64().map_or(Cell::Empty, Cell::Number),
        Value::String(text) => shortened(text),
        other => shortened(&other.to_string()),
    }
}

fn shortened(text: &str) -> Cell {
    match text.char_indices().nth(LETTERS) {
        None => Cell::Text(text.into()),
        Some((end, _)) => {
            let kept = text.get(..end).unwrap_or_default();
            Cell::Text(format!("{kept}…").into())
        }
    }
}

/// Seconds since 1970 of a time as people and programs write it, or the number that stands there.
pub(super) fn moment(cell: &Cell) -> Option<(f64, bool)> {
    match cell {
        Cell::Empty => None,
        Cell::Number(number) => Some((*number, false)),
        Cell::Text(text) => {
            let zoned = text.parse::<jiff::Timestamp>().ok();
            let bare = || {
                let civil = text.parse::<jiff::civil::DateTime>().ok()?;
                civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
            };
            let time = zoned.or_else(bare)?;
            Some((time.as_millisecond() as f64 / 1000.0, true))
        }
    }
}
