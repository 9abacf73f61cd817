//! What is asked of a list, as SQL.

use super::pattern;
use super::table::{PLACE, Table};
use crate::resource::{
    Comparison, Condition, Cursor, ListQuery, Order, Sort, StoreError, StoreErrorKind, Value,
};

/// A statement with its parameters in order.
#[derive(Debug, Default)]
pub(super) struct Selection {
    pub sql: String,
    pub values: Vec<Value>,
}

impl Selection {
    fn push(&mut self, sql: &str) {
        self.sql.push_str(sql);
    }

    /// A comparison of a column with a parameter.
    fn compare(&mut self, column: &str, operator: &str, value: &Value) {
        self.push(column);
        self.push(operator);
        self.push("?");
        self.values.push(value.clone());
    }
}

/// One record more than the page holds is asked for: whether it is there tells whether this is the last page.
pub(super) fn page(table: &Table, query: &ListQuery) -> Result<Selection, StoreError> {
    let mut selection = Selection { sql: table.select.clone(), values: Vec::new() };
    add_conditions(&mut selection, table, &query.conditions);
    match &query.order {
        Order::Insertion => {
            if let Some(cursor) = &query.after {
                let [place @ Value::Integer(_)] = cursor.0.as_slice() else {
                    return Err(foreign());
                };
                selection.push(" AND ");
                selection.compare(PLACE, " > ", place);
            }
            selection.push(" ORDER BY ");
            selection.push(PLACE);
        }
        Order::Fields(_) => {
            let sorts = query.order.columns(&table.schema);
            if let Some(cursor) = &query.after {
                check_cursor(table, &sorts, cursor)?;
                add_cursor(&mut selection, table, &sorts, cursor);
            }
            add_order(&mut selection, table, &sorts, query.after.as_ref());
        }
    }
    selection.push(" LIMIT ?");
    selection.values.push(Value::Integer(query.limit as i64 + 1));
    Ok(selection)
}

pub(super) fn count(table: &Table, conditions: &[Condition]) -> Selection {
    let sql = format!("SELECT count(*) FROM {}", table.name);
    let mut selection = Selection { sql, values: Vec::new() };
    add_conditions(&mut selection, table, conditions);
    selection
}

fn add_conditions(selection: &mut Selection, table: &Table, conditions: &[Condition]) {
    selection.push(" WHERE 1");
    for condition in conditions {
        let Some(column) = table.columns.get(condition.field) else { continue };
        selection.push(if condition.is_negated { " AND NOT (" } else { " AND (" });
        add_comparison(selection, column, &condition.comparison);
        selection.push(")");
    }
}

/// Is null, not false, when the column is null, so that its negation does not hold either.
fn add_comparison(selection: &mut Selection, column: &str, comparison: &Comparison) {
    match comparison {
        Comparison::Equal(value) => selection.compare(column, " = ", value),
        Comparison::Less(value) => selection.compare(column, " < ", value),
        Comparison::LessOrEqual(value) => selection.compare(column, " <= ", value),
        Comparison::Greater(value) => selection.compare(column, " > ", value),
        Comparison::GreaterOrEqual(value) => selection.compare(column, " >= ", value),
        Comparison::In(values) => {
            let values: Vec<&Value> = values.iter().filter(|value| !value.is_null()).collect();
            if values.is_empty() {
                selection.push(&format!("{column} <> {column}"));
                return;
            }
            selection.push(column);
            selection.push(" IN (?");
            selection.push(&", ?".repeat(values.len() - 1));
            selection.push(")");
            selection.values.extend(values.into_iter().cloned());
        }
        Comparison::Like(pattern) => add_pattern(selection, column, pattern),
        Comparison::IsNull => {
            selection.push(column);
            selection.push(" IS NULL");
        }
    }
}

fn add_pattern(selection: &mut Selection, column: &str, pattern: &str) {
    if let Some((prefix, end)) = pattern::range(pattern) {
        selection.compare(column, " >= ", &Value::text(prefix));
        if let Some(end) = end {
            selection.push(" AND ");
            selection.compare(column, " < ", &Value::text(end));
        }
        selection.push(" AND ");
    }
    selection.push(&format!("{}(?, {column})", pattern::FUNCTION));
    selection.values.push(Value::text(pattern));
}

fn foreign() -> StoreError {
    StoreError::new(StoreErrorKind::Refused, "the cursor belongs to a list in another order")
}

fn check_cursor(table: &Table, sorts: &[Sort], cursor: &Cursor) -> Result<(), StoreError> {
    let fits = |(sort, value): (&Sort, &Value)| {
        let field = &table.schema.fields[sort.field];
        match value {
            Value::Null => sort.field != table.schema.key,
            value => super::values::fits(field, value),
        }
    };
    if cursor.0.len() == sorts.len() && sorts.iter().zip(&cursor.0).all(fits) {
        return Ok(());
    }
    Err(foreign())
}

/// Only what comes behind the cursor: by the first field, or by the second one where the first is the same, and so on.
/// The first one alone is said once more, as a range for which an index is of use.
fn add_cursor(selection: &mut Selection, table: &Table, sorts: &[Sort], cursor: &Cursor) {
    let pairs: Vec<(&str, bool, &Value)> = sorts
        .iter()
        .zip(&cursor.0)
        .map(|(sort, value)| (table.columns[sort.field].as_str(), sort.is_descending, value))
        .collect();
    if let [(column, is_descending, value), _, ..] = pairs.as_slice()
        && !value.is_null()
    {
        selection.push(" AND ");
        selection.compare(column, if *is_descending { " <= " } else { " >= " }, value);
    }
    selection.push(" AND ");
    for (place, (column, is_descending, value)) in pairs.iter().enumerate() {
        selection.push("(");
        match (value, is_descending) {
            // Null comes first in both directions.
            (Value::Null, _) => {
                selection.push(column);
                selection.push(" IS NOT NULL");
            }
            (value, true) => selection.compare(column, " < ", value),
            (value, false) => selection.compare(column, " > ", value),
        }
        if place + 1 < pairs.len() {
            selection.push(" OR ");
            selection.compare(column, " IS ", value);
            selection.push(" AND ");
        }
    }
    selection.push(&")".repeat(pairs.len()));
}

fn add_order(selection: &mut Selection, table: &Table, sorts: &[Sort], cursor: Option<&Cursor>) {
    for (place, sort) in sorts.iter().enumerate() {
        selection.push(if place == 0 { " ORDER BY " } else { ", " });
        selection.push(&table.columns[sort.field]);
        // Behind a value of the first field there are no nulls any more, and then an index is read straight on.
        let is_behind = place == 0 && cursor.is_some_and(|cursor| !cursor.0[0].is_null());
        match sort.is_descending {
            false => {}
            true if is_behind || sort.field == table.schema.key => selection.push(" DESC"),
            true => selection.push(" DESC NULLS FIRST"),
        }
    }
}
