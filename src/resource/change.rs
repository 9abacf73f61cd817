//! What happened to a resource, in order, kept by its store for a while.

use crate::resource::{Key, Record, Version};
use std::fmt;
use std::str::FromStr;

/// A place in the log of changes. Stores that number by transaction need both numbers; the others leave `minor` 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ChangePosition {
    pub major: u64,
    pub minor: u64,
}

impl fmt::Display for ChangePosition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.minor {
            0 => write!(formatter, "{}", self.major),
            minor => write!(formatter, "{}-{minor}", self.major),
        }
    }
}

impl FromStr for ChangePosition {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (major, minor) = text.split_once('-').unwrap_or((text, "0"));
        Ok(Self { major: major.parse()?, minor: minor.parse()? })
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    pub position: ChangePosition,
    pub version: Version,
    pub key: Key,
    pub kind: ChangeKind,
    /// As it was right after the change; `None` for a deleted one.
    pub record: Option<Record>,
    pub unix_ms: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    Created,
    Updated,
    Deleted,
}

/// Changes behind a position, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Changes {
    pub items: Vec<Change>,
    /// Up to where these reach; also when there are none.
    pub upto: ChangePosition,
    /// Changes behind the wanted position are kept no more: whoever follows must read the whole resource anew.
    pub has_gap: bool,
}
