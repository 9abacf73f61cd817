//! Lists: pages, lines, and the changes from now on.

use super::describe::Native;
use super::filter;
use crate::resource::{Field, FieldKind};
use crate::wires::openapi::book::Book;
use crate::wires::openapi::example;
use crate::wires::openapi::parts::{Place, Reply, parameter, with_example};
use serde_json::{Value as Json, json};

/// Names that parameters of lists have; a field of such a name is asked for with `where.` in front.
const PARAMETERS: [&str; 5] = ["sort", "fields", "limit", "after", "count"];

pub(super) fn describe(native: &Native<'_>, book: &mut Book) {
    let many = &native.subject.schema.name;
    let text = format!(
        "A page of {many}; with `Accept: application/x-ndjson` all of them, or the first `limit`, as lines; with \
         `Accept: text/event-stream` the changes from now on, or from behind `Last-Event-ID`. A filter is a value, or \
         one of `eq.`, `neq.`, `lt.`, `lte.`, `gt.`, `gte.`, `like.` (`*` for any characters), `in.(a,b)` and \
         `is.null`, each also behind `not.`; all filters must hold.",
    );
    let fields = native.subject.schema.fields.iter().enumerate();
    let filters = fields.map(|(position, field)| filter_of(native, position, field));
    let next = answer(native).link(&format!("list_{}", native.id), "after", "$response.body#/next");
    let operation = native
        .operation("list", &format!("List {many}"))
        .description(text)
        .parameters(filters)
        .parameters([sort(native), selected(native), limit(), after(), count()])
        .parameters([last_event()])
        .answer(200, next)
        .answer(422, native.invalid_query());
    native.put(book, (&native.path, "get"), operation);
}

fn filter_of(native: &Native<'_>, position: usize, field: &Field) -> Json {
    let is_taken = PARAMETERS.contains(&field.name.as_str());
    let name = if is_taken { format!("where.{}", field.name) } else { field.name.clone() };
    let schema = json!({ "type": "string", "pattern": filter::pattern(&field.kind) });
    let value = example::value(native.subject.schema, position);
    let text = value.map(|value| filter::example(&field.kind, &example::bare(&value)));
    let schema = match text {
        Some(text) => {
            let mut schema = schema;
            schema["examples"] = json!([text]);
            schema
        }
        None => schema,
    };
    parameter(Place::Query, &name, schema, &format!("Only where `{}` is so.", field.name))
}

/// `a,b` instead of `a&b`.
fn with_commas(mut parameter: Json) -> Json {
    parameter["style"] = "form".into();
    parameter["explode"] = false.into();
    parameter
}

fn sort(native: &Native<'_>) -> Json {
    let fields = native.subject.schema.fields.iter();
    let sorted: Vec<&str> = fields
        .filter(|field| field.kind != FieldKind::Json)
        .map(|field| field.name.as_str())
        .collect();
    let both: Vec<String> =
        sorted.iter().flat_map(|name| [(*name).to_owned(), format!("-{name}")]).collect();
    let twice = sorted.iter().map(|name| {
        let down = format!("-{name}");
        json!({ "allOf": [{ "contains": { "const": name } }, { "contains": { "const": down } }] })
    });
    let schema = json!({
        "type": "array",
        "items": { "enum": both },
        "minItems": 1,
        "uniqueItems": true,
        "not": { "anyOf": twice.collect::<Vec<_>>() },
    });
    let text = "By these fields, `-` for descending, each once, and then by the key.";
    with_commas(parameter(Place::Query, "sort", schema, text))
}

fn selected(native: &Native<'_>) -> Json {
    let fields = native.subject.schema.fields.iter();
    let names: Vec<&str> = fields.map(|field| field.name.as_str()).collect();
    let schema = json!({
        "type": "array",
        "items": { "enum": names },
        "minItems": 1,
        "uniqueItems": true,
    });
    with_commas(parameter(Place::Query, "fields", schema, "Only these fields, in this order."))
}

fn limit() -> Json {
    let schema = json!({ "type": "integer", "minimum": 1, "maximum": 1000, "default": 100 });
    with_example(parameter(Place::Query, "limit", schema, "Records of a page."), Some(100.into()))
}

fn after() -> Json {
    let schema = json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]+$" });
    let text = "The page behind this one: what its `next` said, with the same `sort`.";
    parameter(Place::Query, "after", schema, text)
}

fn count() -> Json {
    let text = "How many there are in all; reads them all.";
    parameter(Place::Query, "count", json!({ "enum": ["exact"] }), text)
}

fn last_event() -> Json {
    let text = "Of changes: the `id` of the last event that was seen; those behind it come first.";
    parameter(Place::Header, "Last-Event-ID", json!({ "type": "string" }), text)
}

fn answer(native: &Native<'_>) -> Reply {
    let record = native.example();
    let page = record.as_ref().map(|record| json!({ "items": [record], "next": null }));
    let lines = record.as_ref().map(|record| format!("{record}\n").into());
    let events = native.key().zip(record).map(|(key, record)| {
        let data = json!({
            "key": example::json(&key), "record": record, "time": "2026-01-15T12:00:00.000Z",
        });
        format!("event: created\nid: 42\ndata: {data}\n\n").into()
    });
    let text = json!({ "type": "string" });
    let of_events = json!({
        "type": "string",
        "description": "Server-sent events: `ready` or `resync` first, then `created`, `updated` and `deleted`, each \
                        with `key`, `record` (null when deleted) and `time`. `resync`: what was missed is no longer \
                        known, read the list anew.",
    });
    Reply::new("The page, the lines, or the changes.")
        .json(native.schemas.page.clone(), page)
        .content("application/x-ndjson", text, lines)
        .content("text/event-stream", of_events, events)
        .headers(&["Cache-Control", "Vary", "Link"])
        .may_have(&["Headwater-Version"])
}
