//! What all connections of one server share.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::limits::Limits;
use super::meter::Meter;
use super::router::Router;
use super::signal::Signal;

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) name: String,
    pub(crate) address: SocketAddr,
    pub(crate) limits: Limits,
    pub(crate) signal: Signal,
    pub(crate) meter: Meter,
    routes: Mutex<Arc<Router>>,
    /// Counts reloads, so that a request learns of one without taking the lock.
    version: AtomicU64,
}

impl Shared {
    pub(crate) fn new(
        name: String,
        address: SocketAddr,
        limits: Limits,
        workers: usize,
        router: Router,
    ) -> Self {
        Self {
            name,
            address,
            limits,
            signal: Signal::default(),
            meter: Meter::new(workers),
            routes: Mutex::new(Arc::new(router)),
            version: AtomicU64::new(0),
        }
    }

    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    pub(crate) fn routes(&self) -> (Arc<Router>, u64) {
        let routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        (Arc::clone(&routes), self.version())
    }

    /// Idle connections are woken too, or they would keep the old handlers alive.
    pub(crate) fn replace(&self, router: Router) {
        {
            let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
            *routes = Arc::new(router);
            self.version.fetch_add(1, Ordering::AcqRel);
        }
        self.signal.wake_all();
    }
}
