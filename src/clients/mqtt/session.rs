//! What the broker was asked to keep for this client, as this side remembers it: so that a session that the broker
//! lost is noticed, and one that it kept is not subscribed to again, which would bring its retained messages again.

use crate::core::disk::{Access, Disk, DiskError, read_range, write_atomically};
use serde::{Deserialize, Serialize};
use std::path::Path;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Remembered {
    pub broker: String,
    pub client_id: String,
    pub topics: Vec<String>,
    pub qos: u8,
    /// Made up when the broker began to keep something; with another one, packet numbers have another meaning.
    #[serde(default)]
    pub session: String,
}

/// The file holds a few names.
const BYTES: usize = 1024 * 1024;

impl Remembered {
    /// What cannot be read is as good as never written: it costs one subscription.
    pub(super) fn load(disk: &dyn Disk, path: &Path) -> Option<Self> {
        let file = disk.open(path, Access::Read).ok()?;
        let bytes = read_range(file.as_ref(), 0, BYTES).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    pub(super) fn save(&self, disk: &dyn Disk, path: &Path) -> Result<(), DiskError> {
        // Names always have a JSON form.
        let bytes = serde_json::to_vec(self).unwrap_or_default();
        write_atomically(disk, path, &bytes)
    }

    /// Another client, or another broker, has another session.
    pub(super) fn is_of(&self, other: &Self) -> bool {
        self.broker == other.broker && self.client_id == other.client_id
    }
}
