//! The two kinds of handlers: quick ones that answer in place, slow ones that wait for something.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;

use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::answer::Answer;
use super::body::Body;
use super::head::RequestHead;
use super::problem::Problem;
use super::response::Response;

/// Answers at once from what it has in memory; it must never block, as other connections wait meanwhile.
pub trait Quick: Send + Sync {
    fn answer(&self, request: &RequestHead<'_>, out: &mut Answer);
}

impl<F: Fn(&RequestHead<'_>, &mut Answer) + Send + Sync> Quick for F {
    fn answer(&self, request: &RequestHead<'_>, out: &mut Answer) {
        self(request, out);
    }
}

/// An answer that is still to come.
pub type Reply<'a> = Pin<Box<dyn Future<Output = Result<Response, Problem>> + Send + 'a>>;

/// How a slow handler wants the request's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyReading {
    /// Collected before the handler is called, up to this many bytes or the limit of the route or else the server,
    /// whichever is less.
    Whole { at_most: u64 },
    /// Piece by piece until the handler returns, up to this many bytes whatever the server's limit.
    Streamed { at_most: u64 },
}

/// Answers when it can: gets the body, may wait, may return a stream. It runs to its end even when its client goes
/// away; only the hard stop of the server drops it.
pub trait Slow: Send + Sync {
    fn answer(&self, request: Request) -> Reply<'_>;

    fn body_reading(&self) -> BodyReading {
        BodyReading::Whole { at_most: u64::MAX }
    }
}

impl<F, R> Slow for F
where
    F: Fn(Request) -> R + Send + Sync,
    R: Future<Output = Result<Response, Problem>> + Send + 'static,
{
    fn answer(&self, request: Request) -> Reply<'_> {
        Box::pin(self(request))
    }
}

/// A slow handler that can answer some requests at once, such as those for what lies in a cache.
pub trait Attempt: Slow {
    /// Like `Quick::answer`; `false` when `Slow::answer` shall have the request, and then nothing was written.
    fn attempt(&self, request: &RequestHead<'_>, out: &mut Answer) -> bool;
}

/// A request that a slow handler owns.
#[derive(Debug)]
pub struct Request {
    pub method: Method,
    /// As sent, percent signs and all.
    pub path: String,
    pub query: Option<String>,
    /// What follows the prefix of the route, as sent; empty for an exact route.
    pub segment: String,
    pub headers: HeaderMap,
    pub peer: SocketAddr,
    pub body: Body,
}

impl Request {
    pub(crate) fn from_head(head: &RequestHead<'_>) -> Self {
        let mut headers = HeaderMap::with_capacity(head.headers.len());
        for (name, value) in head.headers() {
            let name = HeaderName::from_bytes(name.as_bytes());
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value)) {
                headers.append(name, value);
            }
        }
        Self {
            method: head.method.clone(),
            path: head.path.to_owned(),
            query: head.query.map(str::to_owned),
            segment: head.segment.to_owned(),
            headers,
            peer: head.ends.peer,
            body: Body::empty(),
        }
    }

    /// The first header of that name, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| std::str::from_utf8(value.as_bytes()).ok())
    }
}
