//! The contract of everything that keeps records.

use crate::resource::{
    Atomicity, ChangePosition, Changes, Condition, Key, ListQuery, Page, Pending, Record, Schema,
    Version, Write, Written,
};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Keeps the records of one resource. Every method returns at once and is called from any thread; the store's own
/// threads do the work and answer within the deadlines of `stores/limits.rs`. Many concurrent calls share one
/// transaction or one statement.
pub trait Store: Send + Sync + fmt::Debug {
    fn schema(&self) -> &Arc<Schema>;

    fn get(&self, key: Key) -> Pending<Fetched>;

    /// Reads on the caller's own thread where that takes a few microseconds and never waits; `None` sends the caller
    /// to `get`, which also tells what is wrong.
    fn get_now(&self, _: &Key) -> Option<Fetched> {
        None
    }

    /// The same for a page of at most `SHORT_PAGE` records, all of them in the order of insertion.
    fn list_now(&self, _: &ListQuery) -> Option<Page> {
        None
    }

    /// Answered once everything that succeeded is durable and every listener has been told of it. The answer has one
    /// entry for each write, in order. A group of one is the usual case.
    fn write(&self, writes: Vec<Write>, atomicity: Atomicity) -> Pending<Vec<Written>>;

    fn list(&self, query: ListQuery) -> Pending<Page>;

    /// How many records fulfil the conditions; reads them all.
    fn count(&self, conditions: Vec<Condition>) -> Pending<u64>;

    /// Up to `limit` changes behind a position; `None` means from now on and answers no items.
    fn changes(&self, after: Option<ChangePosition>, limit: usize) -> Pending<Changes>;

    /// Moves whenever there may be new changes, by whomever: whoever follows the changes waits for it.
    fn news(&self) -> watch::Receiver<u64>;

    /// Whoever keeps copies of records. A listener is told of this process's own writes before they are answered, and
    /// of everybody else's writes within the store's watch interval. It is held weakly.
    fn listen(&self, listener: &Arc<dyn Listener>);

    /// Answered once every change that was committed before this call has been told to the listeners. Concurrent
    /// calls share one look at the store.
    fn catch_up(&self) -> Pending<()>;

    /// A version that no write committed before this call exceeds; a read's `as_of` may be lower, this may not. It is
    /// asked seldom: when somebody begins to listen, and after each `lost_track`. Without an answer of its own, a
    /// store says that nothing in a shared cache can be judged.
    fn newest(&self) -> Pending<Version> {
        Pending::ready(Ok(Version(u64::MAX)))
    }

    /// Others than this process can write to it. When not, every change is told before it is answered.
    fn is_shared(&self) -> bool {
        true
    }

    /// What tells these records from those of every other store: the same for all processes on this store, also after
    /// a restart, and different on another machine's file of the same name. Copies in a shared cache are named by it,
    /// and there are none while it is empty, which says that it is not known yet.
    fn identity(&self) -> String {
        String::new()
    }

    /// Whether the store answers; never waits.
    fn health(&self) -> Health;

    /// Text with a NUL character can be kept.
    fn keeps_nul(&self) -> bool;
}

/// Is told what changed. Called on the store's threads: it must be quick and never block.
pub trait Listener: Send + Sync {
    /// These keys have another content, or none, since these versions. May be told twice.
    fn changed(&self, keys: &[(Key, Version)]);

    /// Everything may have changed: the store was away, or its log has a gap. What is committed after this call is
    /// told again.
    fn lost_track(&self);

    /// Every change committed before this point of time has been told. Nothing is told while the store is away.
    fn synced(&self, at: Instant);
}

/// One record, or that there is none, as the store had it.
#[derive(Debug, Clone, PartialEq)]
pub struct Fetched {
    pub record: Option<Record>,
    pub as_of: Version,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    Ready,
    /// Why not, for the log and `/ready`; it names no host and no password.
    Down(String),
}

/// Why a store could not answer. Clients are told the kind alone; the detail is for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreError {
    pub kind: StoreErrorKind,
    pub detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreErrorKind {
    /// Not there, or it went away: nothing was stored unless the write was already under way.
    Unavailable,
    /// It did not answer in time; a write may still be done.
    TooSlow,
    /// More is asked of it than its queue takes.
    Busy,
    /// Another process holds it.
    Locked,
    DiskFull,
    ReadOnly,
    /// The value is not one that this store can keep.
    Refused,
    /// It answers what it must not: a damaged file, a table that was changed under us.
    Broken,
}

impl StoreError {
    pub fn new(kind: StoreErrorKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into() }
    }

    /// When it is worth another try.
    pub fn retry_after(&self) -> Option<Duration> {
        match self.kind {
            StoreErrorKind::Refused | StoreErrorKind::Broken => None,
            StoreErrorKind::DiskFull | StoreErrorKind::ReadOnly => Some(Duration::from_secs(10)),
            _ => Some(Duration::from_secs(1)),
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.detail)
    }
}

impl std::error::Error for StoreError {}
