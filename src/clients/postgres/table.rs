//! A table as the catalogue knows it, and the options that source and sink share.

use super::connection::{Connection, Server, until};
use super::trouble::{Kind, Trouble};
use super::url::Address;
use crate::core::fault::Fault;
use crate::core::options::{Opt, Options, Shape};
use crate::core::time::now;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

pub const URL: Opt = Opt::required(
    "url",
    Shape::Address(&["postgres", "postgresql"]),
    "The database: `postgres://user:password@host:5432/database`, with libpq's options such as `?sslmode=verify-full`.",
);
pub const TABLE: Opt = Opt::required(
    "table",
    Shape::Text,
    "The table, with its schema where it needs one: `public.readings`.",
);
pub const TIMEOUT: Opt = Opt::with_default(
    "timeout",
    Shape::Duration,
    "30s",
    "How long the server may take for one statement.",
);

/// A connection with the runtime that drives it; made anew when it was lost.
#[derive(Debug)]
pub struct Line {
    server: Server,
    shown: String,
    pub timeout: Duration,
    pub runtime: Runtime,
}

impl Line {
    pub fn of(options: &Options) -> Result<Self, Fault> {
        let address = Address::parse(options.text("url")).map_err(Fault::stop)?;
        let server = Server::new(&address).map_err(Fault::stop)?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let timeout = options.duration("timeout").max(Duration::from_millis(100));
        Ok(Self { server, shown: address.shown(), timeout, runtime })
    }

    pub fn connect(&self) -> Result<Connection, Trouble> {
        self.connect_with("")
    }

    /// With more settings for the session, as SQL.
    pub fn connect_with(&self, settings: &str) -> Result<Connection, Trouble> {
        self.runtime.block_on(self.server.connect(settings))
    }

    /// The server and the database, without a password.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Drives a piece of work to its end, or to the end of the time that it may take.
    pub fn drive<T>(&self, work: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
        self.runtime.block_on(async { until(now() + self.timeout, work).await })
    }

    /// What the engine is told.
    pub fn fault(&self, trouble: &Trouble) -> Fault {
        let said = format!("PostgreSQL {}: {}", self.shown, trouble.detail);
        match trouble.kind {
            Kind::Mismatch => Fault::stop(said),
            Kind::Login => Fault::retry(format!("{said}; correct the URL, or let this user in")),
            Kind::Forbidden => Fault::retry(format!("{said}; grant it to this user")),
            Kind::Full => {
                Fault::retry(format!("{said}; the flow goes on by itself when there is room"))
            }
            _ => Fault::retry(said),
        }
    }
}

/// A column that a statement may name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    /// As it is written in a definition, for example `numeric(10,2)`.
    pub type_name: String,
    pub is_generated: bool,
}

/// What the catalogue says of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub id: u32,
    /// With its schema, quoted for a statement.
    pub name: String,
    pub columns: Vec<Column>,
    /// The columns of its primary key.
    pub key: Vec<String>,
    /// Columns that alone tell rows apart.
    pub unique: Vec<String>,
}

const COLUMNS: &str = "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), \
    a.attgenerated <> '' OR a.attidentity = 'a' FROM pg_attribute a \
    WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";

const KEYS: &str = "SELECT i.indisprimary, array_agg(a.attname::text ORDER BY k.place), \
    bool_and(a.attnotnull) FROM pg_index i \
    CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY k(number, place) \
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number \
    WHERE i.indrelid = $1 AND i.indisunique AND i.indisvalid AND i.indpred IS NULL \
    AND i.indexprs IS NULL AND k.place <= i.indnkeyatts GROUP BY i.indexrelid, i.indisprimary";

impl Table {
    pub async fn read(connection: &Connection, name: &str) -> Result<Self, Trouble> {
        let found = connection
            .query_one(
                "SELECT to_regclass($1)::oid, (SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) \
                 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                 WHERE c.oid = to_regclass($1) AND c.relkind IN ('r', 'p'))",
                &[&name],
            )
            .await;
        let found = found.map_err(|error| match Trouble::from(error) {
            // A name that can be none, such as `a.b.c.d`.
            trouble @ Trouble { kind: Kind::Lost | Kind::Login, .. } => trouble,
            trouble => Trouble::new(Kind::Mismatch, format!("`{name}`: {}", trouble.detail)),
        })?;
        let (Some(id), Some(quoted)) = (found.try_get(0)?, found.try_get(1)?) else {
            let detail = format!("there is no table `{name}`: create it");
            return Err(Trouble::new(Kind::Changed, detail));
        };
        let rows = connection.query(COLUMNS, &[&id]).await?;
        let column = |row: &tokio_postgres::Row| {
            let (name, type_name, is_generated) =
                (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            Ok(Column { name, type_name, is_generated })
        };
        let columns = rows.iter().map(column).collect::<Result<_, tokio_postgres::Error>>()?;
        let mut table = Self { id, name: quoted, columns, key: Vec::new(), unique: Vec::new() };
        for row in connection.query(KEYS, &[&id]).await? {
            let (is_primary, mut names, is_never_null): (bool, Vec<String>, bool) =
                (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            if is_primary {
                table.key.clone_from(&names);
            }
            if names.len() == 1 && is_never_null {
                table.unique.append(&mut names);
            }
        }
        Ok(table)
    }

    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// A name in a statement, whatever it is made of.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
