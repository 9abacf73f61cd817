//! What can be asked of a list, and one page of it.

use crate::resource::{Record, Schema, Value, Version};

/// The most records of a page that `Store::list_now` reads: other requests wait meanwhile.
pub const SHORT_PAGE: usize = 64;

/// A page of records. Pages are keyset pages: each begins behind the last record of the one before, so a record that
/// is there all the time is listed exactly once, whatever is written meanwhile.
#[derive(Debug, Clone, PartialEq)]
pub struct ListQuery {
    /// All must hold.
    pub conditions: Vec<Condition>,
    pub order: Order,
    pub after: Option<Cursor>,
    pub limit: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    pub field: usize,
    pub comparison: Comparison,
    pub is_negated: bool,
}

/// Null fulfils only `IsNull`.
#[derive(Debug, Clone, PartialEq)]
pub enum Comparison {
    Equal(Value),
    Less(Value),
    LessOrEqual(Value),
    Greater(Value),
    GreaterOrEqual(Value),
    In(Vec<Value>),
    /// Texts that match a pattern, `*` for any characters; case matters.
    Like(String),
    IsNull,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Order {
    /// As they were created; an update keeps the place.
    Insertion,
    /// By these fields and then by the key; null comes first. Texts compare by their bytes.
    Fields(Vec<Sort>),
}

impl Order {
    /// What decides the order: the fields up to the key, which comes last and is there once. A cursor has one value
    /// for each. Empty for the order of insertion, whose cursor has the place alone.
    pub fn columns(&self, schema: &Schema) -> Vec<Sort> {
        let Self::Fields(sorts) = self else { return Vec::new() };
        let mut columns: Vec<Sort> =
            sorts.iter().take_while(|sort| sort.field != schema.key).copied().collect();
        let key = sorts.get(columns.len()).copied();
        columns.push(key.unwrap_or(Sort { field: schema.key, is_descending: false }));
        columns
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    pub field: usize,
    pub is_descending: bool,
}

/// Behind which record a page begins: a value for each of `Order::columns`, or the place of insertion.
#[derive(Debug, Clone, PartialEq)]
pub struct Cursor(pub Vec<Value>);

#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    pub records: Vec<Record>,
    /// `None` when this is the last page.
    pub next: Option<Cursor>,
    pub as_of: Version,
}
