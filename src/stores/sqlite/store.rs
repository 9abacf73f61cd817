//! The store as its callers see it: queues in front of threads.

use super::connection::{self, Location};
use super::error::{fault, is_busy};
use super::here::Here;
use super::job::{Job, WriteJob};
use super::read;
use super::setup::{self, Refusal};
use super::shared::Shared;
use super::table::Table;
use super::values::fits;
use super::worker::{Role, Scan, Worker};
use crate::clients::disk::RealDisk;
use crate::core::disk::{Disk as _, parent_of};
use crate::core::fault::Fault;
use crate::core::thread::spawn;
use crate::core::time::now;
use crate::core::wait::Wait;
use crate::resource::{
    Action, Answering, Atomicity, ChangePosition, Changes, Condition, Fetched, Health, Key,
    ListQuery, Listener, Order, Page, Pending, SHORT_PAGE, Schema, Store, StoreError,
    StoreErrorKind, Version, Write, Written, pending,
};
use crate::stores::limits;
use crate::stores::queue::Queue;
use rusqlite::Connection;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::watch;

/// Two processes that start on a new file get into each other's way for a moment.
const OPEN_WAIT: Duration = Duration::from_secs(5);
const OPEN_PAUSE: Duration = Duration::from_millis(10);

/// Threads for lists and counts: a long one does not hold up the others.
const SCANNERS: usize = 2;

/// A resource in SQLite. Dropping it does what waits and closes the file.
pub struct SqliteStore {
    shared: Arc<Shared>,
    writes: Arc<Queue<Job>>,
    gets: Arc<Queue<Job>>,
    scans: Arc<Queue<Job>>,
    looks: Arc<Queue<Job>>,
    here: Here,
    threads: Vec<JoinHandle<()>>,
}

impl SqliteStore {
    /// A store that is gone with the process, or earlier.
    pub fn in_memory(schema: Arc<Schema>, watch_interval: Duration) -> Result<Self, Fault> {
        let (connection, shared) = open(schema, Location::Memory)?;
        let connection = Arc::new(Mutex::new(connection));
        let queue = Arc::new(Queue::new(limits::WAITING_WRITES));
        let mut store = Self {
            shared: Arc::new(shared),
            writes: Arc::clone(&queue),
            gets: Arc::clone(&queue),
            scans: Arc::clone(&queue),
            looks: queue,
            here: Here::new(vec![Arc::clone(&connection)]),
            threads: Vec::new(),
        };
        store.start(connection, Role::Alone { interval: watch_interval })?;
        Ok(store)
    }

    /// A store in a file; what others write to it is seen within the interval.
    pub fn in_file(
        schema: Arc<Schema>,
        path: &Path,
        watch_interval: Duration,
    ) -> Result<Self, Fault> {
        RealDisk.create_dir_all(parent_of(path))?;
        let (writing, shared) = open(schema, Location::File(path.to_path_buf()))?;
        let mut store = Self {
            shared: Arc::new(shared),
            writes: Arc::new(Queue::new(limits::WAITING_WRITES)),
            gets: Arc::new(Queue::new(limits::WAITING_READS)),
            scans: Arc::new(Queue::new(limits::WAITING_READS)),
            looks: Arc::new(Queue::new(limits::WAITING_READS)),
            here: Here::default(),
            threads: Vec::new(),
        };
        store.here = Here::open(|| store.connect())?;
        store.start(Arc::new(Mutex::new(writing)), Role::Writer)?;
        store.start(Arc::new(Mutex::new(store.connect()?)), Role::Getter)?;
        let mut scans = Vec::new();
        for _ in 0..SCANNERS {
            let connection = store.connect()?;
            let scan = Arc::new(Scan::new(&connection));
            scans.push(Arc::clone(&scan));
            store.start(Arc::new(Mutex::new(connection)), Role::Scanner(scan))?;
        }
        let queues = [&store.writes, &store.gets, &store.scans].map(Arc::clone).into();
        let watcher = Role::Watcher { interval: watch_interval, queues, scans };
        store.start(Arc::new(Mutex::new(store.connect()?)), watcher)?;
        Ok(store)
    }

    fn connect(&self) -> Result<Connection, Fault> {
        let location = &self.shared.location;
        patiently(location, || Ok(location.connect()?))
    }

    fn start(&mut self, connection: Arc<Mutex<Connection>>, role: Role) -> Result<(), Fault> {
        let (queue, work) = match role {
            Role::Alone { .. } => (&self.writes, "memory"),
            Role::Writer => (&self.writes, "writes"),
            Role::Getter => (&self.gets, "gets"),
            Role::Scanner(_) => (&self.scans, "lists"),
            Role::Watcher { .. } => (&self.looks, "watches"),
        };
        let name: String = self.shared.table.schema.name.chars().take(7).collect();
        let worker = Worker::new(connection, &self.shared, queue, role);
        self.threads.push(spawn(&format!("{name} {work}"), move || worker.work())?);
        Ok(())
    }

    /// What no column can hold is refused before it could disturb a transaction.
    fn check(&self, writes: &[Write]) -> Result<(), StoreError> {
        let fields = &self.shared.table.schema.fields;
        let fits_all = |write: &Write| match &write.action {
            Action::Insert(record)
            | Action::Ensure(record)
            | Action::Put(record)
            | Action::Replace(record) => {
                record.values().len() == fields.len()
                    && fields.iter().zip(record.values()).all(|(field, value)| fits(field, value))
            }
            Action::Patch(_, changes) => changes
                .iter()
                .all(|(place, value)| fields.get(*place).is_some_and(|field| fits(field, value))),
            Action::Delete(_) => true,
        };
        if writes.iter().all(fits_all) {
            return Ok(());
        }
        let reason = "a value is not of the kind of its field";
        Err(StoreError::new(StoreErrorKind::Refused, reason))
    }
}

impl Store for SqliteStore {
    fn schema(&self) -> &Arc<Schema> {
        &self.shared.table.schema
    }

    fn get(&self, key: Key) -> Pending<Fetched> {
        ask(&self.gets, |answering| Job::Get(key, answering))
    }

    fn get_now(&self, key: &Key) -> Option<Fetched> {
        self.here.read(|connection| read::get(connection, &self.shared, key).ok())
    }

    fn list_now(&self, query: &ListQuery) -> Option<Page> {
        let is_short = query.limit <= SHORT_PAGE;
        let is_plain = is_short && query.conditions.is_empty() && query.order == Order::Insertion;
        let list = |connection: &Connection| {
            read::list_within(connection, &self.shared, query, limits::BYTES_NOW).ok()?
        };
        if is_plain { self.here.read(list) } else { None }
    }

    fn write(&self, writes: Vec<Write>, atomicity: Atomicity) -> Pending<Vec<Written>> {
        if writes.is_empty() {
            return Pending::ready(Ok(Vec::new()));
        }
        if let Err(error) = self.check(&writes) {
            return Pending::ready(Err(error));
        }
        ask(&self.writes, |answering| Job::Write(WriteJob { writes, atomicity, answering }))
    }

    fn list(&self, query: ListQuery) -> Pending<Page> {
        ask(&self.scans, |answering| Job::List(query, answering))
    }

    fn count(&self, conditions: Vec<Condition>) -> Pending<u64> {
        ask(&self.scans, |answering| Job::Count(conditions, answering))
    }

    fn changes(&self, after: Option<ChangePosition>, limit: usize) -> Pending<Changes> {
        ask(&self.scans, |answering| Job::Changes(after, limit, answering))
    }

    fn news(&self) -> watch::Receiver<u64> {
        self.shared.feed.news()
    }

    fn listen(&self, listener: &Arc<dyn Listener>) {
        self.shared.feed.listen(listener);
    }

    fn catch_up(&self) -> Pending<()> {
        ask(&self.looks, Job::CatchUp)
    }

    fn newest(&self) -> Pending<Version> {
        ask(&self.gets, Job::Newest)
    }

    fn is_shared(&self) -> bool {
        self.shared.location != Location::Memory
    }

    fn identity(&self) -> String {
        self.shared.identity.clone()
    }

    fn health(&self) -> Health {
        self.shared.health()
    }

    fn keeps_nul(&self) -> bool {
        true
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        for queue in [&self.writes, &self.gets, &self.scans, &self.looks] {
            queue.close();
        }
        let own = std::thread::current().id();
        for thread in self.threads.drain(..) {
            // The last owner may be a listener that one of these threads is just calling.
            if thread.thread().id() != own && thread.join().is_err() {
                tracing::error!("a thread of a store panicked");
            }
        }
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SqliteStore").field("shared", &self.shared).finish_non_exhaustive()
    }
}

fn ask<T>(queue: &Queue<Job>, job: impl FnOnce(Answering<T>) -> Job) -> Pending<T> {
    let (answering, pending) = pending();
    queue.push(job(answering));
    pending
}

fn open(schema: Arc<Schema>, location: Location) -> Result<(Connection, Shared), Fault> {
    connection::check_library()?;
    let table = Table::new(schema);
    let (connection, prepared) = patiently(&location, || {
        let mut connection = location.connect()?;
        let prepared = setup::prepare(&mut connection, &table, &location)?;
        Ok((connection, prepared))
    })?;
    if location != Location::Memory {
        let is_durable =
            connection::is_durable(&connection).map_err(|error| fault(&location.name(), &error))?;
        if !is_durable {
            return Err(Fault::stop(format!(
                "{}: this file system does not let SQLite keep a write-ahead log; put the file on a local disk",
                location.name()
            )));
        }
    }
    Ok((connection, Shared::new(table, location, prepared)))
}

/// Tries again for a while when another process is just doing the same.
fn patiently<T>(
    location: &Location,
    mut open: impl FnMut() -> Result<T, Refusal>,
) -> Result<T, Fault> {
    let end = now() + OPEN_WAIT;
    loop {
        match open() {
            Err(Refusal::Sqlite(error)) if is_busy(&error) && now() < end => {
                Wait::new().sleep(OPEN_PAUSE);
            }
            result => return result.map_err(|refusal| refusal.into_fault(location)),
        }
    }
}
