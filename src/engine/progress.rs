//! The checkpoint of a flow on disk: the bytes of `checkpoints` with a meaning.

use crate::core::disk::{Disk, DiskError};
use crate::core::fault::Fault;
use crate::core::finding::Finding;
use crate::core::position::Checkpoint;
use crate::engine::checkpoints::{CheckpointError, CheckpointFile};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;

/// Version of the JSON inside; a reader of version 1 must not guess at 2.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Saved {
    version: u32,
    #[serde(flatten)]
    checkpoint: Checkpoint,
}

/// How far the flow has come, in memory and on disk.
#[derive(Debug)]
pub(super) struct Progress {
    file: CheckpointFile,
    pub(super) checkpoint: Checkpoint,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum ProgressError {
    #[error(transparent)]
    Disk(#[from] DiskError),
    #[error(transparent)]
    File(#[from] CheckpointError),
    #[error(
        "the checkpoint {path} is of version {found}, this headwater knows version {VERSION}; run the \
         headwater that wrote it, or a newer one"
    )]
    Version { path: String, found: u32 },
    #[error(
        "the checkpoint {path} cannot be understood ({reason}); move it away to start the flow from \
         the beginning, or restore it from a backup"
    )]
    Unreadable { path: String, reason: String },
}

impl Progress {
    pub(super) fn open(
        disk: &Arc<dyn Disk>,
        path: &Path,
    ) -> Result<(Self, Vec<Finding>), ProgressError> {
        let (file, payload, findings) = CheckpointFile::open(Arc::clone(disk), path)?;
        let checkpoint = match payload {
            Some(payload) => read(&payload, path)?,
            None => Checkpoint::default(),
        };
        Ok((Self { file, checkpoint }, findings))
    }

    /// Returns once the checkpoint is durable.
    pub(super) fn save(&mut self) -> Result<(), ProgressError> {
        let saved = Saved { version: VERSION, checkpoint: self.checkpoint.clone() };
        let payload = serde_json::to_vec(&saved).map_err(|error| ProgressError::Unreadable {
            path: String::new(),
            reason: error.to_string(),
        })?;
        Ok(self.file.save(&payload)?)
    }
}

/// How far a flow has come, for those who only look; nothing when it never saved a checkpoint.
pub fn checkpoint_at(disk: &Arc<dyn Disk>, path: &Path) -> Result<Option<Checkpoint>, Fault> {
    let stop = |error: &dyn std::fmt::Display| Fault::stop(error.to_string());
    let payload = CheckpointFile::peek(disk.as_ref(), path).map_err(|error| stop(&error))?;
    payload.map(|payload| read(&payload, path).map_err(|error| stop(&error))).transpose()
}

/// The number of the newest letter that the checkpoint knows; nothing when it knows of none, or when a flow could not
/// begin with it either.
pub(super) fn last_letter_at(disk: &dyn Disk, path: &Path) -> Result<Option<u64>, DiskError> {
    match CheckpointFile::peek(disk, path) {
        Ok(payload) => Ok(payload.and_then(|payload| read(&payload, path).ok()?.letters)),
        Err(CheckpointError::Disk(error)) => Err(error),
        Err(_) => Ok(None),
    }
}

fn read(payload: &[u8], path: &Path) -> Result<Checkpoint, ProgressError> {
    let unreadable = |error: serde_json::Error| ProgressError::Unreadable {
        path: path.display().to_string(),
        reason: error.to_string(),
    };
    let value: serde_json::Value = serde_json::from_slice(payload).map_err(unreadable)?;
    let found = value.get("version").and_then(serde_json::Value::as_u64).unwrap_or(0);
    if found != u64::from(VERSION) {
        let path = path.display().to_string();
        return Err(ProgressError::Version { path, found: u32::try_from(found).unwrap_or(0) });
    }
    let saved: Saved = serde_json::from_value(value).map_err(unreadable)?;
    Ok(saved.checkpoint)
}
