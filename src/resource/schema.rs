//! The fields of a resource, with what each may hold.

use crate::resource::{FieldKind as Kind, Pattern, Value};

/// The shape of every record of a resource. Two resources are equal when a running one need not be replaced.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    /// The resource's name; also the name of its table.
    pub name: String,
    /// In the order of the stack file, which is the order of every answer.
    pub fields: Vec<Field>,
    /// Which of the fields is the key.
    pub key: usize,
    /// The key is made by the store (integer) or by the server (uuid) when a new record brings none.
    pub key_is_generated: bool,
}

impl Schema {
    pub fn key_field(&self) -> &Field {
        &self.fields[self.key]
    }

    pub fn position(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    pub name: String,
    pub kind: FieldKind,
    /// A new record must bring it. One that is not required may be null.
    pub is_required: bool,
    /// What a new record gets that does not bring it.
    pub default: Option<Value>,
    /// No two records hold the same value; null is never the same.
    pub is_unique: bool,
    /// The store keeps an index, so that filters and sorts by it stay quick.
    pub is_indexed: bool,
    pub limits: FieldLimits,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldKind {
    Integer,
    Float,
    Text,
    Boolean,
    Time,
    Uuid,
    Json,
    Choice(Vec<String>),
}

impl FieldKind {
    /// The word of the stack file.
    pub fn name(&self) -> &'static str {
        match self {
            Kind::Integer => "integer",
            Kind::Float => "float",
            Kind::Text => "text",
            Kind::Boolean => "boolean",
            Kind::Time => "time",
            Kind::Uuid => "uuid",
            Kind::Json => "json",
            Kind::Choice(_) => "choice",
        }
    }

    /// Only these can be a key.
    pub fn can_be_key(&self) -> bool {
        matches!(self, Kind::Integer | Kind::Text | Kind::Uuid)
    }
}

/// Bounds of a field; both ends are allowed. Lengths count characters.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FieldLimits {
    pub minimum: Option<f64>,
    pub maximum: Option<f64>,
    pub min_length: Option<u64>,
    pub max_length: Option<u64>,
    /// What the whole text must match.
    pub pattern: Option<Pattern>,
}
