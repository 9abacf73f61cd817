//! The log of changes as its followers read it, and how it is kept small.
//!
//! Numbers of transactions are given out in another order than transactions end. A follower is told only what lies
//! below the oldest one that still runs: nothing can appear there any more, so nothing is missed.

use super::cell::{Got, Xid};
use super::scanner::Scanner;
use crate::clients::postgres::trouble::Trouble;
use crate::resource::{
    Change, ChangeKind, ChangePosition, Changes, Key, StoreError, Value, Version, json,
};
use crate::stores::limits;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

/// The statement of `changes`: the log's end and the changes behind a position, all as of one snapshot.
pub fn statement(home: &str) -> String {
    format!(
        "SELECT s.next, r.trimmed_xid, r.trimmed_seq, e.xid, e.seq, c.* \
         FROM (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS seen, \
                      pg_snapshot_xmax(pg_current_snapshot()) AS next) s \
         JOIN {home}.headwater_resources r ON r.resource = $1 \
         LEFT JOIN LATERAL (SELECT xid, seq FROM {home}.headwater_changes WHERE resource = $1 AND xid < s.seen \
             ORDER BY xid DESC, seq DESC LIMIT 1) e ON true \
         LEFT JOIN LATERAL (SELECT xid, seq, kind, key, record::text, at FROM {home}.headwater_changes \
             WHERE resource = $1 AND (xid, seq) > ($2, $3) AND xid < s.seen ORDER BY xid, seq LIMIT $4) c ON true"
    )
}

/// The columns of a change, behind the snapshot and the end of the log.
const FIRST: usize = 5;

pub async fn changes(
    scanner: &Scanner,
    after: Option<ChangePosition>,
    limit: usize,
) -> Result<Result<Changes, StoreError>, Trouble> {
    let from = after.unwrap_or(ChangePosition { major: u64::MAX >> 1, minor: 0 });
    let seq = i64::try_from(from.minor).unwrap_or(i64::MAX);
    let limit = limit.clamp(1, limits::ANSWER_RECORDS) as i64;
    let resource = &scanner.prepared.layout.schema.name;
    let parameters: [&(dyn ToSql + Sync); 4] = [resource, &Xid(from.major), &seq, &limit];
    let rows = scanner.connection.query(&scanner.changes, &parameters).await?;
    read(scanner, &rows, after).map(Ok)
}

fn read(
    scanner: &Scanner,
    rows: &[Row],
    after: Option<ChangePosition>,
) -> Result<Changes, Trouble> {
    let mut changes =
        Changes { items: Vec::new(), upto: after.unwrap_or_default(), has_gap: false };
    let Some(row) = rows.first() else {
        // Somebody removed the resource's own row: nothing is known.
        return Ok(Changes { has_gap: after.is_some(), ..changes });
    };
    let Xid(next) = row.try_get(0)?;
    let trimmed = position(row, 1)?.unwrap_or_default();
    let end = position(row, 3)?.unwrap_or(trimmed).max(trimmed);
    let Some(after) = after else { return Ok(Changes { upto: end, ..changes }) };
    changes.has_gap = after < trimmed || after.major >= next;
    for row in rows {
        let Some(position) = position(row, FIRST)? else { continue };
        match change(scanner, row, position)? {
            Some(change) => {
                changes.upto = position;
                changes.items.push(change);
            }
            // The whole table was emptied at once.
            None => changes.has_gap = true,
        }
    }
    if changes.has_gap {
        return Ok(Changes { items: Vec::new(), upto: end, has_gap: true });
    }
    Ok(changes)
}

fn position(row: &Row, first: usize) -> Result<Option<ChangePosition>, Trouble> {
    let (xid, seq): (Option<Xid>, Option<i64>) = (row.try_get(first)?, row.try_get(first + 1)?);
    Ok(xid.zip(seq).map(|(Xid(major), seq)| ChangePosition {
        major,
        minor: u64::try_from(seq).unwrap_or_default(),
    }))
}

/// `None` for what has no key.
fn change(
    scanner: &Scanner,
    row: &Row,
    position: ChangePosition,
) -> Result<Option<Change>, Trouble> {
    let schema = &scanner.prepared.layout.schema;
    let (kind, key): (String, Option<String>) = (row.try_get(FIRST + 2)?, row.try_get(FIRST + 3)?);
    let record: Option<String> = row.try_get(FIRST + 4)?;
    let Got(at) = row.try_get(FIRST + 5)?;
    let Some(key) = key.and_then(|key| Key::parse(&key, &schema.key_field().kind)) else {
        return Ok(None);
    };
    let kind = match kind.as_str() {
        "created" => ChangeKind::Created,
        "updated" => ChangeKind::Updated,
        _ => ChangeKind::Deleted,
    };
    let unix_ms = match at {
        Value::Time(micros) => micros.div_euclid(1000),
        _ => 0,
    };
    let record = record.and_then(|json| json::record_from(schema, json.as_bytes()));
    let record = record.map(|record| scanner.prepared.layout.tidied(record));
    Ok(Some(Change { position, version: Version(position.major), key, kind, record, unix_ms }))
}

/// Cuts the log to what is kept and forgets old attempts; one process at a time.
pub async fn trim(scanner: &Scanner) -> Result<(), Trouble> {
    let home = &scanner.prepared.home;
    let resource = &scanner.prepared.layout.schema.name;
    let sql = format!(
        "WITH mine AS MATERIALIZED (SELECT pg_try_advisory_xact_lock(hashtextextended($1, 1)) AS is_mine), \
         last AS MATERIALIZED (SELECT c.xid, c.seq FROM {home}.headwater_changes c WHERE c.resource = $1 \
             AND (SELECT is_mine FROM mine) ORDER BY c.xid DESC, c.seq DESC OFFSET $2 LIMIT 1), \
         gone AS (DELETE FROM {home}.headwater_changes c USING last \
             WHERE c.resource = $1 AND (c.xid, c.seq) <= (last.xid, last.seq)) \
         UPDATE {home}.headwater_resources r SET trimmed_xid = last.xid, trimmed_seq = last.seq \
         FROM last WHERE r.resource = $1 AND (r.trimmed_xid, r.trimmed_seq) < (last.xid, last.seq)"
    );
    let kept = i64::try_from(limits::CHANGES_KEPT).unwrap_or(i64::MAX);
    scanner.connection.execute(&sql, &[resource, &kept]).await?;
    let sql = format!(
        "DELETE FROM {home}.headwater_attempts WHERE resource = $1 AND key IN (\
         SELECT key FROM {home}.headwater_attempts WHERE resource = $1 \
         AND at < now() - make_interval(secs => $2) ORDER BY at LIMIT 10000 FOR UPDATE SKIP LOCKED)"
    );
    let life = limits::IDEMPOTENCY_LIFE.as_secs_f64();
    scanner.connection.execute(&sql, &[resource, &life]).await?;
    forget_attempts(scanner, limits::IDEMPOTENCY_KEPT).await
}

/// Forgets the oldest attempts beyond `kept`, at most so many at a time.
async fn forget_attempts(scanner: &Scanner, kept: u64) -> Result<(), Trouble> {
    let home = &scanner.prepared.home;
    let resource = &scanner.prepared.layout.schema.name;
    let sql = format!(
        "DELETE FROM {home}.headwater_attempts WHERE resource = $1 AND key IN (\
         SELECT key FROM {home}.headwater_attempts WHERE resource = $1 AND at <= (\
         SELECT at FROM {home}.headwater_attempts WHERE resource = $1 ORDER BY at DESC OFFSET $2 LIMIT 1) \
         ORDER BY at LIMIT 10000 FOR UPDATE SKIP LOCKED)"
    );
    let kept = i64::try_from(kept).unwrap_or(i64::MAX);
    scanner.connection.execute(&sql, &[resource, &kept]).await?;
    Ok(())
}
