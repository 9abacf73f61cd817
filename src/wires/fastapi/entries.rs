//! The body of a 422: everything that is wrong with a request, in the order in which it is declared.

use crate::server::Response;
use crate::wires::lax::Mismatch;
use crate::wires::python::{Escapes, append, append_text};

/// Inputs longer than this are not sent back: nobody needs megabytes of what they have sent.
const LONGEST_INPUT: usize = 16 * 1024;

/// Where a value was looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Path,
    Query,
    Body,
}

/// What stood there.
#[derive(Debug, Clone, Copy)]
pub(super) enum Input<'a> {
    Nothing,
    Text(&'a str),
    Json(&'a str),
}

#[derive(Debug, Default)]
pub(super) struct Entries {
    /// The entries so far, each behind a comma or the opening bracket.
    out: Vec<u8>,
}

impl Entries {
    pub(super) fn add(&mut self, place: Place, name: &str, mismatch: &Mismatch, input: Input<'_>) {
        self.begin(mismatch.kind, place);
        append_text(&mut self.out, name, Escapes::Needed);
        self.end(mismatch, input);
    }

    fn begin(&mut self, kind: &str, place: Place) {
        self.out.push(if self.out.is_empty() { b'[' } else { b',' });
        let place = match place {
            Place::Path => "path",
            Place::Query => "query",
            Place::Body => "body",
        };
        append(&mut self.out, format_args!("{{\"type\":\"{kind}\",\"loc\":[\"{place}\","));
    }

    fn end(&mut self, mismatch: &Mismatch, input: Input<'_>) {
        let out = &mut self.out;
        out.extend_from_slice(b"],\"msg\":");
        append_text(out, &mismatch.message, Escapes::Needed);
        out.extend_from_slice(b",\"input\":");
        match input {
            Input::Nothing => out.extend_from_slice(b"null"),
            Input::Text(text) => append_text(out, shortened(text), Escapes::Needed),
            Input::Json(raw) if raw.len() > LONGEST_INPUT => {
                append_text(out, shortened(raw), Escapes::Needed);
            }
            Input::Json(raw) => out.extend_from_slice(raw.as_bytes()),
        }
        if let Some((name, value)) = &mismatch.context {
            append(out, format_args!(",\"ctx\":{{\"{name}\":{value}}}"));
        }
        out.push(b'}');
    }

    pub(super) fn into_response(self) -> Response {
        let mut body = b"{\"detail\":".to_vec();
        body.extend_from_slice(&self.out);
        body.extend_from_slice(b"]}");
        Response::json(422, body)
    }
}

fn shortened(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST_INPUT)]
}
