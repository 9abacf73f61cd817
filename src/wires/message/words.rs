//! What this wire says: objects with one text, and why a store or a field could not do.

use crate::resource::{FaultKind, StoreError};
use crate::server::Response;
use crate::wires::answers;
use crate::wires::python::{Escapes, append_text};

/// An object with one text, and a line end.
pub(super) fn object(name: &str, words: &str) -> Vec<u8> {
    let mut out = format!("{{\"{name}\":").into_bytes();
    append_text(&mut out, words, Escapes::Ascii);
    out.extend_from_slice(b"}\n");
    out
}

pub(super) fn error(status: u16, words: &str) -> Response {
    Response::json(status, object("error", words))
}

/// Why the store could not answer; the reason itself is for the log.
pub(super) fn trouble(error: &StoreError) -> Response {
    let problem = answers::store_problem(error);
    let words = match problem.status {
        503 => "database unavailable",
        422 => "the database cannot keep this value",
        _ => "database error",
    };
    let response = self::error(problem.status, words);
    problem
        .headers
        .into_iter()
        .fold(response, |response, (name, value)| response.with_header(name, value))
}

/// What is wrong with a field, behind its name.
pub(super) fn fault(kind: &FaultKind) -> String {
    match kind {
        FaultKind::TooSmall { minimum } => format!("must be at least {minimum}"),
        FaultKind::TooLarge { maximum } => format!("must be at most {maximum}"),
        FaultKind::TooShort { minimum } => format!("must have at least {minimum} characters"),
        FaultKind::TooLong { maximum } => format!("must have at most {maximum} characters"),
        FaultKind::Pattern { pattern } => format!("must match {pattern}"),
        FaultKind::Choice { choices } => format!("must be one of {}", choices.join(", ")),
        FaultKind::Nul => "must not contain a NUL character".to_owned(),
        FaultKind::OutOfRange => "is a number too large".to_owned(),
        FaultKind::Malformed(reason) => reason.clone(),
        _ => "cannot be stored".to_owned(),
    }
}
