//! Stores: where the records of a resource live. `memory` and `sqlite` are one implementation over SQLite, `postgres`
//! is the other; one conformance suite runs on all of them.

pub mod feed;
pub mod flow;
pub mod limits;
pub mod postgres;
pub mod queue;
pub mod sqlite;

use crate::core::fault::Fault;
use crate::resource::{Schema, Store, StoreConfig};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// What a store is opened with, beside its schema.
#[derive(Debug, Clone)]
pub struct Opening {
    /// Where a bare file name lives.
    pub directory: PathBuf,
    /// How often others' changes are looked for; a cache asks for a fraction of its `max_stale`.
    pub watch_interval: Duration,
}

impl Opening {
    /// A name without a directory is one of the stack's own files.
    fn path(&self, file: &Path) -> PathBuf {
        match file.parent() {
            Some(parent) if parent.as_os_str().is_empty() => self.directory.join(file),
            _ => file.to_path_buf(),
        }
    }
}

/// Opens a store; a fault names the remedy. A server that is down is no fault: the store comes back by itself.
pub fn open(
    schema: Arc<Schema>,
    config: &StoreConfig,
    opening: &Opening,
) -> Result<Arc<dyn Store>, Fault> {
    let interval = opening.watch_interval;
    Ok(match config {
        StoreConfig::Memory => Arc::new(sqlite::SqliteStore::in_memory(schema, interval)?),
        StoreConfig::Sqlite(file) => {
            Arc::new(sqlite::SqliteStore::in_file(schema, &opening.path(file), interval)?)
        }
        StoreConfig::Postgres(url) => Arc::new(postgres::Postgres::open(&schema, url, interval)?),
    })
}
