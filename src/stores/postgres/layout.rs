//! How the fields of a schema lie in the columns of a table, or why they do not fit.

use super::catalog::{Index, Table, quoted};
use super::cell::{Got, server_time, type_name};
use crate::clients::postgres::trouble::Trouble;
use crate::resource::{FaultKind, Field, FieldFault, FieldKind, Record, Schema, Value, embedded};
use std::sync::Arc;
use tokio_postgres::Row;

/// The column of our own tables that keeps the order of insertion.
pub const ROW: &str = "_row";

/// A table that holds what the schema needs.
#[derive(Debug, Clone)]
pub struct Layout {
    pub schema: Arc<Schema>,
    /// With its schema, quoted.
    pub table: String,
    /// One for each field, in the schema's order.
    pub columns: Vec<Place>,
    /// What records are sorted by in the order of insertion: a column and the kind of its values.
    pub order: OrderColumn,
    /// Makes a key for a record that brings none, as an expression.
    pub new_key: Option<String>,
    /// What counts the keys that are made, quoted with its schema.
    pub sequence: Option<String>,
    /// Unique indexes over one field each and all records, by name.
    pub uniques: Vec<(String, usize)>,
    pub has_deferred: bool,
}

/// The place of insertion.
#[derive(Debug, Clone)]
pub struct OrderColumn {
    /// Quoted.
    pub name: String,
    pub kind: FieldKind,
    is_bytewise: bool,
}

impl OrderColumn {
    /// For comparing and sorting.
    pub fn compared(&self, table: &str) -> String {
        bytewise(format!("{table}{}", self.name), &self.kind, self.is_bytewise)
    }
}

/// Texts compare by their bytes here, whatever the column says.
fn bytewise(expression: String, kind: &FieldKind, is_bytewise: bool) -> String {
    match kind {
        FieldKind::Text | FieldKind::Choice(_) if !is_bytewise => {
            format!("{expression} COLLATE \"C\"")
        }
        FieldKind::Json => format!("{expression}::text COLLATE \"C\""),
        _ => expression,
    }
}

/// Where a field lies.
#[derive(Debug, Clone)]
pub struct Place {
    /// Quoted.
    pub name: String,
    characters: Option<u32>,
    whole: Option<(i64, i64)>,
    pub is_not_null: bool,
    /// The column's type is the one in which values travel.
    is_own_type: bool,
    /// Texts compare by their bytes without being told.
    is_bytewise: bool,
}

impl Layout {
    /// Matches by name and type. Every reason against it is told at once, with what to do.
    pub fn of(schema: &Arc<Schema>, table: &Table) -> Result<Self, Vec<String>> {
        let mut refused = refused_table(schema, table);
        let mut columns = Vec::new();
        for (number, field) in schema.fields.iter().enumerate() {
            match place(field, number == schema.key, table) {
                Ok(place) => columns.push(place),
                Err(reason) => refused.push(reason),
            }
        }
        if !refused.is_empty() {
            return Err(refused);
        }
        let key = table.column(&schema.key_field().name).filter(|_| schema.key_is_generated);
        let mut layout = Self {
            schema: Arc::clone(schema),
            table: table.name.clone(),
            columns,
            order: order(schema, table),
            new_key: key.and_then(|key| key.default.clone()),
            sequence: key.and_then(|key| key.sequence.clone()),
            uniques: Vec::new(),
            has_deferred: table.has_deferred,
        };
        for (number, field) in schema.fields.iter().enumerate() {
            let over = |index: &&Index| index.columns == [field.name.as_str()];
            let unique =
                table.indexes.iter().filter(over).filter(|index| index.is_unique && index.is_whole);
            layout.uniques.extend(unique.map(|index| (index.name.clone(), number)));
        }
        Ok(layout)
    }

    pub fn key(&self) -> &Place {
        &self.columns[self.schema.key]
    }

    /// The columns for a `SELECT` or `RETURNING`, each as the type in which it travels.
    pub fn reading(&self, table: &str) -> String {
        let each = self.schema.fields.iter().zip(&self.columns);
        let columns: Vec<String> = each
            .map(|(field, place)| {
                let cast = if place.is_own_type { "" } else { type_name(&field.kind) };
                let colons = if cast.is_empty() { "" } else { "::" };
                format!("{table}{}{colons}{cast}", place.name)
            })
            .collect();
        columns.join(", ")
    }

    /// The record in a row that was read with `reading`, from this column on.
    pub fn record(&self, row: &Row, first: usize) -> Result<Record, Trouble> {
        let mut values = Vec::with_capacity(self.columns.len());
        for number in 0..self.columns.len() {
            let Got(value) = row.try_get(first + number)?;
            values.push(compacted(value));
        }
        Ok(Record::new(values))
    }

    /// The record with its JSON as it is always read.
    pub fn tidied(&self, record: Record) -> Record {
        if !self.schema.fields.iter().any(|field| field.kind == FieldKind::Json) {
            return record;
        }
        Record::new(record.values().iter().cloned().map(compacted).collect::<Vec<_>>())
    }

    /// What this table cannot keep of a record that the schema allows.
    pub fn faults(&self, record: &Record) -> Vec<FieldFault> {
        let each = self.schema.fields.iter().zip(&self.columns).zip(record.values());
        each.filter_map(|((field, place), value)| {
            let kind = place.fault(value)?;
            Some(FieldFault { field: field.name.clone(), kind, input: None })
        })
        .collect()
    }

    /// A field's column for comparing and sorting.
    pub fn compared(&self, table: &str, field: usize) -> String {
        let (place, kind) = (&self.columns[field], &self.schema.fields[field].kind);
        let name = format!("{table}{}", place.name);
        match kind {
            FieldKind::Float if !place.is_own_type => format!("{name}::float8"),
            _ => bytewise(name, kind, place.is_bytewise),
        }
    }
}

/// Whoever else wrote it may have put white space into it.
fn compacted(value: Value) -> Value {
    match value {
        Value::Json(text) => Value::Json(embedded::compact(&text).unwrap_or(text)),
        value => value,
    }
}

impl Place {
    fn fault(&self, value: &Value) -> Option<FaultKind> {
        match value {
            Value::Text(text) if text.contains('\0') => Some(FaultKind::Nul),
            Value::Text(text) => {
                let most = self.characters? as usize;
                let is_long = text.len() > most && text.chars().count() > most;
                is_long.then_some(FaultKind::TooLong { maximum: most as u64 })
            }
            Value::Integer(number) => {
                let (least, most) = self.whole?;
                (!(least..=most).contains(number)).then_some(FaultKind::OutOfRange)
            }
            Value::Time(micros) if server_time(*micros).is_none() => Some(FaultKind::OutOfRange),
            _ => None,
        }
    }
}

fn refused_table(schema: &Schema, table: &Table) -> Vec<String> {
    let mut refused = Vec::new();
    if !["r", "p"].contains(&table.kind.as_str()) {
        refused.push(format!("{} is a view or a foreign table, but a table is needed", table.name));
    }
    if !table.can_read {
        refused.push(format!("this role may not read {0}: GRANT SELECT ON {0}", table.name));
    }
    let key = &schema.key_field().name;
    if table.column(key).is_some() && table.unique_index(key).is_none() {
        let index = format!("CREATE UNIQUE INDEX ON {} ({})", table.name, quoted(key));
        refused.push(format!("the key column `{key}` has no unique index of its own: {index}"));
    }
    for index in table.indexes.iter().filter(|index| index.is_unique && !index.is_immediate) {
        refused.push(format!(
            "the unique index `{}` belongs to a deferrable constraint, which no insert can respect: make it \
             NOT DEFERRABLE",
            index.name
        ));
    }
    for column in &table.columns {
        let needs_a_value = column.is_not_null && column.default.is_none() && !column.is_computed;
        if schema.position(&column.name).is_none() && needs_a_value {
            refused.push(format!(
                "the column `{}` is no field of the resource, but needs a value: add a field, give it a DEFAULT, or \
                 DROP NOT NULL",
                column.name
            ));
        }
    }
    refused
}

fn place(field: &Field, is_key: bool, table: &Table) -> Result<Place, String> {
    let name = &field.name;
    let column = table
        .column(name)
        .ok_or_else(|| {
            format!(
                "the table {} has no column `{name}`: rename it back, add it, or take the field out of the schema",
                table.name
            )
        })?;
    let whole = match (&field.kind, column.kind.as_str()) {
        (FieldKind::Integer, "int4") => Some((i64::from(i32::MIN), i64::from(i32::MAX))),
        (FieldKind::Integer, "int2") => Some((i64::from(i16::MIN), i64::from(i16::MAX))),
        (FieldKind::Integer, "int8")
        | (FieldKind::Float, "float8" | "float4" | "numeric")
        | (FieldKind::Text | FieldKind::Choice(_), "text" | "varchar")
        | (FieldKind::Boolean, "bool")
        | (FieldKind::Time, "timestamptz")
        | (FieldKind::Uuid, "uuid")
        | (FieldKind::Json, "json" | "jsonb") => None,
        (kind, found) => {
            let found = if found.is_empty() { "a type of its own" } else { found };
            let (kind, wanted) = (kind.name(), wanted(kind));
            return Err(format!(
                "the column `{name}` is {found}, but the field is {kind}, which needs {wanted}: change one of them"
            ));
        }
    };
    if column.is_computed {
        return Err(format!("the column `{name}` is computed and cannot be written"));
    }
    if column.is_not_null && !field.is_required && !is_key {
        return Err(format!(
            "the column `{name}` is NOT NULL, but the field may be null: add `required: true`, or DROP NOT NULL"
        ));
    }
    if column.is_fuzzy && (is_key || field.is_unique) {
        return Err(format!(
            "the column `{name}` has a collation that takes different texts for the same: use another one"
        ));
    }
    if field.is_unique && !is_key && table.unique_index(name).is_none() {
        let index = format!("CREATE UNIQUE INDEX ON {} ({})", table.name, quoted(name));
        return Err(format!("the unique field `{name}` has no unique index: {index}"));
    }
    Ok(Place {
        name: quoted(name),
        characters: column.characters,
        whole,
        is_not_null: column.is_not_null,
        is_own_type: column.kind == type_name(&field.kind),
        is_bytewise: column.is_bytewise,
    })
}

fn wanted(kind: &FieldKind) -> &'static str {
    match kind {
        FieldKind::Integer => "bigint, integer or smallint",
        FieldKind::Float => "double precision, real or numeric",
        FieldKind::Text | FieldKind::Choice(_) => "text or varchar",
        FieldKind::Boolean => "boolean",
        FieldKind::Time => "timestamptz",
        FieldKind::Uuid => "uuid",
        FieldKind::Json => "json or jsonb",
    }
}

/// Our own column where it is, otherwise the primary key of a single column, otherwise the key of the resource.
fn order(schema: &Schema, table: &Table) -> OrderColumn {
    let own = table.unique_index(ROW).map(|_| ROW);
    let primary = match table.primary_key() {
        Some([only]) => Some(only.as_str()),
        _ => None,
    };
    let key = schema.key_field();
    let order_by = |name: &str| {
        let column = table.column(name)?;
        let kind = match column.kind.as_str() {
            "int8" | "int4" | "int2" => FieldKind::Integer,
            "text" | "varchar" => FieldKind::Text,
            "uuid" => FieldKind::Uuid,
            "timestamptz" => FieldKind::Time,
            _ => return None,
        };
        Some(OrderColumn { name: quoted(name), kind, is_bytewise: column.is_bytewise })
    };
    own.or(primary).and_then(order_by).or_else(|| order_by(&key.name)).unwrap_or(OrderColumn {
        name: quoted(&key.name),
        kind: key.kind.clone(),
        is_bytewise: false,
    })
}
