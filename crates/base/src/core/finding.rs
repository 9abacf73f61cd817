//! What was found wrong on the disk, said in words that a user can act on.
//! A finding is never an error: the work goes on, and the finding says how.

use std::fmt;
use std::path::{Path, PathBuf};

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The normal trace of a crash; nothing that anyone was told is safe is gone.
    Notice,
    /// Bytes that were once whole are not whole any more.
    Damage,
}

/// One thing that was found: what, where, what was done about it, and what is left to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub severity: Severity,
    pub path: PathBuf,
    pub what: String,
    pub done: String,
    pub remedy: String,
}

impl Finding {
    /// The normal trace of a crash.
    pub fn notice(path: &Path, what: String) -> Self {
        Self {
            severity: Severity::Notice,
            path: path.to_path_buf(),
            what,
            done: String::new(),
            remedy: "nothing to do".to_owned(),
        }
    }

    /// Bytes that were whole and are not any more.
    pub fn damage(path: &Path, what: String) -> Self {
        Self { severity: Severity::Damage, ..Self::notice(path, what) }
    }

    #[must_use]
    pub fn done(mut self, done: impl Into<String>) -> Self {
        self.done = done.into();
        self
    }

    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.path.display(), self.what)?;
        if !self.done.is_empty() {
            write!(formatter, "; {}", self.done)?;
        }
        write!(formatter, "; {}", self.remedy)
    }
}
