//! The objects of a resource in the native wire: a record, what makes a new one, what changes one, and what lists hold.

use crate::wires::openapi::book::Book;
use crate::wires::openapi::example;
use crate::wires::openapi::field::{KeyMember, Shape, object, value};
use crate::wires::openapi::parts::schema;
use crate::wires::openapi::subject::Subject;
use serde_json::{Value as Json, json};

/// References to the components.
pub(super) struct Schemas {
    /// As it is answered: every field.
    pub record: Json,
    /// What is posted.
    pub new: Json,
    /// What is put: the key is that of the path.
    pub content: Json,
    pub patch: Json,
    pub page: Json,
    /// What became of many.
    pub bulk: Json,
}

impl Schemas {
    pub(super) fn new(subject: &Subject<'_>, one: &str, book: &mut Book) -> Self {
        let key = subject.schema.key;
        let must_come = |position: usize| {
            let field = subject.schema.fields.get(position);
            field.is_some_and(|field| field.is_required && field.default.is_none())
        };
        let all = |_: usize| true;
        let none = |_: usize| false;
        let shape = |title: &str, description| Shape {
            title: title.to_owned(),
            description,
            has: &all,
            needs: &none,
            key: KeyMember::Plain,
            has_defaults: false,
        };
        let record = object(subject, &Shape { needs: &all, ..shape(one, "A record.") });
        let selection = object(
            subject,
            &shape(
                &format!("{one}Selection"),
                "A record with only those fields that `fields` asks for, in the order in which it does.",
            ),
        );
        let is_given = !subject.schema.key_is_generated;
        let new = object(
            subject,
            &Shape {
                needs: &|at| if at == key { is_given } else { must_come(at) },
                key: KeyMember::New,
                has_defaults: true,
                ..shape(
                    &format!("New{one}"),
                    "A new record. What may be left out is null, or its default.",
                )
            },
        );
        let content = object(
            subject,
            &Shape {
                needs: &|at| at != key && must_come(at),
                key: KeyMember::OfPath,
                has_defaults: true,
                ..shape(&format!("{one}Content"), "A whole record; its key is that of the path.")
            },
        );
        let words = "A merge patch (RFC 7396): what is there replaces, null clears, inside JSON fields too.";
        let patch = object(
            subject,
            &Shape { key: KeyMember::OfPath, ..shape(&format!("{one}Patch"), words) },
        );
        let reference = book.schema(one, record);
        let selection = book.schema(&format!("{one}Selection"), selection);
        let page = page(one, [&reference, &selection], subject);
        let bulk = bulk(one, &reference, subject);
        Self {
            record: reference,
            new: book.schema(&format!("New{one}"), new),
            content: book.schema(&format!("{one}Content"), content),
            patch: book.schema(&format!("{one}Patch"), patch),
            page: book.schema(&format!("{one}Page"), page),
            bulk: book.schema(&format!("{one}Results"), bulk),
        }
    }
}

fn page(one: &str, items: [&Json; 2], subject: &Subject<'_>) -> Json {
    let example = example::object(subject.schema, |_| true);
    json!({
        "title": format!("{one}Page"),
        "description": "One page of a list.",
        "type": "object",
        "properties": {
            "items": { "type": "array", "items": { "anyOf": items } },
            "next": {
                "type": ["string", "null"],
                "description": "Send it as `after` for the next page; null on the last one.",
            },
            "count": {
                "type": "integer",
                "minimum": 0,
                "description": "How many records fulfil the conditions; only when asked for.",
            },
        },
        "required": ["items", "next"],
        "additionalProperties": false,
        "examples": [{ "items": example.into_iter().collect::<Vec<_>>(), "next": null }],
    })
}

/// What is counted, whichever way.
fn counts() -> Json {
    let count =
        |description: &str| json!({ "type": "integer", "minimum": 0, "description": description });
    json!({
        "created": count("New ones."),
        "updated": count("Those that are another now."),
        "unchanged": count("Those that were there already and stay as they are."),
    })
}

fn bulk(one: &str, record: &Json, subject: &Subject<'_>) -> Json {
    let key = value(subject, subject.schema.key);
    let (mut all, mut each) = (counts(), counts());
    all["items"] = json!({
        "type": "array",
        "items": record,
        "description": "The records as they are now, in the order in which they were sent.",
    });
    each["failed"] =
        json!({ "type": "integer", "minimum": 0, "description": "Those that were refused." });
    each["results"] = json!({
        "type": "array",
        "items": { "oneOf": [
            {
                "type": "object",
                "properties": {
                    "index": { "type": "integer", "minimum": 0 },
                    "status": { "enum": [200, 201] },
                    "key": key,
                },
                "required": ["index", "status", "key"],
                "additionalProperties": false,
            },
            {
                "type": "object",
                "properties": {
                    "index": { "type": "integer", "minimum": 0 },
                    "status": { "type": "integer", "minimum": 400, "maximum": 599 },
                    "problem": schema("Problem"),
                },
                "required": ["index", "status", "problem"],
                "additionalProperties": false,
            },
        ] },
        "description": "What became of each, in the order in which they were sent; with `Prefer: return=minimal` only \
                        those that were refused.",
    });
    let object = |properties: Json, required: &[&str], description: &str| {
        json!({
            "type": "object",
            "description": description,
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        })
    };
    json!({
        "title": format!("{one}Results"),
        "description": "What became of many.",
        "oneOf": [
            object(all, &["created", "updated", "unchanged"], "All of them were stored."),
            object(
                each,
                &["created", "updated", "unchanged", "failed", "results"],
                "Each stands for itself (`atomic=false`).",
            ),
        ],
    })
}
