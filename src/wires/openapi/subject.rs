//! What a document has to know of a resource behind a path.

use crate::resource::{Access, Schema, Wire};
use crate::wires::Served;
use std::sync::Arc;

/// Plain facts, so that a document needs no store.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'s> {
    /// As in the stack file.
    pub path: &'s str,
    pub schema: &'s Schema,
    pub wire: Wire,
    pub access: &'s Access,
    pub has_cache: bool,
    /// Text with a NUL character can be kept.
    pub keeps_nul: bool,
}

impl<'s> Subject<'s> {
    pub(super) fn of(served: &'s Arc<Served>) -> Self {
        Self {
            path: &served.path,
            schema: served.resource.schema(),
            wire: served.wire,
            access: &served.access,
            has_cache: served.resource.has_cache(),
            keeps_nul: served.resource.store().keeps_nul(),
        }
    }

    pub(super) fn key_name(&self) -> &'s str {
        &self.schema.key_field().name
    }
}
