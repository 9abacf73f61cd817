//! Looking for what others wrote, and telling the listeners of it.

use super::log;
use super::read::in_one_view;
use super::shared::Shared;
use crate::resource::StoreError;
use rusqlite::Connection;

/// Changes that are told at once.
const TOLD_TOGETHER: usize = 1_000;

/// Tells of everything that was committed before the call, by whomever.
pub(super) fn look(connection: &Connection, shared: &Shared) -> Result<(), StoreError> {
    loop {
        // Before the look: what has been told by now is visible in it.
        let told = shared.told();
        let (last, first, keys) = in_one_view(connection, shared, || {
            let last = log::version(connection, &shared.table)?;
            if last == told {
                return Ok((last, 0, Vec::new()));
            }
            let first = log::first(connection, &shared.table)?;
            Ok((last, first, log::keys(connection, &shared.table, told, TOLD_TOGETHER)?))
        })?;
        if last == told {
            return Ok(());
        }
        if last < told || first > told + 1 {
            // The log is not the one that was followed, or does not reach back that far.
            shared.feed.lost_track();
            shared.starts_over(told, last);
            return Ok(());
        }
        let is_all = keys.len() < TOLD_TOGETHER;
        let reached = keys.last().map_or(last, |(_, version)| version.0);
        shared.feed.changed(&keys);
        shared.has_told(told, if is_all { last } else { reached });
    }
}
