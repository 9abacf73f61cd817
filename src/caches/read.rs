//! What a reader asks for, and what it gets.

use crate::resource::{Record, Version};
use std::time::Duration;

/// What a reader asks for beyond the bound of the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Freshness {
    /// The answer must have seen this write: read-your-writes.
    pub at_least: Version,
    /// Ask the store, whatever is cached (`Cache-Control: no-cache`).
    pub is_bypass: bool,
}

/// A record, or that there is none, and where that is known from.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    pub record: Option<Record>,
    pub as_of: Version,
    pub origin: Origin,
    /// How long ago the store said so.
    pub age: Duration,
    /// How long it may still be kept; `None` without a cache.
    pub ttl: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// This very request read the store.
    Store,
    /// It waited for another request that read the store.
    Collapsed,
    Near,
    Redis,
    /// The store is away and this is older than `max_stale`, within `stale_if_error`.
    Stale,
}

impl Read {
    /// `false` exactly when this request read the store.
    pub fn is_cached(&self) -> bool {
        self.origin != Origin::Store
    }
}
