//! What a store must do, written as plainly as possible: a list of records in the order of their insertion.

use super::samples::*;
use headwater::resource::*;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// A store of `things` in the memory of the test.
#[derive(Clone, Default)]
pub struct Model {
    pub records: Vec<Record>,
    attempts: BTreeMap<String, ([u8; 32], Outcome)>,
    /// Key, kind and record of each change.
    pub changes: Vec<(Key, ChangeKind, Option<Record>)>,
}

impl Model {
    pub fn group(&mut self, writes: &[Write], atomicity: Atomicity) -> Vec<(Outcome, bool)> {
        let before = self.clone();
        let mut outcomes = Vec::new();
        for write in writes {
            let outcome = self.attempt(write);
            if atomicity == Atomicity::All && !outcome.0.is_success() {
                *self = before;
                let mut all = vec![(Outcome::NotDone, false); writes.len()];
                all[outcomes.len()] = outcome;
                return all;
            }
            outcomes.push(outcome);
        }
        outcomes
    }

    fn attempt(&mut self, write: &Write) -> (Outcome, bool) {
        let Some(Idempotency { key, fingerprint }) = &write.idempotency else {
            return (self.write(write), false);
        };
        match self.attempts.get(key) {
            Some((known, outcome)) if known == fingerprint => (outcome.clone(), true),
            Some(_) => (Outcome::IdempotencyMismatch, false),
            None => {
                let outcome = self.write(write);
                if outcome.is_success() {
                    self.attempts.insert(key.clone(), (*fingerprint, outcome.clone()));
                }
                (outcome, false)
            }
        }
    }

    fn write(&mut self, write: &Write) -> Outcome {
        let schema = things();
        let key = match &write.action {
            Action::Insert(record)
            | Action::Ensure(record)
            | Action::Put(record)
            | Action::Replace(record) => record.key(&schema).unwrap(),
            Action::Patch(key, _) | Action::Delete(key) => key.clone(),
        };
        let place =
            self.records.iter().position(|record| record.key(&schema).as_ref() == Some(&key));
        let found = place.map(|place| self.records[place].clone());
        if !holds(&write.precondition, found.as_ref()) {
            return Outcome::PreconditionFailed(found);
        }
        match (&write.action, place, found) {
            (Action::Insert(_), Some(_), Some(found)) => Outcome::Exists(found),
            (Action::Ensure(_), Some(_), Some(found)) => {
                Outcome::Updated { record: found, changed: false }
            }
            (Action::Insert(record) | Action::Ensure(record) | Action::Put(record), None, _) => {
                self.create(record)
            }
            (Action::Put(record) | Action::Replace(record), Some(place), _) => {
                self.update(place, record)
            }
            (Action::Patch(_, changes), Some(place), Some(found)) => {
                let changed = changes
                    .iter()
                    .fold(found, |record, (field, value)| record.with(*field, value.clone()));
                self.update(place, &changed)
            }
            (Action::Delete(key), Some(place), _) => {
                self.records.remove(place);
                self.changes.push((key.clone(), ChangeKind::Deleted, None));
                Outcome::Deleted
            }
            _ => Outcome::Missing,
        }
    }

    fn create(&mut self, record: &Record) -> Outcome {
        if self.is_taken(record) {
            return Outcome::Taken { field: CODE };
        }
        self.records.push(record.clone());
        self.note(ChangeKind::Created, record);
        Outcome::Created(record.clone())
    }

    fn update(&mut self, place: usize, record: &Record) -> Outcome {
        if self.records[place] == *record {
            return Outcome::Updated { record: record.clone(), changed: false };
        }
        if self.is_taken(record) {
            return Outcome::Taken { field: CODE };
        }
        self.records[place] = record.clone();
        self.note(ChangeKind::Updated, record);
        Outcome::Updated { record: record.clone(), changed: true }
    }

    fn note(&mut self, kind: ChangeKind, record: &Record) {
        self.changes.push((record.key(&things()).unwrap(), kind, Some(record.clone())));
    }

    fn is_taken(&self, record: &Record) -> bool {
        let code = record.value(CODE);
        let has_it =
            |other: &&Record| other.value(CODE) == code && other.value(0) != record.value(0);
        !code.is_null() && self.records.iter().any(|other| has_it(&other))
    }

    pub fn list(&self, conditions: &[Condition], order: &Order) -> Vec<Record> {
        let fits = |record: &&Record| conditions.iter().all(|condition| fulfils(record, condition));
        let mut found: Vec<Record> = self.records.iter().filter(fits).cloned().collect();
        if let Order::Fields(sorts) = order {
            let last = by(0);
            found.sort_by(|one, other| {
                let orders = sorts.iter().chain([&last]).map(|sort| in_order(one, other, *sort));
                orders.fold(Ordering::Equal, Ordering::then)
            });
        }
        found
    }
}

fn holds(precondition: &Precondition, found: Option<&Record>) -> bool {
    let tag = found.map(|record| ETag::of(&things(), record));
    match precondition {
        Precondition::None => true,
        Precondition::Exists => tag.is_some(),
        Precondition::Absent => tag.is_none(),
        Precondition::Matches(tags) => tag.is_some_and(|tag| tags.contains(&tag)),
        Precondition::Differs(tags) => tag.is_none_or(|tag| !tags.contains(&tag)),
    }
}

fn in_order(one: &Record, other: &Record, sort: Sort) -> Ordering {
    let (one, other) = (one.value(sort.field), other.value(sort.field));
    match (one.is_null(), other.is_null()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        _ if sort.is_descending => compare(other, one),
        _ => compare(one, other),
    }
}

fn compare(one: &Value, other: &Value) -> Ordering {
    match (one, other) {
        (Value::Boolean(one), Value::Boolean(other)) => one.cmp(other),
        (Value::Integer(one), Value::Integer(other)) | (Value::Time(one), Value::Time(other)) => {
            one.cmp(other)
        }
        (Value::Float(one), Value::Float(other)) => one.partial_cmp(other).unwrap(),
        (Value::Text(one), Value::Text(other)) => one.as_bytes().cmp(other.as_bytes()),
        (Value::Uuid(one), Value::Uuid(other)) => one.cmp(other),
        other => panic!("{other:?} are not compared"),
    }
}

fn fulfils(record: &Record, condition: &Condition) -> bool {
    let value = record.value(condition.field);
    if value.is_null() {
        return condition.comparison == Comparison::IsNull && !condition.is_negated;
    }
    let is = |other: &Value| compare(value, other);
    let fulfilled = match &condition.comparison {
        Comparison::Equal(other) => is(other).is_eq(),
        Comparison::Less(other) => is(other).is_lt(),
        Comparison::LessOrEqual(other) => is(other).is_le(),
        Comparison::Greater(other) => is(other).is_gt(),
        Comparison::GreaterOrEqual(other) => is(other).is_ge(),
        Comparison::In(others) => others.iter().any(|other| is(other).is_eq()),
        Comparison::Like(pattern) => match value {
            Value::Text(text) => matches(pattern.as_bytes(), text.as_bytes()),
            other => panic!("{other:?} is no text"),
        },
        Comparison::IsNull => false,
    };
    fulfilled != condition.is_negated
}

fn matches(pattern: &[u8], text: &[u8]) -> bool {
    match pattern {
        [] => text.is_empty(),
        [b'*', rest @ ..] => (0..=text.len()).any(|skipped| matches(rest, &text[skipped..])),
        [first, rest @ ..] => text.first() == Some(first) && matches(rest, &text[1..]),
    }
}
