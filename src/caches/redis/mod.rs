//! Redis as a shared cache: one connection a resource, on a thread of its own. It never decides what is true: what
//! is read here is judged by the feed of the store, and everything works without it.

mod batch;
mod client;
mod link;
mod pushes;
mod state;

pub use batch::Item;
pub use client::{Companion, Redis, Setup};
pub use state::{RedisCounts, RedisHealth};
