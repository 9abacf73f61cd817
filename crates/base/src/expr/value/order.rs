//! jq's total order over all values; comparing large values is charged.

use std::cmp::Ordering;

use super::super::budget;
use super::data::{Object, Value};
use crate::formats::json::Kind;

impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        budget::spend(self.extent().size.min(other.extent().size) / 64);
        match (self, other) {
            (Self::Number(left), Self::Number(right)) => left.cmp(right),
            (Self::Text(left), Self::Text(right)) => left.cmp(right),
            (Self::Array(left), Self::Array(right)) => left.items.cmp(&right.items),
            (Self::Object(left), Self::Object(right)) => compare_objects(left, right),
            _ => rank(self).cmp(&rank(other)),
        }
    }
}

/// False and true differ in rank, so booleans need no case of their own.
fn rank(value: &Value) -> Kind {
    value.kind()
}

/// By the sorted keys first, then by the values in that order.
fn compare_objects(left: &Object, right: &Object) -> Ordering {
    let sorted = |object: &Object| {
        let mut entries: Vec<_> =
            object.entries.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        entries.sort_by(|(left, _), (right, _)| left.cmp(right));
        entries
    };
    let (left, right) = (sorted(left), sorted(right));
    let keys = left.iter().map(|(key, _)| key).cmp(right.iter().map(|(key, _)| key));
    keys.then_with(|| left.iter().map(|entry| &entry.1).cmp(right.iter().map(|entry| &entry.1)))
}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        budget::spend(self.extent().size.min(other.extent().size) / 64);
        match (self, other) {
            (Self::Number(left), Self::Number(right)) => left == right,
            (Self::Text(left), Self::Text(right)) => left == right,
            (Self::Array(left), Self::Array(right)) => left.items == right.items,
            (Self::Object(left), Self::Object(right)) => left.entries == right.entries,
            _ => rank(self) == rank(other) && rank(self) < Kind::Number,
        }
    }
}

impl Eq for Value {}
