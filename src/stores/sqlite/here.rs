//! Reading on the caller's own thread: what lies in memory is found sooner than another thread could be woken.

use super::commit::run;
use crate::core::fault::Fault;
use rusqlite::Connection;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread::available_parallelism;
use std::time::Duration;

/// The most connections; beyond that many readers at a time the others go through the queue.
const MOST: usize = 4;

/// Connections that whoever reads first may use.
#[derive(Default)]
pub(super) struct Here {
    connections: Vec<Arc<Mutex<Connection>>>,
}

impl Here {
    pub fn new(connections: Vec<Arc<Mutex<Connection>>>) -> Self {
        Self { connections }
    }

    /// One connection for each thread that may serve at the same time.
    pub fn open(connect: impl Fn() -> Result<Connection, Fault>) -> Result<Self, Fault> {
        let count = available_parallelism().map_or(1, usize::from).min(MOST);
        let connections = (0..count).map(|_| {
            let connection = connect()?;
            // A lock is somebody else's to wait for.
            connection
                .busy_timeout(Duration::ZERO)
                .map_err(|error| Fault::stop(error.to_string()))?;
            Ok(Arc::new(Mutex::new(connection)))
        });
        connections.collect::<Result<_, Fault>>().map(Self::new)
    }

    /// Reads, unless every connection is in use.
    pub fn read<T>(&self, read: impl FnOnce(&Connection) -> Option<T>) -> Option<T> {
        let free = self.connections.iter().find_map(|connection| match connection.try_lock() {
            Ok(connection) => Some(connection),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        })?;
        // A reader that panicked may have left a transaction open, which would show it the same state for ever.
        if !free.is_autocommit() {
            run(&free, "ROLLBACK").ok()?;
        }
        read(&free)
    }
}

impl fmt::Debug for Here {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Here").field("connections", &self.connections.len()).finish()
    }
}

/// For the thread that a connection belongs to.
pub(super) fn hold(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}
