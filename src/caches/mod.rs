//! Caches: copies of records nearer by, and the promise that they are never older than `max_stale`.

mod cached;

pub use cached::{Cached, Freshness, Origin, Read};
