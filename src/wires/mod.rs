//! Wires: how a resource looks over HTTP. Each turns requests into reads and writes and outcomes into answers.

pub mod access;
pub mod answers;
pub mod docs;
pub mod events;
pub mod fastapi;
mod lax;
mod members;
pub mod message;
pub mod native;
mod noun;
pub mod openapi;
mod python;

use crate::caches::Cached;
use crate::resource::{Access, Wire};
use crate::server::Router;
use std::sync::Arc;

/// A resource behind a path of a server.
#[derive(Debug, Clone)]
pub struct Served {
    /// As in the stack file: `/users/`, `/register`, `/user/{name}`.
    pub path: String,
    pub resource: Arc<Cached>,
    pub wire: Wire,
    pub access: Access,
}

/// Mounts every resource of one server in its wire, and the pages that describe them.
pub fn mount(router: Router, title: &str, served: &[Arc<Served>]) -> Router {
    let router = served.iter().fold(router, |router, served| match served.wire {
        Wire::Native => native::mount(router, served),
        Wire::Fastapi => fastapi::mount(router, served),
        Wire::Message => message::mount(router, served),
    });
    docs::mount(router, &openapi::document(title, served))
}
