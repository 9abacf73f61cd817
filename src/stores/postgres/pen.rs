//! The statements with which records are written, prepared on one connection. Each takes many records at once.

use super::catalog::literal;
use super::cell::{Cell, Got, KeyCell, Xid, type_name};
use super::layout::Layout;
use super::log::CHANNEL;
use super::session::Session;
use super::setup::Prepared;
use crate::clients::postgres::connection::Connection;
use crate::clients::postgres::trouble::Trouble;
use crate::resource::{Idempotency, Key, Outcome, Record, Value, json};
use crate::stores::limits;
use std::collections::HashMap;
use std::sync::Arc;
use tokio_postgres::Statement;
use tokio_postgres::types::ToSql;

pub struct Pen {
    connection: Connection,
    prepared: Arc<Prepared>,
    lock: Statement,
    insert: Statement,
    /// There is nothing to update in a record that is but its key.
    update: Option<Statement>,
    delete: Statement,
    claim: Statement,
    recall: Statement,
    remember: Statement,
    new_keys: Option<Statement>,
    count_on: Option<Statement>,
    note: Option<Statement>,
    taken: Vec<(usize, Statement)>,
}

impl Session for Pen {
    /// As for single records: the plan must go through the index. Nobody waits long for a lock of somebody else's,
    /// because all who share the transaction would wait; and the server breaks a statement off before callers stop
    /// waiting.
    const SETTINGS: &'static str = "SET enable_seqscan = off; SET enable_hashjoin = off; \
        SET enable_mergejoin = off; SET statement_timeout = 4500; SET lock_timeout = 200; ";

    async fn prepare(connection: Connection, prepared: Arc<Prepared>) -> Result<Self, Trouble> {
        let (layout, home) = (Arc::clone(&prepared.layout), prepared.home.clone());
        let mut taken = Vec::new();
        for (_, field) in &layout.uniques {
            if *field != layout.schema.key && taken.iter().all(|(known, _)| known != field) {
                taken.push((*field, connection.prepare(&taken_sql(&layout, *field)).await?));
            }
        }
        let update = match update_sql(&layout) {
            Some(sql) => Some(connection.prepare(&sql).await?),
            None => None,
        };
        let new_keys = match &layout.new_key {
            Some(new) => {
                let sql =
                    format!("SELECT {new}::{} FROM generate_series(1, $1)", key_type(&layout));
                Some(connection.prepare(&sql).await?)
            }
            None => None,
        };
        let count_on = match &layout.sequence {
            Some(sequence) => Some(connection.prepare(&count_on_sql(&layout, sequence)).await?),
            None => None,
        };
        let note = if prepared.logs_itself {
            Some(connection.prepare(&note_sql(&home)).await?)
        } else {
            None
        };
        Ok(Self {
            lock: connection.prepare(&lock_sql(&layout)).await?,
            insert: connection.prepare(&insert_sql(&layout)).await?,
            update,
            delete: connection.prepare(&delete_sql(&layout)).await?,
            claim: connection.prepare(CLAIM).await?,
            recall: connection.prepare(&recall_sql(&home)).await?,
            remember: connection.prepare(&remember_sql(&home)).await?,
            new_keys,
            count_on,
            note,
            taken,
            connection,
            prepared,
        })
    }

    fn connection(&self) -> &Connection {
        &self.connection
    }

    fn prepared(&self) -> &Arc<Prepared> {
        &self.prepared
    }
}

fn key_type(layout: &Layout) -> &'static str {
    type_name(&layout.schema.key_field().kind)
}

/// In the order of the keys, so that two who lock the same records never wait for each other in a circle.
fn lock_sql(layout: &Layout) -> String {
    let key = &layout.key().name;
    format!(
        "SELECT {} FROM {} t WHERE t.{key} = ANY($1::{}[]) ORDER BY t.{key} FOR UPDATE",
        layout.reading("t."),
        layout.table,
        key_type(layout),
    )
}

/// `unnest` over a parameter for each field, its columns called `c0`, `c1`, ….
fn rows(layout: &Layout) -> String {
    let numbered = layout.schema.fields.iter().enumerate();
    let arrays: Vec<String> = numbered
        .map(|(number, field)| format!("${}::{}[]", number + 1, type_name(&field.kind)))
        .collect();
    let names: Vec<String> = (0..arrays.len()).map(|number| format!("c{number}")).collect();
    format!("unnest({}) AS u({})", arrays.join(", "), names.join(", "))
}

fn insert_sql(layout: &Layout) -> String {
    let names: Vec<&str> = layout.columns.iter().map(|place| place.name.as_str()).collect();
    let values: Vec<String> = (0..names.len()).map(|number| format!("u.c{number}")).collect();
    format!(
        "INSERT INTO {} AS t ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {} ON CONFLICT DO NOTHING \
         RETURNING pg_current_xact_id(), {}",
        layout.table,
        names.join(", "),
        values.join(", "),
        rows(layout),
        layout.reading("t."),
    )
}

fn update_sql(layout: &Layout) -> Option<String> {
    let key = layout.schema.key;
    let sets: Vec<String> = (0..)
        .zip(&layout.columns)
        .filter(|(number, _)| *number != key)
        .map(|(number, place)| format!("{} = u.c{number}", place.name))
        .collect();
    (!sets.is_empty()).then(|| {
        format!(
            "UPDATE {} AS t SET {} FROM {} WHERE t.{} = u.c{key} RETURNING {}",
            layout.table,
            sets.join(", "),
            rows(layout),
            layout.key().name,
            layout.reading("t."),
        )
    })
}

/// In the order in which they are asked for.
fn delete_sql(layout: &Layout) -> String {
    let (table, key, kind) = (&layout.table, &layout.key().name, key_type(layout));
    format!("DELETE FROM {table} t USING unnest($1::{kind}[]) AS u(key) WHERE t.{key} = u.key")
}

/// Whether another record than the one with this key holds a value.
fn taken_sql(layout: &Layout, field: usize) -> String {
    format!(
        "SELECT EXISTS (SELECT FROM {} t WHERE t.{} = $1::{} AND t.{} IS DISTINCT FROM $2::{})",
        layout.table,
        layout.columns[field].name,
        type_name(&layout.schema.fields[field].kind),
        layout.key().name,
        key_type(layout),
    )
}

/// Generated keys go on behind one that was given; the server has no lock for this, and whoever meets a key that is
/// there takes the next one.
fn count_on_sql(layout: &Layout, sequence: &str) -> String {
    let (table, key) = (&layout.table, &layout.key().name);
    format!(
        "SELECT setval({}::regclass, s.given) FROM (SELECT \
            coalesce($1::int8, (SELECT max({key})::int8 FROM {table})) AS given) s \
         WHERE s.given > (SELECT last_value FROM {sequence})",
        literal(sequence)
    )
}

/// Holds off everybody else with the same idempotency keys until the transaction ends. In one order, so that two never
/// wait for each other in a circle.
const CLAIM: &str = "SELECT pg_advisory_xact_lock(claim) FROM (\
    SELECT DISTINCT hashtextextended($1 || ' ' || key, 2) AS claim FROM unnest($2::text[]) AS k(key) ORDER BY 1) c";

fn recall_sql(home: &str) -> String {
    format!(
        "SELECT key, fingerprint, kind, record FROM {home}.headwater_attempts \
         WHERE resource = $1 AND key = ANY($2::text[]) AND at > now() - make_interval(secs => {})",
        limits::IDEMPOTENCY_LIFE.as_secs()
    )
}

/// One that has expired has its place taken.
fn remember_sql(home: &str) -> String {
    format!(
        "INSERT INTO {home}.headwater_attempts (resource, key, fingerprint, kind, record) \
         SELECT $1, u.* FROM unnest($2::text[], $3::bytea[], $4::text[], $5::bytea[]) AS u \
         ON CONFLICT (resource, key) DO UPDATE SET fingerprint = EXCLUDED.fingerprint, \
         kind = EXCLUDED.kind, record = EXCLUDED.record, at = EXCLUDED.at"
    )
}

fn note_sql(home: &str) -> String {
    format!(
        "WITH noted AS (INSERT INTO {home}.headwater_changes (resource, kind, key, record) \
         SELECT $1, $2, u.* FROM unnest($3::text[], $4::json[]) AS u) SELECT pg_notify('{CHANNEL}', $1)"
    )
}

/// What is remembered of a request that was carried out.
#[derive(Debug, Clone)]
pub struct Attempt {
    pub fingerprint: Vec<u8>,
    pub outcome: Outcome,
}

impl Pen {
    pub fn layout(&self) -> &Layout {
        &self.prepared.layout
    }

    fn resource(&self) -> &String {
        &self.prepared.layout.schema.name
    }

    /// Begins a transaction and answers its number.
    pub async fn begin(&self, is_patient: bool) -> Result<u64, Trouble> {
        let deferred =
            if self.layout().has_deferred { "SET CONSTRAINTS ALL IMMEDIATE; " } else { "" };
        let patience = if is_patient { "" } else { "SET LOCAL lock_timeout = 50; " };
        let sql = format!("BEGIN; {deferred}{patience}SELECT pg_current_xact_id()");
        let messages = self.connection.simple_query(&sql).await?;
        let number = messages.iter().find_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0)?.parse().ok(),
            _ => None,
        });
        number.ok_or_else(|| {
            Trouble::new(
                crate::clients::postgres::trouble::Kind::Broken,
                "no transaction has begun",
            )
        })
    }

    pub async fn execute(&self, sql: &str) -> Result<(), Trouble> {
        Ok(self.connection.batch_execute(sql).await?)
    }

    /// Locks the records of these keys, and answers them.
    pub async fn lock(&self, keys: &[Key]) -> Result<HashMap<Key, Option<Record>>, Trouble> {
        let cells: Vec<KeyCell<'_>> =
            keys.iter().filter(|key| is_findable(key)).map(KeyCell).collect();
        let mut found: HashMap<Key, Option<Record>> =
            keys.iter().map(|key| (key.clone(), None)).collect();
        if !cells.is_empty() {
            for row in self.connection.query(&self.lock, &[&cells]).await? {
                let record = self.layout().record(&row, 0)?;
                if let Some(key) = record.key(&self.layout().schema) {
                    found.insert(key, Some(record));
                }
            }
        }
        Ok(found)
    }

    /// Inserts those whose key and unique values are free; answers them as they are stored, with the transaction.
    pub async fn insert(
        &self,
        records: &[&Record],
    ) -> Result<HashMap<Key, (u64, Record)>, Trouble> {
        let mut made = HashMap::with_capacity(records.len());
        for row in self.with_records(&self.insert, records).await? {
            let Xid(xid) = row.try_get(0)?;
            let record = self.layout().record(&row, 1)?;
            if let Some(key) = record.key(&self.layout().schema) {
                made.insert(key, (xid, record));
            }
        }
        Ok(made)
    }

    /// Replaces records that are there and locked; answers them as they are stored.
    pub async fn update(&self, records: &[&Record]) -> Result<HashMap<Key, Record>, Trouble> {
        let mut made = HashMap::with_capacity(records.len());
        let Some(update) = &self.update else { return Ok(made) };
        for row in self.with_records(update, records).await? {
            let record = self.layout().record(&row, 0)?;
            if let Some(key) = record.key(&self.layout().schema) {
                made.insert(key, record);
            }
        }
        Ok(made)
    }

    async fn with_records(
        &self,
        statement: &Statement,
        records: &[&Record],
    ) -> Result<Vec<tokio_postgres::Row>, Trouble> {
        let columns: Vec<Vec<Cell<'_>>> = (0..self.layout().columns.len())
            .map(|field| records.iter().map(|record| Cell(record.value(field))).collect())
            .collect();
        let parameters: Vec<&(dyn ToSql + Sync)> =
            columns.iter().map(|column| column as &(dyn ToSql + Sync)).collect();
        Ok(self.connection.query(statement, &parameters).await?)
    }

    pub async fn delete(&self, keys: &[&Key]) -> Result<(), Trouble> {
        let cells: Vec<KeyCell<'_>> = keys.iter().map(|key| KeyCell(key)).collect();
        self.connection.execute(&self.delete, &[&cells]).await?;
        Ok(())
    }

    /// The first unique field whose value another record holds.
    pub async fn taken(
        &self,
        record: &Record,
        is_asked: impl Fn(usize) -> bool,
    ) -> Result<Option<usize>, Trouble> {
        let own = record.value(self.layout().schema.key);
        for (field, statement) in self.taken.iter().filter(|(field, _)| is_asked(*field)) {
            let value = record.value(*field);
            if !value.is_null() {
                let row = self.connection.query_one(statement, &[&Cell(value), &Cell(own)]).await?;
                if row.try_get(0)? {
                    return Ok(Some(*field));
                }
            }
        }
        Ok(None)
    }

    /// Unique fields beside the key.
    pub fn has_uniques(&self) -> bool {
        !self.taken.is_empty()
    }

    pub fn is_unique(&self, field: usize) -> bool {
        self.taken.iter().any(|(unique, _)| *unique == field)
    }

    /// `None` when the table makes no keys.
    pub async fn new_keys(&self, count: usize) -> Result<Option<Vec<Value>>, Trouble> {
        let Some(statement) = &self.new_keys else { return Ok(None) };
        let count = i32::try_from(count).unwrap_or(i32::MAX);
        let rows = self.connection.query(statement, &[&count]).await?;
        let keys: Result<Vec<Value>, tokio_postgres::Error> =
            rows.iter().map(|row| row.try_get(0).map(|Got(key)| key)).collect();
        Ok(Some(keys?))
    }

    /// Lets generated keys go on behind one that was given, or behind the largest there is.
    pub async fn count_on(&self, given: Option<i64>) -> Result<(), Trouble> {
        if let Some(statement) = &self.count_on {
            self.connection.execute(statement, &[&given]).await?;
        }
        Ok(())
    }

    pub fn counts_keys(&self) -> bool {
        self.count_on.is_some()
    }

    /// Where no trigger does.
    pub async fn note(
        &self,
        kind: &str,
        changes: &[(&Key, Option<&Record>)],
    ) -> Result<(), Trouble> {
        let Some(statement) = &self.note else { return Ok(()) };
        let keys: Vec<String> = changes.iter().map(|(key, _)| key.to_string()).collect();
        let records: Vec<Option<Value>> = changes
            .iter()
            .map(|(_, record)| record.map(|record| Value::Json(self.json(record).into())))
            .collect();
        let records: Vec<Option<Cell<'_>>> =
            records.iter().map(|json| json.as_ref().map(Cell)).collect();
        self.connection.execute(statement, &[self.resource(), &kind, &keys, &records]).await?;
        Ok(())
    }

    pub fn notes(&self) -> bool {
        self.note.is_some()
    }

    fn json(&self, record: &Record) -> String {
        let mut text = Vec::new();
        json::append_record(&mut text, &self.layout().schema, record);
        String::from_utf8(text).unwrap_or_default()
    }

    pub async fn claim(&self, keys: &[&str]) -> Result<(), Trouble> {
        self.connection.execute(&self.claim, &[self.resource(), &keys]).await?;
        Ok(())
    }

    /// What is known of these idempotency keys; they must be claimed before.
    pub async fn recall(&self, keys: &[&str]) -> Result<HashMap<String, Attempt>, Trouble> {
        let mut known = HashMap::new();
        for row in self.connection.query(&self.recall, &[self.resource(), &keys]).await? {
            let (kind, record): (&str, Option<&[u8]>) = (row.try_get(2)?, row.try_get(3)?);
            // A record that the schema of today cannot hold is as if it had never been.
            if let Some(outcome) = self.outcome(kind, record) {
                let fingerprint = row.try_get(1)?;
                known.insert(row.try_get(0)?, Attempt { fingerprint, outcome });
            }
        }
        Ok(known)
    }

    fn outcome(&self, kind: &str, record: Option<&[u8]>) -> Option<Outcome> {
        let record = || json::record_from(&self.layout().schema, record?);
        Some(match kind {
            "created" => Outcome::Created(record()?),
            "updated" => Outcome::Updated { record: record()?, changed: true },
            "unchanged" => Outcome::Updated { record: record()?, changed: false },
            "deleted" => Outcome::Deleted,
            _ => return None,
        })
    }

    /// Remembers what was carried out; whatever failed stored nothing, and may be tried again.
    pub async fn remember(&self, done: &[(&Idempotency, &Outcome)]) -> Result<(), Trouble> {
        let kinds: Vec<&str> = done.iter().map(|(_, outcome)| kind(outcome)).collect();
        let keys: Vec<&str> = done.iter().map(|(attempt, _)| attempt.key.as_str()).collect();
        let fingerprints: Vec<&[u8]> =
            done.iter().map(|(attempt, _)| &attempt.fingerprint[..]).collect();
        let records: Vec<Option<Vec<u8>>> = done
            .iter()
            .map(|(_, outcome)| match outcome {
                Outcome::Created(record) | Outcome::Updated { record, .. } => {
                    Some(self.json(record).into_bytes())
                }
                _ => None,
            })
            .collect();
        let parameters: [&(dyn ToSql + Sync); 5] =
            [self.resource(), &keys, &fingerprints, &kinds, &records];
        self.connection.execute(&self.remember, &parameters).await?;
        Ok(())
    }
}

fn kind(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Created(_) => "created",
        Outcome::Updated { changed: true, .. } => "updated",
        Outcome::Updated { changed: false, .. } => "unchanged",
        _ => "deleted",
    }
}

/// No text of this server holds a NUL, and it would refuse the whole statement.
fn is_findable(key: &Key) -> bool {
    !matches!(key, Key::Text(text) if text.contains('\0'))
}
