//! Values and keys in PostgreSQL's binary form. Only seven types ever travel: statements cast every column to one of
//! them.

use crate::resource::{FieldKind, Key, Value};
use bytes::{BufMut as _, BytesMut};
use std::error::Error;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

type Failure = Box<dyn Error + Sync + Send>;

/// Microseconds from 1970 to 2000, where PostgreSQL begins to count.
const EPOCH: i64 = 946_684_800_000_000;

/// The type as which values of this kind travel.
pub fn type_name(kind: &FieldKind) -> &'static str {
    match kind {
        FieldKind::Integer => "int8",
        FieldKind::Float => "float8",
        FieldKind::Text | FieldKind::Choice(_) => "text",
        FieldKind::Boolean => "bool",
        FieldKind::Time => "timestamptz",
        FieldKind::Uuid => "uuid",
        FieldKind::Json => "json",
    }
}

/// A value on its way to the server.
#[derive(Debug, Clone, Copy)]
pub struct Cell<'a>(pub &'a Value);

impl ToSql for Cell<'_> {
    fn to_sql(&self, wanted: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
        let fits = match self.0 {
            Value::Null => return Ok(IsNull::Yes),
            Value::Boolean(_) => *wanted == Type::BOOL,
            Value::Integer(_) => *wanted == Type::INT8,
            Value::Float(_) => *wanted == Type::FLOAT8,
            Value::Text(_) => *wanted == Type::TEXT,
            Value::Time(_) => *wanted == Type::TIMESTAMPTZ,
            Value::Uuid(_) => *wanted == Type::UUID,
            Value::Json(_) => *wanted == Type::JSON,
        };
        if !fits {
            return Err(format!("a value of another kind where {wanted} is wanted").into());
        }
        match self.0 {
            Value::Null => {}
            Value::Boolean(value) => out.put_u8(u8::from(*value)),
            Value::Integer(value) => out.put_i64(*value),
            Value::Float(value) => out.put_f64(*value),
            Value::Text(text) | Value::Json(text) => out.put_slice(text.as_bytes()),
            Value::Time(micros) => out.put_i64(server_time(*micros).ok_or("beyond all times")?),
            Value::Uuid(value) => out.put_u128(*value),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// `None` for a time that the server cannot tell from its infinities.
pub fn server_time(unix_micros: i64) -> Option<i64> {
    // From 4713 before Christ to 294276 after.
    const RANGE: std::ops::Range<i64> = -211_813_488_000_000_000..9_223_371_331_200_000_000;
    unix_micros.checked_sub(EPOCH).filter(|micros| RANGE.contains(micros))
}

/// A key on its way to the server.
#[derive(Debug, Clone, Copy)]
pub struct KeyCell<'a>(pub &'a Key);

impl ToSql for KeyCell<'_> {
    fn to_sql(&self, wanted: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
        match self.0 {
            Key::Integer(number) if *wanted == Type::INT8 => out.put_i64(*number),
            Key::Text(text) if *wanted == Type::TEXT => out.put_slice(text.as_bytes()),
            Key::Uuid(uuid) if *wanted == Type::UUID => out.put_u128(*uuid),
            _ => return Err(format!("a key of another kind where {wanted} is wanted").into()),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A value that came from the server. What no record can hold comes as null: a time of infinity, a float that is no
/// number.
#[derive(Debug)]
pub struct Got(pub Value);

impl<'a> FromSql<'a> for Got {
    fn from_sql(found: &Type, raw: &'a [u8]) -> Result<Self, Failure> {
        let text = || std::str::from_utf8(raw).map(Box::<str>::from);
        Ok(Self(match *found {
            Type::BOOL => Value::Boolean(raw.first() == Some(&1)),
            Type::INT8 => Value::Integer(i64::from_be_bytes(raw.try_into()?)),
            Type::FLOAT8 => match f64::from_be_bytes(raw.try_into()?) {
                number if number.is_finite() => Value::Float(number),
                _ => Value::Null,
            },
            Type::TEXT => Value::Text(text()?),
            Type::JSON => Value::Json(text()?),
            Type::UUID => Value::Uuid(u128::from_be_bytes(raw.try_into()?)),
            Type::TIMESTAMPTZ => match i64::from_be_bytes(raw.try_into()?) {
                i64::MIN | i64::MAX => Value::Null,
                micros => micros.checked_add(EPOCH).map_or(Value::Null, Value::Time),
            },
            _ => return Err(format!("{found} is none of the types that travel").into()),
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Failure> {
        Ok(Self(Value::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// A transaction's number that is never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Xid(pub u64);

impl FromSql<'_> for Xid {
    fn from_sql(_: &Type, raw: &[u8]) -> Result<Self, Failure> {
        Ok(Self(u64::from_be_bytes(raw.try_into()?)))
    }

    fn accepts(found: &Type) -> bool {
        *found == Type::XID8
    }
}

impl ToSql for Xid {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
        out.put_u64(self.0);
        Ok(IsNull::No)
    }

    fn accepts(wanted: &Type) -> bool {
        *wanted == Type::XID8
    }

    to_sql_checked!();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_comes_back() {
        for (value, kind) in [
            (Value::Boolean(true), Type::BOOL),
            (Value::Boolean(false), Type::BOOL),
            (Value::Integer(i64::MIN), Type::INT8),
            (Value::Float(-0.1), Type::FLOAT8),
            (Value::text("é"), Type::TEXT),
            (Value::Json("{}".into()), Type::JSON),
            (Value::Time(-1), Type::TIMESTAMPTZ),
            (Value::Time(253_402_300_799_999_999), Type::TIMESTAMPTZ),
            (Value::Uuid(u128::MAX - 1), Type::UUID),
        ] {
            let mut bytes = BytesMut::new();
            Cell(&value).to_sql(&kind, &mut bytes).unwrap();
            assert_eq!(Got::from_sql(&kind, &bytes).unwrap().0, value);
            assert!(Cell(&value).to_sql(&Type::NAME, &mut bytes).is_err());
        }
    }

    #[test]
    fn what_no_record_can_hold_is_null() {
        let infinity = i64::MAX.to_be_bytes();
        assert_eq!(Got::from_sql(&Type::TIMESTAMPTZ, &infinity).unwrap().0, Value::Null);
        let nan = f64::NAN.to_be_bytes();
        assert_eq!(Got::from_sql(&Type::FLOAT8, &nan).unwrap().0, Value::Null);
        assert_eq!(server_time(i64::MIN), None);
        assert_eq!(server_time(0), Some(-EPOCH));
    }
}
