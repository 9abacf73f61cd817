//! Idempotency keys: which requests were carried out, and what came of them.

use super::table::Table;
use crate::resource::{Idempotency, Outcome, Record, json};
use crate::stores::limits;
use rusqlite::{Connection, OptionalExtension as _};

/// What is known of an idempotency key.
pub(super) enum Known {
    Nothing,
    /// The same request was carried out, with this outcome.
    Same(Outcome),
    /// It was used for another request.
    Other,
}

pub(super) fn find(
    connection: &Connection,
    table: &Table,
    wanted: &Idempotency,
    now_ms: i64,
) -> rusqlite::Result<Known> {
    let sql = format!(
        "SELECT fingerprint, outcome, record FROM {} WHERE key = ?1 AND at > ?2",
        table.attempts
    );
    let found = connection.prepare_cached(&sql)?.query_row((&wanted.key, oldest(now_ms)), |row| {
        let fingerprint = row.get_ref(0)?.as_bytes()? == wanted.fingerprint;
        Ok((fingerprint, row.get::<_, String>(1)?, row.get::<_, Option<String>>(2)?))
    });
    Ok(match found.optional()? {
        None => Known::Nothing,
        Some((false, _, _)) => Known::Other,
        // A record that the schema of today cannot hold is as if it had never been.
        Some((true, kind, record)) => {
            outcome(table, &kind, record.as_deref()).map_or(Known::Nothing, Known::Same)
        }
    })
}

fn outcome(table: &Table, kind: &str, record: Option<&str>) -> Option<Outcome> {
    let record = || json::record_from(&table.schema, record?.as_bytes());
    Some(match kind {
        "created" => Outcome::Created(record()?),
        "updated" => Outcome::Updated { record: record()?, changed: true },
        "unchanged" => Outcome::Updated { record: record()?, changed: false },
        "deleted" => Outcome::Deleted,
        _ => return None,
    })
}

/// Remembers what was carried out; whatever failed stored nothing, and may be tried again.
pub(super) fn remember(
    connection: &Connection,
    table: &Table,
    attempt: &Idempotency,
    outcome: &Outcome,
    now_ms: i64,
) -> rusqlite::Result<()> {
    let (kind, record) = match outcome {
        Outcome::Created(record) => ("created", Some(record)),
        Outcome::Updated { record, changed: true } => ("updated", Some(record)),
        Outcome::Updated { record, changed: false } => ("unchanged", Some(record)),
        Outcome::Deleted => ("deleted", None),
        _ => return Ok(()),
    };
    let record = record.map(|record| text(table, record));
    // One that has expired has its place taken.
    let sql = format!(
        "INSERT OR REPLACE INTO {} (key, fingerprint, outcome, record, at) VALUES (?1, ?2, ?3, ?4, ?5)",
        table.attempts
    );
    let row = (&attempt.key, &attempt.fingerprint[..], kind, record, now_ms);
    connection.prepare_cached(&sql)?.execute(row).map(drop)
}

fn text(table: &Table, record: &Record) -> String {
    let mut bytes = Vec::new();
    json::append_record(&mut bytes, &table.schema, record);
    String::from_utf8(bytes).unwrap_or_default()
}

/// Forgets those that expired and those beyond what is kept; looks only at the `most` oldest.
pub(super) fn trim(
    connection: &Connection,
    table: &Table,
    now_ms: i64,
    most: u64,
) -> rusqlite::Result<()> {
    let attempts = &table.attempts;
    let sql = format!(
        "DELETE FROM {attempts} WHERE id IN (SELECT id FROM
             (SELECT id, at FROM {attempts} ORDER BY id LIMIT ?1)
         WHERE at <= ?2 OR id <= (SELECT max(id) FROM {attempts}) - ?3)"
    );
    let bounds = (most as i64, oldest(now_ms), limits::IDEMPOTENCY_KEPT as i64);
    connection.prepare_cached(&sql)?.execute(bounds).map(drop)
}

fn oldest(now_ms: i64) -> i64 {
    now_ms.saturating_sub(limits::IDEMPOTENCY_LIFE.as_millis() as i64)
}
