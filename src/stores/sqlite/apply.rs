//! One write inside the running transaction: decided first, then done, so that a write that fails leaves its neighbours
//! alone.

use super::attempts::{self, Known};
use super::read::find;
use super::shared::Shared;
use super::table::Table;
use super::values::{Bound, BoundKey};
use crate::resource::{
    Action, ETag, FaultKind, FieldFault, Key, Outcome, Precondition, Record, Schema, StoreError,
    StoreErrorKind, Value, Write, patch,
};
use rusqlite::{Connection, OptionalExtension as _};

/// The running transaction with what came of it so far.
pub(super) struct Applying<'a> {
    pub connection: &'a Connection,
    pub shared: &'a Shared,
    pub now_ms: i64,
    /// The keys of the records that changed, one for each change.
    pub changed: Vec<Key>,
    /// Idempotency keys that were noted.
    pub attempts: u64,
    /// The next generated key, once one was needed.
    pub next_key: Option<i64>,
}

impl Applying<'_> {
    fn table(&self) -> &Table {
        &self.shared.table
    }

    fn schema(&self) -> &Schema {
        &self.shared.table.schema
    }

    fn broken(&self, error: &rusqlite::Error) -> StoreError {
        self.shared.error(error)
    }

    /// The outcome, and whether it is the one of an earlier request.
    pub fn write(&mut self, write: &Write) -> Result<(Outcome, bool), StoreError> {
        let Some(attempt) = &write.idempotency else { return Ok((self.decide(write)?, false)) };
        let known = attempts::find(self.connection, self.table(), attempt, self.now_ms);
        match known.map_err(|error| self.broken(&error))? {
            Known::Same(outcome) => return Ok((outcome, true)),
            Known::Other => return Ok((Outcome::IdempotencyMismatch, false)),
            Known::Nothing => {}
        }
        let outcome = self.decide(write)?;
        if outcome.is_success() {
            attempts::remember(self.connection, self.table(), attempt, &outcome, self.now_ms)
                .map_err(|error| self.broken(&error))?;
            self.attempts += 1;
        }
        Ok((outcome, false))
    }

    fn decide(&mut self, write: &Write) -> Result<Outcome, StoreError> {
        let key = match &write.action {
            Action::Insert(record)
            | Action::Ensure(record)
            | Action::Put(record)
            | Action::Replace(record) => record.key(self.schema()),
            Action::Patch(key, _) | Action::Delete(key) => Some(key.clone()),
        };
        // The usual insert finds out by itself whether its key is there.
        if let (Action::Insert(record), Precondition::None) = (&write.action, &write.precondition) {
            return self.create(record);
        }
        let found = match &key {
            Some(key) => self.find(key)?,
            None => None,
        };
        if !holds(&write.precondition, self.schema(), found.as_ref()) {
            return Ok(Outcome::PreconditionFailed(found));
        }
        match (&write.action, found) {
            (Action::Insert(_), Some(found)) => Ok(Outcome::Exists(found)),
            (Action::Ensure(_), Some(record)) => Ok(Outcome::Updated { record, changed: false }),
            (Action::Insert(record) | Action::Ensure(record) | Action::Put(record), None) => {
                self.create(record)
            }
            (Action::Put(record) | Action::Replace(record), Some(found)) => {
                self.update(&found, record.clone())
            }
            (Action::Patch(_, changes), Some(found)) => {
                match patch::apply(self.schema(), &found, changes) {
                    Ok(record) => self.update(&found, record),
                    Err(faults) => Ok(Outcome::Invalid(faults)),
                }
            }
            (Action::Delete(key), Some(_)) => self.delete(key.clone()),
            (Action::Replace(_) | Action::Patch(..) | Action::Delete(_), None) => {
                Ok(Outcome::Missing)
            }
        }
    }

    fn find(&self, key: &Key) -> Result<Option<Record>, StoreError> {
        let found = find(self.connection, self.table(), key);
        found.map(|found| found.map(|it| it.1)).map_err(|error| self.broken(&error))
    }

    fn create(&mut self, record: &Record) -> Result<Outcome, StoreError> {
        let mut record = record.clone();
        if record.key(self.schema()).is_none() {
            if !self.schema().key_is_generated || !self.has_integer_key() {
                return Ok(Outcome::Invalid(vec![self.key_fault(FaultKind::Missing)]));
            }
            let key = self.generate_key()?;
            record = record.with(self.schema().key, Value::Integer(key));
        }
        let key = record.key(self.schema());
        if let (Some(Key::Integer(key)), Some(next)) = (&key, self.next_key) {
            self.next_key = Some(next.max(key.saturating_add(1)));
        }
        let rows = self.execute(&self.table().insert, record.values())?;
        if let (1, Some(key)) = (rows, key) {
            self.changed.push(key);
            return Ok(Outcome::Created(record));
        }
        self.in_the_way(&record, None)
    }

    fn update(&mut self, found: &Record, record: Record) -> Result<Outcome, StoreError> {
        let schema = self.schema();
        let Some(key) = found.key(schema) else { return Ok(Outcome::Missing) };
        if record.key(schema).as_ref() != Some(&key) {
            return Ok(Outcome::Invalid(vec![self.key_fault(FaultKind::KeyMismatch)]));
        }
        let pairs = found.values().iter().zip(record.values());
        let changed: Vec<usize> =
            (0..).zip(pairs).filter(|(_, (old, new))| old != new).map(|it| it.0).collect();
        if changed.is_empty() {
            return Ok(Outcome::Updated { record, changed: false });
        }
        let mut values: Vec<Value> =
            changed.iter().map(|field| record.value(*field).clone()).collect();
        values.push(key.to_value());
        if self.execute(&self.table().update(&changed), &values)? == 0 {
            return self.in_the_way(&record, Some(&key));
        }
        self.changed.push(key);
        Ok(Outcome::Updated { record, changed: true })
    }

    fn delete(&mut self, key: Key) -> Result<Outcome, StoreError> {
        let deleted = self
            .connection
            .prepare_cached(&self.table().delete)
            .and_then(|mut statement| statement.execute([BoundKey(&key)]));
        if deleted.map_err(|error| self.broken(&error))? == 0 {
            return Ok(Outcome::Missing);
        }
        self.changed.push(key);
        Ok(Outcome::Deleted)
    }

    fn execute(&self, sql: &str, values: &[Value]) -> Result<usize, StoreError> {
        let mut statement =
            self.connection.prepare_cached(sql).map_err(|error| self.broken(&error))?;
        for (place, value) in (1..).zip(values) {
            let bound = statement.raw_bind_parameter(place, Bound(value));
            bound.map_err(|error| self.broken(&error))?;
        }
        statement.raw_execute().map_err(|error| self.broken(&error))
    }

    /// Why a record was not stored: its key is there, or another record holds one of its unique values. A record that
    /// is updated (`own`) is not in its own way.
    fn in_the_way(&self, record: &Record, own: Option<&Key>) -> Result<Outcome, StoreError> {
        let key = record.key(self.schema());
        if let (None, Some(key)) = (own, &key)
            && let Some(found) = self.find(key)?
        {
            return Ok(Outcome::Exists(found));
        }
        for (field, value) in record.values().iter().enumerate() {
            if field != self.schema().key && self.is_taken(field, value, own)? {
                return Ok(Outcome::Taken { field });
            }
        }
        let reason = "the table refused the record for a reason of its own";
        Err(StoreError::new(StoreErrorKind::Refused, reason))
    }

    fn is_taken(&self, field: usize, value: &Value, own: Option<&Key>) -> Result<bool, StoreError> {
        let is_unique = self.schema().fields.get(field).is_some_and(|field| field.is_unique);
        if !is_unique || value.is_null() {
            return Ok(false);
        }
        let table = self.table();
        let sql = format!(
            "SELECT 1 FROM {} WHERE {} = ?1 AND {} IS NOT ?2",
            table.name, table.columns[field], table.key
        );
        let own = own.map_or(Value::Null, Key::to_value);
        let found = self.connection.prepare_cached(&sql).and_then(|mut statement| {
            statement.query_row([Bound(value), Bound(&own)], |_| Ok(())).optional()
        });
        Ok(found.map_err(|error| self.broken(&error))?.is_some())
    }

    fn has_integer_key(&self) -> bool {
        self.schema().key_field().kind == crate::resource::FieldKind::Integer
    }

    fn key_fault(&self, kind: FaultKind) -> FieldFault {
        FieldFault { field: self.schema().key_field().name.clone(), kind, input: None }
    }

    /// One that is not there, and that was never generated before.
    fn generate_key(&mut self) -> Result<i64, StoreError> {
        let next = match self.next_key {
            Some(next) => next,
            None => self.first_key().map_err(|error| self.broken(&error))?,
        };
        if next == i64::MAX {
            let reason = "there are no more integers for a generated key";
            return Err(StoreError::new(StoreErrorKind::Refused, reason));
        }
        self.next_key = Some(next + 1);
        Ok(next)
    }

    fn first_key(&self) -> rusqlite::Result<i64> {
        let table = self.table();
        let sql = "SELECT next_key FROM headwater_schema WHERE resource = ?1";
        let next: i64 = self
            .connection
            .prepare_cached(sql)?
            .query_row([&table.schema.name], |row| row.get(0))?;
        let sql = format!("SELECT max({}) FROM {}", table.key, table.name);
        let last: Option<i64> =
            self.connection.prepare_cached(&sql)?.query_row([], |row| row.get(0))?;
        Ok(last.map_or(next, |last| next.max(last.saturating_add(1))))
    }

    /// Before the commit: generated keys are counted on, also when the records are gone by then.
    pub fn keep_next_key(&self) -> rusqlite::Result<()> {
        let Some(next) = self.next_key else { return Ok(()) };
        let sql = "UPDATE headwater_schema SET next_key = ?1 WHERE resource = ?2";
        let name = &self.table().schema.name;
        self.connection.prepare_cached(sql)?.execute((next, name)).map(drop)
    }
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
