//! Connections to a database file, and what is in force on each.

use super::pattern;
use crate::core::fault::Fault;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// SQLite before this one can damage a WAL that several connections reset at the same time.
const OLDEST: i32 = 3_051_003;

/// How long a statement waits for another process's lock: longer than a large bulk of a neighbour takes, and short
/// enough that the writes behind it are answered before their queue calls them late.
const LOCK_WAIT: Duration = Duration::from_secs(2);

/// Prepared statements that a connection keeps: the fixed ones, and the lists and updates most in use.
const STATEMENTS: usize = 128;

/// Where the database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Location {
    Memory,
    File(PathBuf),
}

impl Location {
    /// As messages name it.
    pub fn name(&self) -> String {
        match self {
            Self::Memory => "memory".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }

    pub fn connect(&self) -> rusqlite::Result<Connection> {
        let connection = match self {
            Self::Memory => Connection::open_in_memory()?,
            Self::File(path) => open_file(path)?,
        };
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        pattern::install(&connection)?;
        // Plans do not depend on values, or a list's limit alone would have it planned anew each time.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        // A column that is gone is an error, not a text of the same letters.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
        Ok(connection)
    }
}

/// What a commit answers for is on the disk: in WAL mode only FULL syncs the WAL before a commit returns. The page
/// cache is small, because the operating system has the file's pages anyway.
fn open_file(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(LOCK_WAIT)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "cache_size", -2048)?;
    // What a busy hour made of the WAL is given back.
    connection.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
    Ok(connection)
}

/// Whether the connection keeps its word about durability.
pub(super) fn is_durable(connection: &Connection) -> rusqlite::Result<bool> {
    let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    let synchronous: i64 = connection.pragma_query_value(None, "synchronous", |row| row.get(0))?;
    Ok(mode == "wal" && synchronous == 2)
}

pub(super) fn check_library() -> Result<(), Fault> {
    if rusqlite::version_number() >= OLDEST {
        return Ok(());
    }
    let version = rusqlite::version();
    Err(Fault::stop(format!("this program was built with SQLite {version}; it needs 3.51.3")))
}
