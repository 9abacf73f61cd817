//! A resource as this wire shows it: what its messages say, and how its records are written.

use super::form::{detail, object};
use crate::resource::{Record, Schema, StoreError, StoreErrorKind};
use crate::server::Problem;
use crate::wires::python::{Escapes, append_text, append_value};
use crate::wires::{Served, answers, noun};
use bytes::Bytes;
use std::sync::Arc;

/// Everything about a resource that does not depend on the request.
#[derive(Debug)]
pub(super) struct Shape {
    pub served: Arc<Served>,
    /// `"age":` for each field.
    labels: Vec<Vec<u8>>,
    pub created: Bytes,
    pub exists: Bytes,
    pub updated: Bytes,
    pub deleted: Bytes,
    pub missing: Bytes,
}

impl Shape {
    pub(super) fn new(served: &Arc<Served>) -> Self {
        let schema = served.resource.schema();
        let one = noun::of_one(&schema.name);
        let message = |what: &str| Bytes::from(object("message", &format!("{one} {what}")));
        let labels = schema.fields.iter().map(|field| {
            let mut label = Vec::new();
            append_text(&mut label, &field.name, Escapes::Needed);
            label.push(b':');
            label
        });
        Self {
            served: Arc::clone(served),
            labels: labels.collect(),
            created: message("created successfully"),
            exists: object("error", &format!("{one} already exists")).into(),
            updated: message("updated successfully"),
            deleted: message("deleted successfully"),
            missing: detail(&format!("{one} not found")).into(),
        }
    }

    pub(super) fn schema(&self) -> &Schema {
        self.served.resource.schema()
    }

    pub(super) fn keeps_nul(&self) -> bool {
        self.served.resource.store().keeps_nul()
    }

    /// A record without its key.
    pub(super) fn append_record(&self, out: &mut Vec<u8>, record: &Record) {
        let key = self.schema().key;
        out.push(b'{');
        let mut is_first = true;
        for (field, (label, value)) in self.labels.iter().zip(record.values()).enumerate() {
            if field == key {
                continue;
            }
            if !std::mem::take(&mut is_first) {
                out.push(b',');
            }
            out.extend_from_slice(label);
            append_value(out, value, Escapes::Needed);
        }
        out.push(b'}');
    }

    /// A record with its key as the name of a member, as the list has it.
    pub(super) fn append_entry(&self, out: &mut Vec<u8>, record: &Record) {
        let before = out.len();
        append_value(out, record.value(self.schema().key), Escapes::Needed);
        // Texts and UUIDs have their quotes already.
        if out.get(before) != Some(&b'"') {
            out.insert(before, b'"');
            out.push(b'"');
        }
        out.push(b':');
        self.append_record(out, record);
    }
}

/// Why a store could not answer. This wire knows no `Idempotency-Key`, so it promises nothing about it.
pub(super) fn trouble(error: &StoreError) -> Problem {
    let mut problem = answers::store_problem(error);
    if error.kind == StoreErrorKind::TooSlow {
        problem.detail =
            "The store did not answer in time; a write may have been done all the same.".into();
    }
    problem
}
