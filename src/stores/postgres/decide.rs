//! What a write means for the record that is there. Pure.

use crate::resource::{
    Action, ETag, FaultKind, FieldFault, Key, Outcome, Precondition, Record, Schema, Write, patch,
};

/// What is left to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Nothing; this is the outcome.
    Done(Outcome),
    Insert(Record),
    /// What the record that is there shall be.
    Update(Record),
    Delete(Key),
}

/// The key of the record that a write is about; `None` when the store is still to make it.
pub fn key_of(schema: &Schema, write: &Write) -> Option<Key> {
    match &write.action {
        Action::Insert(record)
        | Action::Ensure(record)
        | Action::Put(record)
        | Action::Replace(record) => record.key(schema),
        Action::Patch(key, _) | Action::Delete(key) => Some(key.clone()),
    }
}

/// The usual insert finds out by itself whether its key is there: nobody needs to look before.
pub fn needs_no_look(write: &Write) -> bool {
    matches!(write.action, Action::Insert(_) | Action::Ensure(_))
        && write.precondition == Precondition::None
}

pub fn decide(schema: &Schema, write: &Write, found: Option<&Record>) -> Decision {
    if !holds(&write.precondition, schema, found) {
        return Decision::Done(Outcome::PreconditionFailed(found.cloned()));
    }
    match (&write.action, found) {
        (Action::Insert(_), Some(found)) => Decision::Done(Outcome::Exists(found.clone())),
        (Action::Ensure(_), Some(found)) => {
            Decision::Done(Outcome::Updated { record: found.clone(), changed: false })
        }
        (Action::Insert(record) | Action::Ensure(record) | Action::Put(record), None) => {
            Decision::Insert(record.clone())
        }
        (Action::Put(record) | Action::Replace(record), Some(found)) => {
            update(schema, found, record.clone())
        }
        (Action::Patch(_, changes), Some(found)) => match patch::apply(schema, found, changes) {
            Ok(record) => update(schema, found, record),
            Err(faults) => Decision::Done(Outcome::Invalid(faults)),
        },
        (Action::Delete(key), Some(_)) => Decision::Delete(key.clone()),
        (Action::Replace(_) | Action::Patch(..) | Action::Delete(_), None) => {
            Decision::Done(Outcome::Missing)
        }
    }
}

fn update(schema: &Schema, found: &Record, record: Record) -> Decision {
    if record.key(schema) != found.key(schema) {
        return Decision::Done(Outcome::Invalid(vec![key_fault(schema, FaultKind::KeyMismatch)]));
    }
    if record == *found {
        return Decision::Done(Outcome::Updated { record, changed: false });
    }
    Decision::Update(record)
}

pub fn key_fault(schema: &Schema, kind: FaultKind) -> FieldFault {
    FieldFault { field: schema.key_field().name.clone(), kind, input: None }
}

fn holds(precondition: &Precondition, schema: &Schema, found: Option<&Record>) -> bool {
    let tag = || found.map(|record| ETag::of(schema, record));
    match precondition {
        Precondition::None => true,
        Precondition::Exists => found.is_some(),
        Precondition::Absent => found.is_none(),
        Precondition::Matches(tags) => tag().is_some_and(|tag| tags.contains(&tag)),
        Precondition::Differs(tags) => tag().is_none_or(|tag| !tags.contains(&tag)),
    }
}
