//! Who works on what, when several workers share the work: the contracts. How a lease is kept stands in
//! `clients::leases`.

use crate::core::fault::Fault;
use crate::core::position::Partition;
use std::fmt::Debug;
use std::time::Duration;

/// How often a holder shows that it lives.
pub const BEAT: Duration = Duration::from_millis(500);

/// A lease whose holder showed nothing for so long is taken over. Five beats, so that a slow disk costs no
/// lease; with the time to notice, work changes hands in less than five seconds.
pub const LEASE: Duration = Duration::from_millis(2500);

/// The clock of one worker. Only differences of it are looked at, and never those of another machine.
pub trait Clock: Send + Sync + Debug {
    /// Since some moment; it never goes back.
    fn now(&self) -> Duration;
    fn sleep(&self, duration: Duration);
}

/// What came of asking for a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    Held {
        /// Somebody held it before and did not let go of it: what that one was about to do may be half done.
        was_cut_off: bool,
    },
    /// Another worker has it.
    Elsewhere,
}

/// Names, each held by at most one worker at a time.
pub trait Leases: Send + Sync + Debug {
    /// Asks for a lease; one that is held already stays so. It is renewed until it is let go of.
    fn claim(&self, name: &str) -> Result<Claim, Fault>;
    /// Asks the place where leases are kept, not the memory.
    fn is_held(&self, name: &str) -> Result<bool, Fault>;
    /// Lets go; nothing happens when it is held no more.
    fn release(&self, name: &str);
}

/// The content of a dataset, as the log knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    pub bytes: u64,
    pub sha256: Option<String>,
}

/// What a sink offers to its source, so that the workers of a flow share the partitions and each is stored by
/// one of them. The sink's log says what is done; a checkpoint says only what this worker did.
pub trait Share: Send + Sync {
    /// Asks for a partition; answers whether it is this worker's.
    fn take(&self, partition: &Partition) -> Result<bool, Fault>;
    /// Gives a partition back that is not done.
    fn give_back(&self, partition: &Partition);
    /// Did any worker do this content? The answer is of now: who takes a partition asks after that.
    fn is_done(&self, partition: &Partition, content: &Content) -> Result<bool, Fault>;
    /// The note of a worker that gave the partition up.
    fn given_up(&self, partition: &Partition) -> Result<Option<String>, Fault>;
    /// The partition of this worker is durable, and so is its checkpoint: lets go of it. With a note it is
    /// given up, for the other workers too.
    fn settle(&self, partition: &Partition, given_up: Option<&str>) -> Result<(), Fault>;
    /// The partition is gone from the source.
    fn forget(&self, partition: &Partition);
}
