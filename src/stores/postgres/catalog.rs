//! What the server knows about a table: its columns, its indexes, what this role may do with it.

use crate::clients::postgres::trouble::Trouble;
use tokio_postgres::{Client, Row};

/// A table as it is.
#[derive(Debug, Clone)]
pub struct Table {
    pub oid: u32,
    /// Its schema, quoted.
    pub home: String,
    /// With its schema, quoted.
    pub name: String,
    /// `r` for an ordinary table, `p` for a partitioned one.
    pub kind: String,
    pub columns: Vec<Column>,
    pub indexes: Vec<Index>,
    pub can_read: bool,
    /// A constraint that is only checked at the end of a transaction.
    pub has_deferred: bool,
}

#[derive(Debug, Clone)]
pub struct Column {
    pub name: String,
    /// The name of a type of PostgreSQL's own; empty for other types.
    pub kind: String,
    /// Characters that a `varchar(n)` takes.
    pub characters: Option<u32>,
    pub is_not_null: bool,
    /// What a new row gets, as an expression.
    pub default: Option<String>,
    /// Computed from other columns: nobody can write to it.
    pub is_computed: bool,
    /// Texts that differ may count as the same.
    pub is_fuzzy: bool,
    /// Texts compare by their bytes.
    pub is_bytewise: bool,
    /// What counts its values, quoted with its schema.
    pub sequence: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Index {
    pub name: String,
    pub columns: Vec<String>,
    pub is_unique: bool,
    pub is_primary: bool,
    /// Valid and over all rows.
    pub is_whole: bool,
    /// Checked at once, not at the end of a transaction.
    pub is_immediate: bool,
}

impl Table {
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The unique index over all rows of just this column.
    pub fn unique_index(&self, column: &str) -> Option<&Index> {
        let over = |index: &&Index| index.columns == [column];
        self.indexes.iter().filter(over).find(|index| index.is_unique && index.is_whole)
    }

    pub fn primary_key(&self) -> Option<&[String]> {
        let primary = self.indexes.iter().find(|index| index.is_primary);
        primary.map(|index| index.columns.as_slice())
    }
}

/// A name as it stands in SQL.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as it stands in SQL.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

const TABLE: &str = "SELECT c.oid, n.nspname::text, c.relname::text, c.relkind::text, \
    has_table_privilege(c.oid, 'SELECT'), \
    EXISTS (SELECT FROM pg_constraint WHERE conrelid = c.oid AND condeferred) \
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass($1)";

const COLUMNS: &str = "SELECT a.attname::text, \
    CASE WHEN t.typnamespace = 'pg_catalog'::regnamespace THEN t.typname::text ELSE '' END, \
    CASE WHEN t.typname = 'varchar' AND a.atttypmod > 4 THEN a.atttypmod - 4 END, \
    a.attnotnull, \
    CASE WHEN a.attidentity <> '' \
        THEN format('nextval(%L::regclass)', pg_get_serial_sequence(a.attrelid::regclass::text, a.attname)) \
        WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END, \
    a.attidentity <> '', a.attgenerated <> '', NOT coalesce(co.collisdeterministic, true), \
    coalesce(co.collname IN ('C', 'POSIX', 'ucs_basic'), false), \
    pg_get_serial_sequence(a.attrelid::regclass::text, a.attname) \
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid \
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
    LEFT JOIN pg_collation co ON co.oid = a.attcollation \
    WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";

const INDEXES: &str = "SELECT c.relname::text, \
    ARRAY(SELECT coalesce(a.attname::text, '') FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, place) \
        LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number \
        WHERE k.place <= i.indnkeyatts ORDER BY k.place), \
    i.indisunique, i.indisprimary, i.indisvalid AND i.indpred IS NULL, i.indimmediate \
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = $1 ORDER BY c.relname";

/// Looks a table up as a statement of this session would; `None` when there is none.
pub async fn table(client: &Client, name: &str) -> Result<Option<Table>, Trouble> {
    let Some(row) = client.query_opt(TABLE, &[&quoted(name)]).await? else { return Ok(None) };
    let oid: u32 = row.try_get(0)?;
    let (home, own): (String, String) = (row.try_get(1)?, row.try_get(2)?);
    let home = quoted(&home);
    let columns = client.query(COLUMNS, &[&oid]).await?;
    let indexes = client.query(INDEXES, &[&oid]).await?;
    Ok(Some(Table {
        oid,
        name: format!("{home}.{}", quoted(&own)),
        home,
        kind: row.try_get(3)?,
        columns: columns.iter().map(column).collect::<Result<_, _>>()?,
        indexes: indexes.iter().map(index).collect::<Result<_, _>>()?,
        can_read: row.try_get(4)?,
        has_deferred: row.try_get(5)?,
    }))
}

fn column(row: &Row) -> Result<Column, Trouble> {
    let characters: Option<i32> = row.try_get(2)?;
    Ok(Column {
        name: row.try_get(0)?,
        kind: row.try_get(1)?,
        characters: characters.and_then(|most| u32::try_from(most).ok()),
        is_not_null: row.try_get(3)?,
        default: row.try_get(4)?,
        is_computed: row.try_get(6)?,
        is_fuzzy: row.try_get(7)?,
        is_bytewise: row.try_get(8)?,
        sequence: row.try_get(9)?,
    })
}

fn index(row: &Row) -> Result<Index, Trouble> {
    Ok(Index {
        name: row.try_get(0)?,
        columns: row.try_get(1)?,
        is_unique: row.try_get(2)?,
        is_primary: row.try_get(3)?,
        is_whole: row.try_get(4)?,
        is_immediate: row.try_get(5)?,
    })
}
