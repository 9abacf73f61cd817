//! What can be written to a store, under which condition, and what comes of it.

use crate::resource::{ETag, FieldFault, Key, Record, Value, Version};

/// One write. The store decides conditions, uniqueness and idempotency in the same transaction as the change.
#[derive(Debug, Clone, PartialEq)]
pub struct Write {
    pub action: Action,
    pub precondition: Precondition,
    pub idempotency: Option<Idempotency>,
}

impl From<Action> for Write {
    fn from(action: Action) -> Self {
        Self { action, precondition: Precondition::None, idempotency: None }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// A new record; `Outcome::Exists` when its key is there.
    Insert(Record),
    /// A new record, unless its key is there: then that one stays as it is, `Updated` and not changed, which is a
    /// success also within a group.
    Ensure(Record),
    /// Creates or replaces as a whole; a replaced record keeps its place in the order of insertion.
    Put(Record),
    /// Replaces as a whole; `Outcome::Missing` when it is not there.
    Replace(Record),
    /// Sets these fields, each by its place in the schema; JSON fields are merged (RFC 7396).
    Patch(Key, Vec<(usize, Value)>),
    Delete(Key),
}

/// What must hold of the record that is there, as `If-Match` and `If-None-Match` say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Precondition {
    None,
    /// There is one, with one of these tags (`If-Match`).
    Matches(Vec<ETag>),
    /// There is one (`If-Match: *`).
    Exists,
    /// There is none (`If-None-Match: *`).
    Absent,
    /// There is none with one of these tags (`If-None-Match`).
    Differs(Vec<ETag>),
}

/// A client's name for one attempt to write, so that a repeat is answered and not done again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    pub key: String,
    /// A digest of method, path and body: the same name for something else is a mistake.
    pub fingerprint: [u8; 32],
}

/// What became of a write.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Created(Record),
    /// The record as it is now; `changed` is false when it was the same before, and then nothing was written.
    Updated {
        record: Record,
        changed: bool,
    },
    Deleted,
    /// `Insert`: the key is there already, with this record.
    Exists(Record),
    /// Another record has this value in a unique field, named by its place.
    Taken {
        field: usize,
    },
    Missing,
    /// The precondition does not hold; the record as it is, if there is one.
    PreconditionFailed(Option<Record>),
    /// The record that the patch would make is not valid.
    Invalid(Vec<FieldFault>),
    /// The idempotency key was used for another request.
    IdempotencyMismatch,
    /// Not tried, because another write of the same atomic group failed.
    NotDone,
}

impl Outcome {
    /// Something was stored or the wanted state was there.
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Created(_) | Self::Updated { .. } | Self::Deleted)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    pub outcome: Outcome,
    /// Every read as of this version sees the write.
    pub version: Version,
    /// The recorded outcome of an earlier request with the same idempotency key.
    pub is_replay: bool,
}

/// What happens to a group when one of its writes fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Atomicity {
    /// Nothing of the group is stored, and the others are `NotDone`.
    All,
    /// Each stands for itself.
    Each,
}
