//! What stands before the handlers of a route: who may come in, and headers that every answer of the route carries.

use super::head::RequestHead;
use super::problem::Problem;
use super::response::append_header;

/// Asked before any handler of its routes, quick or slow, also for OPTIONS and for methods the route does not take.
/// It answers at once and must never block. What it adds stands on every answer to the request, errors included.
pub trait Gate: Send + Sync {
    /// `allow` names the methods of the route, as the `Allow` header does.
    fn ask(
        &self,
        request: &RequestHead<'_>,
        allow: &str,
        headers: &mut GateHeaders<'_>,
    ) -> Result<(), Problem>;
}

/// Where a gate puts its headers.
#[derive(Debug)]
pub struct GateHeaders<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> GateHeaders<'a> {
    pub(crate) fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out }
    }

    /// Line ends in a value become spaces.
    pub fn add(&mut self, name: &str, value: &str) -> &mut Self {
        append_header(self.out, name, value);
        self
    }
}
