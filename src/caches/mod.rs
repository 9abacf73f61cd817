//! Caches: copies of records nearer by, and the promise that they are never older than `max_stale`.
//!
//! Reading order: [`Cached`] is the face; `reading` finds a record; `near` keeps copies in memory and `redis` shares
//! them; `feed` is what the store tells of its changes, and decides whether a copy may answer.

mod admission;
mod cached;
mod envelope;
mod feed;
mod layers;
mod limits;
mod meter;
mod moment;
mod names;
mod near;
mod read;
mod reading;
mod redis;
mod shelf;
mod writing;

pub use cached::Cached;
pub use meter::{CacheMeter, StoreMeter};
pub use read::{Freshness, Origin, Read};
pub use redis::{RedisCounts, RedisHealth};
#[cfg(test)]
mod tests;
