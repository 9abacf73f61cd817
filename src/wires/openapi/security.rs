//! Tokens in a document: which scheme an operation needs, and what is said to whoever has none.

use super::parts::Operation;
use super::subject::Subject;
use super::trouble::Form;
use crate::resource::Access;
use serde_json::{Map, Value as Json, json};

const READ: &str = "ReadToken";
const WRITE: &str = "WriteToken";

/// What an operation does with records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Intent {
    Read,
    Write,
}

/// The schemes of these resources; empty without tokens.
pub(super) fn schemes(subjects: &[Subject<'_>]) -> Map<String, Json> {
    let has = |token: fn(&Access) -> bool| subjects.iter().any(|subject| token(subject.access));
    let scheme = |description: &str| json!({ "type": "http", "scheme": "bearer", "description": description });
    let mut schemes = Map::new();
    if has(|access| access.read.is_some()) {
        schemes.insert(READ.to_owned(), scheme("The token for reading."));
    }
    if has(|access| access.write.is_some()) {
        schemes
            .insert(WRITE.to_owned(), scheme("The token for writing; it is good for reading too."));
    }
    schemes
}

/// Puts on what a token of this resource changes. The token for writing is good for reading too; a token for reading
/// alone is needed for writing as well.
pub(super) fn guard(
    subject: &Subject<'_>,
    form: Form,
    intent: Intent,
    operation: Operation,
) -> Operation {
    let access = subject.access;
    let tokens: &[&str] = match (intent, access.read.is_some(), access.write.is_some()) {
        (_, false, false) | (Intent::Read, false, _) => return operation,
        (Intent::Read, true, true) => &[READ, WRITE],
        (_, true, false) => &[READ],
        (Intent::Write, _, true) => &[WRITE],
    };
    let none = form.reply(
        401,
        "No token, or one that is not valid here.",
        "This needs a token: send it as `Authorization: Bearer TOKEN`.",
    );
    let operation = operation.security(tokens).answer(401, none.header("WWW-Authenticate"));
    if intent == Intent::Write && access.read.is_some() && access.write.is_some() {
        let wrong = form.reply(
            403,
            "The token for reading does not write.",
            "This token may only read; send the one for writing.",
        );
        return operation.answer(403, wrong.header("WWW-Authenticate"));
    }
    operation
}
