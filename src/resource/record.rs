//! One record: a value for each field of its schema, in the schema's order.

use crate::resource::{Key, Schema, Value};
use std::sync::Arc;

/// Cheap to clone: stores, caches and answers share one.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    values: Arc<[Value]>,
}

impl Record {
    /// `values` has one entry for each field of the schema it belongs to.
    pub fn new(values: impl Into<Arc<[Value]>>) -> Self {
        Self { values: values.into() }
    }

    pub fn values(&self) -> &[Value] {
        &self.values
    }

    pub fn value(&self, field: usize) -> &Value {
        self.values.get(field).unwrap_or(&Value::Null)
    }

    /// About what it takes in memory, in bytes.
    pub fn size(&self) -> usize {
        let text = |value: &Value| match value {
            Value::Text(text) | Value::Json(text) => text.len(),
            _ => 0,
        };
        self.values.iter().map(|value| size_of::<Value>() + text(value)).sum()
    }

    /// `None` for a record whose key the store is still to give.
    pub fn key(&self, schema: &Schema) -> Option<Key> {
        Key::from_value(self.value(schema.key))
    }

    /// The same record with another value in one place.
    #[must_use]
    pub fn with(&self, field: usize, value: Value) -> Self {
        let mut values = self.values.to_vec();
        if let Some(place) = values.get_mut(field) {
            *place = value;
        }
        Self::new(values)
    }
}
