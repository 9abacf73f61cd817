//! What is true of SQLite alone: files, what a shell does to them, and trouble of every kind.

mod commits;
mod files;
mod followers;
mod here;
mod neighbours;
mod plans;
mod schemas;
mod shells;

use crate::core::fault::Fault;
use crate::resource::{
    Action, Atomicity, Field, FieldKind, FieldLimits, Key, Outcome, Record, Schema, Store, Value,
    Write,
};
use crate::stores::sqlite::SqliteStore;
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

const INTERVAL: Duration = Duration::from_millis(5);

/// A file in a directory of its own.
struct File(TempDir);

impl File {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("users.db")
    }

    fn open(&self, schema: &Schema) -> Result<SqliteStore, Fault> {
        open(schema, &self.path())
    }

    /// What `sqlite3 FILE` is connected with.
    fn shell(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }
}

fn open(schema: &Schema, path: &Path) -> Result<SqliteStore, Fault> {
    SqliteStore::in_file(Arc::new(schema.clone()), path, INTERVAL)
}

fn field(name: &str, kind: FieldKind) -> Field {
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

fn schema(fields: Vec<Field>) -> Schema {
    Schema { name: "users".into(), fields, key: 0, key_is_generated: false }
}

fn users() -> Schema {
    schema(vec![field("id", FieldKind::Integer), field("name", FieldKind::Text)])
}

fn user(id: i64, name: &str) -> Record {
    Record::new(vec![Value::Integer(id), Value::text(name)])
}

fn insert(store: &dyn Store, record: Record) -> Outcome {
    write(store, Action::Insert(record))
}

fn write(store: &dyn Store, action: Action) -> Outcome {
    let write = Write::from(action);
    store.write(vec![write], Atomicity::Each).wait().unwrap().remove(0).outcome
}

fn get(store: &dyn Store, id: i64) -> Option<Record> {
    store.get(Key::Integer(id)).wait().unwrap().record
}

/// Tries until it holds; the store looks for news between two tries.
fn until(store: &dyn Store, mut holds: impl FnMut() -> bool) {
    let end = crate::core::time::now() + Duration::from_secs(20);
    while !holds() {
        assert!(crate::core::time::now() < end, "it does not come to hold");
        drop(store.catch_up().wait());
    }
}
