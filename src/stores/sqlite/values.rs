//! Values as SQLite keeps them: everything that has no type of its own there is a text that a person can read, and that
//! sorts as the value does.

use crate::resource::{Field, FieldKind, Key, Record, Value};
use jiff::Timestamp;
use jiff::tz::Offset;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Row, ToSql};

/// The times of four-digit years: what the text of a time can tell.
const EARLIEST: i64 = -62_167_219_200_000_000;
const LATEST: i64 = 253_402_207_199_999_999;

/// The type of a field's column in a STRICT table.
pub(super) fn column_type(kind: &FieldKind) -> &'static str {
    match kind {
        FieldKind::Integer | FieldKind::Boolean => "INTEGER",
        FieldKind::Float => "REAL",
        FieldKind::Text
        | FieldKind::Time
        | FieldKind::Uuid
        | FieldKind::Json
        | FieldKind::Choice(_) => "TEXT",
    }
}

/// A value on its way into a statement.
pub(super) struct Bound<'a>(pub &'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let borrowed = match self.0 {
            Value::Null => ValueRef::Null,
            Value::Boolean(is) => ValueRef::Integer(i64::from(*is)),
            Value::Integer(number) => ValueRef::Integer(*number),
            Value::Float(number) => ValueRef::Real(*number),
            Value::Text(text) | Value::Json(text) => ValueRef::Text(text.as_bytes()),
            Value::Time(microseconds) => return Ok(ToSqlOutput::from(time_text(*microseconds))),
            Value::Uuid(uuid) => return Ok(ToSqlOutput::from(uuid_text(*uuid))),
        };
        Ok(ToSqlOutput::Borrowed(borrowed))
    }
}

/// A key on its way into a statement.
pub(super) struct BoundKey<'a>(pub &'a Key);

impl ToSql for BoundKey<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            Key::Integer(number) => ToSqlOutput::from(*number),
            Key::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Key::Uuid(uuid) => ToSqlOutput::from(uuid_text(*uuid)),
        })
    }
}

fn uuid_text(uuid: u128) -> String {
    uuid::Uuid::from_u128(uuid).hyphenated().to_string()
}

/// RFC 3339 in UTC with microseconds, always 27 characters.
fn time_text(microseconds: i64) -> String {
    let inside = microseconds.clamp(EARLIEST, LATEST);
    let time = Offset::UTC.to_datetime(Timestamp::from_microsecond(inside).unwrap_or_default());
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
        time.year(),
        time.month(),
        time.day(),
        time.hour(),
        time.minute(),
        time.second(),
        inside.rem_euclid(1_000_000)
    )
}

/// Whether a column of this field takes the value as it is. What the wires let through always fits.
pub(super) fn fits(field: &Field, value: &Value) -> bool {
    match (value, &field.kind) {
        (Value::Float(number), FieldKind::Float) => number.is_finite(),
        (Value::Time(time), FieldKind::Time) => (EARLIEST..=LATEST).contains(time),
        (Value::Null, _)
        | (Value::Boolean(_), FieldKind::Boolean)
        | (Value::Integer(_), FieldKind::Integer)
        | (Value::Text(_), FieldKind::Text | FieldKind::Choice(_))
        | (Value::Uuid(_), FieldKind::Uuid)
        | (Value::Json(_), FieldKind::Json) => true,
        _ => false,
    }
}

/// The fields of a record, which begin at a column of the row.
pub(super) fn record(fields: &[Field], row: &Row<'_>, first: usize) -> rusqlite::Result<Record> {
    let value = |(place, field): (usize, &Field)| column(&field.kind, row, first + place);
    let values: Vec<Value> = fields.iter().enumerate().map(value).collect::<Result<_, _>>()?;
    Ok(Record::new(values))
}

/// The value of one column.
pub(super) fn column(kind: &FieldKind, row: &Row<'_>, place: usize) -> rusqlite::Result<Value> {
    let found = row.get_ref(place)?;
    value(kind, found).ok_or_else(|| {
        let what = format!("a value that is no {}", kind.name());
        rusqlite::Error::FromSqlConversionFailure(place, found.data_type(), what.into())
    })
}

fn value(kind: &FieldKind, found: ValueRef<'_>) -> Option<Value> {
    let text = |bytes| std::str::from_utf8(bytes).ok();
    Some(match (kind, found) {
        (_, ValueRef::Null) => Value::Null,
        (FieldKind::Boolean, ValueRef::Integer(number)) => Value::Boolean(number != 0),
        (FieldKind::Integer, ValueRef::Integer(number)) => Value::Integer(number),
        // Only another program can have written one that is not finite, and no answer could hold it.
        (FieldKind::Float, ValueRef::Real(number)) if !number.is_finite() => Value::Null,
        (FieldKind::Float, ValueRef::Real(number)) => Value::Float(number),
        (FieldKind::Text | FieldKind::Choice(_), ValueRef::Text(bytes)) => {
            Value::text(text(bytes)?)
        }
        (FieldKind::Json, ValueRef::Text(bytes)) => Value::Json(text(bytes)?.into()),
        (FieldKind::Uuid, ValueRef::Text(bytes)) => {
            Value::Uuid(uuid::Uuid::try_parse_ascii(bytes).ok()?.as_u128())
        }
        (FieldKind::Time, ValueRef::Text(bytes)) => {
            let time: Timestamp = text(bytes)?.parse().ok()?;
            Value::Time(time.as_microsecond())
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_texts_of_one_width_that_sort() {
        let times = [EARLIEST, -62_135_596_800_000_001, -1, 0, 1, 1_700_000_000_123_456, LATEST];
        let texts = times.map(time_text);
        assert!(texts.is_sorted() && texts.iter().all(|text| text.len() == 27), "{texts:?}");
        assert_eq!(texts[2], "1969-12-31T23:59:59.999999Z");
        for (time, text) in times.iter().zip(&texts) {
            let read = value(&FieldKind::Time, ValueRef::Text(text.as_bytes()));
            assert_eq!(read, Some(Value::Time(*time)));
        }
    }

    #[test]
    fn what_another_program_wrote_is_no_panic() {
        assert_eq!(value(&FieldKind::Time, ValueRef::Text(b"yesterday")), None);
        assert_eq!(value(&FieldKind::Uuid, ValueRef::Text(b"\xff")), None);
        assert_eq!(value(&FieldKind::Text, ValueRef::Text(b"\xff")), None);
        assert_eq!(value(&FieldKind::Integer, ValueRef::Text(b"1")), None);
        assert_eq!(value(&FieldKind::Float, ValueRef::Real(f64::INFINITY)), Some(Value::Null));
    }
}
