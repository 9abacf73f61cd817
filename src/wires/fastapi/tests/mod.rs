//! The wire as a client of the original sees it: raw bytes over real sockets. Each table is one of the recordings.

mod bodies;
mod lists;
mod methods;
mod redirects;
mod routes;
pub(crate) mod support;
mod troubles;
mod validation;

use crate::resource::{CacheConfig, Wire};
use support::{MemoryStore, Service, users};

/// The same over a store of this file and over the product's.
fn originals() -> [Service; 3] {
    let over_memory = |cache: Option<&CacheConfig>| {
        Service::over_memory(users(), cache, Wire::Fastapi, &["/users/"])
    };
    [original(), over_memory(None), over_memory(Some(&CacheConfig::default()))]
}

/// The original: an empty `users` at `/users/`.
fn original() -> Service {
    Service::new(MemoryStore::new(users()), Wire::Fastapi, &["/users/"])
}
