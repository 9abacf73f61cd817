//! What is remembered of a move, so that one that was killed can be gone on with, and one that is done be brought
//! up to date.

use crate::core::disk::{Access, Disk, parent_of, read_range, write_atomically};
use crate::core::fault::Fault;
use crate::resource::{ChangePosition, Store};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;

/// A small file beside the stack's data: between which stores, and up to where the source's log of changes is carried
/// over for sure.
#[derive(Debug)]
pub struct MoveNote {
    disk: Arc<dyn Disk>,
    path: PathBuf,
}

impl MoveNote {
    pub fn new(disk: Arc<dyn Disk>, path: PathBuf) -> Self {
        Self { disk, path }
    }

    /// `None` when nothing is known of a move between these two.
    pub(super) fn read(
        &self,
        from: &Arc<dyn Store>,
        to: &Arc<dyn Store>,
    ) -> Result<Option<ChangePosition>, Fault> {
        let file = match self.disk.open(&self.path, Access::Read) {
            Ok(file) => file,
            Err(error) if error.is_missing() => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let length = usize::try_from(file.bytes()?).unwrap_or(0);
        let note: Value = serde_json::from_slice(&read_range(file.as_ref(), 0, length)?)
            .map_err(|error| self.unreadable(&error.to_string()))?;
        if note["version"] != 1 {
            return Err(self.unreadable("it is of another version"));
        }
        let is_ours =
            note["from"] == from.identity().as_str() && note["to"] == to.identity().as_str();
        let position = note["changes_after"].as_str().and_then(|text| text.parse().ok());
        match position {
            None => Err(self.unreadable("it names no position")),
            Some(position) => Ok(is_ours.then_some(position)),
        }
    }

    pub(super) fn write(
        &self,
        from: &Arc<dyn Store>,
        to: &Arc<dyn Store>,
        position: ChangePosition,
    ) -> Result<(), Fault> {
        let note = json!({
            "version": 1,
            "from": from.identity(),
            "to": to.identity(),
            "changes_after": position.to_string(),
        });
        self.disk.create_dir_all(parent_of(&self.path))?;
        Ok(write_atomically(self.disk.as_ref(), &self.path, note.to_string().as_bytes())?)
    }

    fn unreadable(&self, reason: &str) -> Fault {
        let path = self.path.display();
        Fault::stop(format!(
            "{path} cannot be read: {reason}; remove it, empty the target and move again"
        ))
    }
}
