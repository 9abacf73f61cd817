//! Posting to a collection: one record, or many.

use super::describe::{Native, idempotency_key, if_match, if_none_match, prefer};
use crate::resource::{Record, Schema, Value};
use crate::wires::openapi::book::Book;
use crate::wires::openapi::example;
use crate::wires::openapi::parts::{Place, Reply, media, parameter};
use serde_json::{Value as Json, json};

const TYPES: &str = "application/json, application/x-ndjson, text/csv";
const PREFERENCES: [&str; 4] = [
    "return=minimal",
    "return=representation",
    "resolution=ignore-duplicates",
    "resolution=merge-duplicates",
];

pub(super) fn describe(native: &Native<'_>, book: &mut Book) {
    let id = &native.id;
    let many = &native.subject.schema.name;
    let text = format!(
        "One {id} as an object; or many {many} as an array, as lines of JSON, or as CSV whose first line names the \
         fields, at most 100,000 at a time. Many are stored all or not at all, unless `atomic=false`. Where a key is \
         there already the answer is 409, unless `Prefer` says what to do: `resolution=ignore-duplicates` keeps what \
         is there, `resolution=merge-duplicates` replaces it. `If-Match` and `If-None-Match` are for one record.",
    );
    let atomic = parameter(
        Place::Query,
        "atomic",
        json!({ "enum": ["true", "false"] }),
        "Only with many: `false` lets each stand for itself.",
    );
    let from = format!("$response.body#/{}", native.subject.key_name());
    let operation = native
        .operation("create", &format!("Create one {id}, or many {many}"))
        .description(text)
        .parameters([atomic, if_match()])
        .parameters([if_none_match(
            "Only if the record has none of these tags; `*`: only if there is none.",
        )])
        .parameters([idempotency_key(), prefer(&PREFERENCES)])
        .body(body(native))
        .answer(200, existing(native))
        .answer(201, native.linked(created(native), &from))
        .answer(204, unchanged())
        .answer(400, native.unreadable())
        .answer(409, native.exists())
        .answer(412, native.precondition())
        .answer(415, native.unsupported(TYPES, "Accept-Post"))
        .answer(422, native.invalid_body());
    native.put(book, (&native.path, "post"), operation);
}

fn body(native: &Native<'_>) -> Json {
    let schema = native.subject.schema;
    let example = new(schema);
    let array = json!({ "type": "array", "items": native.schemas.new });
    let one_or_many = json!({ "oneOf": [native.schemas.new, array] });
    let mut json_media = media(one_or_many, None);
    let mut lines = media(json!({ "type": "string" }), None);
    let mut csv = media(json!({ "type": "string" }), None);
    if let Some(example) = example {
        json_media["examples"] = json!({
            "one": { "summary": "One", "value": example },
            "many": { "summary": "Many", "value": [example] },
        });
        lines["example"] = format!("{example}\n").into();
    }
    if let Some(record) = example::record(schema) {
        csv["example"] = csv_example(schema, &record).into();
    }
    json!({
        "required": true,
        "content": {
            "application/json": json_media,
            "application/x-ndjson": lines,
            "text/csv": csv,
        },
    })
}

/// What a client sends for a new record: without what is made for it.
fn new(schema: &Schema) -> Option<Json> {
    example::object(schema, |at| at != schema.key || !schema.key_is_generated)
}

fn csv_example(schema: &Schema, record: &Record) -> String {
    let is_sent = |at: &usize| *at != schema.key || !schema.key_is_generated;
    let positions: Vec<usize> = (0..schema.fields.len()).filter(is_sent).collect();
    let names = positions.iter().filter_map(|at| schema.fields.get(*at));
    let names: Vec<&str> = names.map(|field| field.name.as_str()).collect();
    let cells: Vec<String> = positions.iter().map(|at| cell(record.value(*at))).collect();
    format!("{}\n{}\n", names.join(","), cells.join(","))
}

fn cell(value: &Value) -> String {
    let text = if value.is_null() { String::new() } else { example::bare(value) };
    if text.contains([',', '"', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

fn created(native: &Native<'_>) -> Reply {
    let schema = json!({ "oneOf": [native.schemas.record, native.schemas.bulk] });
    let text = "Created: the record; or what became of many, of which at least one is new. With `Prefer: \
                return=minimal` one record is answered without a body.";
    let mut examples = Vec::new();
    if let Some(record) = native.example() {
        let many = json!({ "created": 1, "updated": 0, "unchanged": 0, "items": [record] });
        examples.push(("one", "One", record));
        examples.push(("many", "Many", many));
    }
    Reply::new(text)
        .examples(schema, &examples)
        .may_have(&["ETag", "Location", "Headwater-Version"])
        .headers(&["Preference-Applied", "Idempotency-Replayed"])
}

fn existing(native: &Native<'_>) -> Reply {
    let schema = json!({ "oneOf": [native.schemas.record, native.schemas.bulk] });
    let text = "The record that was there already, kept or replaced as `Prefer` says; or what became of many, of \
                which none is new, or each of which stands for itself.";
    let mut examples = Vec::new();
    if let Some(record) = native.example() {
        let key = native.key().map_or(Json::Null, |key| example::json(&key));
        let each = json!({
            "created": 1, "updated": 0, "unchanged": 0, "failed": 0,
            "results": [{ "index": 0, "status": 201, "key": key }],
        });
        examples.push(("one", "One", record));
        examples.push(("each", "Many, each for itself", each));
    }
    Reply::new(text)
        .examples(schema, &examples)
        .may_have(&["ETag", "Headwater-Version"])
        .headers(&["Preference-Applied", "Idempotency-Replayed"])
}

fn unchanged() -> Reply {
    Reply::new(
        "The record was there already, kept or replaced as `Prefer` says, with `return=minimal`.",
    )
    .header("ETag")
    .headers(&["Headwater-Version", "Preference-Applied", "Idempotency-Replayed"])
}
