//! The message wire in a document: a path that registers, and one that reads and says whether a cache answered.

use super::book::Book;
use super::field;
use super::parts::{Operation, Place, Reply, parameter, schema, with_example};
use super::security::{Intent, guard};
use super::subject::Subject;
use super::trouble::{Form, Risks, common};
use super::{example, names};
use crate::resource::{FieldKind, Schema};
use crate::wires::noun;
use serde_json::{Map, Value as Json, json};

/// Members that come as something else are read as Python would.
const LENIENT: &str = "A number, or true, is stored as its text.";

pub(super) fn describe(subject: &Subject<'_>, book: &mut Book) {
    // No NUL gets in, whatever the store could keep.
    let subject = Subject { keeps_nul: false, ..*subject };
    let noun = noun::of_one(&subject.schema.name);
    book.schema("Error", one_text("Error", "error", "What went wrong."));
    if let Some((_, rest)) = subject.path.split_once('{') {
        get(&subject, book, &noun, rest.trim_end_matches('}'));
    } else {
        register(&subject, book, &noun);
        if subject.path != "/" {
            greeting(book, &noun);
        }
    }
}

fn put(
    subject: &Subject<'_>,
    book: &mut Book,
    (method, intent): (&str, Intent),
    operation: Operation,
) {
    let store = |status, description: &str, words: &str| {
        let example = json!({ "error": words });
        let problem = Form::Problem.reply(status, description, "Too many connections; try again.");
        problem.json(schema("Error"), Some(example))
    };
    let away = store(
        503,
        "The store cannot be reached, is too slow or has too much to do; or too many connections are open.",
        "database unavailable",
    );
    let broken = store(500, "The store is damaged or was changed.", "database error");
    let operation = operation.answer(503, away.header("Retry-After")).answer(500, broken);
    let operation = guard(subject, Form::Problem, intent, operation);
    let risks = Risks { has_body: method == "post", asks_store: true };
    let operation = common(book, Form::Problem, risks, operation);
    book.operation(subject.path, method, operation);
}

fn register(subject: &Subject<'_>, book: &mut Book, noun: &str) {
    let needed: Vec<&str> = needed(subject.schema).collect();
    let list = match needed.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} and {last}", others.join(", ")),
        _ => needed.concat(),
    };
    let key = example::value(subject.schema, subject.schema.key);
    let key = key.map(|key| example::bare(&key)).unwrap_or_default();
    let done = json!({ "message": format!("{noun} '{key}' registered successfully") });
    let incomplete = json!({ "error": format!("Please provide {list}") });
    let no_json = "Failed to decode JSON object: expected value";
    let body = json!({
        "required": true,
        "content": { "application/json": {
            "schema": new(subject, noun),
            "example": example::object(subject.schema, |at| is_sent(subject.schema, at)),
        } },
    });
    let message = book.schema("Message", one_text("Message", "message", "What was done."));
    let no_type = "Did not attempt to load JSON data because the request Content-Type was not 'application/json'.";
    let first = needed.first().copied().unwrap_or_default();
    let invalid = json!({ "error": format!("{first} must not contain a NUL character") });
    let operation = Operation::new("register", &format!("Register one {noun}"))
        .description("What is there already stays as it is, and is answered like a new one.")
        .body(body)
        .answer(
            201,
            Reply::new("Registered, now or before.")
                .json(message, Some(done))
                .header("Headwater-Version"),
        )
        .answer(
            400,
            Form::Problem
                .reply(400, "The body is no JSON object, or lacks something.", no_json)
                .json(schema("Error"), Some(incomplete)),
        )
        .answer(415, Form::Problem.reply(415, "The body is not declared as JSON.", no_type))
        .answer(
            422,
            Reply::new("A value cannot be stored; every mistake is told.")
                .json(schema("Error"), Some(invalid))
                .may_have(&["Headwater-Version"]),
        );
    let operation = match taken(subject) {
        Some(field) => {
            let words = format!("{field} belongs to another {}", noun.to_lowercase());
            let reply = Reply::new("Another record has a value that must be unique.")
                .json(schema("Error"), Some(json!({ "error": words })))
                .header("Headwater-Version");
            operation.answer(409, reply)
        }
        None => operation,
    };
    put(subject, book, ("post", Intent::Write), operation);
}

fn get(subject: &Subject<'_>, book: &mut Book, noun: &str, parameter_name: &str) {
    let key = example::value(subject.schema, subject.schema.key);
    let text = key.as_ref().map(example::bare).unwrap_or_default();
    let missing = json!({ "error": format!("{noun} {text} not found in database") });
    let key_name = subject.key_name();
    let nul = json!({ "error": format!("{key_name} must not contain a NUL character") });
    let mut schema_of_key = field::value(subject, subject.schema.key);
    // What is longer or shorter than a key can be is not found, as it is nowhere.
    for limit in ["minLength", "maxLength", "minimum", "maximum"] {
        schema_of_key.remove(limit);
    }
    let key_parameter = with_example(
        parameter(Place::Path, parameter_name, Json::Object(schema_of_key), "The key."),
        key.map(|key| example::json(&key)),
    );
    let since = parameter(
        Place::Header,
        "If-Min-Version",
        json!({ "type": "string" }),
        "The answer has seen this `Headwater-Version`; what is no version is passed over.",
    );
    let found = Reply::new("The record, and whether a cache answered.")
        .json(record(subject, noun, book), read_example(subject))
        .header("Headwater-Version");
    let absent = Form::Problem
        .reply(404, "There is no such record.", "There is nothing at this path.")
        .json(schema("Error"), Some(missing))
        .may_have(&["Headwater-Version"]);
    let (found, absent) = if subject.has_cache {
        (
            found.header("Cache-Status").header("Age"),
            absent.may_have(&["Cache-Status"]).header("Age"),
        )
    } else {
        (found, absent)
    };
    let operation = Operation::new(
        &format!("get_{}", names::identifier(&subject.schema.name)),
        &format!("Get one {noun}"),
    )
    .parameters([key_parameter, since])
    .answer(200, found)
    .answer(404, absent)
    .answer(422, Reply::new("The key contains a NUL character.").json(schema("Error"), Some(nul)));
    put(subject, book, ("get", Intent::Read), operation);
}

fn greeting(book: &mut Book, noun: &str) {
    let message = book.schema("Message", one_text("Message", "message", "What was done."));
    let hello = json!({ "message": format!("{noun} Service is running..") });
    let operation = Operation::new("greet", "Say that the service is running")
        .answer(200, Reply::new("It is.").json(message, Some(hello)));
    let risks = Risks { has_body: false, asks_store: false };
    let operation = common(book, Form::Problem, risks, operation);
    book.operation("/", "get", operation);
}

/// What a registration holds; members that are no fields are passed over.
fn new(subject: &Subject<'_>, noun: &str) -> Json {
    let mut properties = Map::new();
    let needed: Vec<&str> = needed(subject.schema).collect();
    for (position, field) in subject.schema.fields.iter().enumerate() {
        let mut property = field::property(subject, position);
        if field.kind == FieldKind::Text {
            property["description"] = LENIENT.into();
        }
        if needed.contains(&field.name.as_str()) {
            refuse_falsy(&mut property, &field.kind);
        }
        properties.insert(field.name.clone(), property);
    }
    json!({
        "title": format!("New{}", names::pascal(noun)),
        "description": "Empty texts, zero, false and null count as not given.",
        "type": "object",
        "properties": properties,
        "required": needed,
    })
}

/// What Python takes for false counts as not given.
fn refuse_falsy(property: &mut Json, kind: &FieldKind) {
    match kind {
        FieldKind::Text if property.get("minLength").is_none() => property["minLength"] = 1.into(),
        FieldKind::Integer | FieldKind::Float => property["not"] = json!({ "const": 0 }),
        FieldKind::Boolean => property["const"] = true.into(),
        FieldKind::Json => {
            property["not"] = json!({ "enum": [null, false, 0, "", [], {}] });
        }
        _ => {}
    }
}

fn record(subject: &Subject<'_>, noun: &str, book: &mut Book) -> Json {
    let mut properties = Map::new();
    for (position, field) in subject.schema.fields.iter().enumerate() {
        properties.insert(field.name.clone(), field::property(subject, position));
    }
    let cached = "False exactly when this request read the store.";
    properties.insert("cached".into(), json!({ "type": "boolean", "description": cached }));
    properties.sort_keys();
    let required: Vec<&String> = properties.keys().collect();
    let schema = json!({
        "title": names::pascal(noun),
        "type": "object",
        "required": required,
        "properties": properties,
        "additionalProperties": false,
    });
    book.schema(&names::pascal(noun), schema)
}

fn read_example(subject: &Subject<'_>) -> Option<Json> {
    let mut example = example::object(subject.schema, |_| true)?;
    example["cached"] = false.into();
    example.sort_all_objects();
    Some(example)
}

/// An object with one text.
fn one_text(title: &str, name: &str, description: &str) -> Json {
    json!({
        "title": title,
        "type": "object",
        "properties": { name: { "type": "string", "description": description } },
        "required": [name],
        "additionalProperties": false,
    })
}

fn is_made(schema: &Schema, position: usize) -> bool {
    position == schema.key && schema.key_is_generated
}

fn is_sent(schema: &Schema, position: usize) -> bool {
    !is_made(schema, position)
}

/// Fields that a registration has to bring.
fn needed(schema: &Schema) -> impl Iterator<Item = &str> {
    let fields = schema.fields.iter().enumerate().filter(|(position, field)| {
        field.is_required && field.default.is_none() && !is_made(schema, *position)
    });
    fields.map(|(_, field)| field.name.as_str())
}

/// The first field beside the key that must be unique.
fn taken<'s>(subject: &Subject<'s>) -> Option<&'s str> {
    let mut fields = subject.schema.fields.iter().enumerate();
    let found = fields.find(|(position, field)| field.is_unique && *position != subject.schema.key);
    found.map(|(_, field)| field.name.as_str())
}
