//! The store as its callers see it: inboxes in front of workers.

use super::job::{Get, Group, Look, Scan};
use super::shared::{Shared, State};
use super::{getter, scanner, watcher, writer};
use crate::clients::postgres::connection::Server;
use crate::clients::postgres::url::Address;
use crate::core::fault::Fault;
use crate::core::thread::spawn;
use crate::resource::{
    Answering, Atomicity, ChangePosition, Changes, Condition, Fetched, Health, Key, ListQuery,
    Listener, Page, Pending, Schema, Secret, Store, Version, Write, Written, pending,
};
use std::fmt;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

/// How long opening waits to hear of the server, so that a wrong password is a fault and not a line in the log.
const FIRST_WORD: Duration = Duration::from_secs(4);

/// Connections for each kind of work. A commit with a notification holds up every other one of the database, and what
/// waits meanwhile shares the next, so more writers only help when one of them waits for somebody's lock.
const WRITERS: usize = 2;
const GETTERS: usize = 2;
const SCANNERS: usize = 2;

/// A resource in PostgreSQL. Dropping it does what waits and closes its connections.
pub struct Postgres {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug, Clone, Copy)]
enum Role {
    Watcher,
    Writer,
    Getter,
    Scanner,
}

impl Postgres {
    /// A server that is away is no fault; one that is there and does not fit is.
    pub fn open(
        schema: &Arc<Schema>,
        url: &Secret,
        watch_interval: Duration,
    ) -> Result<Self, Fault> {
        let address = Address::parse(&url.0).map_err(Fault::stop)?;
        let server = Server::new(&address).map_err(Fault::stop)?;
        let shared = Arc::new(Shared::new(Arc::clone(schema), server, watch_interval));
        let mut store = Self { shared, threads: Vec::new() };
        store.start(Role::Watcher)?;
        for (role, count) in
            [(Role::Writer, WRITERS), (Role::Getter, GETTERS), (Role::Scanner, SCANNERS)]
        {
            for _ in 0..count {
                store.start(role)?;
            }
        }
        match store.first_word() {
            State::Down(trouble) if trouble.needs_a_person() => Err(Fault::stop(format!(
                "`{}` cannot be kept in {}: {}",
                schema.name,
                address.shown(),
                trouble.detail
            ))),
            _ => Ok(store),
        }
    }

    fn start(&mut self, role: Role) -> Result<(), Fault> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let shared = Arc::clone(&self.shared);
        let work = match role {
            Role::Watcher => "watch",
            Role::Writer => "write",
            Role::Getter => "get",
            Role::Scanner => "list",
        };
        let name: String = shared.schema.name.chars().take(8).collect();
        let thread = spawn(&format!("{name} {work}"), move || live(runtime, role, &shared))?;
        self.threads.push(thread);
        Ok(())
    }

    /// What the watcher found first, unless it takes long.
    fn first_word(&self) -> State {
        let mut states = self.shared.state.subscribe();
        let Ok(runtime) = Builder::new_current_thread().enable_time().build() else {
            return State::Starting;
        };
        runtime.block_on(async {
            let known = states.wait_for(|state| !matches!(state, State::Starting));
            match tokio::time::timeout(FIRST_WORD, known).await {
                Ok(Ok(state)) => state.clone(),
                _ => State::Starting,
            }
        })
    }
}

fn live(runtime: Runtime, role: Role, shared: &Shared) {
    runtime.block_on(async {
        match role {
            Role::Watcher => watcher::work(shared).await,
            Role::Writer => writer::work(shared).await,
            Role::Getter => getter::work(shared).await,
            Role::Scanner => scanner::work(shared).await,
        }
    });
    // A name that is still looked up must not keep the thread.
    runtime.shutdown_background();
}

impl Store for Postgres {
    fn schema(&self) -> &Arc<Schema> {
        &self.shared.schema
    }

    fn get(&self, key: Key) -> Pending<Fetched> {
        ask(|answering| self.shared.gets.push(Get { key, answering }))
    }

    fn write(&self, writes: Vec<Write>, atomicity: Atomicity) -> Pending<Vec<Written>> {
        if writes.is_empty() {
            return Pending::ready(Ok(Vec::new()));
        }
        ask(|answering| self.shared.groups.push(Group { writes, atomicity, answering }))
    }

    fn list(&self, query: ListQuery) -> Pending<Page> {
        ask(|answering| self.shared.scans.push(Scan::List(query, answering)))
    }

    fn count(&self, conditions: Vec<Condition>) -> Pending<u64> {
        ask(|answering| self.shared.scans.push(Scan::Count(conditions, answering)))
    }

    fn changes(&self, after: Option<ChangePosition>, limit: usize) -> Pending<Changes> {
        ask(|answering| self.shared.scans.push(Scan::Changes(after, limit, answering)))
    }

    fn news(&self) -> watch::Receiver<u64> {
        self.shared.feed.news()
    }

    fn listen(&self, listener: &Arc<dyn Listener>) {
        self.shared.feed.listen(listener);
    }

    fn catch_up(&self) -> Pending<()> {
        ask(|answering| self.shared.looks.push(Look(answering)))
    }

    fn newest(&self) -> Pending<Version> {
        ask(|answering| self.shared.scans.push(Scan::Newest(answering)))
    }

    fn identity(&self) -> String {
        match &*self.shared.state.borrow() {
            State::Up(prepared) => prepared.identity.clone(),
            State::Starting | State::Down(_) => String::new(),
        }
    }

    fn health(&self) -> Health {
        self.shared.health()
    }

    fn keeps_nul(&self) -> bool {
        false
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.shared.gets.close();
        self.shared.scans.close();
        self.shared.groups.close();
        self.shared.looks.close();
        self.shared.stopped.send_replace(true);
        let own = std::thread::current().id();
        for thread in self.threads.drain(..) {
            // The last owner may be a listener that one of these threads is just calling.
            if thread.thread().id() != own && thread.join().is_err() {
                tracing::error!("a thread of a store panicked");
            }
        }
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Postgres").field("shared", &self.shared).finish_non_exhaustive()
    }
}

fn ask<T>(push: impl FnOnce(Answering<T>)) -> Pending<T> {
    let (answering, pending) = pending();
    push(answering);
    pending
}
