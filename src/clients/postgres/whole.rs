//! All rows of a table once, as the database sees them at one moment, in bounded memory.

use super::connection::Connection;
use super::table::{Line, Table};
use super::trouble::{Kind, Trouble};
use crate::core::fault::Fault;
use crate::core::limits::LINE_BYTES;
use crate::core::options::Options;
use crate::core::record::{Encoding, Records, Rejected};
use futures_core::Stream as _;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, RowStream};

/// One read of a table. The server waits for whoever reads, so that rows lie in memory one block at a time.
pub struct Whole {
    line: Line,
    columns: Vec<String>,
    rows: Pin<Box<RowStream>>,
    has_ended: bool,
    /// It feeds `rows`.
    _connection: Connection,
}

/// A connection, the table's columns, and the rows that come over it.
type Opened = (Connection, Vec<String>, Pin<Box<RowStream>>);

impl fmt::Debug for Whole {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Whole").field("line", &self.line).finish_non_exhaustive()
    }
}

/// Rows are read from the beginning of the table on, even where somebody else is reading it already: mostly that is
/// the order in which they were stored.
const SETTINGS: &str = "SET synchronize_seqscans = off; SET max_parallel_workers_per_gather = 0; \
    SET default_transaction_read_only = on; SET TimeZone = 'UTC'; ";

impl Whole {
    /// By the options `url`, `table` and `timeout`.
    pub fn open(options: &Options) -> Result<Self, Fault> {
        let line = Line::of(options)?;
        let opened = Self::try_open(&line, options.text("table"));
        let (connection, columns, rows) = opened.map_err(|trouble| stopped(&line, &trouble))?;
        Ok(Self { line, columns, rows, has_ended: false, _connection: connection })
    }

    fn try_open(line: &Line, name: &str) -> Result<Opened, Trouble> {
        let connection = line.connect_with(SETTINGS)?;
        let (columns, rows) = line.drive(async {
            let table = Table::read(&connection, name).await?;
            let columns = table.columns.into_iter().map(|column| column.name).collect();
            // The name of the row must not be taken for a column.
            let sql = format!(
                "SELECT row_to_json(headwater_row)::text FROM {} AS headwater_row",
                table.name
            );
            let none: [&(dyn ToSql + Sync); 0] = [];
            Ok((columns, connection.query_raw(&sql, none).await?))
        })?;
        Ok((connection, columns, Box::pin(rows)))
    }

    /// Where it is, without a password.
    pub fn shown(&self) -> &str {
        self.line.shown()
    }

    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Some rows more, until they have so many bytes or one cannot be a record; nothing at the end.
    pub fn next(&mut self, bytes: usize) -> Result<Option<(Records, Vec<Rejected>)>, Fault> {
        let (mut records, mut rejected) = (Records::empty(Encoding::Json), Vec::new());
        while !self.has_ended && records.bytes.len() < bytes && rejected.is_empty() {
            let row = self.row().map_err(|trouble| stopped(&self.line, &trouble))?;
            let Some(row) = row else {
                self.has_ended = true;
                break;
            };
            let said: Result<&str, Trouble> = row.try_get(0).map_err(Trouble::from);
            match as_record(said.map_err(|trouble| stopped(&self.line, &trouble))?) {
                Ok(json) => records.push_json(json.as_bytes()),
                Err(reason) => rejected.push(Rejected { record: Vec::new(), reason }),
            }
        }
        let is_some = !records.is_empty() || !rejected.is_empty();
        Ok(is_some.then_some((records, rejected)))
    }

    fn row(&mut self) -> Result<Option<Row>, Trouble> {
        let rows = &mut self.rows;
        self.line.drive(async {
            let row = poll_fn(|context| rows.as_mut().poll_next(context)).await;
            Ok(row.transpose()?)
        })
    }
}

/// The row on one line: a column of type json may hold line feeds, also between its parts.
fn as_record(json: &str) -> Result<std::borrow::Cow<'_, str>, String> {
    if json.len() > LINE_BYTES {
        return Err(format!("the row has {} bytes, a record has at most {LINE_BYTES}", json.len()));
    }
    if !json.contains(['\n', '\r']) {
        return Ok(json.into());
    }
    let value: serde_json::Value =
        serde_json::from_str(json).map_err(|error| format!("the row is no JSON: {error}"))?;
    Ok(value.to_string().into())
}

/// Whoever reads once does not try again.
fn stopped(line: &Line, trouble: &Trouble) -> Fault {
    let said = format!("PostgreSQL {}: {}", line.shown(), trouble.detail);
    Fault::stop(match trouble.kind {
        Kind::Login => format!("{said}; correct the URL, or let this user in"),
        Kind::Forbidden => format!("{said}; grant it to this user"),
        _ => said,
    })
}
