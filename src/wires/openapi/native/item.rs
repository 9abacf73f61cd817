//! One record at its address.

use super::describe::{Native, freshness, idempotency_key, if_match, if_none_match, prefer};
use crate::wires::openapi::book::Book;
use crate::wires::openapi::example;
use crate::wires::openapi::parts::{Reply, media};
use serde_json::{Value as Json, json};

const MERGE_PATCH: &str = "application/merge-patch+json";
const MINIMAL: [&str; 2] = ["return=minimal", "return=representation"];
/// What every answer to a write has, or may have.
const WRITTEN: [&str; 3] = ["Headwater-Version", "Preference-Applied", "Idempotency-Replayed"];

pub(super) fn describe(native: &Native<'_>, book: &mut Book) {
    get(native, book);
    put(native, book);
    patch(native, book);
    delete(native, book);
}

impl Native<'_> {
    pub(super) fn example(&self) -> Option<Json> {
        example::object(self.subject.schema, |_| true)
    }

    /// What the record holds beside its key.
    fn content(&self) -> Option<Json> {
        example::object(self.subject.schema, |at| at != self.subject.schema.key)
    }

    /// A record as the answer to a write.
    pub(super) fn written(&self, description: &str) -> Reply {
        Reply::new(description)
            .json(self.schemas.record.clone(), self.example())
            .header("ETag")
            .headers(&WRITTEN)
    }
}

fn get(native: &Native<'_>, book: &mut Book) {
    let found = Reply::new("The record.").json(native.schemas.record.clone(), native.example());
    let known = Reply::new("The record still has one of the tags of `If-None-Match`.");
    let missing: &[&str] = if native.subject.has_cache {
        &["Headwater-Version", "Cache-Status", "Age"]
    } else {
        &["Headwater-Version"]
    };
    let operation = native
        .operation("get", &format!("Get one {}", native.id))
        .parameters([native.key_parameter()])
        .parameters([if_none_match("No body if the record has one of these tags, or `*`.")])
        .parameters(freshness())
        .answer(200, found.headers(native.read_headers()))
        .answer(304, known.headers(native.read_headers()))
        .answer(404, native.missing().headers(missing))
        .answer(422, native.invalid_query());
    native.put(book, (&native.item_path, "get"), operation);
}

fn put(native: &Native<'_>, book: &mut Book) {
    let text = "Creates the record or replaces it as a whole; a field that is left out is null, or its default. A \
                replaced record keeps its place in the order of insertion.";
    let body = json!({
        "required": true,
        "content": { "application/json": media(native.schemas.content.clone(), native.content()) },
    });
    let from = format!("$request.path.{}", native.subject.key_name());
    let operation = native
        .operation("put", &format!("Create or replace one {}", native.id))
        .description(text)
        .parameters([native.key_parameter(), if_match()])
        .parameters([if_none_match(
            "Only if the record has none of these tags; `*`: only if there is none.",
        )])
        .parameters([idempotency_key(), prefer(&MINIMAL)])
        .body(body)
        .answer(200, native.written("Replaced, or the same as before."))
        .answer(201, native.linked(native.written("Created.").header("Location"), &from))
        .answer(204, minimal("Replaced, or the same as before; with `Prefer: return=minimal`."))
        .answer(400, native.unreadable())
        .answer(412, native.precondition())
        .answer(415, native.unsupported("application/json", "Accept"))
        .answer(422, native.invalid_body());
    let operation =
        if native.has_unique() { operation.answer(409, native.taken()) } else { operation };
    native.put(book, (&native.item_path, "put"), operation);
}

fn patch(native: &Native<'_>, book: &mut Book) {
    let media = media(native.schemas.patch.clone(), native.content());
    let body = json!({
        "required": true,
        "content": { MERGE_PATCH: media, "application/json": media },
    });
    let operation = native
        .operation("patch", &format!("Change one {}", native.id))
        .parameters([native.key_parameter(), if_match()])
        .parameters([if_none_match("Only if the record has none of these tags.")])
        .parameters([idempotency_key(), prefer(&MINIMAL)])
        .body(body)
        .answer(200, native.written("Changed, or the same as before."))
        .answer(204, minimal("Changed, or the same as before; with `Prefer: return=minimal`."))
        .answer(400, native.unreadable())
        .answer(404, native.missing())
        .answer(412, native.precondition())
        .answer(
            415,
            native.unsupported("application/merge-patch+json, application/json", "Accept-Patch"),
        )
        .answer(422, native.invalid_body());
    let operation =
        if native.has_unique() { operation.answer(409, native.taken()) } else { operation };
    native.put(book, (&native.item_path, "patch"), operation);
}

fn delete(native: &Native<'_>, book: &mut Book) {
    let deleted = Reply::new("Deleted.").header("Headwater-Version").header("Idempotency-Replayed");
    let operation = native
        .operation("delete", &format!("Delete one {}", native.id))
        .parameters([native.key_parameter(), if_match()])
        .parameters([if_none_match("Only if the record has none of these tags.")])
        .parameters([idempotency_key()])
        .answer(204, deleted)
        .answer(400, native.unreadable())
        .answer(404, native.missing())
        .answer(412, native.precondition())
        .answer(422, native.invalid_body());
    native.put(book, (&native.item_path, "delete"), operation);
}

fn minimal(description: &str) -> Reply {
    Reply::new(description).header("ETag").headers(&WRITTEN)
}
