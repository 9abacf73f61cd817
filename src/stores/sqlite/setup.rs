//! Makes the tables of a resource, or checks that those in the file are the ones it needs and brings them up to date.

use super::connection::Location;
use super::error::{fault, store_error};
use super::layout;
use super::log;
use super::table::{PLACE, Table};
use super::values::{Bound, column_type};
use crate::core::fault::Fault;
use crate::core::time::unix_ms;
use crate::resource::compatible::{self, Plan};
use crate::resource::{Schema, StoreErrorKind};
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior};

/// How the tables are laid out. A file of a newer layout is refused.
const FORMAT: i64 = 1;

/// Why a file cannot be used.
pub(super) enum Refusal {
    Sqlite(rusqlite::Error),
    Fault(Fault),
}

impl Refusal {
    pub fn into_fault(self, location: &Location) -> Fault {
        match self {
            Self::Sqlite(error) => fault(&location.name(), &error),
            Self::Fault(fault) => fault,
        }
    }
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

fn stop(reason: impl Into<String>) -> Refusal {
    Refusal::Fault(Fault::stop(reason))
}

/// What a prepared table says of itself.
pub(super) struct Prepared {
    pub version: u64,
    /// Drawn when the table was made.
    pub identity: String,
}

/// Everything happens in one transaction: a process that starts at the same time
/// finds all or nothing.
pub(super) fn prepare(
    connection: &mut Connection,
    table: &Table,
    location: &Location,
) -> Result<Prepared, Refusal> {
    let file = location.name();
    check_names(&table.schema).map_err(stop)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute(layout::SCHEMAS, [])?;
    let known = transaction
        .query_row(
            "SELECT format, schema FROM headwater_schema WHERE resource = ?1",
            [&table.schema.name],
            |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)),
        )
        .optional()?;
    let columns = columns(&transaction, &table.schema.name)?;
    match known {
        Some((format, _)) if format > FORMAT => return Err(stop(newer(table, &file, format))),
        Some((_, text)) if !columns.is_empty() => {
            update(&transaction, table, &columns, &text, &file)?;
        }
        None if !columns.is_empty() => return Err(stop(foreign(table, &file, &columns))),
        _ => {
            transaction.execute(&layout::create_table(table), [])?;
            remember(&transaction, table)?;
        }
    }
    complete(&transaction, table, &file)?;
    let version = log::version(&transaction, table)?;
    let sql = "SELECT identity FROM headwater_schema WHERE resource = ?1";
    let identity = transaction.query_row(sql, [&table.schema.name], |row| row.get(0))?;
    transaction.commit()?;
    Ok(Prepared { version, identity })
}

/// SQLite does not tell names apart that differ in the case of their letters only.
fn check_names(schema: &Schema) -> Result<(), String> {
    let is_ours = |name: &str| {
        let name = name.to_ascii_lowercase();
        name.starts_with("headwater_") || name.starts_with("sqlite_")
    };
    if is_ours(&schema.name) {
        let name = &schema.name;
        return Err(format!("`{name}` cannot be the name of a table in SQLite: give another name"));
    }
    if schema.fields.len() > layout::FIELDS {
        let (name, most) = (&schema.name, layout::FIELDS);
        return Err(format!("`{name}` has more than {most} fields, which SQLite cannot keep"));
    }
    let mut seen = std::collections::BTreeSet::new();
    for field in &schema.fields {
        let name = &field.name;
        if is_ours(name) || !seen.insert(name.to_ascii_lowercase()) {
            return Err(format!(
                "`{name}` cannot be a column in SQLite, which does not tell upper from lower case there and \
                 keeps `headwater_` for itself: give the field another name"
            ));
        }
    }
    Ok(())
}

/// A column as it is in the file.
struct Column {
    name: String,
    kind: String,
    must_be_given: bool,
}

fn columns(transaction: &Transaction<'_>, table: &str) -> rusqlite::Result<Vec<Column>> {
    let sql = "SELECT name, type, \"notnull\" AND dflt_value IS NULL AND pk = 0 FROM pragma_table_info(?1)";
    let mut statement = transaction.prepare(sql)?;
    let column = |row: &rusqlite::Row<'_>| {
        Ok(Column { name: row.get(0)?, kind: row.get(1)?, must_be_given: row.get(2)? })
    };
    statement.query_map([table], column)?.collect()
}

fn newer(table: &Table, file: &str, format: i64) -> String {
    let name = &table.schema.name;
    format!(
        "{file} keeps `{name}` in format {format} of a newer Headwater, and this one knows format {FORMAT}: \
         use the newer one, or give another file"
    )
}

fn foreign(table: &Table, file: &str, columns: &[Column]) -> String {
    let (name, quoted) = (&table.schema.name, &table.name);
    let columns: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let columns = columns.join(", ");
    format!(
        "{file} has a table `{name}` already that was not made by Headwater, with the columns {columns}: \
         rename it (`ALTER TABLE {quoted} RENAME TO old`), start again, and copy what is wanted with \
         `INSERT INTO {quoted} (…) SELECT … FROM old`; or give another file"
    )
}

/// Carries out what changed since the file was last opened.
fn update(
    transaction: &Transaction<'_>,
    table: &Table,
    columns: &[Column],
    known: &str,
    file: &str,
) -> Result<(), Refusal> {
    let name = &table.schema.name;
    let old = Schema::from_json(known)
        .map_err(|reason| stop(format!("{file}: the schema of `{name}`: {reason}")))?;
    let differences = differences(&old, columns);
    if !differences.is_empty() {
        return Err(stop(format!(
            "{file}: the table `{name}` was changed by something else: {}; change it back, or give another file",
            differences.join("; ")
        )));
    }
    let plan = compatible::compare(&old, &table.schema)
        .map_err(|reasons| stop(format!("{file}: {}", reasons.join("; "))))?;
    if plan.is_unchanged {
        return Ok(());
    }
    carry_out(transaction, table, &plan)?;
    remember(transaction, table)?;
    Ok(())
}

/// What the table in the file lacks of its schema. More columns do no harm, as long as they need no value.
fn differences(old: &Schema, columns: &[Column]) -> Vec<String> {
    let mut wrong = Vec::new();
    let find = |name: &str| columns.iter().find(|column| column.name.eq_ignore_ascii_case(name));
    if find(PLACE).is_none() {
        wrong.push(format!("the column `{PLACE}` is missing"));
    }
    for field in &old.fields {
        let kind = column_type(&field.kind);
        match find(&field.name) {
            None => wrong.push(format!("the column `{}` is missing", field.name)),
            Some(column) if !column.kind.eq_ignore_ascii_case(kind) => {
                wrong
                    .push(format!("the column `{}` is {} and was {kind}", field.name, column.kind));
            }
            Some(_) => {}
        }
    }
    let is_known = |name: &str| {
        name.eq_ignore_ascii_case(PLACE)
            || old.fields.iter().any(|field| field.name.eq_ignore_ascii_case(name))
    };
    for column in columns.iter().filter(|column| column.must_be_given && !is_known(&column.name)) {
        wrong.push(format!("the new column `{}` needs a value", column.name));
    }
    wrong
}

fn carry_out(transaction: &Transaction<'_>, table: &Table, plan: &Plan) -> Result<(), Refusal> {
    // Nobody's record changes by this, so nothing is noted; the new triggers know the new fields.
    let triggers = layout::triggers(table).into_iter().map(|(name, _)| name);
    for trigger in triggers.chain(layout::eviction_triggers(table)) {
        transaction.execute(&format!("DROP TRIGGER IF EXISTS {trigger}"), [])?;
    }
    for place in &plan.added {
        let field = &table.schema.fields[*place];
        let (owner, column) = (&table.name, layout::column(field));
        transaction.execute(&format!("ALTER TABLE {owner} ADD COLUMN {column}"), [])?;
        if let Some(default) = &field.default {
            let sql = format!("UPDATE {owner} SET {} = ?1", table.columns[*place]);
            transaction.execute(&sql, [Bound(default)])?;
        }
    }
    for index in layout::indexes(table).iter().filter(|index| !index.is_wanted) {
        transaction.execute(&format!("DROP INDEX IF EXISTS {}", index.name), [])?;
    }
    Ok(())
}

fn remember(transaction: &Transaction<'_>, table: &Table) -> rusqlite::Result<()> {
    let sql = "INSERT INTO headwater_schema (resource, format, schema, identity)
               VALUES (?1, ?2, ?3, lower(hex(randomblob(8))))
               ON CONFLICT (resource) DO UPDATE SET format = excluded.format, schema = excluded.schema";
    let schema = table.schema.to_json();
    transaction.execute(sql, (&table.schema.name, FORMAT, schema)).map(drop)
}

/// Makes whatever belongs to the table and is not there; usually all of it is.
fn complete(transaction: &Transaction<'_>, table: &Table, file: &str) -> Result<(), Refusal> {
    for index in layout::indexes(table).iter().filter(|index| index.is_wanted) {
        let made = transaction.execute(&index.create, []);
        made.map_err(|error| duplicates(table, index.field, error, file))?;
    }
    transaction.execute(&layout::create_log(table), [])?;
    transaction.execute(&layout::create_attempts(table), [])?;
    for (_, sql) in layout::triggers(table) {
        transaction.execute(&sql, [])?;
    }
    for sql in layout::evictions(table) {
        transaction.execute(&sql, [])?;
    }
    // The numbers begin with the time, so that they also grow when a file is thrown away: a version or a position that
    // somebody kept from the old one is never taken for one of the new.
    let begin = "INSERT INTO {log} (position, kind, at)
                 SELECT ?1 * 1000, 'began', ?1 WHERE NOT EXISTS (SELECT 1 FROM {log})";
    transaction.execute(&begin.replace("{log}", &table.changes), [unix_ms()])?;
    Ok(())
}

fn duplicates(table: &Table, place: usize, error: rusqlite::Error, file: &str) -> Refusal {
    if store_error(file, &error).kind != StoreErrorKind::Refused {
        return Refusal::Sqlite(error);
    }
    let (name, field) = (&table.schema.name, &table.schema.fields[place].name);
    stop(format!(
        "{file}: field `{field}` of `{name}` shall be unique, but records hold the same value there: change \
         them, or leave it as it was"
    ))
}
