//! What a record is found by.

use crate::resource::{FieldKind, Value};
use std::fmt;
use std::sync::Arc;

/// The value of the key field; only these three kinds can be one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    Integer(i64),
    Text(Arc<str>),
    Uuid(u128),
}

impl Key {
    pub fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Integer(number) => Some(Self::Integer(*number)),
            Value::Text(text) => Some(Self::Text(Arc::from(&**text))),
            Value::Uuid(uuid) => Some(Self::Uuid(*uuid)),
            _ => None,
        }
    }

    pub fn to_value(&self) -> Value {
        match self {
            Self::Integer(number) => Value::Integer(*number),
            Self::Text(text) => Value::text(&**text),
            Self::Uuid(uuid) => Value::Uuid(*uuid),
        }
    }

    /// Reads the canonical form, which `Display` writes; for a path, decode its percent signs first.
    pub fn parse(text: &str, kind: &FieldKind) -> Option<Self> {
        match kind {
            FieldKind::Integer => text.parse().ok().map(Self::Integer),
            FieldKind::Text => Some(Self::Text(Arc::from(text))),
            FieldKind::Uuid => uuid::Uuid::try_parse(text).ok().map(|id| Self::Uuid(id.as_u128())),
            _ => None,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(number) => number.fmt(formatter),
            Self::Text(text) => text.fmt(formatter),
            Self::Uuid(uuid) => uuid::Uuid::from_u128(*uuid).fmt(formatter),
        }
    }
}
