//! Which operations the native wire has, and what all of them share.

use super::schemas::Schemas;
use super::{item, list, post};
use crate::resource::Value;
use crate::wires::noun;
use crate::wires::openapi::book::Book;
use crate::wires::openapi::example;
use crate::wires::openapi::field;
use crate::wires::openapi::names;
use crate::wires::openapi::parts::{Operation, Place, Reply, parameter, with_example};
use crate::wires::openapi::security::{Intent, guard};
use crate::wires::openapi::subject::Subject;
use crate::wires::openapi::trouble::{Form, Risks, common};
use serde_json::{Value as Json, json};

/// A resource in the native wire, and the names that its parts have in the document.
pub(super) struct Native<'s> {
    pub subject: &'s Subject<'s>,
    /// `user`, for operation ids.
    pub id: String,
    /// Where the document has the collection: as the stack file writes it.
    pub path: String,
    /// `/users/{id}`
    pub item_path: String,
    pub schemas: Schemas,
}

pub(in crate::wires::openapi) fn describe(subject: &Subject<'_>, book: &mut Book) {
    let name = &subject.schema.name;
    book.tag(name, "Also without, or with, the slash at the end of the collection's path.");
    let one = names::pascal(&noun::of_one(name));
    let base = subject.path.trim_end_matches('/');
    let native = Native {
        subject,
        id: names::identifier(name),
        path: subject.path.to_owned(),
        item_path: format!("{base}/{{{}}}", subject.key_name()),
        schemas: Schemas::new(subject, &one, book),
    };
    list::describe(&native, book);
    post::describe(&native, book);
    item::describe(&native, book);
}

impl Native<'_> {
    pub(super) fn operation(&self, verb: &str, summary: &str) -> Operation {
        Operation::new(&format!("{verb}_{}", self.id), summary).tag(&self.subject.schema.name)
    }

    /// Finishes an operation with what all have: tokens, and what can go wrong everywhere.
    pub(super) fn put(&self, book: &mut Book, (path, method): (&str, &str), operation: Operation) {
        let intent = if method == "get" { Intent::Read } else { Intent::Write };
        let has_body = !matches!(method, "get");
        let risks = Risks { has_body, asks_store: true };
        let operation = guard(self.subject, Form::Problem, intent, operation);
        let operation = common(book, Form::Problem, risks, operation);
        book.operation(path, method, operation);
    }

    /// What can be done next with the record whose key stands there.
    pub(super) fn linked(&self, reply: Reply, from: &str) -> Reply {
        ["get", "put", "patch", "delete"].iter().fold(reply, |reply, verb| {
            reply.link(&format!("{verb}_{}", self.id), self.subject.key_name(), from)
        })
    }

    pub(super) fn key_parameter(&self) -> Json {
        let position = self.subject.schema.key;
        let schema = Json::Object(field::value(self.subject, position));
        let parameter = parameter(Place::Path, self.subject.key_name(), schema, "The key.");
        with_example(parameter, self.key().map(|key| example::json(&key)))
    }

    /// The key of the example.
    pub(super) fn key(&self) -> Option<Value> {
        example::value(self.subject.schema, self.subject.schema.key)
    }

    /// Headers that every answer with a record has.
    pub(super) fn read_headers(&self) -> &'static [&'static str] {
        if self.subject.has_cache {
            &["ETag", "Cache-Control", "Headwater-Version", "Cache-Status", "Age"]
        } else {
            &["ETag", "Cache-Control", "Headwater-Version"]
        }
    }
}

pub(super) fn freshness() -> [Json; 2] {
    [
        parameter(
            Place::Header,
            "Cache-Control",
            json!({ "type": "string", "examples": ["no-cache"] }),
            "`no-cache` asks the store, whatever is cached.",
        ),
        parameter(
            Place::Header,
            "If-Min-Version",
            json!({ "type": "string", "pattern": "^[0-9]{1,19}$" }),
            "The answer has seen this `Headwater-Version`: send the one of a write to read it back.",
        ),
    ]
}

/// `*`, or tags with their quotes.
fn tags() -> Json {
    let tag = "(?:W/)?\"[!#-~]*\"";
    json!({ "type": "string", "pattern": format!("^(?:\\*|{tag}(?: *, *{tag})*)$") })
}

pub(super) fn if_match() -> Json {
    let text = "Only if the record has one of these tags; `*`: only if there is one.";
    parameter(Place::Header, "If-Match", tags(), text)
}

pub(super) fn if_none_match(text: &str) -> Json {
    parameter(Place::Header, "If-None-Match", tags(), text)
}

pub(super) fn idempotency_key() -> Json {
    let schema = json!({
        "type": "string",
        "pattern": "^[!#-~](?:[ !#-~]*[!#-~])?$",
        "minLength": 1,
        "maxLength": 255,
    });
    parameter(
        Place::Header,
        "Idempotency-Key",
        schema,
        "A name for this attempt, such as a UUID: a repeat with the same name is answered as the first was and not \
         done again.",
    )
}

pub(super) fn prefer(choices: &[&str]) -> Json {
    let schema = json!({ "type": "string", "examples": choices });
    let choices: Vec<String> = choices.iter().map(|choice| format!("`{choice}`")).collect();
    let text = format!("Any of {} (RFC 7240); others are passed over.", choices.join(", "));
    parameter(Place::Header, "Prefer", schema, &text)
}
