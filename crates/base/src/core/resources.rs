//! The resources of a stack as ends of flows: what a component may ask for without knowing what a store is.

use crate::core::fault::Fault;
use crate::core::sink::Sink;
use crate::core::source::Source;
use std::fmt;

/// Asked when a flow starts, never before: opening a store may take its time.
pub trait Resources: Send + Sync + fmt::Debug {
    /// What happens to a resource, as records.
    fn changes(&self, follow: &Follow) -> Result<Box<dyn Source>, Fault>;

    /// Takes records into a resource.
    fn records(&self, fill: &Fill) -> Result<Box<dyn Sink>, Fault>;
}

/// Which changes are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follow {
    pub resource: String,
    pub from: From,
    /// Bytes of one batch.
    pub batch_bytes: usize,
}

/// Where a flow without a checkpoint begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// With every record that is there.
    Start,
    /// With the next change.
    Now,
}

/// Where records go, and what becomes of one whose key is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fill {
    pub resource: String,
    pub on_conflict: OnConflict,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnConflict {
    /// It replaces the one that is there.
    Replace,
    /// The one that is there stays, and nobody is told.
    Ignore,
    /// The one that is there stays, and the new one becomes a dead letter unless it is the same.
    Reject,
}

/// A stack without resources.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoResources;

impl Resources for NoResources {
    fn changes(&self, follow: &Follow) -> Result<Box<dyn Source>, Fault> {
        Err(missing(&follow.resource))
    }

    fn records(&self, fill: &Fill) -> Result<Box<dyn Sink>, Fault> {
        Err(missing(&fill.resource))
    }
}

fn missing(name: &str) -> Fault {
    Fault::stop(format!("there is no resource `{name}` here: declare it below `resources:`"))
}
