//! The body of a request on its way to a replica: kept whole for another try, or passed on as it comes.

use crate::server::{Body, BodyError};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use tokio::sync::Notify;

#[derive(Debug)]
pub(crate) enum Upload {
    /// Cheap to clone.
    Kept(Bytes),
    Coming(Coming),
}

#[derive(Debug)]
pub(crate) struct Coming {
    /// What was read already.
    pub(crate) first: VecDeque<Bytes>,
    pub(crate) rest: Body,
    /// Bytes that are still to come, where the client has told.
    pub(crate) left: Option<u64>,
    pub(crate) progress: Arc<Progress>,
}

/// How far an upload is, for those who wait for the answer to it.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    pub(crate) pieces: AtomicU64,
    /// The replica would take more, and the client has not sent it yet.
    pub(crate) waits_for_client: AtomicBool,
    is_over: AtomicBool,
    over: Notify,
    /// What became of the client.
    pub(crate) failed: OnceLock<BodyError>,
}

impl Progress {
    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Relaxed)
    }

    fn end(&self) {
        self.is_over.store(true, Relaxed);
        self.over.notify_waiters();
    }

    /// Until nothing more of the body is wanted or comes.
    pub(crate) async fn ended(&self) {
        loop {
            let mut over = std::pin::pin!(self.over.notified());
            over.as_mut().enable();
            if self.is_over.load(Relaxed) {
                return;
            }
            over.await;
        }
    }
}

impl Drop for Coming {
    fn drop(&mut self) {
        self.progress.end();
    }
}

impl Coming {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        let piece = match self.first.pop_front() {
            Some(first) => Some(Ok(first)),
            None => match self.rest.poll_next(context) {
                Poll::Ready(piece) => piece,
                Poll::Pending => {
                    self.progress.waits_for_client.store(true, Relaxed);
                    return Poll::Pending;
                }
            },
        };
        self.progress.waits_for_client.store(false, Relaxed);
        self.progress.pieces.fetch_add(1, Relaxed);
        match &piece {
            Some(Ok(bytes)) => {
                self.left = self.left.map(|left| left.saturating_sub(bytes.len() as u64));
            }
            Some(Err(error)) => {
                // Only the first matters, and it is there already when this fails.
                self.progress.failed.set(*error).unwrap_or_default();
                self.progress.end();
            }
            None => self.progress.end(),
        }
        Poll::Ready(piece)
    }
}

impl http_body::Body for Upload {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.get_mut() {
            Self::Kept(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Kept(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Coming(coming) => {
                coming.poll(context).map(|piece| piece.map(|piece| piece.map(Frame::data)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Kept(bytes) => bytes.is_empty(),
            Self::Coming(coming) => coming.left == Some(0),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Kept(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Coming(coming) => {
                coming.left.map_or_else(SizeHint::default, SizeHint::with_exact)
            }
        }
    }
}
