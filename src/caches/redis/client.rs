//! The face of Redis to the layers: a thread with the connection, and commands on their way to it.

use super::batch::{Command, Item};
use super::link;
use super::state::{RedisCounts, RedisHealth, State};
use crate::caches::limits;
use crate::core::fault::Fault;
use crate::core::thread;
use crate::resource::Secret;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot};

/// Whoever keeps nearer copies of what is in Redis. Called on the thread of the connection.
pub trait Companion: Send + Sync {
    /// Whether it has, or is just making, a copy of what stands under this name.
    fn has_copy(&self, name: &str) -> bool;

    /// What stands there now, after somebody changed it; `None` when it is gone, or that cannot be said.
    fn found_in_redis(&self, name: &str, bytes: Option<&[u8]>);

    /// Everything was dropped.
    fn redis_was_flushed(&self);
}

pub struct Setup {
    pub url: Secret,
    /// Nothing whose name does not begin so is ever touched.
    pub prefix: String,
    /// What the log calls it.
    pub resource: String,
    pub companion: Weak<dyn Companion>,
    /// Runs beside the connection, for as long as it is kept.
    pub beside: Pin<Box<dyn Future<Output = ()> + Send>>,
}

#[derive(Debug)]
pub struct Redis {
    /// `None` only while it is dropped.
    queue: Option<mpsc::Sender<Command>>,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

impl Redis {
    /// A Redis that is away is no fault, it may come back.
    pub fn start(setup: Setup) -> Result<Self, Fault> {
        let client = link::client(&setup.url)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (queue, commands) = mpsc::channel(limits::REDIS_QUEUE);
        let state = Arc::new(State::new(setup.resource.clone()));
        let shared = Arc::clone(&state);
        let checks = queue.downgrade();
        let run = move || runtime.block_on(link::run(client, setup, (checks, commands), shared));
        let thread = thread::spawn("redis", run)?;
        Ok(Self { queue: Some(queue), state, thread: Some(thread) })
    }

    /// What is kept under a name; `None` also when Redis does not say so in time.
    pub async fn get(&self, name: String) -> Option<Vec<u8>> {
        let (answer, answered) = oneshot::channel();
        self.send(Command::Get { name, answer });
        answered.await.ok().flatten()
    }

    /// Keeps copies unless newer ones are there; nobody waits for it.
    pub fn put(&self, item: Item) {
        self.send(Command::Put { items: vec![item], done: None });
    }

    /// The same, and waits until it is done or given up.
    pub async fn put_all(&self, items: Vec<Item>) {
        let (done, is_done) = oneshot::channel();
        self.send(Command::Put { items, done: Some(done) });
        // Dropped unanswered when it was given up, which the state knows already.
        is_done.await.unwrap_or_default();
    }

    pub fn is_ready(&self) -> bool {
        self.state.is_ready()
    }

    pub fn health(&self) -> RedisHealth {
        self.state.health()
    }

    pub fn counts(&self) -> RedisCounts {
        self.state.counts()
    }

    /// A command that is not sent is dropped, and with it the sender of its answer.
    fn send(&self, command: Command) {
        if !self.state.is_ready() {
            return;
        }
        if let Some(queue) = &self.queue
            && queue.try_send(command).is_err()
        {
            self.state.note_full_queue();
        }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        drop(self.queue.take());
        // The thread itself may hold the last reference, while it tells of a change.
        let is_itself =
            |thread: &JoinHandle<()>| thread.thread().id() == std::thread::current().id();
        if let Some(thread) = self.thread.take().filter(|thread| !is_itself(thread)) {
            drop(thread.join());
        }
    }
}
