//! The log of changes, written by triggers, so that it has everybody's writes: one row for each changed record, one
//! for each `TRUNCATE`.

use super::catalog::{literal, quoted};
use super::layout::Layout;
use crate::resource::FieldKind;

/// What every session of ours may listen to; the message is the name of the resource.
pub const CHANNEL: &str = "headwater";

/// The tables that all resources of a database schema share, with the schema quoted.
pub fn tables(home: &str) -> String {
    format!(
        "CREATE TABLE IF NOT EXISTS {home}.headwater_resources (
            resource text PRIMARY KEY,
            id uuid NOT NULL DEFAULT gen_random_uuid(),
            schema text NOT NULL,
            is_ours boolean NOT NULL,
            trimmed_xid xid8 NOT NULL DEFAULT '0',
            trimmed_seq bigint NOT NULL DEFAULT 0);
        CREATE TABLE IF NOT EXISTS {home}.headwater_changes (
            resource text NOT NULL,
            xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
            seq bigint GENERATED ALWAYS AS IDENTITY,
            kind text NOT NULL,
            key text,
            record json,
            at timestamptz NOT NULL DEFAULT clock_timestamp(),
            PRIMARY KEY (resource, xid, seq));
        CREATE TABLE IF NOT EXISTS {home}.headwater_attempts (
            resource text NOT NULL,
            key text NOT NULL,
            fingerprint bytea NOT NULL,
            kind text NOT NULL,
            record bytea,
            at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (resource, key));
        CREATE INDEX IF NOT EXISTS headwater_attempts_at ON {home}.headwater_attempts (resource, at);"
    )
}

/// The names of a resource's functions and triggers. Triggers fire in the order of their names.
pub struct Names {
    pub log: String,
    pub moved: String,
}

impl Names {
    pub fn of(resource: &str) -> Self {
        let plain = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
        let shown: String = resource.chars().filter(plain).take(30).collect();
        let digest = crc32c::crc32c(resource.as_bytes());
        Self {
            log: format!("headwater_log_{shown}_{digest:08x}"),
            moved: format!("headwater_moved_{shown}_{digest:08x}"),
        }
    }
}

/// The body of the function that logs a statement. It runs with the rights of whoever made it: others may write to the
/// table without a right to our tables. All names have their schema, whatever the caller's search path is.
pub fn log_body(home: &str, layout: &Layout) -> String {
    let resource = literal(&layout.schema.name);
    let key = &layout.key().name;
    let insert = |kind: &str, record: &str, from: &str| {
        format!(
            "INSERT INTO {home}.headwater_changes (resource, kind, key, record) \
             SELECT {resource}, '{kind}', n.{key}::text, {record} FROM {from} WHERE n.{key} IS NOT NULL;"
        )
    };
    let members = members(layout, "n");
    let with_record = format!("new_rows n CROSS JOIN LATERAL (SELECT {members}) r");
    let created = insert("created", "row_to_json(r)", &with_record);
    let updated = insert("updated", "row_to_json(r)", &with_record);
    let deleted = insert("deleted", "NULL", "old_rows n");
    format!(
        "
BEGIN
    IF TG_OP = 'INSERT' THEN
        {created}
    ELSIF TG_OP = 'UPDATE' THEN
        {updated}
    ELSIF TG_OP = 'DELETE' THEN
        {deleted}
    ELSE
        INSERT INTO {home}.headwater_changes (resource, kind) VALUES ({resource}, 'emptied');
    END IF;
    IF FOUND THEN
        PERFORM pg_notify('{CHANNEL}', {resource});
    END IF;
    RETURN NULL;
END"
    )
}

/// Somebody gave a record another key: it is gone under the old one. The new one is logged with its statement.
pub fn moved_body(home: &str, layout: &Layout) -> String {
    let resource = literal(&layout.schema.name);
    let key = &layout.key().name;
    format!(
        "
BEGIN
    INSERT INTO {home}.headwater_changes (resource, kind, key) VALUES ({resource}, 'deleted', OLD.{key}::text);
    RETURN NULL;
END"
    )
}

/// The record's fields in the form in which JSON of records is written everywhere.
fn members(layout: &Layout, row: &str) -> String {
    let each = layout.schema.fields.iter().zip(&layout.columns);
    let members: Vec<String> = each
        .map(|(field, place)| {
            let column = format!("{row}.{}", place.name);
            let value = match field.kind {
                FieldKind::Time => format!(
                    "CASE WHEN {column} >= '0001-01-01 UTC' AND {column} < '10000-01-01 UTC' \
                     THEN to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') END"
                ),
                FieldKind::Float => format!(
                    "CASE WHEN {column} > '-infinity' AND {column} < 'infinity' THEN {column}::float8 END"
                ),
                _ => column,
            };
            format!("{value} AS {}", quoted(&field.name))
        })
        .collect();
    members.join(", ")
}

/// Makes or renews functions and triggers.
pub fn triggers(home: &str, layout: &Layout) -> String {
    let names = Names::of(&layout.schema.name);
    let (log, moved) = (quoted(&names.log), quoted(&names.moved));
    let (table, key) = (&layout.table, &layout.key().name);
    let function = |name: &str, body: &str| {
        format!(
            "CREATE OR REPLACE FUNCTION {home}.{name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER \
             SET search_path = pg_catalog, pg_temp AS {}; \
             REVOKE ALL ON FUNCTION {home}.{name}() FROM PUBLIC; ",
            literal(body)
        )
    };
    let trigger = |ending: &str, when: &str, each: &str, name: &str| {
        let own = quoted(&format!("{}_{ending}", names.log));
        format!(
            "DROP TRIGGER IF EXISTS {own} ON {table}; \
             CREATE TRIGGER {own} AFTER {when} FOR EACH {each} EXECUTE FUNCTION {home}.{name}(); "
        )
    };
    let new = format!("ON {table} REFERENCING NEW TABLE AS new_rows");
    let old = format!("ON {table} REFERENCING OLD TABLE AS old_rows");
    let changed = format!("UPDATE OF {key} ON {table}");
    let row = format!("ROW WHEN (OLD.{key} IS DISTINCT FROM NEW.{key} AND OLD.{key} IS NOT NULL)");
    [
        function(&log, &log_body(home, layout)),
        function(&moved, &moved_body(home, layout)),
        trigger("i", &format!("INSERT {new}"), "STATEMENT", &log),
        trigger("u", &format!("UPDATE {new}"), "STATEMENT", &log),
        trigger("d", &format!("DELETE {old}"), "STATEMENT", &log),
        trigger("t", &format!("TRUNCATE ON {table}"), "STATEMENT", &log),
        trigger("k", &changed, &row, &moved),
    ]
    .concat()
}

/// How many of our triggers a table needs, all enabled, with these bodies.
pub const TRIGGERS: i64 = 5;
