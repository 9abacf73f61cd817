//! The lists of components together, as a value: tests can bring their own.

use crate::core::kind::{PanelKind, SinkKind, SourceKind, StepKind};

#[derive(Debug, Clone, Copy)]
pub struct Catalog {
    pub sources: &'static [&'static SourceKind],
    pub steps: &'static [&'static StepKind],
    pub sinks: &'static [&'static SinkKind],
    pub panels: &'static [&'static PanelKind],
}

impl Catalog {
    /// Every component of this binary.
    pub fn all() -> Self {
        Self {
            sources: crate::sources::KINDS,
            steps: crate::steps::KINDS,
            sinks: crate::sinks::KINDS,
            panels: crate::panels::KINDS,
        }
    }
}
