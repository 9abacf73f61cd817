//! Why a checkpoint cannot be read or saved, and what to do.

use std::path::PathBuf;

use crate::core::disk::DiskError;

#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    #[error(
        "both copies of the checkpoint in {} are damaged; bring the file back from a backup, or move it away: \
         the flow then starts at the beginning of its source and delivers again what it delivered before",
        path.display()
    )]
    Damaged { path: PathBuf },
    #[error(
        "{} was written by a newer headwater (format {version}, this one reads up to {readable}); \
         run that version or a later one",
        path.display()
    )]
    Newer { path: PathBuf, version: u32, readable: u32 },
    #[error("a checkpoint of {bytes} bytes for {} is over the limit of {limit}", path.display())]
    TooLarge { path: PathBuf, bytes: usize, limit: usize },
    #[error(transparent)]
    Disk(#[from] DiskError),
}

impl CheckpointError {
    /// The disk is full: passes by itself when there is room.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Disk(error) if error.is_full())
    }
}
