//! Who works on what, when several workers share the work: the contracts. How a lease is kept stands in
//! `clients::leases`.

use crate::core::fault::Fault;
use crate::core::position::Partition;
use std::fmt::{self, Debug};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
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

/// Leases with a checkpoint beside each, in a place that several machines reach: of the processes that could run a
/// flow the one with its lease does, and goes on from where the one before came to.
pub trait Election: Leases {
    /// Who holds it, as `HOST/PID`, as far as that is known.
    fn holder(&self, name: &str) -> Option<String>;
    /// Asked for by the holder before anything else: what was saved last. From then on nobody who held the lease
    /// before can save.
    fn load(&self, name: &str) -> Result<Option<Vec<u8>>, Fault>;
    /// Replaces what was saved; durable when this returns. Answers `false`, and nothing is saved, when the lease is
    /// lost; one that was taken over and not loaded yet may still be saved for, and the next one finds it.
    fn save(&self, name: &str, payload: &[u8]) -> Result<bool, Fault>;
}

/// Where leases and checkpoints of a stack are kept. It may hold a password and so is never shown whole.
#[derive(Clone, PartialEq, Eq)]
pub enum LeasePlace {
    /// A bucket of keys and values of a NATS server, held by so many servers of its cluster.
    Nats { url: String, replicas: u64 },
    /// A table of a database.
    Postgres(String),
    /// A directory that all workers share.
    Directory(PathBuf),
}

impl Debug for LeasePlace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nats { .. } => formatter.write_str("Nats(..)"),
            Self::Postgres(_) => formatter.write_str("Postgres(..)"),
            Self::Directory(path) => write!(formatter, "Directory({})", path.display()),
        }
    }
}

/// The right of this process to run a flow that must run once; it ends by itself when somebody took over, and is
/// given up when it is dropped.
#[derive(Debug)]
pub struct Tenure {
    election: Arc<dyn Election>,
    name: String,
    is_lost: AtomicBool,
}

impl Tenure {
    /// Of a lease that was claimed.
    pub fn new(election: Arc<dyn Election>, name: &str) -> Self {
        Self { election, name: name.to_owned(), is_lost: AtomicBool::new(false) }
    }

    /// Asks the place where leases are kept whether this process may still write.
    pub fn check(&self) -> Result<(), Fault> {
        let is_held = !self.is_lost() && self.election.is_held(&self.name)?;
        if is_held { Ok(()) } else { Err(self.lost()) }
    }

    pub fn load(&self) -> Result<Option<Vec<u8>>, Fault> {
        self.election.load(&self.name)
    }

    pub fn save(&self, payload: &[u8]) -> Result<(), Fault> {
        let is_saved = !self.is_lost() && self.election.save(&self.name, payload)?;
        if is_saved { Ok(()) } else { Err(self.lost()) }
    }

    /// Was it found out that another process runs the flow now?
    pub fn is_lost(&self) -> bool {
        self.is_lost.load(Relaxed)
    }

    fn lost(&self) -> Fault {
        self.is_lost.store(true, Relaxed);
        let by = self.election.holder(&self.name).map(|by| format!(" ({by})")).unwrap_or_default();
        Fault::retry_after(
            format!("another process{by} took over {}: this one was silent too long", self.name),
            BEAT,
        )
    }
}

impl Drop for Tenure {
    fn drop(&mut self) {
        self.election.release(&self.name);
    }
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
