//! The form of errors: `{"detail": …}`, and plain text for what is no HTTP.

use crate::server::{Problem, ProblemBody};
use crate::wires::python::{Escapes, append_text};

/// What FastAPI, Starlette and uvicorn say.
pub(super) fn form(problem: &Problem) -> ProblemBody {
    // A problem of no path comes from the parser: there is no request that it could be about.
    if problem.status == 400 && problem.instance.is_empty() {
        let bytes = b"Invalid HTTP request received.".to_vec();
        return ProblemBody { content_type: "text/plain; charset=utf-8", bytes };
    }
    let words = match problem.status {
        404 => "Not Found",
        405 => "Method Not Allowed",
        _ => &problem.detail,
    };
    ProblemBody { content_type: "application/json", bytes: detail(words) }
}

/// There is nothing at this path.
pub(super) fn not_found() -> Problem {
    Problem::new(404, "There is nothing at this path.")
}

/// `{"detail":"…"}`.
pub(super) fn detail(words: &str) -> Vec<u8> {
    object("detail", words)
}

/// An object with one text.
pub(super) fn object(name: &str, words: &str) -> Vec<u8> {
    let mut out = format!("{{\"{name}\":").into_bytes();
    append_text(&mut out, words, Escapes::Needed);
    out.push(b'}');
    out
}
