//! Wires: how a resource looks over HTTP. Each turns requests into reads and writes and outcomes into answers.

pub mod docs;

use crate::caches::Cached;
use crate::resource::{Access, Wire};
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
