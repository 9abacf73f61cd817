//! Request bodies: what handlers see of them, and how they are cut out of the connection's bytes.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::sync::mpsc;

use super::chunked::ChunkedDecoder;
use super::framing::Framing;
use super::problem::Problem;

/// Why a body did not come whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyError {
    TooLarge,
    TooSlow,
    /// The chunks are not well formed.
    Malformed,
    /// The client or the server has closed the connection.
    Gone,
}

impl fmt::Display for BodyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::TooLarge => "The body is larger than this route takes.",
            Self::TooSlow => "The body did not come in time.",
            Self::Malformed => "The body's chunks are malformed.",
            Self::Gone => "The connection ended before the body did.",
        })
    }
}

impl std::error::Error for BodyError {}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        let status = match error {
            BodyError::TooLarge => 413,
            BodyError::TooSlow => 408,
            BodyError::Malformed | BodyError::Gone => 400,
        };
        Self::new(status, error.to_string())
    }
}

/// The body of a request, whole already or still coming.
#[derive(Debug)]
pub struct Body {
    content: Content,
}

#[derive(Debug)]
enum Content {
    Whole(Bytes),
    Coming {
        pieces: mpsc::Receiver<Result<Bytes, BodyError>>,
        /// Set before the pieces end, unless they end too early.
        is_whole: Arc<AtomicBool>,
    },
}

impl Body {
    pub fn empty() -> Self {
        Self::whole(Bytes::new())
    }

    pub(crate) fn whole(bytes: Bytes) -> Self {
        Self { content: Content::Whole(bytes) }
    }

    pub(crate) fn coming(
        pieces: mpsc::Receiver<Result<Bytes, BodyError>>,
        is_whole: Arc<AtomicBool>,
    ) -> Self {
        Self { content: Content::Coming { pieces, is_whole } }
    }

    /// The next piece; `None` at the end, and only there: a body that is cut off ends with an error.
    pub async fn next(&mut self) -> Option<Result<Bytes, BodyError>> {
        poll_fn(|context| self.poll_next(context)).await
    }

    pub(crate) fn poll_next(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, BodyError>>> {
        match &mut self.content {
            Content::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Content::Whole(bytes) => Poll::Ready(Some(Ok(std::mem::take(bytes)))),
            Content::Coming { pieces, is_whole } => pieces.poll_recv(context).map(|piece| {
                piece
                    .or_else(|| (!is_whole.load(Ordering::Acquire)).then_some(Err(BodyError::Gone)))
            }),
        }
    }

    /// Is everything here already?
    pub fn is_here(&self) -> bool {
        matches!(self.content, Content::Whole(_))
    }

    /// Everything at once; without copying where the body was collected already.
    pub async fn collect(mut self) -> Result<Bytes, BodyError> {
        if let Content::Whole(bytes) = self.content {
            return Ok(bytes);
        }
        let mut all = Vec::new();
        while let Some(piece) = self.next().await {
            all.extend_from_slice(&piece?);
        }
        Ok(all.into())
    }
}

/// Cuts one body out of the bytes of a connection and counts it against its limit.
#[derive(Debug)]
pub(crate) struct BodyDecoder {
    part: Part,
    limit: u64,
    received: u64,
}

#[derive(Debug)]
enum Part {
    Length(u64),
    Chunked(ChunkedDecoder),
}

impl BodyDecoder {
    /// Refuses at once a body that announces more than `limit`.
    pub(crate) fn new(framing: Framing, limit: u64) -> Result<Self, BodyError> {
        let part = match framing {
            Framing::Length(length) if length > limit => return Err(BodyError::TooLarge),
            Framing::Length(length) => Part::Length(length),
            Framing::Empty => Part::Length(0),
            Framing::Chunked => Part::Chunked(ChunkedDecoder::new()),
        };
        Ok(Self { part, limit, received: 0 })
    }

    pub(crate) fn is_done(&self) -> bool {
        match &self.part {
            Part::Length(left) => *left == 0,
            Part::Chunked(decoder) => decoder.is_done(),
        }
    }

    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    /// Appends at most `room` bytes of content to `out`; returns how much input is used up.
    pub(crate) fn decode(
        &mut self,
        input: &[u8],
        room: usize,
        out: &mut Vec<u8>,
    ) -> Result<usize, BodyError> {
        let before = out.len();
        let used = match &mut self.part {
            Part::Length(left) => {
                let count = input.len().min(room).min(usize::try_from(*left).unwrap_or(usize::MAX));
                out.extend_from_slice(&input[..count]);
                *left -= count as u64;
                count
            }
            Part::Chunked(decoder) => {
                decoder.decode(input, room, out).map_err(|_| BodyError::Malformed)?
            }
        };
        self.received += (out.len() - before) as u64;
        if self.received > self.limit { Err(BodyError::TooLarge) } else { Ok(used) }
    }
}
