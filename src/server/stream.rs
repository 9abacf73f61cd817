//! An answer that comes bit by bit (events, long lists): a bounded queue between its maker and the connection.

use std::fmt;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::sync::mpsc;

#[derive(Debug)]
enum Piece {
    Data(Bytes),
    Finished,
}

/// The end in the hands of whoever makes the stream. Dropped without `finish`, the client sees a broken answer.
#[derive(Debug, Clone)]
pub struct StreamSender {
    pieces: mpsc::Sender<Piece>,
}

/// The end that goes into a `Response`.
#[derive(Debug)]
pub struct StreamBody {
    pieces: mpsc::Receiver<Piece>,
    told_to_end: bool,
    has_an_end: bool,
    length: Option<u64>,
}

/// The client has gone or the server stops: nothing more is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamEnded;

impl fmt::Display for StreamEnded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the stream's client has gone or its server stops")
    }
}

impl std::error::Error for StreamEnded {}

/// A stream whose maker may be `capacity` pieces ahead of its client.
pub fn stream(capacity: usize) -> (StreamSender, StreamBody) {
    let (sender, pieces) = mpsc::channel(capacity.max(1));
    let body = StreamBody { pieces, told_to_end: false, has_an_end: false, length: None };
    (StreamSender { pieces: sender }, body)
}

impl StreamSender {
    /// Waits while the client is behind.
    pub async fn send(&self, data: impl Into<Bytes>) -> Result<(), StreamEnded> {
        self.pieces.send(Piece::Data(data.into())).await.map_err(|_| StreamEnded)
    }

    /// Never waits: `false` when the client is too far behind, and the piece is not sent.
    pub fn try_send(&self, data: impl Into<Bytes>) -> Result<bool, StreamEnded> {
        match self.pieces.try_send(Piece::Data(data.into())) {
            Ok(()) => Ok(true),
            Err(mpsc::error::TrySendError::Full(_)) => Ok(false),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(StreamEnded),
        }
    }

    /// The whole answer has been sent.
    pub async fn finish(self) -> Result<(), StreamEnded> {
        self.pieces.send(Piece::Finished).await.map_err(|_| StreamEnded)
    }

    /// Comes back when nothing more is wanted.
    pub async fn ended(&self) {
        self.pieces.closed().await;
    }
}

/// What a stream has to say next.
#[derive(Debug)]
pub(crate) enum Next {
    Data(Bytes),
    Finished,
    Broken,
}

impl StreamBody {
    /// An answer that ends by itself, such as a long list: a graceful stop waits for it, or cuts it at the deadline
    /// so that its client can tell. Without this it would be ended early and look whole.
    #[must_use]
    pub fn to_its_end(mut self) -> Self {
        self.has_an_end = true;
        self
    }

    /// How many bytes come, where that is known beforehand: the maker sends exactly as many.
    #[must_use]
    pub fn of_length(mut self, length: u64) -> Self {
        self.length = Some(length);
        self
    }

    pub(crate) fn length(&self) -> Option<u64> {
        self.length
    }

    /// No further pieces are taken; those that wait are still sent.
    pub(crate) fn tell_to_end(&mut self) {
        if !self.has_an_end {
            self.told_to_end = true;
            self.pieces.close();
        }
    }

    pub(crate) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Next> {
        self.pieces.poll_recv(context).map(|piece| match piece {
            Some(Piece::Data(data)) => Next::Data(data),
            Some(Piece::Finished) => Next::Finished,
            None if self.told_to_end => Next::Finished,
            None => Next::Broken,
        })
    }
}
