//! Accepting connections and spreading them over the workers.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};

use super::connection::Connection;
use super::limits::{ACCEPT_PAUSE, BACKLOG, LINGERING_REFUSALS, RETRY_AFTER_SECONDS};
use super::pool::ServerPool;
use super::problem::Problem;
use super::shared::Shared;
use super::signal::Stage;
use super::wire::Wire;

/// The listener's own number among the tasks of its server.
const LISTENER: u64 = 0;

/// No port is shared with other sockets: a port in use must be an error, not a silent split of the requests.
pub(crate) fn bind(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // Without it a restart would fail for a minute while old connections time out.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// Gives its place back however the task ends.
struct Place {
    shared: Arc<Shared>,
    number: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.shared.signal.close(self.number);
    }
}

/// Accepts until the server stops; the listener counts as one of the server's tasks, so that a stop waits for the port.
pub(crate) fn spawn(pool: ServerPool, listener: std::net::TcpListener, shared: Arc<Shared>) {
    let worker = pool.next_worker();
    let handle = pool.handle(worker).clone();
    // The limit cannot be reached by the first task.
    shared.signal.open(usize::MAX);
    let place = Place { shared: Arc::clone(&shared), number: LISTENER };
    handle.spawn(async move {
        let _place = place;
        match TcpListener::from_std(listener) {
            Ok(listener) => Acceptor { pool, worker, shared, last: LISTENER }.run(listener).await,
            Err(error) => tracing::error!(server = shared.name, %error, "cannot listen"),
        }
    });
}

struct Acceptor {
    pool: ServerPool,
    worker: usize,
    shared: Arc<Shared>,
    last: u64,
}

impl Acceptor {
    async fn run(mut self, listener: TcpListener) {
        let lingering = Arc::new(AtomicUsize::new(0));
        loop {
            let accepted = poll_fn(|context| {
                self.shared.signal.leave_waker(LISTENER, context.waker());
                if self.shared.signal.stage() != Stage::Running {
                    return Poll::Ready(None);
                }
                listener.poll_accept(context).map(Some)
            });
            match accepted.await {
                None => return,
                Some(Ok((stream, peer))) => self.take(stream, peer, &lingering),
                Some(Err(error)) => {
                    tracing::warn!(server = self.shared.name, %error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn take(&mut self, stream: TcpStream, peer: SocketAddr, lingering: &Arc<AtomicUsize>) {
        self.last += 1;
        // The listener itself holds one place.
        if !self.shared.signal.open(self.shared.limits.connections.saturating_add(1)) {
            self.refuse(stream, lingering);
            return;
        }
        let place = Place { shared: Arc::clone(&self.shared), number: self.last };
        let worker = self.pool.next_worker();
        self.shared.meter.shard(worker).accepted();
        if let Err(error) = self.spawn(stream, peer, place, worker) {
            tracing::warn!(server = self.shared.name, %error, "lost a connection at its start");
        }
    }

    fn spawn(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        place: Place,
        worker: usize,
    ) -> io::Result<()> {
        // Answers are written whole; waiting for more to send would only delay them.
        stream.set_nodelay(true)?;
        // A socket belongs to the runtime that accepted it and has to be handed over to another one.
        let stream = stream.into_std()?;
        self.pool.handle(worker).spawn(async move {
            let Ok(stream) = TcpStream::from_std(stream) else { return };
            let shared = Arc::clone(&place.shared);
            let wire = Wire::new(stream, Arc::clone(&shared), place.number, worker);
            Connection::new(wire, shared, peer).run().await;
            drop(place);
        });
        Ok(())
    }

    /// Says that the server is full, and closes.
    fn refuse(&self, stream: TcpStream, lingering: &Arc<AtomicUsize>) {
        self.shared.meter.shard(self.worker).refused();
        if lingering.fetch_add(1, Ordering::AcqRel) >= LINGERING_REFUSALS {
            lingering.fetch_sub(1, Ordering::AcqRel);
            return;
        }
        let (shared, lingering) = (Arc::clone(&self.shared), Arc::clone(lingering));
        let (number, worker) = (self.last, self.worker);
        tokio::spawn(async move {
            let peer = shared.address;
            let mut wire = Wire::new(stream, Arc::clone(&shared), number, worker);
            let problem = Problem::new(503, "All connections of this server are taken.")
                .with_header("retry-after", RETRY_AFTER_SECONDS.to_string());
            let mut connection = Connection::new(wire, Arc::clone(&shared), peer);
            connection.refuse(problem);
            wire = connection.wire;
            if wire.flush().await.is_ok() {
                wire.linger().await;
            }
            shared.signal.forget_waker(number);
            lingering.fetch_sub(1, Ordering::AcqRel);
        });
    }
}
