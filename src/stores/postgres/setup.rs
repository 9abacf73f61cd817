//! Prepares a database for a resource: makes or checks its table, its log and their triggers. A table that was there
//! before is never altered; it only gets the triggers.

use super::catalog::{self, Table, literal, quoted};
use super::cell::type_name;
use super::layout::{Layout, ROW};
use super::log;
use crate::clients::postgres::trouble::{Kind, Trouble};
use crate::core::text::append;
use crate::resource::{Field, FieldKind, Schema, Value, compatible};
use std::sync::Arc;
use tokio_postgres::Client;

/// What a prepared database is to the store.
#[derive(Debug, Clone)]
pub struct Prepared {
    pub layout: Arc<Layout>,
    /// The schema of our own tables, quoted.
    pub home: String,
    /// Tells this table from every other.
    pub identity: String,
    /// The triggers are there: the log has everybody's writes. Otherwise the store logs its own.
    pub logs_itself: bool,
}

/// Needs `xid8`, `gen_random_uuid` and `pg_current_snapshot`.
const OLDEST: i32 = 130_000;

/// One after another, over all processes: what is made twice at once fails in odd ways.
const BEGIN: &str = "BEGIN; SET LOCAL lock_timeout = '10s'; SET LOCAL statement_timeout = '1h'; \
    SELECT pg_advisory_xact_lock(hashtextextended('headwater ' || current_schema(), 0)); ";

pub async fn prepare(client: &Client, schema: &Arc<Schema>) -> Result<Prepared, Trouble> {
    let prepared = async {
        client.batch_execute(BEGIN).await?;
        let prepared = in_transaction(client, schema).await?;
        client.batch_execute("COMMIT").await?;
        Ok(prepared)
    };
    let result: Result<Prepared, Trouble> = prepared.await;
    let result = result.map_err(|trouble| match trouble.kind {
        // What the server says against a table does not go away by itself.
        Kind::Value(_) | Kind::Taken(_) | Kind::Broken | Kind::Forbidden => {
            mismatch(trouble.detail)
        }
        _ => trouble,
    });
    if result.is_err() {
        // Where this fails too, the connection ends and with it the transaction.
        drop(client.batch_execute("ROLLBACK").await);
    }
    result
}

async fn in_transaction(client: &Client, schema: &Arc<Schema>) -> Result<Prepared, Trouble> {
    let home = home(client).await?;
    let resource = &schema.name;
    let query = format!(
        "SELECT schema, is_ours FROM {home}.headwater_resources WHERE resource = $1 FOR UPDATE"
    );
    let known = client.query_opt(&query, &[resource]).await?;
    let known = match known {
        Some(row) => Some((row.try_get::<_, String>(0)?, row.try_get::<_, bool>(1)?)),
        None => None,
    };
    let found = catalog::table(client, resource).await?;
    let is_ours = match (&found, &known) {
        (None, _) => {
            client.batch_execute(&create(&home, schema)?).await?;
            true
        }
        (Some(table), Some((stored, true))) => {
            let old = Schema::from_json(stored).map_err(mismatch)?;
            let plan = compatible::compare(&old, schema);
            let plan = plan.map_err(|reasons| mismatch(reasons.join("; ")))?;
            adapt(client, schema, table, &plan.added).await?;
            true
        }
        (Some(_), _) => false,
    };
    let table = catalog::table(client, resource).await?;
    let table = table.ok_or_else(|| mismatch("the table is gone again"))?;
    let layout = Layout::of(schema, &table).map_err(|reasons| mismatch(reasons.join("; ")))?;
    let logs_itself = !triggers(client, &home, &layout, &table).await?;
    let query = format!(
        "INSERT INTO {home}.headwater_resources (resource, schema, is_ours) VALUES ($1, $2, $3) \
         ON CONFLICT (resource) DO UPDATE SET schema = EXCLUDED.schema, is_ours = EXCLUDED.is_ours \
         RETURNING id::text || '-' || (SELECT oid FROM pg_database WHERE datname = current_database())"
    );
    let row = client.query_one(&query, &[resource, &schema.to_json(), &is_ours]).await?;
    let identity = format!("{}-{}", row.try_get::<_, String>(0)?, table.oid);
    Ok(Prepared { layout: Arc::new(layout), home, identity, logs_itself })
}

/// The schema in which new tables are made, with our tables in it.
async fn home(client: &Client) -> Result<String, Trouble> {
    let query = "SELECT current_setting('server_version_num')::int4, current_setting('server_version'), \
        current_schema()::text, \
        to_regclass(quote_ident(current_schema()) || '.headwater_attempts_at') IS NOT NULL";
    let row = client.query_one(query, &[]).await?;
    let version: i32 = row.try_get(0)?;
    if version < OLDEST {
        let version: String = row.try_get(1)?;
        return Err(mismatch(format!("PostgreSQL {version} is too old, 13 is needed")));
    }
    let schema: Option<String> = row.try_get(2)?;
    let home = schema.ok_or_else(|| {
        mismatch(
            "there is no schema to create tables in: CREATE SCHEMA, or set the role's search_path",
        )
    })?;
    let home = quoted(&home);
    if !row.try_get::<_, bool>(3)? {
        client.batch_execute(&log::tables(&home)).await.map_err(|error| match Trouble::from(error) {
            trouble if trouble.kind == Kind::Forbidden => mismatch(format!(
                "the tables headwater_* cannot be made in the schema {home}: {}; GRANT CREATE ON SCHEMA {home} to \
                 this role",
                trouble.detail
            )),
            trouble => trouble,
        })?;
    }
    Ok(home)
}

fn mismatch(why: impl Into<String>) -> Trouble {
    Trouble::new(Kind::Mismatch, why)
}

/// A longer name would be cut off and meet another one.
const NAME_BYTES: usize = 63;

fn create(home: &str, schema: &Schema) -> Result<String, Trouble> {
    let names = schema.fields.iter().map(|field| &field.name).chain([&schema.name]);
    if let Some(long) = names.into_iter().find(|name| name.len() > NAME_BYTES) {
        return Err(mismatch(format!(
            "the name `{long}` is longer than the {NAME_BYTES} bytes that PostgreSQL takes"
        )));
    }
    if schema.position(ROW).is_some() {
        return Err(mismatch(format!("a field cannot be called `{ROW}`, which keeps the order")));
    }
    let table = format!("{home}.{}", quoted(&schema.name));
    let mut columns = Vec::new();
    for (number, field) in schema.fields.iter().enumerate() {
        let mut column = column(field);
        if number == schema.key {
            column.push_str(" PRIMARY KEY");
            if schema.key_is_generated && field.kind == FieldKind::Integer {
                column.push_str(" GENERATED BY DEFAULT AS IDENTITY");
            }
        } else if field.is_required {
            column.push_str(" NOT NULL");
        }
        columns.push(column);
    }
    // Last, so that it is in nobody's way who inserts by hand.
    columns.push(format!("{} bigint GENERATED ALWAYS AS IDENTITY UNIQUE", quoted(ROW)));
    let mut sql = format!("CREATE TABLE {table} ({}); ", columns.join(", "));
    for (number, field) in schema.fields.iter().enumerate().filter(|(it, _)| *it != schema.key) {
        if field.is_unique {
            sql.push_str(&index(&table, schema, number, true));
        } else if field.is_indexed {
            sql.push_str(&index(&table, schema, number, false));
        }
    }
    Ok(sql)
}

/// Texts sort and compare by their bytes, as everywhere.
fn column(field: &Field) -> String {
    let collation = match field.kind {
        FieldKind::Text | FieldKind::Choice(_) => " COLLATE \"C\"",
        _ => "",
    };
    format!("{} {}{collation}", quoted(&field.name), type_name(&field.kind))
}

fn index_name(schema: &Schema, field: usize, is_unique: bool) -> String {
    let name = &schema.fields[field].name;
    let plain = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
    let shown = |text: &str, most: usize| text.chars().filter(plain).take(most).collect::<String>();
    let digest = crc32c::crc32c(format!("{} {name}", schema.name).as_bytes());
    let kind = if is_unique { "unique" } else { "index" };
    quoted(&format!("{}_{}_{digest:08x}_{kind}", shown(&schema.name, 20), shown(name, 20)))
}

/// One that only sorts ends with the key, so that pages need not be sorted again. Null comes first.
fn index(table: &str, schema: &Schema, field: usize, is_unique: bool) -> String {
    let name = index_name(schema, field, is_unique);
    let column = quoted(&schema.fields[field].name);
    if is_unique {
        format!("CREATE UNIQUE INDEX {name} ON {table} ({column}); ")
    } else {
        let key = quoted(&schema.key_field().name);
        let nulls = if schema.fields[field].is_required { "" } else { " NULLS FIRST" };
        format!("CREATE INDEX {name} ON {table} ({column}{nulls}, {key}); ")
    }
}

/// Brings our own table to a schema that was found compatible.
async fn adapt(
    client: &Client,
    schema: &Schema,
    table: &Table,
    added: &[usize],
) -> Result<(), Trouble> {
    for (number, field) in schema.fields.iter().enumerate() {
        let name = quoted(&field.name);
        match table.column(&field.name) {
            // One that was there and is gone is not made anew: its values are somewhere else.
            None if !added.contains(&number) => continue,
            None => {
                let mut sql = format!("ALTER TABLE {} ADD COLUMN {}", table.name, column(field));
                if let Some(default) = &field.default {
                    append(&mut sql, format_args!(" DEFAULT {}", constant(&field.kind, default)));
                }
                if field.is_required {
                    sql.push_str(" NOT NULL");
                }
                client.batch_execute(&sql).await?;
                if field.default.is_some() {
                    // It was for the records that are there; new ones bring their values.
                    let sql =
                        format!("ALTER TABLE {} ALTER COLUMN {name} DROP DEFAULT", table.name);
                    client.batch_execute(&sql).await?;
                }
            }
            Some(column) if column.is_not_null && !field.is_required && number != schema.key => {
                let sql = format!("ALTER TABLE {} ALTER COLUMN {name} DROP NOT NULL", table.name);
                client.batch_execute(&sql).await?;
            }
            Some(_) => {}
        }
        if number != schema.key {
            adapt_indexes(client, schema, table, number).await?;
        }
    }
    Ok(())
}

async fn adapt_indexes(
    client: &Client,
    schema: &Schema,
    table: &Table,
    number: usize,
) -> Result<(), Trouble> {
    let field = &schema.fields[number];
    for (is_unique, is_wanted) in
        [(true, field.is_unique), (false, field.is_indexed && !field.is_unique)]
    {
        let name = index_name(schema, number, is_unique);
        let is_there = table.indexes.iter().any(|index| quoted(&index.name) == name);
        if is_wanted && !is_there {
            let made = client.batch_execute(&index(&table.name, schema, number, is_unique)).await;
            made.map_err(|error| match Trouble::from(error) {
                Trouble { kind: Kind::Taken(_), .. } => mismatch(format!(
                    "field `{}` shall be unique, but records share a value: make them differ first",
                    field.name
                )),
                trouble => trouble,
            })?;
        } else if is_there && !is_wanted {
            let home = &table.home;
            client.batch_execute(&format!("DROP INDEX IF EXISTS {home}.{name}")).await?;
        }
    }
    Ok(())
}

/// A value as it stands in SQL.
fn constant(kind: &FieldKind, value: &Value) -> String {
    let text = match value {
        Value::Null => return "NULL".to_owned(),
        Value::Text(text) | Value::Json(text) => text.to_string(),
        other => {
            let mut text = Vec::new();
            crate::resource::json::append_value(&mut text, other);
            String::from_utf8_lossy(&text).trim_matches('"').to_owned()
        }
    };
    format!("{}::{}", literal(&text), type_name(kind))
}

/// Sees to the triggers; `false` when this role may not make them.
async fn triggers(
    client: &Client,
    home: &str,
    layout: &Layout,
    table: &Table,
) -> Result<bool, Trouble> {
    let names = log::Names::of(&layout.schema.name);
    let query = "SELECT count(*) FILTER (WHERE p.proname = $2 AND p.prosrc = $3 OR p.proname = $4 AND p.prosrc = $5) \
        FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid \
        WHERE t.tgrelid = $1 AND NOT t.tgisinternal AND t.tgenabled <> 'D'";
    let (logs, moves) = (log::log_body(home, layout), log::moved_body(home, layout));
    let row =
        client.query_one(query, &[&table.oid, &names.log, &logs, &names.moved, &moves]).await?;
    if row.try_get::<_, i64>(0)? == log::TRIGGERS {
        return Ok(true);
    }
    client.batch_execute("SAVEPOINT triggers").await?;
    let made = client.batch_execute(&log::triggers(home, layout)).await;
    let Err(error) = made else { return Ok(true) };
    let is_forbidden = error.code().is_some_and(|code| code.code() == "42501");
    if !is_forbidden {
        return Err(error.into());
    }
    client.batch_execute("ROLLBACK TO SAVEPOINT triggers").await?;
    tracing::warn!(
        resource = layout.schema.name,
        "this role may not make triggers on the table ({error}): what others write to it is seen only when it is \
         read, so no bound of a cache holds for it; GRANT TRIGGER on the table"
    );
    Ok(false)
}
