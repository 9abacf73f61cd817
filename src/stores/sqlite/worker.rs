//! The threads of a store: each takes what waits in its queue and does it on its own connection.

use super::commit::{Committer, run};
use super::here::hold;
use super::job::{Job, WriteJob};
use super::log;
use super::look::look;
use super::read;
use super::shared::{Shared, Side};
use crate::core::thread::panic_message;
use crate::core::time::now;
use crate::resource::Answering;
use crate::stores::limits;
use crate::stores::queue::{Queue, Taken};
use rusqlite::{Connection, InterruptHandle};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// While writing is in trouble, somebody looks this often whether it has passed.
const PROBE: Duration = Duration::from_secs(1);

/// How often the log of changes is shortened by more than our own writes ask for: others may write to the table, too.
const TRIM_PAUSE: Duration = if cfg!(test) { PROBE } else { Duration::from_mins(1) };

/// Changes that are forgotten in one go then; what is left comes a second later, so that nobody waits for long.
const TRIM_TOGETHER: u64 = 10_000;

/// What a thread is for.
pub(super) enum Role {
    /// Everything: the only thread of a store in memory.
    Alone {
        interval: Duration,
    },
    Writer,
    Getter,
    Scanner(Arc<Scan>),
    /// Looks for what others wrote, and after its colleagues.
    Watcher {
        interval: Duration,
        queues: Vec<Arc<Queue<Job>>>,
        scans: Vec<Arc<Scan>>,
    },
}

/// A list or a count that may run too long.
pub(super) struct Scan {
    interrupt: InterruptHandle,
    begun: Mutex<Option<Instant>>,
}

impl Scan {
    pub fn new(connection: &Connection) -> Self {
        Self { interrupt: connection.get_interrupt_handle(), begun: Mutex::default() }
    }

    pub fn set(&self, begun: Option<Instant>) {
        *self.begun.lock().unwrap_or_else(PoisonError::into_inner) = begun;
    }

    /// The lock is held meanwhile, so that never the next one is broken off.
    pub fn interrupt_when_late(&self, limit: Duration) {
        let begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        if begun.is_some_and(|begun| begun.elapsed() >= limit) {
            self.interrupt.interrupt();
        }
    }
}

pub(super) struct Worker {
    connection: Arc<Mutex<Connection>>,
    pub shared: Arc<Shared>,
    pub queue: Arc<Queue<Job>>,
    pub role: Role,
    committer: Committer,
    /// When it was last told that everything is told.
    synced: Option<Instant>,
    /// When the log is looked at again.
    next_trim: Instant,
}

impl Worker {
    pub fn new(
        connection: Arc<Mutex<Connection>>,
        shared: &Arc<Shared>,
        queue: &Arc<Queue<Job>>,
        role: Role,
    ) -> Self {
        Self {
            connection,
            shared: Arc::clone(shared),
            queue: Arc::clone(queue),
            role,
            committer: Committer::default(),
            synced: None,
            next_trim: now() + TRIM_PAUSE,
        }
    }

    /// Works until the queue is closed and empty.
    pub fn work(mut self) {
        loop {
            let jobs = match self.queue.take(self.most(), self.patience()) {
                Taken::Jobs(jobs) => jobs,
                Taken::Nothing => Vec::new(),
                Taken::Closed => return,
            };
            let shared = Arc::clone(&self.connection);
            let connection = &*hold(&shared);
            let worked = catch_unwind(AssertUnwindSafe(|| self.turn(connection, jobs)));
            if let Err(panic) = worked {
                let resource = &self.shared.table.schema.name;
                tracing::error!(resource = %resource, "a panic: {}", panic_message(&*panic));
                if !connection.is_autocommit() {
                    drop(run(connection, "ROLLBACK"));
                }
            }
        }
    }

    fn most(&self) -> usize {
        match self.role {
            Role::Alone { .. } | Role::Writer | Role::Watcher { .. } => limits::COMMIT_WRITES,
            Role::Getter => limits::GETS_TOGETHER,
            Role::Scanner(_) => 1,
        }
    }

    fn patience(&self) -> Duration {
        match &self.role {
            Role::Alone { interval } | Role::Watcher { interval, .. } => *interval,
            Role::Writer if self.shared.is_in_trouble(Side::Writing) => PROBE,
            Role::Writer => self.next_trim.saturating_duration_since(now()),
            _ => Duration::from_hours(1),
        }
    }

    fn turn(&mut self, connection: &Connection, jobs: Vec<Job>) {
        let is_idle = jobs.is_empty();
        let mut writes: Vec<WriteJob> = Vec::new();
        let mut gets = Vec::new();
        let mut others = Vec::new();
        let mut catching_up = Vec::new();
        for job in jobs {
            match job {
                Job::Write(job) => writes.push(job),
                Job::Get(key, answering) => gets.push((key, answering)),
                Job::CatchUp(answering) => catching_up.push(answering),
                other => others.push(other),
            }
        }
        self.committer.commit(connection, &self.shared, writes);
        read::answer_gets(connection, &self.shared, gets);
        for job in others {
            self.scan(connection, job);
        }
        match &self.role {
            Role::Writer if !self.shared.is_in_trouble(Side::Writing) => self.trim(connection),
            Role::Writer if is_idle => self.probe(connection),
            Role::Watcher { queues, scans, .. } => {
                for queue in queues {
                    queue.refuse_late();
                }
                for scan in scans {
                    scan.interrupt_when_late(limits::SCAN_TIME);
                }
                self.watch(connection, catching_up);
            }
            Role::Alone { .. } => self.watch(connection, catching_up),
            _ => {}
        }
    }

    fn scan(&self, connection: &Connection, job: Job) {
        if let Role::Scanner(scan) = &self.role {
            scan.set(Some(now()));
        }
        let shared = &*self.shared;
        match job {
            Job::List(query, answering) if !answering.is_forgotten() => {
                answering.answer(read::list(connection, shared, &query));
            }
            Job::Count(conditions, answering) if !answering.is_forgotten() => {
                answering.answer(read::count(connection, shared, &conditions));
            }
            Job::Newest(answering) => answering.answer(read::newest(connection, shared)),
            Job::Changes(after, limit, answering) => {
                answering.answer(read::changes(connection, shared, after, limit));
            }
            _ => {}
        }
        if let Role::Scanner(scan) = &self.role {
            scan.set(None);
        }
    }

    /// Everything that was committed before `at` is told before anybody hears that it is.
    fn watch(&mut self, connection: &Connection, catching_up: Vec<Answering<()>>) {
        let at = now();
        if catching_up.is_empty() && self.is_in_step(at) {
            return;
        }
        let looked = match self.role {
            // There is nobody else who could write.
            Role::Alone { .. } => Ok(()),
            _ => self.shared.look_for_file().and_then(|()| look(connection, &self.shared)),
        };
        self.shared.fares(Side::Reading, looked.as_ref().err());
        if looked.is_ok() {
            self.shared.feed.synced(at);
            self.synced = Some(at);
        }
        for answering in catching_up {
            answering.answer(looked.clone());
        }
    }

    /// The one thread of a store in memory comes by after every turn, and need not tell each time.
    fn is_in_step(&self, at: Instant) -> bool {
        match self.role {
            Role::Alone { interval } => {
                self.synced.is_some_and(|synced| at.duration_since(synced) < interval)
            }
            _ => false,
        }
    }

    /// A statement of its own, once in a while. Trouble is left to the next write to tell.
    fn trim(&mut self, connection: &Connection) {
        let at = now();
        if at < self.next_trim {
            return;
        }
        let trimmed = log::trim(connection, &self.shared.table, TRIM_TOGETHER);
        self.next_trim = at + if trimmed == Ok(true) { PROBE } else { TRIM_PAUSE };
    }

    /// Writes something that changes nothing, to learn whether writing works again.
    fn probe(&self, connection: &Connection) {
        let written = connection
            .pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))
            .and_then(|version| connection.pragma_update(None, "user_version", version));
        let error = written.err().map(|error| self.shared.error(&error));
        self.shared.fares(Side::Writing, error.as_ref());
    }
}
