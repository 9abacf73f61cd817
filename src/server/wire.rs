//! One connection's socket, its buffers, and everything that can end waiting on it.
//! All waiting happens in the connection's own task: its waker never changes, so that it is left with the signal once.

use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::input::Input;
use super::limits::{BODY_PIECE, KEPT_BUFFER, LINGER_BYTES, LINGER_TIME};
use super::meter::MeterShard;
use super::shared::Shared;
use super::signal::Stage;
use super::timer::Timer;
use crate::core::time::now;

/// Why waiting for bytes is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wake {
    Data,
    TimedOut,
    /// The client has closed, or the connection has failed.
    Closed,
    /// The server stops, and this connection was idle.
    Draining,
    /// The hard stop.
    Ended,
    /// The routes are new, and this connection was idle.
    Reload,
}

/// The connection is of no more use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lost;

#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    pub(crate) input: Input,
    pub(crate) output: Vec<u8>,
    timer: Timer,
    shared: Arc<Shared>,
    number: u64,
    worker: usize,
    waker_left: bool,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream, shared: Arc<Shared>, number: u64, worker: usize) -> Self {
        let timer = Timer::new(now() + shared.limits.idle_time);
        let (input, output) = (Input::default(), Vec::new());
        Self { stream, input, output, timer, shared, number, worker, waker_left: false }
    }

    /// Where the client found us.
    pub(crate) fn local_address(&self) -> Option<SocketAddr> {
        self.stream.local_addr().ok()
    }

    pub(crate) fn meter(&self) -> &MeterShard {
        self.shared.meter.shard(self.worker)
    }

    /// Waits for bytes. `idle` is the version of the routes when there is no request under way.
    pub(crate) async fn fill(&mut self, limit: usize, idle: Option<u64>, until: Instant) -> Wake {
        self.timer.set(until);
        poll_fn(|context| self.poll_fill(context, limit, idle)).await
    }

    fn poll_fill(
        &mut self,
        context: &mut Context<'_>,
        limit: usize,
        idle: Option<u64>,
    ) -> Poll<Wake> {
        if self.poll_ended(context) {
            return Poll::Ready(Wake::Ended);
        }
        // Bytes before the signal: a request that is already here is answered even when the server stops.
        if let Poll::Ready(wake) = self.poll_read(context, limit) {
            return Poll::Ready(wake);
        }
        if let Some(version) = idle {
            if self.shared.signal.stage() >= Stage::Draining {
                return Poll::Ready(Wake::Draining);
            }
            if self.shared.version() != version {
                return Poll::Ready(Wake::Reload);
            }
        }
        self.timer.poll(context).map(|()| Wake::TimedOut)
    }

    /// Reads what is there; without space it waits, as nobody could take more.
    pub(crate) fn poll_read(&mut self, context: &mut Context<'_>, limit: usize) -> Poll<Wake> {
        let space = self.input.space(limit);
        if space.is_empty() {
            return Poll::Pending;
        }
        let mut buffer = ReadBuf::new(space);
        let result = ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer));
        let count = buffer.filled().len();
        if result.is_err() || count == 0 {
            return Poll::Ready(Wake::Closed);
        }
        self.input.filled(count);
        self.meter().bytes_in(count);
        Poll::Ready(Wake::Data)
    }

    /// Whether the hard stop has come; asking makes sure that this task hears of it later.
    pub(crate) fn poll_ended(&mut self, context: &mut Context<'_>) -> bool {
        if !self.waker_left {
            self.waker_left = true;
            self.shared.signal.leave_waker(self.number, context.waker());
        }
        self.shared.signal.stage() == Stage::Ended
    }

    pub(crate) async fn flush(&mut self) -> Result<(), Lost> {
        if self.output.is_empty() {
            return Ok(());
        }
        let mut output = std::mem::take(&mut self.output);
        let result = self.send(&output).await;
        output.clear();
        output.shrink_to(KEPT_BUFFER);
        self.output = output;
        result
    }

    /// Sends all of `bytes`; a client that takes nothing for the write time-out loses its connection.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> Result<(), Lost> {
        let (mut sent, mut waiting) = (0, false);
        poll_fn(|context| {
            if self.poll_ended(context) {
                return Poll::Ready(Err(Lost));
            }
            while sent < bytes.len() {
                match Pin::new(&mut self.stream).poll_write(context, &bytes[sent..]) {
                    Poll::Ready(Ok(count)) if count > 0 => {
                        sent += count;
                        waiting = false;
                    }
                    Poll::Ready(_) => return Poll::Ready(Err(Lost)),
                    Poll::Pending => {
                        if !std::mem::replace(&mut waiting, true) {
                            self.timer.set(now() + self.shared.limits.write_time);
                        }
                        return self.timer.poll(context).map(|()| Err(Lost));
                    }
                }
            }
            Poll::Ready(Ok(()))
        })
        .await?;
        self.meter().bytes_out(bytes.len());
        Ok(())
    }

    /// Waits for something that is not the socket, unless the hard stop comes first.
    pub(crate) async fn unless_ended<T>(
        &mut self,
        work: impl Future<Output = T>,
    ) -> Result<T, Lost> {
        let mut work = std::pin::pin!(work);
        poll_fn(|context| {
            if self.poll_ended(context) {
                return Poll::Ready(Err(Lost));
            }
            work.as_mut().poll(context).map(Ok)
        })
        .await
    }

    /// Closes so that the last answer arrives: closing on unread bytes would reset the connection under it.
    pub(crate) async fn linger(&mut self) {
        let shutdown = poll_fn(|context| Pin::new(&mut self.stream).poll_shutdown(context)).await;
        if shutdown.is_err() {
            return;
        }
        let until = now() + LINGER_TIME;
        let mut left = LINGER_BYTES;
        while left > 0 {
            let count = self.input.unread().len();
            self.input.consume(count);
            left = left.saturating_sub(count);
            if self.fill(BODY_PIECE, None, until).await != Wake::Data {
                return;
            }
        }
    }
}
