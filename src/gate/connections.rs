//! Connections to one replica: made within their time, kept while idle, each used on the thread that made it.

use crate::core::time::now;
use crate::gate::limits::{
    CONNECT_TIME, HEAD_BYTES, IDLE_CONNECTIONS, IDLE_TIME, KEEPALIVE_EVERY, KEEPALIVE_TIME,
};
use crate::gate::upload::Upload;
use bytes::Bytes;
use http::header::{HOST, HeaderValue};
use http::{Request, StatusCode, Uri};
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use socket2::{SockRef, TcpKeepalive};
use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Instant;
use tokio::net::TcpStream;

pub(crate) type Sender = SendRequest<Upload>;

#[derive(Debug, Default)]
pub(crate) struct Connections {
    idle: Mutex<Vec<Idle>>,
}

#[derive(Debug)]
struct Idle {
    sender: Sender,
    /// A connection's socket belongs to a runtime, and each worker thread is one: used from another thread, every
    /// request would be two wakes across threads.
    thread: ThreadId,
    since: Instant,
}

impl Connections {
    /// One that is kept, or a new one.
    pub(crate) async fn get(&self, address: SocketAddr) -> io::Result<Sender> {
        while let Some(mut sender) = self.take() {
            if sender.ready().await.is_ok() {
                return Ok(sender);
            }
        }
        connect(address).await
    }

    fn take(&self) -> Option<Sender> {
        let (mut idle, thread) = (self.lock(), thread::current().id());
        let now = now();
        idle.retain(|it| !it.sender.is_closed() && now - it.since < IDLE_TIME);
        // The youngest: the others may be let go.
        let at = idle.iter().rposition(|it| it.thread == thread)?;
        Some(idle.remove(at).sender)
    }

    pub(crate) fn put(&self, sender: Sender) {
        if sender.is_closed() {
            return;
        }
        let (mut idle, thread) = (self.lock(), thread::current().id());
        if idle.iter().filter(|it| it.thread == thread).count() < IDLE_CONNECTIONS {
            idle.push(Idle { sender, thread, since: now() });
        }
    }

    /// What lies idle leads to a replica that is gone.
    pub(crate) fn close(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) async fn open(address: SocketAddr) -> io::Result<TcpStream> {
    match tokio::time::timeout(CONNECT_TIME, TcpStream::connect(address)).await {
        Ok(stream) => stream,
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}

/// The status of one answer, on a connection of its own.
pub(crate) async fn ask(address: SocketAddr, path: &str) -> io::Result<StatusCode> {
    let mut sender = connect(address).await?;
    let mut request = Request::new(Upload::Kept(Bytes::new()));
    *request.uri_mut() = Uri::try_from(path).map_err(io::Error::other)?;
    let host = HeaderValue::from_str(&address.to_string()).map_err(io::Error::other)?;
    request.headers_mut().insert(HOST, host);
    let answer = sender.send_request(request).await.map_err(io::Error::other)?;
    Ok(answer.status())
}

async fn connect(address: SocketAddr) -> io::Result<Sender> {
    let stream = open(address).await?;
    stream.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE_TIME).with_interval(KEEPALIVE_EVERY);
    SockRef::from(&stream).set_tcp_keepalive(&keepalive)?;
    handshake(stream).await.map_err(io::Error::other)
}

async fn handshake(stream: TcpStream) -> hyper::Result<Sender> {
    let mut builder = Builder::new();
    let builder = builder.max_buf_size(HEAD_BYTES).max_headers(256);
    let (sender, connection) = builder.handshake(TokioIo::new(stream)).await?;
    tokio::spawn(async move {
        // Whoever waits for an answer is told by the sender.
        if let Err(error) = connection.await {
            tracing::trace!(%error, "a connection to a replica ended");
        }
    });
    Ok(sender)
}
