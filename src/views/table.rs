//! What a view knows of its records: for each key the numbers in the fields that its panels show.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

/// Records that are taken; of more than that a view shows the first ones. They take about 35 bytes each, and twice
/// that while a list is read anew.
pub(super) const RECORDS: usize = 2_000_000;

/// Which fields of a record count.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub fields: Arc<[String]>,
    /// The field that holds the key, if that is known.
    pub key_field: Option<String>,
    /// Keys are kept as their hash, keyed so that nobody can make two meet on purpose; of two million keys two meet
    /// by chance once in ten million tables.
    keys: RandomState,
}

impl Wanted {
    pub(super) fn new(fields: Vec<String>, key_field: Option<String>) -> Self {
        Self { fields: fields.into(), key_field, keys: RandomState::new() }
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

/// The numbers of one record in the order of the wanted fields; not a number where there is none.
pub(super) type Numbers = Box<[f64]>;

/// One map for each field, all with the same keys.
#[derive(Debug)]
pub(super) struct Table {
    columns: Vec<HashMap<Key, f64>>,
    most: usize,
    /// A record found no room.
    is_cut: bool,
}

impl Table {
    pub(super) fn new(wanted: &Wanted) -> Self {
        Self {
            columns: wanted.fields.iter().map(|_| HashMap::new()).collect(),
            most: RECORDS,
            is_cut: false,
        }
    }

    /// Puts a record in or in the place of the one with its key, if there is room.
    pub(super) fn put(&mut self, key: Key, numbers: &[f64]) {
        let is_new = || self.columns.first().is_some_and(|column| !column.contains_key(&key));
        if self.records() >= self.most && is_new() {
            self.is_cut = true;
            return;
        }
        for (column, number) in self.columns.iter_mut().zip(numbers) {
            column.insert(key, *number);
        }
    }

    pub(super) fn remove(&mut self, key: Key) {
        for column in &mut self.columns {
            column.remove(&key);
        }
    }

    pub(super) fn records(&self) -> usize {
        self.columns.first().map_or(0, HashMap::len)
    }

    pub(super) fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// The numbers in the field of that place, without those that are none.
    pub(super) fn numbers(&self, field: usize) -> Vec<f64> {
        let column = self.columns.get(field).into_iter().flat_map(HashMap::values);
        column.copied().filter(|number| !number.is_nan()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_table_takes_changes_and_no_new_records() {
        let wanted = Wanted::new(vec!["age".to_owned()], None);
        let mut table = Table { most: 10, ..Table::new(&wanted) };
        for place in 0..10 {
            table.put(wanted.place(place), &[1.0]);
        }
        table.put(wanted.place(7), &[2.0]);
        assert!(!table.is_cut());
        table.put(wanted.key("new"), &[3.0]);
        assert!(table.is_cut());
        let mut numbers = table.numbers(0);
        numbers.sort_by(f64::total_cmp);
        assert_eq!((numbers.len(), numbers[8], numbers[9]), (10, 1.0, 2.0));
    }
}
