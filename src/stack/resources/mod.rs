//! Reads `resources:` of a stack file.

mod field;
mod place;
mod resource;

pub use place::parse_store;

use crate::resource::ResourceConfig;
use crate::stack::diagnostic::Diagnostic;
use crate::stack::node::Node;

/// Reads all resources; one that is wrong is told and left out.
pub(super) fn resources(node: &Node, diagnostics: &mut Vec<Diagnostic>) -> Vec<ResourceConfig> {
    let Some(entries) = node.entries() else {
        diagnostics.push(
            Diagnostic::new(node.span.clone(), "`resources` maps names to what is kept").help(
                "write `resources:`, below it a name like `users:`, and below that `fields:`",
            ),
        );
        return Vec::new();
    };
    entries.iter().filter_map(|(key, value)| resource::resource(key, value, diagnostics)).collect()
}
