//! What a slow handler returns: an answer as a value, whole or as a stream.

use std::borrow::Cow;

use bytes::Bytes;

use super::problem::Problem;
use super::stream::StreamBody;

/// The body of a `Response`.
#[derive(Debug)]
pub enum ResponseBody {
    Empty,
    Whole(Bytes),
    Stream(StreamBody),
}

/// The answer of a slow handler. Length, date and connection headers are the server's work.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub content_type: Cow<'static, str>,
    pub headers: Vec<(Cow<'static, str>, String)>,
    /// Further header lines, each with its CR LF, of somebody who has checked every byte of them.
    pub lines: Vec<u8>,
    pub body: ResponseBody,
}

impl Response {
    pub fn empty(status: u16) -> Self {
        let (headers, lines) = (Vec::new(), Vec::new());
        Self { status, content_type: "".into(), headers, lines, body: ResponseBody::Empty }
    }

    pub fn new(
        status: u16,
        content_type: impl Into<Cow<'static, str>>,
        body: impl Into<Bytes>,
    ) -> Self {
        let body = ResponseBody::Whole(body.into());
        Self { content_type: content_type.into(), body, ..Self::empty(status) }
    }

    pub fn text(status: u16, body: impl Into<Bytes>) -> Self {
        Self::new(status, "text/plain; charset=utf-8", body)
    }

    pub fn json(status: u16, body: impl Into<Bytes>) -> Self {
        Self::new(status, "application/json", body)
    }

    pub fn stream(content_type: impl Into<Cow<'static, str>>, body: StreamBody) -> Self {
        let body = ResponseBody::Stream(body);
        Self { content_type: content_type.into(), body, ..Self::empty(200) }
    }

    /// An event stream (server-sent events), marked so that no cache or proxy holds it back.
    pub fn events(body: StreamBody) -> Self {
        Self::stream("text/event-stream", body)
            .with_header("cache-control", "no-store")
            .with_header("x-accel-buffering", "no")
    }

    #[must_use]
    pub fn with_header(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<String>,
    ) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

impl From<Problem> for Response {
    fn from(problem: Problem) -> Self {
        let body = problem.to_json();
        let mut response = Self::new(problem.status, body.content_type, body.bytes);
        for (name, value) in problem.headers {
            response = response.with_header(name, value);
        }
        response
    }
}

/// Writes one header line; line ends inside become spaces.
pub(crate) fn append_header(out: &mut Vec<u8>, name: &str, value: &str) {
    append_clean(out, name);
    out.extend_from_slice(b": ");
    append_clean(out, value);
    out.extend_from_slice(b"\r\n");
}

fn append_clean(out: &mut Vec<u8>, text: &str) {
    out.extend(
        text.bytes().map(|byte| if matches!(byte, b'\r' | b'\n' | 0) { b' ' } else { byte }),
    );
}
