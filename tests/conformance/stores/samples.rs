//! Schemas, records and calls of the laws.

use headwater::core::time::now;
use headwater::resource::*;
use std::sync::Arc;
use std::time::Duration;

pub fn field(name: &str, kind: FieldKind) -> Field {
    Field {
        name: name.into(),
        kind,
        is_required: false,
        default: None,
        is_unique: false,
        is_indexed: false,
        limits: FieldLimits::default(),
    }
}

pub fn required(name: &str, kind: FieldKind) -> Field {
    Field { is_required: true, ..field(name, kind) }
}

pub fn schema(fields: Vec<Field>) -> Schema {
    Schema { name: "things".into(), fields, key: 0, key_is_generated: false }
}

/// One field of every kind; `code` is unique, `age` is indexed, `name` is required.
pub fn things() -> Schema {
    let choices = ["red", "green", "blue"].map(str::to_owned).into();
    schema(vec![
        required("id", FieldKind::Integer),
        required("name", FieldKind::Text),
        Field { is_indexed: true, ..field("age", FieldKind::Integer) },
        field("score", FieldKind::Float),
        field("active", FieldKind::Boolean),
        field("born", FieldKind::Time),
        field("owner", FieldKind::Uuid),
        field("data", FieldKind::Json),
        field("colour", FieldKind::Choice(choices)),
        Field { is_unique: true, ..field("code", FieldKind::Text) },
    ])
}

/// Fields of `things` by their places.
pub const NAME: usize = 1;
pub const AGE: usize = 2;
pub const SCORE: usize = 3;
pub const ACTIVE: usize = 4;
pub const BORN: usize = 5;
pub const OWNER: usize = 6;
pub const DATA: usize = 7;
pub const COLOUR: usize = 8;
pub const CODE: usize = 9;

/// A record of `things`.
pub fn thing(id: i64, name: &str) -> Record {
    let mut values = vec![Value::Null; 10];
    values[0] = Value::Integer(id);
    values[NAME] = Value::text(name);
    Record::new(values)
}

/// Two fields: an integer key and a number.
pub fn counters() -> Schema {
    schema(vec![required("id", FieldKind::Integer), required("count", FieldKind::Integer)])
}

pub fn counter(id: i64, count: i64) -> Record {
    Record::new(vec![Value::Integer(id), Value::Integer(count)])
}

pub fn write(store: &dyn Store, write: impl Into<Write>) -> Written {
    let mut written = store.write(vec![write.into()], Atomicity::Each).wait().unwrap();
    assert_eq!(written.len(), 1);
    written.remove(0)
}

pub fn outcome(store: &dyn Store, wanted: impl Into<Write>) -> Outcome {
    write(store, wanted).outcome
}

pub fn group(store: &dyn Store, writes: Vec<Write>, atomicity: Atomicity) -> Vec<Outcome> {
    let count = writes.len();
    let written = store.write(writes, atomicity).wait().unwrap();
    assert_eq!(written.len(), count);
    written.into_iter().map(|written| written.outcome).collect()
}

pub fn insert_all(store: &dyn Store, records: &[Record]) {
    let writes = records.iter().map(|record| Action::Insert(record.clone()).into()).collect();
    for (outcome, record) in group(store, writes, Atomicity::All).iter().zip(records) {
        assert_eq!(*outcome, Outcome::Created(record.clone()));
    }
}

pub fn guarded(action: Action, precondition: Precondition) -> Write {
    Write { action, precondition, idempotency: None }
}

pub fn attempt(action: Action, key: &str, fingerprint: u8) -> Write {
    let idempotency = Some(Idempotency { key: key.into(), fingerprint: [fingerprint; 32] });
    Write { action, precondition: Precondition::None, idempotency }
}

pub fn get(store: &dyn Store, key: impl Into<i64>) -> Option<Record> {
    find(store, Key::Integer(key.into())).record
}

pub fn find(store: &dyn Store, key: Key) -> Fetched {
    store.get(key).wait().unwrap()
}

pub fn query(conditions: Vec<Condition>, order: Order) -> ListQuery {
    ListQuery { conditions, order, after: None, limit: 1000 }
}

pub fn list(store: &dyn Store, conditions: Vec<Condition>, order: Order) -> Vec<Record> {
    let page = store.list(query(conditions, order)).wait().unwrap();
    assert!(page.next.is_none());
    page.records
}

pub fn all(store: &dyn Store) -> Vec<Record> {
    list(store, vec![], Order::Insertion)
}

/// The keys of a list of records with integer keys.
pub fn ids(records: &[Record]) -> Vec<i64> {
    let id = |record: &Record| match record.value(0) {
        Value::Integer(id) => *id,
        other => panic!("{other:?} is not a key"),
    };
    records.iter().map(id).collect()
}

pub fn condition(field: usize, comparison: Comparison) -> Condition {
    Condition { field, comparison, is_negated: false }
}

pub fn not(condition: Condition) -> Condition {
    Condition { is_negated: !condition.is_negated, ..condition }
}

pub fn by(field: usize) -> Sort {
    Sort { field, is_descending: false }
}

pub fn down(field: usize) -> Sort {
    Sort { field, is_descending: true }
}

pub fn changes(store: &dyn Store, after: ChangePosition) -> Changes {
    store.changes(Some(after), 10_000).wait().unwrap()
}

/// Where the log of changes ends now.
pub fn here(store: &dyn Store) -> ChangePosition {
    let changes = store.changes(None, 10).wait().unwrap();
    assert!(changes.items.is_empty());
    changes.upto
}

/// Tries until it holds; the store looks at its neighbours between two tries.
pub fn until(store: &Arc<dyn Store>, mut holds: impl FnMut() -> bool) {
    let end = now() + Duration::from_secs(30);
    while !holds() {
        assert!(now() < end, "it does not come to hold");
        store.catch_up().wait().unwrap();
    }
}
