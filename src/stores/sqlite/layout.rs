//! The tables, indexes and triggers of a resource, as SQL.
//!
//! All tables are STRICT, and what has no type of its own in SQLite is checked: a shell can write nothing that could
//! not be read again.

use super::table::{PLACE, Table, literal, quoted};
use super::values::column_type;
use crate::core::text::append;
use crate::resource::{Field, FieldKind};

/// What every file has once.
pub(super) const SCHEMAS: &str = "CREATE TABLE IF NOT EXISTS headwater_schema (
    resource TEXT NOT NULL PRIMARY KEY,
    format INTEGER NOT NULL,
    schema TEXT NOT NULL,
    next_key INTEGER NOT NULL DEFAULT 1,
    identity TEXT NOT NULL
) STRICT";

/// More columns would need an expression in the triggers that is deeper than SQLite takes.
pub(super) const FIELDS: usize = 400;

pub(super) fn create_table(table: &Table) -> String {
    let mut sql = format!("CREATE TABLE {} (\n    {PLACE} INTEGER PRIMARY KEY", table.name);
    for (place, field) in table.schema.fields.iter().enumerate() {
        append(&mut sql, format_args!(",\n    {}", column(field)));
        if place == table.schema.key {
            sql.push_str(" NOT NULL UNIQUE");
        }
    }
    sql + "\n) STRICT"
}

pub(super) fn create_log(table: &Table) -> String {
    let changes = &table.changes;
    format!(
        "CREATE TABLE IF NOT EXISTS {changes} (
    position INTEGER PRIMARY KEY, kind TEXT NOT NULL, key ANY, record TEXT, at INTEGER NOT NULL
) STRICT"
    )
}

pub(super) fn create_attempts(table: &Table) -> String {
    let attempts = &table.attempts;
    format!(
        "CREATE TABLE IF NOT EXISTS {attempts} (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, fingerprint BLOB NOT NULL,
    outcome TEXT NOT NULL, record TEXT, at INTEGER NOT NULL
) STRICT"
    )
}

/// A column with its type and check, as in CREATE TABLE and in ADD COLUMN. Whether a value is required, and which
/// choices there are, is not the table's business: both may be loosened later, and a column cannot be changed.
pub(super) fn column(field: &Field) -> String {
    let name = quoted(&field.name);
    let check = check(&field.kind, &name).map(|(meaning, condition)| {
        let meaning = quoted(&format!("{} is {meaning}", field.name));
        format!(" CONSTRAINT {meaning} CHECK ({condition})")
    });
    format!("{name} {}{}", column_type(&field.kind), check.unwrap_or_default())
}

fn check(kind: &FieldKind, name: &str) -> Option<(&'static str, String)> {
    match kind {
        FieldKind::Boolean => Some(("0 or 1", format!("{name} IN (0, 1)"))),
        // What is sent as lines of JSON must not be broken by one.
        FieldKind::Json => Some((
            "JSON on one line",
            format!("json_valid({name}) AND instr({name}, char(10)) + instr({name}, char(13)) = 0"),
        )),
        FieldKind::Uuid => {
            let four = "[0-9a-f]".repeat(4);
            let pattern = format!("{four}{four}-{four}-{four}-{four}-{four}{four}{four}");
            Some(("a UUID in lower case", format!("{name} GLOB '{pattern}'")))
        }
        FieldKind::Time => {
            let digits = "[0-9]".repeat(6);
            let seconds = format!("substr({name}, 1, 19)");
            let condition = format!(
                "{seconds} = strftime('%Y-%m-%dT%H:%M:%S', {seconds}) \
                 AND substr({name}, 20) GLOB '.{digits}Z'"
            );
            Some(("a time like 2024-12-31T23:59:59.000000Z", condition))
        }
        _ => None,
    }
}

/// An index that a field has, or must not have.
pub(super) struct Index {
    pub field: usize,
    pub name: String,
    pub is_wanted: bool,
    pub create: String,
}

/// The two indexes that each field may have; the key's is part of the table.
pub(super) fn indexes(table: &Table) -> Vec<Index> {
    let fields = table.schema.fields.iter().enumerate();
    let others = fields.filter(|(place, _)| *place != table.schema.key);
    let of = |(place, field): (usize, &Field)| {
        let plain = field.is_indexed && !field.is_unique;
        [("unique", "UNIQUE ", field.is_unique), ("index", "", plain)].map(
            |(kind, unique, is_wanted)| {
                let name =
                    quoted(&format!("headwater_{kind}_{}_{}", table.schema.name, field.name));
                let (owner, column) = (&table.name, &table.columns[place]);
                let create =
                    format!("CREATE {unique}INDEX IF NOT EXISTS {name} ON {owner} ({column})");
                Index { field: place, name, is_wanted, create }
            },
        )
    };
    others.flat_map(of).collect()
}

/// The triggers that note each change: their names and how they are made. A key that is changed, which only another
/// program does, is one record gone and another one there.
pub(super) fn triggers(table: &Table) -> Vec<(String, String)> {
    let (key, record) = (&table.key, record_text(table));
    let note = |kind: &str, key: String, record: &str| {
        format!(
            "INSERT INTO {} (kind, key, record, at) VALUES ('{kind}', {key}, {record}, {NOW});",
            table.changes
        )
    };
    let created = note("created", format!("new.{key}"), &record);
    let updated = note("updated", format!("new.{key}"), &record);
    let deleted = note("deleted", format!("old.{key}"), "NULL");
    let moved = format!("{deleted} {created}");
    [
        ("insert", "AFTER INSERT".to_owned(), String::new(), created),
        ("update", "AFTER UPDATE".to_owned(), format!("WHEN new.{key} IS old.{key}"), updated),
        (
            "move",
            format!("AFTER UPDATE OF {key}"),
            format!("WHEN new.{key} IS NOT old.{key}"),
            moved,
        ),
        ("delete", "AFTER DELETE".to_owned(), String::new(), deleted),
    ]
    .map(|(what, event, condition, body)| {
        let name = quoted(&format!("headwater_{what}_{}", table.schema.name));
        let owner = &table.name;
        let sql = format!(
            "CREATE TRIGGER IF NOT EXISTS {name} {event} ON {owner} {condition} BEGIN {body} END"
        );
        (name, sql)
    })
    .into()
}

/// A record that `INSERT OR REPLACE` takes away because another one gets its unique value is gone without a delete
/// trigger, unless the shell turns `recursive_triggers` on. So the records that may go are written down before, and
/// those that are gone are noted after; where the write is ignored, what was written down is still there and means
/// nothing, until it goes another way. None without unique fields; a record that is replaced under its own key is noted
/// as created.
pub(super) fn evictions(table: &Table) -> Vec<String> {
    let fields = table.schema.fields.iter().enumerate();
    let unique = fields.filter(|(place, field)| field.is_unique && *place != table.schema.key);
    let columns: Vec<&str> = unique.map(|(place, _)| table.columns[place].as_str()).collect();
    if columns.is_empty() {
        return Vec::new();
    }
    let (owner, key, evicted, changes) = (&table.name, &table.key, evicted(table), &table.changes);
    let same: Vec<String> =
        columns.iter().map(|column| format!("{column} = new.{column}")).collect();
    let other = format!("FROM {owner} WHERE ({}) AND {key} IS NOT new.{key}", same.join(" OR "));
    let may_go = format!("WHEN EXISTS (SELECT 1 {other})");
    let note = format!("INSERT INTO {evicted} (key) SELECT {key} {other};");
    let some = format!("WHEN EXISTS (SELECT 1 FROM {evicted})");
    let gone = format!(
        "INSERT INTO {changes} (kind, key, record, at) SELECT 'deleted', key, NULL, {NOW} FROM {evicted} \
         WHERE NOT EXISTS (SELECT 1 FROM {owner} WHERE {owner}.{key} = {evicted}.key); DELETE FROM {evicted};"
    );
    let forget = format!("DELETE FROM {evicted} WHERE key IS old.{key};");
    let columns = columns.join(", ");
    let triggers = [
        ("BEFORE INSERT".to_owned(), &may_go, &note),
        ("AFTER INSERT".to_owned(), &some, &gone),
        (format!("BEFORE UPDATE OF {columns}"), &may_go, &note),
        (format!("AFTER UPDATE OF {columns}"), &some, &gone),
        ("AFTER DELETE".to_owned(), &some, &forget),
        (format!("AFTER UPDATE OF {key}"), &some, &forget),
    ];
    let table_of_its_own = format!("CREATE TABLE IF NOT EXISTS {evicted} (key ANY) STRICT");
    let named = eviction_triggers(table).into_iter().zip(triggers);
    let made = named.map(|(name, (event, when, body))| {
        format!("CREATE TRIGGER IF NOT EXISTS {name} {event} ON {owner} {when} BEGIN {body} END")
    });
    std::iter::once(table_of_its_own).chain(made).collect()
}

/// The names of the triggers of `evictions`, whether there are any or not.
pub(super) fn eviction_triggers(table: &Table) -> Vec<String> {
    let of = |what| quoted(&format!("headwater_{what}_{}", table.schema.name));
    let what = ["evicts_insert", "evicted_insert", "evicts_update", "evicted_update"];
    what.into_iter().chain(["gone_delete", "gone_move"]).map(of).collect()
}

fn evicted(table: &Table) -> String {
    quoted(&format!("headwater_evicted_{}", table.schema.name))
}

/// Milliseconds since 1970. Older shells than ours fire these triggers, too, so nothing newer than STRICT is in them.
const NOW: &str = "CAST((julianday('now') - 2440587.5) * 86400000.0 + 0.5 AS INTEGER)";

/// An expression that writes the new record as JSON. It is put together piece by piece, because the functions of
/// older shells take few arguments.
fn record_text(table: &Table) -> String {
    let mut sql = String::new();
    for (place, field) in table.schema.fields.iter().enumerate() {
        let begin = if place == 0 { "{" } else { "," };
        let name = serde_json::Value::from(field.name.as_str());
        let value = format!("new.{}", quoted(&field.name));
        let text = match field.kind {
            FieldKind::Boolean => {
                format!("CASE {value} WHEN 0 THEN 'false' WHEN 1 THEN 'true' ELSE 'null' END")
            }
            FieldKind::Json => format!("ifnull({value}, 'null')"),
            _ => format!("json_quote({value})"),
        };
        append(&mut sql, format_args!("{} || {text} || ", literal(&format!("{begin}{name}:"))));
    }
    sql + "'}'"
}
