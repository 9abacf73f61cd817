//! The log of changes: what is read of it, and how it is kept short.

use super::table::Table;
use super::values::column;
use crate::resource::{Change, ChangeKind, ChangePosition, Changes, Key, Version, json};
use crate::stores::limits;
use rusqlite::{Connection, Row};

/// The last number of the log: the version of the store as the current transaction sees it. It is there as long as
/// nobody empties the log by hand.
pub(super) fn version(connection: &Connection, table: &Table) -> rusqlite::Result<u64> {
    let last: Option<i64> =
        connection.prepare_cached(&table.version)?.query_row([], |row| row.get(0))?;
    Ok(last.map_or(0, |last| last as u64))
}

/// The first number that is still kept.
pub(super) fn first(connection: &Connection, table: &Table) -> rusqlite::Result<u64> {
    let sql = format!("SELECT min(position) FROM {}", table.changes);
    let first: Option<i64> = connection.prepare_cached(&sql)?.query_row([], |row| row.get(0))?;
    Ok(first.map_or(0, |first| first as u64))
}

/// Reads in the current transaction.
pub(super) fn changes(
    connection: &Connection,
    table: &Table,
    after: Option<ChangePosition>,
    limit: usize,
) -> rusqlite::Result<Changes> {
    let last = version(connection, table)?;
    let upto = |major| ChangePosition { major, minor: 0 };
    let Some(after) = after else {
        return Ok(Changes { items: Vec::new(), upto: upto(last), has_gap: false });
    };
    let is_ours = after.minor == 0 && after.major <= last;
    if !is_ours || after.major + 1 < first(connection, table)? {
        return Ok(Changes { items: Vec::new(), upto: upto(last), has_gap: true });
    }
    let limit = limit.clamp(1, limits::ANSWER_RECORDS);
    let sql = format!(
        "SELECT position, key, kind, record, at FROM {} WHERE position > ?1 AND kind <> 'began' \
         ORDER BY position LIMIT ?2",
        table.changes
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map((after.major as i64, limit as i64), |row| change(table, row))?;
    let items: Vec<Change> = rows.collect::<Result<_, _>>()?;
    let reached = match items.last() {
        Some(item) if items.len() == limit => item.position,
        _ => upto(last),
    };
    Ok(Changes { items, upto: reached, has_gap: false })
}

fn change(table: &Table, row: &Row<'_>) -> rusqlite::Result<Change> {
    let kind: String = row.get(2)?;
    let record: Option<String> = row.get(3)?;
    let damaged = |place: usize| {
        let what = "the log of changes holds what it must not";
        rusqlite::Error::FromSqlConversionFailure(place, rusqlite::types::Type::Text, what.into())
    };
    let record = match record {
        None => None,
        Some(text) => {
            let record = json::record_from(&table.schema, text.as_bytes());
            Some(record.ok_or_else(|| damaged(3))?)
        }
    };
    let (position, key) = key(table, row)?;
    Ok(Change {
        position: ChangePosition { major: position.0, minor: 0 },
        version: position,
        key,
        kind: match kind.as_str() {
            "created" => ChangeKind::Created,
            "updated" => ChangeKind::Updated,
            "deleted" => ChangeKind::Deleted,
            _ => return Err(damaged(2)),
        },
        record,
        unix_ms: row.get(4)?,
    })
}

/// A row that begins with position and key.
fn key(table: &Table, row: &Row<'_>) -> rusqlite::Result<(Version, Key)> {
    let position: i64 = row.get(0)?;
    let value = column(&table.schema.key_field().kind, row, 1)?;
    let key = Key::from_value(&value).ok_or(rusqlite::Error::InvalidQuery)?;
    Ok((Version(position as u64), key))
}

/// The keys that changed behind a number, in order, at most as many as asked for.
pub(super) fn keys(
    connection: &Connection,
    table: &Table,
    after: u64,
    limit: usize,
) -> rusqlite::Result<Vec<(Key, Version)>> {
    let sql = format!(
        "SELECT position, key FROM {} WHERE position > ?1 AND kind <> 'began' \
         ORDER BY position LIMIT ?2",
        table.changes
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map((after as i64, limit as i64), |row| key(table, row))?;
    rows.map(|row| row.map(|(version, key)| (key, version))).collect()
}

/// Forgets the oldest changes beyond what is kept, at most `most` of them; whether there are more to forget. Without
/// any, nothing is written.
pub(super) fn trim(connection: &Connection, table: &Table, most: u64) -> rusqlite::Result<bool> {
    let beyond = version(connection, table)?.saturating_sub(limits::CHANGES_KEPT);
    let first = first(connection, table)?;
    if first > beyond {
        return Ok(false);
    }
    let upto = beyond.min(first.saturating_add(most));
    let sql = format!("DELETE FROM {} WHERE position <= ?1", table.changes);
    connection.prepare_cached(&sql)?.execute([upto as i64])?;
    Ok(upto < beyond)
}
