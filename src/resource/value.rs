//! One value of a record.

/// What a field can hold. A choice is a text, a time is microseconds since 1970 in UTC, JSON is its compact text.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Boolean(bool),
    Integer(i64),
    /// Always finite: JSON has no other.
    Float(f64),
    Text(Box<str>),
    Time(i64),
    Uuid(u128),
    Json(Box<str>),
}

impl Value {
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    pub fn text(text: impl Into<Box<str>>) -> Self {
        Self::Text(text.into())
    }
}
