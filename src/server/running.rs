//! Starting a server, changing its routes while it runs, and stopping it in order.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::limits::{HARD_STOP_TIME, Limits};
use super::listener;
use super::meter::MeterSnapshot;
use super::pool::ServerPool;
use super::router::Router;
use super::shared::Shared;
use super::signal::Stage;

/// What a server needs to know of itself.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// The service it belongs to; appears in the log and in errors.
    pub name: String,
    /// Port 0 takes any free port.
    pub address: SocketAddr,
    pub limits: Limits,
}

/// Why a server did not start, with the remedy.
#[derive(Debug)]
pub struct StartError {
    pub name: String,
    pub address: SocketAddr,
    pub cause: io::Error,
}

impl fmt::Display for StartError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, address, cause } = self;
        write!(formatter, "server `{name}` cannot listen on {address}: ")?;
        match cause.kind() {
            io::ErrorKind::AddrInUse => write!(
                formatter,
                "the port is already in use; stop the program that has it, or choose another port \
                 with `--port {name}=N` (0 takes any free one)"
            ),
            io::ErrorKind::PermissionDenied => write!(
                formatter,
                "the system does not permit it; choose a port from 1024 up with `--port {name}=N`"
            ),
            io::ErrorKind::AddrNotAvailable => write!(
                formatter,
                "this machine does not have that address; choose one that it has with `--bind ADDR`"
            ),
            _ => write!(formatter, "{cause}"),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}

/// The way to a running server.
#[derive(Debug)]
pub struct Server;

impl Server {
    /// Listens on the worker threads that all servers of this process share.
    pub fn start(config: ServerConfig, router: Router) -> Result<RunningServer, StartError> {
        match ServerPool::shared() {
            Ok(pool) => Self::start_on(&pool, config, router),
            Err(cause) => Err(StartError { name: config.name, address: config.address, cause }),
        }
    }

    /// Listens on the worker threads of `pool`.
    pub fn start_on(
        pool: &ServerPool,
        config: ServerConfig,
        router: Router,
    ) -> Result<RunningServer, StartError> {
        let ServerConfig { name, address, limits } = config;
        let bound = listener::bind(address).and_then(|socket| Ok((socket.local_addr()?, socket)));
        let (address, socket) = match bound {
            Ok(bound) => bound,
            Err(cause) => return Err(StartError { name, address, cause }),
        };
        let shared = Arc::new(Shared::new(name, address, limits, pool.workers(), router));
        listener::spawn(pool.clone(), socket, Arc::clone(&shared));
        Ok(RunningServer { pool: pool.clone(), shared })
    }
}

/// How a stop went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped {
    /// Connections that were cut at the deadline.
    pub cut: usize,
}

/// A server that listens. Dropping it without `stop` ends it at once.
#[derive(Debug)]
pub struct RunningServer {
    pool: ServerPool,
    shared: Arc<Shared>,
}

impl RunningServer {
    /// Where it really listens, also when port 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// Requests that come from now on see `router`; no connection is dropped.
    pub fn replace(&self, router: Router) {
        self.shared.replace(router);
    }

    /// `stop` for callers that are not in a runtime.
    pub fn stop_and_wait(self, deadline: Duration) {
        match tokio::runtime::Builder::new_current_thread().enable_time().build() {
            Ok(runtime) => drop(runtime.block_on(self.stop(deadline))),
            // Without a runtime there is no waiting; dropping ends the server at once.
            Err(error) => tracing::warn!("stopped at once: {error}"),
        }
    }

    pub fn snapshot(&self) -> MeterSnapshot {
        self.shared.meter.snapshot(self.shared.signal.open_tasks().saturating_sub(1))
    }

    /// Stops accepting, lets requests in flight finish, closes idle connections, tells streams to end; whatever is
    /// left at the deadline is cut. May be awaited on any runtime, or on none.
    pub async fn stop(self, deadline: Duration) -> Stopped {
        self.shared.signal.advance(Stage::Draining);
        let shared = Arc::clone(&self.shared);
        let wait = self.pool.handle(0).spawn(async move {
            let all_closed = shared.signal.wait_until_all_closed();
            if tokio::time::timeout(deadline, all_closed).await.is_ok() {
                return Stopped { cut: 0 };
            }
            let cut = shared.signal.open_tasks();
            shared.signal.advance(Stage::Ended);
            let all_closed = shared.signal.wait_until_all_closed();
            if tokio::time::timeout(HARD_STOP_TIME, all_closed).await.is_err() {
                tracing::warn!(server = shared.name, "a handler blocks and cannot be stopped");
            }
            Stopped { cut }
        });
        wait.await.unwrap_or(Stopped { cut: 0 })
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        self.shared.signal.advance(Stage::Ended);
    }
}
