//! The names of a resource's tables, and the statements whose text never changes.

use crate::resource::Schema;
use std::sync::Arc;

/// The column of the order of insertion, which no resource has a field of the name of.
pub(super) const PLACE: &str = "headwater_place";

/// A table with everything that belongs to it. All names here are quoted.
#[derive(Debug)]
pub(super) struct Table {
    pub schema: Arc<Schema>,
    pub name: String,
    pub columns: Vec<String>,
    pub key: String,
    /// The log of changes.
    pub changes: String,
    /// The idempotency keys.
    pub attempts: String,
    /// All columns of a record with its place first: `SELECT … FROM …`.
    pub select: String,
    pub find: String,
    pub insert: String,
    pub delete: String,
    /// The last number of the log.
    pub version: String,
}

impl Table {
    pub fn new(schema: Arc<Schema>) -> Self {
        let name = quoted(&schema.name);
        let columns: Vec<String> = schema.fields.iter().map(|field| quoted(&field.name)).collect();
        let key = quoted(&schema.key_field().name);
        let changes = quoted(&format!("headwater_changes_{}", schema.name));
        let attempts = quoted(&format!("headwater_attempts_{}", schema.name));
        let list = columns.join(", ");
        let marks: Vec<String> = (1..=columns.len()).map(|number| format!("?{number}")).collect();
        let select = format!("SELECT {PLACE}, {list} FROM {name}");
        Self {
            find: format!("{select} WHERE {key} = ?1"),
            // Only the table's unique values are forgiven; what was in the way is looked up after.
            insert: format!(
                "INSERT INTO {name} ({list}) VALUES ({}) ON CONFLICT DO NOTHING",
                marks.join(", ")
            ),
            delete: format!("DELETE FROM {name} WHERE {key} = ?1"),
            version: format!("SELECT max(position) FROM {changes}"),
            schema,
            name,
            columns,
            key,
            changes,
            attempts,
            select,
        }
    }

    /// Sets only what differs, so that the indexes of the other fields are left alone. The key is the last
    /// parameter.
    pub fn update(&self, fields: &[usize]) -> String {
        let name = &self.name;
        let sets: Vec<String> = (1..)
            .zip(fields)
            .map(|(mark, field)| format!("{} = ?{mark}", self.columns[*field]))
            .collect();
        let (sets, key, mark) = (sets.join(", "), &self.key, fields.len() + 1);
        format!("UPDATE OR IGNORE {name} SET {sets} WHERE {key} = ?{mark}")
    }
}

pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as SQL writes it.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
