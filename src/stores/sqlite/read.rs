//! Reading: one record, pages, counts and changes, each with the version it was read as of.

use super::log;
use super::select::{self, Selection};
use super::shared::Shared;
use super::table::Table;
use super::values::{Bound, BoundKey, record};
use crate::resource::{
    Answering, ChangePosition, Changes, Condition, Cursor, Fetched, Key, ListQuery, Order, Page,
    Record, StoreError, StoreErrorKind, Value, Version,
};
use crate::stores::limits;
use rusqlite::{Connection, OptionalExtension as _, Rows};

/// Looks up all keys in one transaction, so that they share one look at the version.
pub(super) fn answer_gets(
    connection: &Connection,
    shared: &Shared,
    gets: Vec<(Key, Answering<Fetched>)>,
) {
    if gets.is_empty() {
        return;
    }
    let mut gets = gets.into_iter();
    let failed = in_one_view(connection, shared, || {
        let as_of = Version(log::version(connection, &shared.table)?);
        for (key, answering) in gets.by_ref() {
            let found = find(connection, &shared.table, &key).map(|found| found.map(|it| it.1));
            let fetched = found.map(|record| Fetched { record, as_of });
            answering.answer(fetched.map_err(|error| shared.error(&error)));
        }
        Ok(())
    });
    // Only those that are left when the transaction could not begin.
    if let Err(error) = failed {
        for (_, answering) in gets {
            answering.answer(Err(error.clone()));
        }
    }
}

/// A record and its place in the order of insertion, in the current transaction.
pub(super) fn find(
    connection: &Connection,
    table: &Table,
    key: &Key,
) -> rusqlite::Result<Option<(i64, Record)>> {
    let mut statement = connection.prepare_cached(&table.find)?;
    let place_and_record =
        |row: &rusqlite::Row<'_>| Ok((row.get(0)?, record(&table.schema.fields, row, 1)?));
    statement.query_row([BoundKey(key)], place_and_record).optional()
}

pub(super) fn get(
    connection: &Connection,
    shared: &Shared,
    key: &Key,
) -> Result<Fetched, StoreError> {
    in_one_view(connection, shared, || {
        let as_of = Version(log::version(connection, &shared.table)?);
        let record = find(connection, &shared.table, key)?.map(|found| found.1);
        Ok(Fetched { record, as_of })
    })
}

pub(super) fn list(
    connection: &Connection,
    shared: &Shared,
    query: &ListQuery,
) -> Result<Page, StoreError> {
    let page = list_within(connection, shared, query, usize::MAX)?;
    page.ok_or_else(|| StoreError::new(StoreErrorKind::Broken, "a page without a bound was cut"))
}

/// A page, or nothing when its records are larger than so many bytes together.
pub(super) fn list_within(
    connection: &Connection,
    shared: &Shared,
    query: &ListQuery,
    most_bytes: usize,
) -> Result<Option<Page>, StoreError> {
    let table = &shared.table;
    let limit = query.limit.min(limits::ANSWER_RECORDS);
    let query = ListQuery { limit, ..query.clone() };
    let selection = select::page(table, &query)?;
    in_one_view(connection, shared, || {
        let as_of = Version(log::version(connection, table)?);
        run(connection, &selection, |rows| {
            let mut page = Page { records: Vec::new(), next: None, as_of };
            let (mut place, mut bytes) = (0, 0_usize);
            while let Some(row) = rows.next()? {
                if page.records.len() == limit {
                    let last = page.records.last();
                    page.next = last.map(|last| cursor(table, &query.order, last, place));
                    break;
                }
                place = row.get(0)?;
                let record = record(&table.schema.fields, row, 1)?;
                bytes = bytes.saturating_add(record.size());
                if bytes > most_bytes {
                    return Ok(None);
                }
                page.records.push(record);
            }
            Ok(Some(page))
        })
    })
}

/// Behind this record the next page begins.
fn cursor(table: &Table, order: &Order, last: &Record, place: i64) -> Cursor {
    match order {
        Order::Insertion => Cursor(vec![Value::Integer(place)]),
        Order::Fields(_) => {
            let sorts = order.columns(&table.schema);
            Cursor(sorts.iter().map(|sort| last.value(sort.field).clone()).collect())
        }
    }
}

pub(super) fn count(
    connection: &Connection,
    shared: &Shared,
    conditions: &[Condition],
) -> Result<u64, StoreError> {
    let selection = select::count(&shared.table, conditions);
    let counted = run(connection, &selection, |rows| {
        let row = rows.next()?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        row.get::<_, i64>(0)
    });
    counted.map(|count| count as u64).map_err(|error| shared.error(&error))
}

pub(super) fn newest(connection: &Connection, shared: &Shared) -> Result<Version, StoreError> {
    let version = log::version(connection, &shared.table);
    version.map(Version).map_err(|error| shared.error(&error))
}

pub(super) fn changes(
    connection: &Connection,
    shared: &Shared,
    after: Option<ChangePosition>,
    limit: usize,
) -> Result<Changes, StoreError> {
    in_one_view(connection, shared, || log::changes(connection, &shared.table, after, limit))
}

fn run<T>(
    connection: &Connection,
    selection: &Selection,
    read: impl FnOnce(&mut Rows<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let mut statement = connection.prepare_cached(&selection.sql)?;
    for (place, value) in (1..).zip(&selection.values) {
        statement.raw_bind_parameter(place, Bound(value))?;
    }
    read(&mut statement.raw_query())
}

/// Everything inside sees the same state of the file.
pub(super) fn in_one_view<T>(
    connection: &Connection,
    shared: &Shared,
    read: impl FnOnce() -> rusqlite::Result<T>,
) -> Result<T, StoreError> {
    let result = connection
        .prepare_cached("BEGIN")
        .and_then(|mut begin| begin.execute([]))
        .and_then(|_| read())
        .map_err(|error| shared.error(&error));
    if !connection.is_autocommit() {
        let ended = connection.prepare_cached("COMMIT").and_then(|mut end| end.execute([]));
        if let Err(error) = ended {
            return Err(shared.error(&error));
        }
    }
    match result {
        // A bad answer of the file itself is worth a line in the log; the callers learn only the kind.
        Err(error) if error.kind == StoreErrorKind::Broken => {
            tracing::warn!(resource = %shared.table.schema.name, "{error}");
            Err(error)
        }
        result => result,
    }
}
