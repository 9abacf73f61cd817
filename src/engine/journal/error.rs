//! Why the journal cannot take or give frames, and what to do.

use std::path::{Path, PathBuf};

use crate::core::disk::DiskError;

#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Passes by itself: frames are accepted again when there is room.
    #[error("the journal {} is full: {}; intake waits until there is room", path.display(), full_reason(*bytes_max))]
    Full {
        path: PathBuf,
        /// The bound that is reached; absent when it is the disk that is full.
        bytes_max: Option<u64>,
    },
    #[error(
        "{bytes} bytes in one append to the journal {} are over the limit of {limit}; append less at once",
        path.display()
    )]
    TooLarge { path: PathBuf, bytes: u64, limit: u64 },
    #[error(
        "{} was written by a newer headwater (format {version}, this one reads up to {readable}); \
         run that version or a later one",
        path.display()
    )]
    Newer { path: PathBuf, version: u32, readable: u32 },
    #[error(transparent)]
    Disk(DiskError),
}

impl JournalError {
    pub(super) fn of_disk(error: DiskError, directory: &Path) -> Self {
        if error.is_full() {
            return Self::Full { path: directory.to_path_buf(), bytes_max: None };
        }
        Self::Disk(error)
    }
}

fn full_reason(bytes_max: Option<u64>) -> String {
    bytes_max.map_or_else(
        || "there is no space left on the disk".to_owned(),
        |bound| format!("it holds its bound of {bound} bytes that are not delivered yet"),
    )
}
