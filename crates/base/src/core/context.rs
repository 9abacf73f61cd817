//! What a component is given beside its options when it is built.

use crate::core::disk::Disk;
use crate::core::lease::Tenure;
use crate::core::limits::{BATCH_BYTES, RETRY_FIRST, RETRY_LONGEST};
use crate::core::resources::Resources;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Where a component lives.
#[derive(Debug, Clone)]
pub struct Context {
    pub stack: String,
    pub service: String,
    /// The service's own directory under `--data`.
    pub data: PathBuf,
    pub disk: Arc<dyn Disk>,
    /// What generated data is a function of, beside the index.
    pub seed: Seed,
    /// The address that listeners bind to unless they say otherwise.
    pub bind: std::net::IpAddr,
    pub pauses: Pauses,
    /// What a flow may follow and fill.
    pub resources: Arc<dyn Resources>,
    /// What the flow's sink says that one commit may cover.
    pub commit_bytes: usize,
    /// Each process of this flow takes in records of its own, which are no repeats of another's.
    pub takes_in: bool,
    /// Of a flow that must run once: what says that it may write.
    pub tenure: Option<Arc<Tenure>>,
}

impl Context {
    /// Bytes that a source puts into one batch.
    pub fn batch_bytes(&self) -> usize {
        BATCH_BYTES.min(self.commit_bytes)
    }
}

/// The pauses between two tries: they double from the first to the longest. Simulations shorten them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pauses {
    pub first: Duration,
    pub longest: Duration,
}

impl Default for Pauses {
    fn default() -> Self {
        Self { first: RETRY_FIRST, longest: RETRY_LONGEST }
    }
}

/// Seed and origin of time of everything that a stack generates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Seed {
    pub seed: u64,
    pub origin_ms: i64,
}
