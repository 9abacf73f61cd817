//! What a gate is told by the stack file.

use crate::core::listen::Networks;
use std::time::Duration;

#[derive(Debug, Clone)]
pub struct GateConfig {
    /// The service whose replicas stand behind it.
    pub to: String,
    /// A path that a healthy replica answers with 2xx; `None`: it takes connections.
    pub check: Option<String>,
    pub every: Duration,
    /// Failed checks in a row until a replica is down, and passed ones until it is back.
    pub down_after: u32,
    pub up_after: u32,
    pub slow_start: Duration,
    /// Requests under way at one replica.
    pub in_flight: u32,
    /// Requests that wait for a replica, and how long.
    pub queue: usize,
    pub wait: Duration,
    /// How long a replica may take to begin its answer.
    pub answer: Duration,
    /// How often a request that was sent may be sent again.
    pub retries: u32,
    pub body_bytes: u64,
    /// Whose word on the client's address counts.
    pub trust: Networks,
    /// Does every answer say which replica gave it?
    pub names_replica: bool,
}
