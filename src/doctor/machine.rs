//! Reading what the kernel tells about itself below `/proc` and `/sys`; tests put another directory in their place.

use std::io::Read as _;
use std::path::{Path, PathBuf};

/// No file that is looked at is longer than this.
const FILE_BYTES: u64 = 16 * 1024 * 1024;

#[derive(Debug, Clone)]
pub(super) struct Machine {
    root: PathBuf,
}

impl Machine {
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_path_buf() }
    }

    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.path(path).exists()
    }

    pub(super) fn bytes(&self, path: &str) -> Option<Vec<u8>> {
        let file = std::fs::File::open(self.path(path)).ok()?;
        let mut bytes = Vec::new();
        file.take(FILE_BYTES).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }

    pub(super) fn text(&self, path: &str) -> Option<String> {
        Some(String::from_utf8_lossy(&self.bytes(path)?).into_owned())
    }

    /// The number that a file of one line holds.
    pub(super) fn number(&self, path: &str) -> Option<u64> {
        self.text(path)?.trim().parse().ok()
    }

    /// The names in a directory.
    pub(super) fn names(&self, path: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.path(path)).into_iter().flatten().flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }

    /// How this kernel was built: `CONFIG_X=y`, one a line.
    pub(super) fn configuration(&self) -> Option<String> {
        if let Some(packed) = self.bytes("/proc/config.gz") {
            let mut text = String::new();
            let unpacked = flate2::read::GzDecoder::new(packed.as_slice());
            unpacked.take(FILE_BYTES).read_to_string(&mut text).ok()?;
            return Some(text);
        }
        self.text(&format!("/boot/config-{}", self.release()))
    }

    pub(super) fn release(&self) -> String {
        self.text("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned()
    }
}
