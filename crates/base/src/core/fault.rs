//! What a component's failure asks of the engine.

use crate::core::disk::DiskError;
use std::fmt;
use std::time::Duration;

/// A failure, sorted by what can be done about it. The engine alone decides when to try again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The outside world says no for now: a server is down, the disk is full. Tried again for ever,
    /// with back-off, or after `after` when the component knows better.
    Retry { reason: String, after: Option<Duration> },
    /// This flow cannot go on before a person has changed something.
    Stop { reason: String },
}

impl Fault {
    pub fn retry(reason: impl Into<String>) -> Self {
        Self::Retry { reason: reason.into(), after: None }
    }

    pub fn retry_after(reason: impl Into<String>, after: Duration) -> Self {
        Self::Retry { reason: reason.into(), after: Some(after) }
    }

    pub fn stop(reason: impl Into<String>) -> Self {
        Self::Stop { reason: reason.into() }
    }

    pub fn reason(&self) -> &str {
        match self {
            Self::Retry { reason, .. } | Self::Stop { reason } => reason,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.reason())
    }
}

impl std::error::Error for Fault {}

/// A full disk gets room, a volume comes back; a file that another process holds needs a person.
impl From<DiskError> for Fault {
    fn from(error: DiskError) -> Self {
        match &error {
            DiskError::Held { .. } | DiskError::Claimed { .. } => Self::stop(error.to_string()),
            DiskError::Failed { .. } if error.is_full() => Self::retry(format!(
                "{error}: the flow waits and goes on by itself when there is room"
            )),
            DiskError::Failed { .. } => Self::retry(error.to_string()),
        }
    }
}

/// A file operation that failed may succeed later: a full disk gets room, a volume comes back.
impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        let reason = if error.kind() == std::io::ErrorKind::StorageFull {
            format!("{error}: the flow waits and goes on by itself when there is room")
        } else {
            error.to_string()
        };
        Self::retry(reason)
    }
}
