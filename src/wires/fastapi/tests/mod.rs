//! The wire as a client of the original sees it: raw bytes over real sockets. Each table is one of the recordings.

mod bodies;
mod lists;
mod methods;
mod redirects;
mod routes;
pub(crate) mod support;
mod troubles;
mod validation;

use crate::resource::Wire;
use support::{MemoryStore, Service, users};

/// The original: an empty `users` at `/users/`.
fn original() -> Service {
    Service::new(MemoryStore::new(users()), Wire::Fastapi, &["/users/"])
}
