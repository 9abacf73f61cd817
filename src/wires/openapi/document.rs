//! The document of one server.

use super::book::Book;
use super::subject::Subject;
use super::{fastapi, message, native, security};
use crate::resource::Wire;
use crate::wires::Served;
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// Describes every answer that these resources give, in the order of their paths in the stack file.
#[must_use]
pub fn document(title: &str, served: &[Arc<Served>]) -> Json {
    let subjects: Vec<Subject<'_>> = served.iter().map(Subject::of).collect();
    of(title, &subjects)
}

pub(super) fn of(title: &str, subjects: &[Subject<'_>]) -> Json {
    let mut book = Book::default();
    for subject in subjects {
        match subject.wire {
            Wire::Native => native::describe(subject, &mut book),
            Wire::Fastapi => fastapi::describe(subject, &mut book),
            Wire::Message => message::describe(subject, &mut book),
        }
    }
    book.into_document(&info(title, subjects), security::schemes(subjects))
}

fn info(title: &str, subjects: &[Subject<'_>]) -> Json {
    let is_fastapi = subjects.iter().all(|subject| subject.wire == Wire::Fastapi);
    if is_fastapi && !subjects.is_empty() {
        // What FastAPI says of every application that says nothing.
        return json!({ "title": "FastAPI", "version": "0.1.0" });
    }
    json!({
        "title": title,
        "version": "1",
        "description": "Every `GET` also answers `HEAD`, every path answers `OPTIONS`, and another method gets 405 \
                        with `Allow`. What is no HTTP/1.1 at all is refused with 400, 417, 501 or 505.",
    })
}
