//! What a quick handler writes into: buffers that live as long as the connection, so that an answer allocates nothing.

use super::limits::KEPT_BUFFER;
use super::response::append_header;

/// The answer to one request, in the making.
#[derive(Debug, Default)]
pub struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) headers: Vec<u8>,
    /// Those of the route's gate; they outlive the change of an answer into a problem.
    pub(crate) gate_headers: Vec<u8>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub fn status(&mut self, status: u16) -> &mut Self {
        self.status = status;
        self
    }

    /// `text/plain; charset=utf-8`, and the place for the body.
    pub fn text(&mut self) -> &mut Vec<u8> {
        self.content("text/plain; charset=utf-8")
    }

    /// `application/json`, and the place for the body.
    pub fn json(&mut self) -> &mut Vec<u8> {
        self.content("application/json")
    }

    /// Any other content type, and the place for the body.
    pub fn content(&mut self, content_type: &'static str) -> &mut Vec<u8> {
        self.content_type = content_type;
        &mut self.body
    }

    /// Line ends in a value become spaces: a value can never smuggle in another header.
    pub fn header(&mut self, name: &str, value: &str) -> &mut Self {
        append_header(&mut self.headers, name, value);
        self
    }

    /// For the answer to another request; `begin` is for another answer to the same one.
    pub(crate) fn begin_request(&mut self) {
        self.gate_headers.clear();
        self.begin();
    }

    pub(crate) fn begin(&mut self) {
        self.status = 200;
        self.content_type = "";
        for buffer in [&mut self.headers, &mut self.body] {
            buffer.clear();
            buffer.shrink_to(KEPT_BUFFER);
        }
    }
}
