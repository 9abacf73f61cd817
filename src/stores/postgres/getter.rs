//! The worker that finds single records: whatever waits is found by one statement.

use super::cell::{KeyCell, Xid, type_name};
use super::inbox::Waiting;
use super::job::Get;
use super::session::{Session, read};
use super::setup::Prepared;
use super::shared::{GET_TIME, Shared};
use crate::clients::postgres::connection::Connection;
use crate::clients::postgres::trouble::Trouble;
use crate::core::time::now;
use crate::resource::{Fetched, Key, Record, Version};
use crate::stores::limits;
use crate::stores::queue::Job as _;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres::Statement;

struct Finder {
    connection: Connection,
    prepared: Arc<Prepared>,
    find: Statement,
}

impl Session for Finder {
    /// A plan that was made while the table was small must still go through the index when it is large, so scans and
    /// joins that read whole tables are put last. The time is less than callers wait, so that the connection outlives
    /// a table that somebody has locked.
    const SETTINGS: &'static str = "SET enable_seqscan = off; SET enable_hashjoin = off; \
        SET enable_mergejoin = off; SET enable_bitmapscan = off; SET statement_timeout = 900; ";

    async fn prepare(connection: Connection, prepared: Arc<Prepared>) -> Result<Self, Trouble> {
        let layout = &prepared.layout;
        let (table, key) = (&layout.table, &layout.key().name);
        let kind = type_name(&layout.schema.key_field().kind);
        let find = format!(
            "SELECT s.seen, {} FROM (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS seen) s \
             LEFT JOIN {table} t ON t.{key} = ANY($1::{kind}[])",
            layout.reading("t."),
        );
        let find = connection.prepare(&find).await?;
        Ok(Self { connection, prepared, find })
    }

    fn connection(&self) -> &Connection {
        &self.connection
    }

    fn prepared(&self) -> &Arc<Prepared> {
        &self.prepared
    }
}

impl Finder {
    /// One answer for each key. A record has just the key that was asked for: no column is taken for a key that holds
    /// different texts as equal.
    async fn find(&self, jobs: &[Waiting<Get>]) -> Result<Vec<Fetched>, Trouble> {
        let layout = &self.prepared.layout;
        let keys: Vec<_> = jobs.iter().map(|waiting| findable(&waiting.job.key)).collect();
        let rows = self.connection.query(&self.find, &[&keys]).await?;
        let mut seen = 0;
        let mut records: HashMap<Key, Record> = HashMap::with_capacity(rows.len());
        for row in &rows {
            Xid(seen) = row.try_get(0)?;
            let record = layout.record(row, 1)?;
            if let Some(key) = record.key(&layout.schema) {
                records.insert(key, record);
            }
        }
        let as_of = Version(seen.saturating_sub(1));
        let fetched = |waiting: &Waiting<Get>| {
            let record = records.get(&waiting.job.key).cloned();
            Fetched { record, as_of }
        };
        Ok(jobs.iter().map(fetched).collect())
    }
}

/// How long a getter lets another one finish first, so that what comes meanwhile shares its statement. A server that is
/// further away than this has two under way.
const TURN: Duration = Duration::from_millis(1);

pub async fn work(shared: &Shared) {
    let mut session: Option<Finder> = None;
    while let Some(mut jobs) = shared.gets.take(limits::GETS_TOGETHER).await {
        let turn = tokio::time::timeout(TURN, shared.getting.lock()).await;
        if jobs.len() < limits::GETS_TOGETHER {
            // Nothing there, or closed: then there is only what was taken.
            let more = shared.gets.take_now(limits::GETS_TOGETHER - jobs.len());
            jobs.extend(more.unwrap_or_default());
        }
        let jobs: Vec<Waiting<Get>> =
            jobs.into_iter().filter(|waiting| !waiting.job.answering.is_forgotten()).collect();
        if jobs.is_empty() {
            continue;
        }
        // The time of waiting does not count, or a server that is merely busy would look as if it were away.
        let deadline = now() + GET_TIME;
        let find = async |finder: &Finder| finder.find(&jobs).await;
        let found = read(shared, &mut session, deadline, find).await;
        drop(turn);
        match found {
            Ok(found) => {
                for (waiting, fetched) in jobs.into_iter().zip(found) {
                    waiting.job.answering.answer(Ok(fetched));
                }
            }
            Err(trouble) => {
                for waiting in jobs {
                    waiting.job.refuse(trouble.store_error());
                }
            }
        }
    }
}

/// No text of this server holds a NUL, and it would refuse the whole statement.
fn findable(key: &Key) -> Option<KeyCell<'_>> {
    match key {
        Key::Text(text) if text.contains('\0') => None,
        key => Some(KeyCell(key)),
    }
}
