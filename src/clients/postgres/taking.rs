//! Takes new rows of a table in the order of a key, and only those below which no other can still appear.
//!
//! Keys are given out in one order and become visible in another: a transaction that took key 5 may end after the one
//! that took 6. Whoever inserts holds a lock on the table from before a default of the key is computed until its
//! transaction has ended. So the newest key that can be seen is a bound once all have ended who held such a lock when
//! it was seen: a smaller key was taken before, by one of them, or by one that had ended already.

use super::connection::Connection;
use super::table::{Line, Table, quoted};
use super::trouble::{Kind, Trouble};
use crate::clients::race::either;
use crate::core::batch::Batch;
use crate::core::fault::Fault;
use crate::core::position::{Checkpoint, Partition, Position};
use crate::core::record::{Encoding, Records};
use crate::core::source::{Read, Source};
use crate::core::time::now;
use crate::core::wait::Wait;
use std::time::{Duration, Instant};

/// How long a read may take before it looks whether it shall stop.
const SLICE: Duration = Duration::from_millis(200);

/// A transaction that keeps rows back for so long is told of.
const PATIENCE: Duration = Duration::from_secs(10);

/// Rows that are asked for at a time.
const ROWS: i64 = 2000;

/// What stands in the stack file.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub table: String,
    pub key: String,
    /// All where it is empty.
    pub columns: Vec<String>,
    pub every: Duration,
    /// A channel whose notifications wake this source.
    pub notify: Option<String>,
    pub starts_now: bool,
    /// How old the newest key must be.
    pub settle: Duration,
    pub batch_bytes: usize,
}

/// Follows a table.
#[derive(Debug)]
pub struct Taking {
    line: Line,
    wanted: Wanted,
    partition: Partition,
    session: Option<Session>,
    /// The last key that was passed on, and how many rows were.
    last: Option<String>,
    count: u64,
    /// There is no checkpoint, and what is there is not wanted.
    begins_now: bool,
    candidate: Option<Candidate>,
    /// Nothing can appear up to here, and there may be rows that were not read.
    bound: Option<String>,
    look_at: Instant,
    /// Was it said that keys are smaller than what was read?
    is_told: bool,
}

#[derive(Debug)]
struct Session {
    connection: Connection,
    newest: String,
    writers: String,
    rows: String,
}

/// A key that will be a bound.
#[derive(Debug, Clone)]
struct Candidate {
    key: String,
    seen: Instant,
    /// Transactions that wrote to the table then and may not have ended.
    writers: Vec<String>,
    is_told: bool,
}

impl Taking {
    pub fn new(line: Line, wanted: Wanted) -> Self {
        let partition = Partition::from(wanted.table.as_str());
        let (session, last, candidate, bound) = (None, None, None, None);
        let (count, begins_now, look_at) = (0, wanted.starts_now, now());
        Self {
            line,
            wanted,
            partition,
            session,
            last,
            count,
            begins_now,
            candidate,
            bound,
            look_at,
            is_told: false,
        }
    }

    fn open(&mut self) -> Result<(), Trouble> {
        if self.session.as_ref().is_some_and(|session| !session.connection.is_closed()) {
            return Ok(());
        }
        self.session = None;
        let connection = self.line.connect()?;
        let wanted = &self.wanted;
        let (newest, writers, rows) = self.line.drive(async {
            let row = connection.query_one("SELECT pg_is_in_recovery()", &[]).await?;
            if row.try_get(0)? {
                let detail = "this server is a standby, where it cannot be seen who writes: give the primary's URL";
                return Err(Trouble::new(Kind::Mismatch, detail));
            }
            let table = Table::read(&connection, &wanted.table).await?;
            if let Some(channel) = &wanted.notify {
                connection.batch_execute(&format!("LISTEN {}", quoted(channel))).await?;
            }
            statements(&table, wanted)
        })?;
        self.session = Some(Session { connection, newest, writers, rows });
        // What was seen over another connection is looked at anew.
        self.candidate = None;
        Ok(())
    }

    fn session(&self) -> Result<&Session, Trouble> {
        self.session.as_ref().ok_or_else(|| Trouble::new(Kind::Lost, "not connected yet"))
    }

    fn try_read(&mut self) -> Result<Read, Trouble> {
        self.open()?;
        if self.bound.is_none() {
            self.look()?;
        }
        if self.begins_now && self.candidate.is_none() {
            // The flow's first start: what is there, if anything, is passed over, and a checkpoint shall say so.
            self.begins_now = false;
            self.last = self.bound.take();
            return Ok(Read::Batch(Box::new(self.batch(Records::empty(Encoding::Json)))));
        }
        let Some(bound) = self.bound.clone() else { return Ok(Read::Idle) };
        let (records, last) = self.rows(&bound)?;
        let Some(last) = last else {
            self.bound = None;
            self.tell_of_smaller_keys(&bound);
            return Ok(Read::Idle);
        };
        self.count += records.count;
        if last == bound {
            self.bound = None;
        }
        self.last = Some(last);
        self.is_told = false;
        Ok(Read::Batch(Box::new(self.batch(records))))
    }

    /// Nothing stands between the last key that was read and the newest: there are smaller keys alone.
    fn tell_of_smaller_keys(&mut self, newest: &str) {
        if std::mem::replace(&mut self.is_told, true) {
            return;
        }
        tracing::warn!(
            table = self.wanted.table,
            "the newest key is {newest}, and this flow has read up to {}: the rows behind it were deleted, or keys are \
             given out again, and those are not read; to begin anew, stop the flow and move its checkpoint away",
            self.last.as_deref().unwrap_or_default()
        );
    }

    fn batch(&self, records: Records) -> Batch {
        let note = self.last.clone().unwrap_or_default();
        Batch::new(&self.partition, Position { offset: self.count, note }, records)
    }

    /// Looks for the newest key, and whether the one that was found before has become a bound.
    fn look(&mut self) -> Result<(), Trouble> {
        let mut candidate = if let Some(candidate) = self.candidate.take() {
            candidate
        } else {
            let Some(key) = self.newest()? else { return Ok(()) };
            // After the key: who comes later takes a larger one.
            let writers = self.writers()?;
            Candidate { key, seen: now(), writers, is_told: false }
        };
        if !candidate.writers.is_empty() {
            let running = self.writers()?;
            candidate.writers.retain(|writer| running.contains(writer));
        }
        let is_settled = candidate.seen.elapsed() >= self.wanted.settle;
        if candidate.writers.is_empty() && is_settled {
            self.bound = Some(candidate.key);
            return Ok(());
        }
        let is_late = candidate.seen.elapsed() > PATIENCE.max(self.wanted.settle * 2);
        let is_told = std::mem::replace(&mut candidate.is_told, is_late);
        if is_late && !is_told {
            tracing::info!(
                table = self.wanted.table,
                "rows wait for {} transaction(s) that write to the table and have not ended: {}",
                candidate.writers.len(),
                candidate.writers.join(", ")
            );
        }
        self.candidate = Some(candidate);
        Ok(())
    }

    fn newest(&self) -> Result<Option<String>, Trouble> {
        let Session { connection, newest, .. } = self.session()?;
        self.line.drive(async {
            let Some(row) = connection.query_opt(newest, &[]).await? else { return Ok(None) };
            let key: String = row.try_get(0)?;
            Ok(Some(key).filter(|key| self.last.as_ref() != Some(key)))
        })
    }

    fn writers(&self) -> Result<Vec<String>, Trouble> {
        let Session { connection, writers, .. } = self.session()?;
        self.line.drive(async {
            let rows = connection.query(writers, &[]).await?;
            let names: Result<Vec<String>, _> = rows.iter().map(|row| row.try_get(0)).collect();
            Ok(names?)
        })
    }

    /// The next rows up to the bound, as many as fit into a batch, and the key of the last of them.
    fn rows(&self, bound: &str) -> Result<(Records, Option<String>), Trouble> {
        let Session { connection, rows, .. } = self.session()?;
        let found = self
            .line
            .drive(async { Ok(connection.query(rows, &[&self.last, &bound, &ROWS]).await?) })?;
        let (mut records, mut last) = (Records::empty(Encoding::Json), None);
        for row in &found {
            let (json, key): (&str, String) = (row.try_get(0)?, row.try_get(1)?);
            if !records.is_empty() && records.bytes.len() + json.len() > self.wanted.batch_bytes {
                break;
            }
            // A column of type json may hold line feeds, also between its parts.
            if json.contains(['\n', '\r']) {
                let value: serde_json::Value = serde_json::from_str(json)
                    .map_err(|error| Trouble::new(Kind::Broken, error.to_string()))?;
                records.push_json(value.to_string().as_bytes());
            } else {
                records.push_json(json.as_bytes());
            }
            last = Some(key);
        }
        Ok((records, last))
    }

    /// Waits for a notification, or until it is time to look again.
    fn rest(&mut self, wait: &Wait) {
        while !wait.is_stopped() && now() < self.look_at {
            let slice = SLICE.min(self.look_at.saturating_duration_since(now()));
            let Some(session) = &self.session else {
                wait.sleep(slice);
                continue;
            };
            let runtime = &self.line.runtime;
            let is_woken = runtime.block_on(async {
                let sleep = async { tokio::time::sleep(slice).await };
                matches!(
                    either(session.connection.noticed(), sleep).await,
                    crate::clients::race::Either::First(())
                )
            });
            if is_woken {
                return;
            }
        }
    }
}

impl Source for Taking {
    fn resume(&mut self, from: &Checkpoint) -> Result<(), Fault> {
        if let Some(position) = from.position(&self.partition) {
            self.count = position.offset;
            self.begins_now = false;
            self.last = Some(position.note.clone()).filter(|note| !note.is_empty());
        }
        Ok(())
    }

    fn read(&mut self, wait: &Wait) -> Result<Read, Fault> {
        if self.bound.is_none() {
            self.rest(wait);
            if wait.is_stopped() {
                return Ok(Read::Idle);
            }
        }
        let read = self.try_read();
        // Somebody who still writes is looked for soon; a table without news after the pause.
        let pause =
            if self.candidate.is_some() { SLICE.min(self.wanted.every) } else { self.wanted.every };
        self.look_at = now() + pause;
        read.map_err(|trouble| {
            self.session = None;
            self.line.fault(&trouble)
        })
    }
}

/// The statements that a table is followed with: its newest key, who writes to it, its rows between two keys.
fn statements(table: &Table, wanted: &Wanted) -> Result<(String, String, String), Trouble> {
    let wrong = |detail: String| Err(Trouble::new(Kind::Mismatch, detail));
    let Some(key) = table.column(&wanted.key) else {
        return wrong(format!("the table {} has no column `{}`", table.name, wanted.key));
    };
    if !table.unique.contains(&key.name) {
        return wrong(format!(
            "`{}` of {} must be NOT NULL and have a unique index of its own, or rows could be passed over",
            key.name, table.name
        ));
    }
    if let Some(name) = wanted.columns.iter().find(|name| table.column(name).is_none()) {
        return wrong(format!("the table {} has no column `{name}`", table.name));
    }
    let chosen = table.columns.iter().map(|column| &column.name);
    let chosen: Vec<String> = chosen
        .filter(|name| wanted.columns.is_empty() || wanted.columns.contains(name))
        .map(|name| format!("t.{}", quoted(name)))
        .collect();
    let (name, column, type_name, chosen) =
        (&table.name, quoted(&key.name), &key.type_name, chosen.join(", "));
    // Names of results must not be taken for columns, or texts would be put in order.
    let newest = format!("SELECT t.{column}::text FROM {name} t ORDER BY t.{column} DESC LIMIT 1");
    let id = table.id;
    let writers = format!(
        "SELECT DISTINCT virtualtransaction FROM pg_locks WHERE locktype = 'relation' AND granted \
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
         AND mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock') \
         AND relation IN (SELECT {id}::oid UNION SELECT relid::oid FROM pg_partition_tree({id}::oid::regclass)) \
         AND pid IS DISTINCT FROM pg_backend_pid()"
    );
    let rows = format!(
        "SELECT row_to_json(found.headwater_row)::text, found.headwater_key FROM (\
         SELECT t.{column}::text AS headwater_key, t.{column} AS headwater_place, \
         (SELECT headwater_row FROM (SELECT {chosen}) headwater_row) AS headwater_row \
         FROM {name} t WHERE ($1::text IS NULL OR t.{column} > $1::text::{type_name}) \
         AND t.{column} <= $2::text::{type_name} ORDER BY t.{column} LIMIT $3) found \
         ORDER BY found.headwater_place"
    );
    Ok((newest, writers, rows))
}
