//! The statements of lists and counts.

use super::cell::{Cell, type_name};
use super::layout::Layout;
use crate::resource::{
    Comparison, Condition, Cursor, FieldKind, ListQuery, Order, StoreError, StoreErrorKind, Value,
};
use tokio_postgres::types::Type;

/// A statement with its parameters.
#[derive(Debug)]
pub struct Select {
    pub sql: String,
    values: Vec<(Value, Type)>,
}

impl Select {
    /// A page and one record more: behind the snapshot's end come the fields, then the place of insertion.
    pub fn list(layout: &Layout, query: &ListQuery, limit: usize) -> Result<Self, StoreError> {
        let mut select = Self { sql: String::new(), values: Vec::new() };
        let terms = terms(layout, &query.order);
        let mut conditions = select.conditions(layout, &query.conditions)?;
        if let Some(cursor) = &query.after {
            conditions.push(select.behind(&terms, cursor)?);
        }
        let sorts: Vec<String> = terms.iter().map(Term::sort).collect();
        let columns = layout.reading("t.");
        let place = format!("t.{}::{}", layout.order.name, type_name(&layout.order.kind));
        select.sql = format!(
            "SELECT s.seen, l.* FROM (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS seen) s \
             LEFT JOIN LATERAL (SELECT {columns}, {place} FROM {} t WHERE {} ORDER BY {} LIMIT {}) l ON true",
            layout.table,
            conditions.join(" AND "),
            sorts.join(", "),
            limit + 1,
        );
        Ok(select)
    }

    pub fn count(layout: &Layout, conditions: &[Condition]) -> Result<Self, StoreError> {
        let mut select = Self { sql: String::new(), values: Vec::new() };
        let conditions = select.conditions(layout, conditions)?.join(" AND ");
        select.sql = format!("SELECT count(*) FROM {} t WHERE {conditions}", layout.table);
        Ok(select)
    }

    pub fn parameters(&self) -> Vec<(Cell<'_>, Type)> {
        self.values.iter().map(|(value, kind)| (Cell(value), kind.clone())).collect()
    }

    /// At least one, so that they can be joined.
    fn conditions(
        &mut self,
        layout: &Layout,
        conditions: &[Condition],
    ) -> Result<Vec<String>, StoreError> {
        let mut all = Vec::new();
        if !layout.key().is_not_null {
            // No resource can have a record without a key.
            all.push(format!("t.{} IS NOT NULL", layout.key().name));
        }
        for condition in conditions {
            all.push(self.condition(layout, condition)?);
        }
        if all.is_empty() {
            all.push("true".to_owned());
        }
        Ok(all)
    }

    /// Null fulfils nothing but `IsNull`, whether negated or not.
    fn condition(&mut self, layout: &Layout, condition: &Condition) -> Result<String, StoreError> {
        let Some(field) = layout.schema.fields.get(condition.field) else {
            return Err(refused("a condition on a field that is not there"));
        };
        let plain = format!("t.{}", layout.columns[condition.field].name);
        let column = layout.compared("t.", condition.field);
        let holds = match &condition.comparison {
            Comparison::IsNull if condition.is_negated => {
                return Ok(format!("{plain} IS NOT NULL"));
            }
            Comparison::IsNull => return Ok(format!("{plain} IS NULL")),
            Comparison::Equal(value) => self.compare(&column, "=", value, &field.kind)?,
            Comparison::Less(value) => self.compare(&column, "<", value, &field.kind)?,
            Comparison::LessOrEqual(value) => self.compare(&column, "<=", value, &field.kind)?,
            Comparison::Greater(value) => self.compare(&column, ">", value, &field.kind)?,
            Comparison::GreaterOrEqual(value) => self.compare(&column, ">=", value, &field.kind)?,
            Comparison::In(values) => {
                let mut each = Vec::new();
                for value in values.iter().filter(|value| !value.is_null()) {
                    let equal = self.compare("", "", value, &field.kind)?;
                    // What no record can hold is left out.
                    each.extend(Some(equal).filter(|equal| equal != "false"));
                }
                if each.is_empty() {
                    "false".to_owned()
                } else {
                    format!("{column} IN ({})", each.join(", "))
                }
            }
            Comparison::Like(pattern) if pattern.contains('\0') => "false".to_owned(),
            Comparison::Like(pattern) => {
                let pattern = self.parameter(Value::text(like(pattern)), &FieldKind::Text);
                format!("{plain}::text COLLATE \"C\" LIKE {pattern}")
            }
        };
        Ok(if condition.is_negated {
            format!("({plain} IS NOT NULL AND NOT ({holds}))")
        } else {
            format!("({holds})")
        })
    }

    fn compare(
        &mut self,
        column: &str,
        operator: &str,
        value: &Value,
        kind: &FieldKind,
    ) -> Result<String, StoreError> {
        let (operator, value) = match value {
            Value::Null => return Ok("false".to_owned()),
            // No text here holds a NUL: between what comes before it and what comes behind it lies nothing.
            Value::Text(text) if text.contains('\0') => {
                let before = text.split('\0').next().unwrap_or_default();
                match operator {
                    "<" | "<=" => ("<=", Value::text(before)),
                    ">" | ">=" => (">", Value::text(before)),
                    _ => return Ok("false".to_owned()),
                }
            }
            Value::Json(text) => (operator, Value::Text(text.clone())),
            value => (operator, value.clone()),
        };
        let kind = if *kind == FieldKind::Json { &FieldKind::Text } else { kind };
        if !fits(&value, kind) {
            return Err(refused("a value of another kind than its field"));
        }
        let parameter = self.parameter(value, kind);
        Ok(format!("{column} {operator} {parameter}"))
    }

    /// What comes behind a cursor: later by one of the terms, and equal by those before it.
    fn behind(&mut self, terms: &[Term], cursor: &Cursor) -> Result<String, StoreError> {
        if cursor.0.len() != terms.len() {
            return Err(refused("a cursor of another order"));
        }
        let mut later: Option<String> = None;
        let mut bound = String::new();
        for (number, (term, value)) in terms.iter().zip(&cursor.0).enumerate().rev() {
            let is_last = number + 1 == terms.len();
            let (beyond, equal) = if value.is_null() {
                if is_last || !term.is_nullable {
                    return Err(refused("a cursor of another order"));
                }
                (format!("{} IS NOT NULL", term.expression), format!("{} IS NULL", term.expression))
            } else {
                let operator = if term.is_descending { "<" } else { ">" };
                let compare = |select: &mut Self, operator: &str| {
                    select.compare(&term.expression, operator, value, &term.kind)
                };
                if number == 0 {
                    // Told once more in this form, it is where an index scan begins.
                    bound = format!("{} AND ", compare(self, &format!("{operator}="))?);
                }
                (compare(self, operator)?, compare(self, "=")?)
            };
            later = Some(match later {
                Some(rest) => format!("({beyond} OR {equal} AND {rest})"),
                None => beyond,
            });
        }
        Ok(format!("{bound}{}", later.unwrap_or_else(|| "true".to_owned())))
    }

    fn parameter(&mut self, value: Value, kind: &FieldKind) -> String {
        let wire = match kind {
            FieldKind::Integer => Type::INT8,
            FieldKind::Float => Type::FLOAT8,
            FieldKind::Boolean => Type::BOOL,
            FieldKind::Time => Type::TIMESTAMPTZ,
            FieldKind::Uuid => Type::UUID,
            FieldKind::Text | FieldKind::Choice(_) | FieldKind::Json => Type::TEXT,
        };
        self.values.push((value, wire));
        format!("${}", self.values.len())
    }
}

/// One of the things that a list is sorted by.
struct Term {
    expression: String,
    kind: FieldKind,
    is_descending: bool,
    is_nullable: bool,
}

impl Term {
    fn sort(&self) -> String {
        let direction = if self.is_descending { " DESC" } else { "" };
        // Left out where it changes nothing, so that an ordinary index can serve.
        let nulls = if self.is_nullable { " NULLS FIRST" } else { "" };
        format!("{}{direction}{nulls}", self.expression)
    }
}

fn terms(layout: &Layout, order: &Order) -> Vec<Term> {
    let field = |field: usize, is_descending: bool| Term {
        expression: layout.compared("t.", field),
        kind: layout.schema.fields[field].kind.clone(),
        is_descending,
        is_nullable: !layout.columns[field].is_not_null && field != layout.schema.key,
    };
    match order {
        Order::Insertion => vec![Term {
            expression: layout.order.compared("t."),
            kind: layout.order.kind.clone(),
            is_descending: false,
            is_nullable: false,
        }],
        Order::Fields(_) => {
            let sorts = order.columns(&layout.schema);
            let known = sorts.iter().filter(|sort| sort.field < layout.columns.len());
            known.map(|sort| field(sort.field, sort.is_descending)).collect()
        }
    }
}

fn fits(value: &Value, kind: &FieldKind) -> bool {
    matches!(
        (value, kind),
        (Value::Integer(_), FieldKind::Integer)
            | (Value::Float(_), FieldKind::Float)
            | (Value::Boolean(_), FieldKind::Boolean)
            | (Value::Time(_), FieldKind::Time)
            | (Value::Uuid(_), FieldKind::Uuid)
            | (Value::Text(_), FieldKind::Text | FieldKind::Choice(_))
    )
}

fn refused(why: &str) -> StoreError {
    StoreError::new(StoreErrorKind::Refused, why)
}

/// `*` stands for any characters; what `LIKE` takes for special is not.
fn like(pattern: &str) -> String {
    let mut like = String::with_capacity(pattern.len());
    for character in pattern.chars() {
        match character {
            '*' => like.push('%'),
            '%' | '_' | '\\' => like.extend(['\\', character]),
            other => like.push(other),
        }
    }
    like
}
