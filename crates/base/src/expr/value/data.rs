//! The value type itself and the constructors that keep its bounds.

use std::sync::Arc;

use indexmap::IndexMap;
use jaq_json::Num;

use super::super::budget::{self, Limit, MAX_SIZE, MAX_VALUE_DEPTH};
use crate::formats::json::Kind;

/// Members in the order of their first appearance.
pub(in crate::expr) type Entries = IndexMap<Arc<String>, Value, foldhash::fast::RandomState>;

/// What a value costs besides its text.
const NODE_SIZE: usize = 16;

#[derive(Clone, Debug)]
pub(in crate::expr) enum Value {
    Null,
    Bool(bool),
    Number(Num),
    Text(Arc<String>),
    Array(Arc<Array>),
    Object(Arc<Object>),
}

#[derive(Clone, Debug)]
pub(in crate::expr) struct Array {
    pub(in crate::expr) items: Vec<Value>,
    pub(super) extent: Extent,
}

#[derive(Clone, Debug)]
pub(in crate::expr) struct Object {
    pub(in crate::expr) entries: Entries,
    pub(super) extent: Extent,
}

/// Size in bytes, as if nothing were shared, and levels of nesting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) size: usize,
    pub(super) depth: usize,
}

impl Extent {
    const EMPTY: Self = Self { size: NODE_SIZE, depth: 1 };

    /// The extent of a container after `child` was put into it.
    pub(super) fn with(self, child: Self) -> Self {
        let size = self.size.saturating_add(child.size);
        Self { size, depth: self.depth.max(child.depth + 1) }
    }

    pub(super) fn with_key(self, key: &str) -> Self {
        Self { size: self.size.saturating_add(NODE_SIZE + key.len()), ..self }
    }

    /// Leaves out a child; the depth stays as it is, as an upper bound.
    pub(super) fn without(self, child: Self) -> Self {
        Self { size: self.size.saturating_sub(child.size), ..self }
    }

    /// The extent of two containers joined.
    pub(super) fn join(self, other: Self) -> Self {
        let size = self.size.saturating_add(other.size);
        Self { size, depth: self.depth.max(other.depth) }
    }

    fn admit(self) -> bool {
        if self.size > MAX_SIZE {
            budget::reach(Limit::Size);
        } else if self.depth > MAX_VALUE_DEPTH {
            budget::reach(Limit::Depth);
        } else {
            return true;
        }
        false
    }
}

impl Value {
    /// An array; null once a bound is reached, which ends the evaluation.
    pub(in crate::expr) fn array(items: Vec<Self>) -> Self {
        budget::spend(1 + items.len() / 4);
        let extent = items.iter().fold(Extent::EMPTY, |all, item| all.with(item.extent()));
        Self::array_of(items, extent)
    }

    pub(super) fn array_of(items: Vec<Self>, extent: Extent) -> Self {
        if extent.admit() { Self::Array(Arc::new(Array { items, extent })) } else { Self::Null }
    }

    pub(in crate::expr) fn object(entries: Entries) -> Self {
        budget::spend(1 + entries.len() / 2);
        let extent = entries
            .iter()
            .fold(Extent::EMPTY, |all, (key, value)| all.with_key(key).with(value.extent()));
        Self::object_of(entries, extent)
    }

    pub(super) fn object_of(entries: Entries, extent: Extent) -> Self {
        if extent.admit() { Self::Object(Arc::new(Object { entries, extent })) } else { Self::Null }
    }

    pub(in crate::expr) fn text(text: String) -> Self {
        budget::spend_bytes(text.len());
        if (Extent { size: text.len(), depth: 0 }).admit() {
            Self::Text(Arc::new(text))
        } else {
            Self::Null
        }
    }

    pub(in crate::expr) fn integer(number: usize) -> Self {
        Self::Number(Num::from_integral(number))
    }

    pub(super) fn extent(&self) -> Extent {
        match self {
            Self::Null | Self::Bool(_) => Extent { size: NODE_SIZE, depth: 0 },
            Self::Number(number) => {
                Extent { size: NODE_SIZE + super::numbers::heap_size(number), depth: 0 }
            }
            Self::Text(text) => Extent { size: NODE_SIZE + text.len(), depth: 0 },
            Self::Array(array) => array.extent,
            Self::Object(object) => object.extent,
        }
    }

    /// Levels of nesting, or a little more after parts were taken out.
    pub(in crate::expr) fn depth(&self) -> usize {
        self.extent().depth
    }

    pub(in crate::expr) fn kind(&self) -> Kind {
        match self {
            Self::Null => Kind::Null,
            Self::Bool(false) => Kind::False,
            Self::Bool(true) => Kind::True,
            Self::Number(_) => Kind::Number,
            Self::Text(_) => Kind::Text,
            Self::Array(_) => Kind::Array,
            Self::Object(_) => Kind::Object,
        }
    }
}

/// Takes an array out of its shared place, copying only when others hold it too.
pub(super) fn own_array(array: Arc<Array>) -> Array {
    Arc::try_unwrap(array).unwrap_or_else(|shared| {
        budget::spend(1 + shared.items.len() / 4);
        (*shared).clone()
    })
}

pub(super) fn own_object(object: Arc<Object>) -> Object {
    Arc::try_unwrap(object).unwrap_or_else(|shared| {
        budget::spend(1 + shared.entries.len());
        (*shared).clone()
    })
}

pub(super) fn own_text(text: Arc<String>) -> String {
    Arc::try_unwrap(text).unwrap_or_else(|shared| {
        budget::spend_bytes(shared.len());
        (*shared).clone()
    })
}
