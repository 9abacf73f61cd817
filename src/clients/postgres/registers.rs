//! Values under names in a table, each replaced by whoever knows its revision: leases and checkpoints.

use super::connection::Connection;
use super::table::Line;
use super::trouble::{Kind, Trouble};
use crate::clients::leases::{Register, Registers};
use crate::core::fault::Fault;
use std::sync::{Mutex, PoisonError};

/// A revision is drawn from a sequence: it never comes twice, also when somebody deletes a row.
const CREATE: &str = "CREATE TABLE IF NOT EXISTS headwater_leases (\
    name text PRIMARY KEY, revision bigserial NOT NULL, value bytea NOT NULL, \
    changed timestamptz NOT NULL DEFAULT now())";

const READ: &str = "SELECT revision, value FROM headwater_leases WHERE name = $1";
const INSERT: &str = "INSERT INTO headwater_leases (name, value) VALUES ($1, $2) \
    ON CONFLICT (name) DO NOTHING RETURNING revision";
const UPDATE: &str = "UPDATE headwater_leases SET value = $2, revision = DEFAULT, changed = now() \
    WHERE name = $1 AND revision = $3 RETURNING revision";

/// The rows of one stack, under `STACK/NAME`.
#[derive(Debug)]
pub struct RowRegisters {
    prefix: String,
    session: Mutex<Session>,
}

#[derive(Debug)]
struct Session {
    line: Line,
    connection: Option<Connection>,
}

impl RowRegisters {
    pub fn new(line: Line, stack: &str) -> Self {
        let session = Mutex::new(Session { line, connection: None });
        Self { prefix: format!("{stack}/"), session }
    }

    /// Runs something on a good connection; after trouble there is none, so that what is under way is known to be over.
    fn ask<T>(
        &self,
        question: impl AsyncFnOnce(&Connection) -> Result<T, Trouble>,
    ) -> Result<T, Fault> {
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let Session { line, connection } = &mut *session;
        let connected = match connection.take().filter(|connection| !connection.is_closed()) {
            Some(connection) => Ok(connection),
            None => line.connect().and_then(|connection| {
                line.drive(prepare(&connection))?;
                Ok(connection)
            }),
        };
        let answered = connected.and_then(|connected| {
            let answer = line.drive(question(&connected))?;
            *connection = Some(connected);
            Ok(answer)
        });
        answered.map_err(|trouble| line.fault(&trouble))
    }
}

/// Makes the table unless it is there.
async fn prepare(connection: &Connection) -> Result<(), Trouble> {
    let row = connection.query_one("SELECT to_regclass('headwater_leases')::oid", &[]).await?;
    if row.try_get::<_, Option<u32>>(0)?.is_some() {
        return Ok(());
    }
    match connection.batch_execute(CREATE).await.map_err(Trouble::from) {
        Err(Trouble { kind: Kind::Forbidden, detail }) => {
            let remedy = format!("{detail}; create the table for this user once: {CREATE}");
            Err(Trouble::new(Kind::Forbidden, remedy))
        }
        // Another process was quicker.
        Err(Trouble { kind: Kind::Taken(_), .. }) => Ok(()),
        other => other,
    }
}

impl Registers for RowRegisters {
    fn read(&self, key: &str) -> Result<Option<Register>, Fault> {
        let name = format!("{}{key}", self.prefix);
        self.ask(async |connection| {
            let Some(row) = connection.query_opt(READ, &[&name]).await? else { return Ok(None) };
            let revision: i64 = row.try_get(0)?;
            Ok(Some(Register { revision: revision.unsigned_abs(), value: row.try_get(1)? }))
        })
    }

    fn replace(&self, key: &str, revision: u64, value: &[u8]) -> Result<Option<u64>, Fault> {
        let name = format!("{}{key}", self.prefix);
        self.ask(async |connection| {
            let row = if revision == 0 {
                connection.query_opt(INSERT, &[&name, &value]).await?
            } else {
                let revision = i64::try_from(revision).unwrap_or_default();
                connection.query_opt(UPDATE, &[&name, &value, &revision]).await?
            };
            let new: Option<i64> = row.map(|row| row.try_get(0)).transpose()?;
            Ok(new.map(i64::unsigned_abs))
        })
    }
}
