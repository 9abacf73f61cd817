//! The checkpoint of a flow on disk: the bytes of `checkpoints` with a meaning.

use crate::core::context::Seed;
use crate::core::disk::{Disk, DiskError};
use crate::core::fault::Fault;
use crate::core::finding::Finding;
use crate::core::lease::Tenure;
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
    /// Beside a checkpoint that other machines go on from: what is generated there shall be the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seed: Option<Seed>,
}

/// Where a flow that must run once has come to, on whatever machine.
#[derive(Debug)]
pub(super) struct Kept {
    pub tenure: Arc<Tenure>,
    payload: Option<Vec<u8>>,
    /// Of everything that it generates, since its first start.
    pub seed: Seed,
}

impl Kept {
    /// What the holders before have saved; `own` is the seed of this machine.
    pub fn load(tenure: Arc<Tenure>, own: Seed) -> Result<Self, Fault> {
        let payload = tenure.load()?;
        let saved = payload.as_deref().map(checkpoint_for_all).transpose()?;
        let seed = saved.and_then(|(_, seed)| seed).unwrap_or(own);
        Ok(Self { tenure, payload, seed })
    }
}

/// How far the flow has come, in memory and on disk.
#[derive(Debug)]
pub(super) struct Progress {
    file: CheckpointFile,
    shared: Option<(Arc<Tenure>, Seed)>,
    pub(super) checkpoint: Checkpoint,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum ProgressError {
    #[error(transparent)]
    Disk(#[from] DiskError),
    #[error(transparent)]
    File(#[from] CheckpointError),
    /// The place that several machines keep it in says no, or another process runs the flow now.
    #[error(transparent)]
    Elsewhere(#[from] Fault),
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
        kept: Option<&Kept>,
    ) -> Result<(Self, Vec<Finding>), ProgressError> {
        let (file, payload, findings) = CheckpointFile::open(Arc::clone(disk), path)?;
        // A flow that has none kept for all begins with what it has here.
        let own = payload.map(|payload| read(&payload, path)).transpose()?.unwrap_or_default();
        let checkpoint = match kept.and_then(|kept| kept.payload.as_deref()) {
            // Dead letters lie on this machine, and so does what is known of them.
            Some(payload) => Checkpoint { letters: own.letters, ..read(payload, path)? },
            None => own,
        };
        let shared = kept.map(|kept| (Arc::clone(&kept.tenure), kept.seed));
        Ok((Self { file, shared, checkpoint }, findings))
    }

    /// Returns once the checkpoint is durable: first where other machines go on from, if they do.
    pub(super) fn save(&mut self) -> Result<(), ProgressError> {
        let checkpoint = self.checkpoint.clone();
        let seed = self.shared.as_ref().map(|(_, seed)| *seed);
        let saved = Saved { version: VERSION, checkpoint, seed };
        let payload = serde_json::to_vec(&saved).map_err(|error| ProgressError::Unreadable {
            path: String::new(),
            reason: error.to_string(),
        })?;
        if let Some((tenure, _)) = &self.shared {
            tenure.save(&payload)?;
        }
        Ok(self.file.save(&payload)?)
    }

    /// Asks whether this process may still write; one that must run the flow alone is told when it may not.
    pub(super) fn may_write(&self) -> Result<(), Fault> {
        self.shared.as_ref().map_or(Ok(()), |(tenure, _)| tenure.check())
    }

    /// Does another process run the flow now?
    pub(super) fn is_lost(&self) -> bool {
        self.shared.as_ref().is_some_and(|(tenure, _)| tenure.is_lost())
    }
}

/// How far a flow has come, for those who only look; nothing when it never saved a checkpoint.
pub fn checkpoint_at(disk: &Arc<dyn Disk>, path: &Path) -> Result<Option<Checkpoint>, Fault> {
    let stop = |error: &dyn std::fmt::Display| Fault::stop(error.to_string());
    let payload = CheckpointFile::peek(disk.as_ref(), path).map_err(|error| stop(&error))?;
    payload.map(|payload| read(&payload, path).map_err(|error| stop(&error))).transpose()
}

/// How far a flow has come that several machines can run, and the seed of what it generates.
pub fn checkpoint_for_all(payload: &[u8]) -> Result<(Checkpoint, Option<Seed>), Fault> {
    let saved = parse(payload).map_err(|error| Fault::stop(error.to_string()))?;
    Ok((saved.checkpoint, saved.seed))
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
    let saved = parse(payload).map_err(|error| match error {
        ProgressError::Unreadable { reason, .. } => {
            ProgressError::Unreadable { path: path.display().to_string(), reason }
        }
        ProgressError::Version { found, .. } => {
            ProgressError::Version { path: path.display().to_string(), found }
        }
        other => other,
    })?;
    Ok(saved.checkpoint)
}

fn parse(payload: &[u8]) -> Result<Saved, ProgressError> {
    let path = || "kept for all machines".to_owned();
    let unreadable = |error: serde_json::Error| ProgressError::Unreadable {
        path: path(),
        reason: error.to_string(),
    };
    let value: serde_json::Value = serde_json::from_slice(payload).map_err(unreadable)?;
    let found = value.get("version").and_then(serde_json::Value::as_u64).unwrap_or(0);
    if found != u64::from(VERSION) {
        let found = u32::try_from(found).unwrap_or(0);
        return Err(ProgressError::Version { path: path(), found });
    }
    serde_json::from_value(value).map_err(unreadable)
}
