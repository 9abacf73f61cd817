//! A store as the end of a flow: its changes as a source, and a sink that writes records.

mod changes;
mod place;
mod records;
#[cfg(test)]
mod tests;

pub use changes::ChangesSource;
pub use records::RecordsSink;

use crate::core::fault::Fault;
use crate::resource::{StoreError, StoreErrorKind};

/// What the engine shall do about a store that did not answer: nearly all of it passes by itself.
fn fault(resource: &str, error: &StoreError) -> Fault {
    let reason = format!("resource `{resource}`: {error}");
    match error.kind {
        StoreErrorKind::Broken | StoreErrorKind::Refused => Fault::stop(reason),
        StoreErrorKind::DiskFull => Fault::retry(format!(
            "{reason}: the flow waits and goes on by itself when there is room"
        )),
        _ => Fault::retry(reason),
    }
}
