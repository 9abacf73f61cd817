//! The worker for what reads many records: lists, counts, the log of changes. One at a time, so that each has the
//! connection for itself.

use super::cell::{Got, Xid};
use super::following;
use super::job::Scan;
use super::select::Select;
use super::session::{Session, read};
use super::setup::Prepared;
use super::shared::Shared;
use crate::clients::postgres::connection::Connection;
use crate::clients::postgres::trouble::Trouble;
use crate::core::time::now;
use crate::resource::{
    Answering, Condition, Cursor, ListQuery, Order, Page, Record, Schema, StoreError, Version,
};
use crate::stores::limits;
use std::sync::Arc;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Row, Statement};

pub struct Scanner {
    pub connection: Connection,
    pub prepared: Arc<Prepared>,
    pub changes: Statement,
}

impl Session for Scanner {
    /// Just less than `limits::SCAN_TIME`, so that a scan that takes too long does not cost the connection.
    const SETTINGS: &'static str = "SET statement_timeout = 9500; ";

    async fn prepare(connection: Connection, prepared: Arc<Prepared>) -> Result<Self, Trouble> {
        let changes = connection.prepare(&following::statement(&prepared.home)).await?;
        Ok(Self { connection, prepared, changes })
    }

    fn connection(&self) -> &Connection {
        &self.connection
    }

    fn prepared(&self) -> &Arc<Prepared> {
        &self.prepared
    }
}

/// Inside is what the caller asked wrongly.
type Asked<T> = Result<Result<T, StoreError>, Trouble>;

pub async fn work(shared: &Shared) {
    let mut session: Option<Scanner> = None;
    while let Some(jobs) = shared.scans.take(1).await {
        for waiting in jobs {
            scan(shared, &mut session, waiting.job).await;
        }
    }
}

async fn scan(shared: &Shared, session: &mut Option<Scanner>, job: Scan) {
    match job {
        Scan::List(query, answering) => {
            let work = async |scanner: &Scanner| scanner.list(&query).await;
            answer(shared, session, answering, work).await;
        }
        Scan::Count(conditions, answering) => {
            let work = async |scanner: &Scanner| scanner.count(&conditions).await;
            answer(shared, session, answering, work).await;
        }
        Scan::Changes(after, limit, answering) => {
            let work = async |scanner: &Scanner| following::changes(scanner, after, limit).await;
            answer(shared, session, answering, work).await;
        }
        Scan::Newest(answering) => {
            let work = async |scanner: &Scanner| scanner.newest().await;
            answer(shared, session, answering, work).await;
        }
        Scan::Trim => {
            let work = async |scanner: &Scanner| following::trim(scanner).await;
            let deadline = now() + limits::SCAN_TIME;
            if let Err(trouble) = read(shared, session, deadline, work).await {
                tracing::debug!("the log of changes was not cut: {}", trouble.detail);
            }
        }
    }
}

/// The time in which it waited does not count.
async fn answer<T>(
    shared: &Shared,
    session: &mut Option<Scanner>,
    answering: Answering<T>,
    work: impl AsyncFn(&Scanner) -> Asked<T>,
) {
    if answering.is_forgotten() {
        return;
    }
    let result = read(shared, session, now() + limits::SCAN_TIME, work).await;
    answering.answer(result.unwrap_or_else(|trouble| Err(trouble.store_error())));
}

impl Scanner {
    async fn list(&self, query: &ListQuery) -> Asked<Page> {
        let layout = &self.prepared.layout;
        let limit = query.limit.clamp(1, limits::ANSWER_RECORDS);
        let select = match Select::list(layout, query, limit) {
            Ok(select) => select,
            Err(error) => return Ok(Err(error)),
        };
        let rows = self.select(&select).await?;
        let mut seen = 0;
        let mut records: Vec<Record> = Vec::with_capacity(rows.len());
        for row in &rows {
            Xid(seen) = row.try_get(0)?;
            let record = layout.record(row, 1)?;
            // Without any record, one row without one tells the snapshot.
            if !record.value(layout.schema.key).is_null() {
                records.push(record);
            }
        }
        let mut next = None;
        if records.len() > limit {
            records.truncate(limit);
            let last = limit - 1;
            next = records.get(last).zip(rows.get(last)).map(|(record, row)| {
                let place = row.try_get(1 + layout.columns.len());
                place.map(|Got(place)| cursor(query, record, &layout.schema, place))
            });
        }
        let as_of = Version(seen.saturating_sub(1));
        Ok(Ok(Page { records, next: next.transpose()?, as_of }))
    }

    async fn count(&self, conditions: &[Condition]) -> Asked<u64> {
        let select = match Select::count(&self.prepared.layout, conditions) {
            Ok(select) => select,
            Err(error) => return Ok(Err(error)),
        };
        let rows = self.select(&select).await?;
        let count: i64 = match rows.first() {
            Some(row) => row.try_get(0)?,
            None => 0,
        };
        Ok(Ok(u64::try_from(count).unwrap_or_default()))
    }

    async fn newest(&self) -> Asked<Version> {
        let sql = "SELECT pg_snapshot_xmax(pg_current_snapshot())";
        let row = self.connection.query_one(sql, &[]).await?;
        let Xid(next) = row.try_get(0)?;
        Ok(Ok(Version(next.saturating_sub(1))))
    }

    /// Planned for these very values each time, in one round trip.
    async fn select(&self, select: &Select) -> Result<Vec<Row>, Trouble> {
        let parameters = select.parameters();
        let parameters: Vec<(&(dyn ToSql + Sync), Type)> = parameters
            .iter()
            .map(|(cell, kind)| (cell as &(dyn ToSql + Sync), kind.clone()))
            .collect();
        Ok(self.connection.query_typed(&select.sql, &parameters).await?)
    }
}

fn cursor(
    query: &ListQuery,
    record: &Record,
    schema: &Schema,
    place: crate::resource::Value,
) -> Cursor {
    match &query.order {
        Order::Insertion => Cursor(vec![place]),
        Order::Fields(_) => {
            let sorts = query.order.columns(schema);
            Cursor(sorts.iter().map(|sort| record.value(sort.field).clone()).collect())
        }
    }
}
