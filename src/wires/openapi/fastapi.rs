//! The fastapi wire in a document: what FastAPI would write of the same routes, its operation ids and schemas
//! included, and what it leaves out: the 404, the answer for a key that is taken, what a body may hold.

use super::book::Book;
use super::field::{self, KeyMember, Shape, object};
use super::parts::{Operation, Place, Reply, media, parameter, required, schema, with_example};
use super::security::{Intent, guard};
use super::subject::Subject;
use super::trouble::{Form, Risks, common};
use super::{example, names};
use crate::resource::FieldKind;
use crate::wires::noun;
use serde_json::{Value as Json, json};

const BODY: &str = "What the query lacks may come as a member of a JSON body.";

struct Fastapi<'s> {
    subject: &'s Subject<'s>,
    /// `price_list`
    one: String,
    /// `Price list`, as the messages say it.
    noun: String,
    item_path: String,
}

pub(super) fn describe(subject: &Subject<'_>, book: &mut Book) {
    let base = subject.path.trim_end_matches('/');
    let fastapi = Fastapi {
        subject,
        noun: noun::of_one(&subject.schema.name),
        one: names::identifier(&subject.schema.name),
        item_path: format!("{base}/{{{}}}", subject.key_name()),
    };
    book.schema("ValidationError", validation_error());
    book.schema("HTTPValidationError", validation_errors());
    health(book);
    create(&fastapi, book);
    list(&fastapi, book);
    get(&fastapi, book);
    update(&fastapi, book);
    delete(&fastapi, book);
}

impl Fastapi<'_> {
    /// As FastAPI names the operation of a function at a path.
    fn operation(function: &str, (path, method): (&str, &str)) -> Operation {
        Operation::new(&operation_id(function, path, method), &names::title(function))
    }

    /// What can be asked about a record whose key was sent here.
    fn linked(&self, reply: Reply, from: &str) -> Reply {
        [("get", "get"), ("update", "put"), ("delete", "delete")].iter().fold(
            reply,
            |reply, (function, method)| {
                let function = format!("{function}_{}", self.one);
                let id = operation_id(&function, &self.item_path, method);
                reply.link(&id, self.subject.key_name(), from)
            },
        )
    }

    fn put(&self, book: &mut Book, (path, method): (&str, &str), operation: Operation) {
        let intent = if method == "get" { Intent::Read } else { Intent::Write };
        let risks = Risks { has_body: method != "get", asks_store: true };
        let operation = guard(self.subject, Form::Detail, intent, operation);
        let operation = common(book, Form::Detail, risks, operation);
        book.operation(path, method, operation);
    }

    fn key(&self) -> Json {
        self.field(Place::Path, self.subject.schema.key)
    }

    fn field(&self, place: Place, position: usize) -> Json {
        let Some(field) = self.subject.schema.fields.get(position) else { return Json::Null };
        let mut schema = Json::Object(field::value(self.subject, position));
        schema["title"] = names::title(&field.name).into();
        if let Some(default) = &field.default {
            schema["default"] = example::json(default);
        }
        let example = example::value(self.subject.schema, position);
        let example = example.map(|example| example::json(&example));
        let parameter = parameter(place, &field.name, schema, "");
        let parameter = match field.kind {
            FieldKind::Json => as_json(parameter, example),
            _ => with_example(parameter, example),
        };
        let is_made = position == self.subject.schema.key && self.subject.schema.key_is_generated;
        let must_come = field.is_required && field.default.is_none() && !is_made;
        if must_come { required(parameter) } else { parameter }
    }

    /// The fields that are sent in the query, but those of the path.
    fn query(&self, has_key: bool) -> impl Iterator<Item = Json> {
        let key = self.subject.schema.key;
        let positions = 0..self.subject.schema.fields.len();
        positions.filter(move |at| has_key || *at != key).map(|at| self.field(Place::Query, at))
    }

    /// A record as it is answered: without its key.
    fn record(&self, book: &mut Book) -> Json {
        let key = self.subject.schema.key;
        let shape = Shape {
            title: names::pascal(&self.noun),
            description: "A record; its key stands outside of it.",
            has: &|at| at != key,
            needs: &|at| at != key,
            key: KeyMember::Plain,
            has_defaults: false,
        };
        book.schema(&names::pascal(&self.noun), object(self.subject, &shape))
    }

    fn example(&self) -> Option<Json> {
        example::object(self.subject.schema, |at| at != self.subject.schema.key)
    }

    fn done(&self, verb: &str) -> Json {
        json!({ "message": format!("{} {verb} successfully", self.noun) })
    }

    /// 404, which a path that holds another slash gets without asking the store.
    fn missing(&self) -> Reply {
        let detail = format!("{} not found", self.noun);
        let reply = Form::Detail.reply(404, "There is no such record.", &detail);
        reply.may_have(&["Headwater-Version"])
    }

    fn is_cached(&self, reply: Reply) -> Reply {
        let has_cache = self.subject.has_cache;
        if has_cache { reply.may_have(&["Cache-Status"]).header("Age") } else { reply }
    }

    /// The answer to a write that was done.
    fn written(example: &Json) -> Reply {
        let reply = Reply::new("Successful Response");
        reply.json(constant(example), Some(example.clone())).header("Headwater-Version")
    }

    /// Where a field beside the key must be unique, and another record has its value.
    fn unless_taken(&self, operation: Operation) -> Operation {
        let schema = self.subject.schema;
        let mut fields = schema.fields.iter().enumerate();
        match fields.find(|(position, field)| field.is_unique && *position != schema.key) {
            Some((_, field)) => {
                let detail = format!("Another record has this {}", field.name);
                let text = "Another record has a value that must be unique.";
                operation
                    .answer(409, Form::Detail.reply(409, text, &detail).header("Headwater-Version"))
            }
            None => operation,
        }
    }

    /// 422 with what the wire says of a path or of a query.
    fn invalid(&self, place: Place) -> Reply {
        let key = self.subject.schema.key;
        let mut fields = self.subject.schema.fields.iter().enumerate();
        let example = match place {
            Place::Path if self.subject.schema.key_field().kind == FieldKind::Integer => json!({
                "type": "int_parsing",
                "loc": ["path", self.subject.key_name()],
                "msg": "Input should be a valid integer, unable to parse string as an integer",
                "input": "abc",
            }),
            _ => {
                let field = fields.find(|(at, field)| *at != key && field.is_required);
                let name = field.map_or(self.subject.key_name(), |(_, field)| &field.name);
                json!({
                    "type": "missing", "loc": ["query", name], "msg": "Field required", "input": null,
                })
            }
        };
        let example = json!({ "detail": [example] });
        Reply::new("Validation Error").json(schema("HTTPValidationError"), Some(example))
    }
}

fn health(book: &mut Book) {
    let healthy = json!({ "status": "healthy" });
    let operation = Operation::new("health_check_health_get", "Health Check").answer(
        200,
        Reply::new("Successful Response").json(constant(&healthy), Some(healthy.clone())),
    );
    let risks = Risks { has_body: false, asks_store: false };
    let operation = common(book, Form::Detail, risks, operation);
    book.operation("/health", "get", operation);
}

fn create(fastapi: &Fastapi<'_>, book: &mut Book) {
    let place = (fastapi.subject.path, "post");
    let done = fastapi.done("created");
    let exists = json!({ "error": format!("{} already exists", fastapi.noun) });
    let answer = Reply::new(
        "Successful Response: created; or the key is there already, and nothing was changed.",
    )
    .examples(
        json!({ "oneOf": [constant(&done), constant(&exists)] }),
        &[("created", "Created", done.clone()), ("exists", "There already", exists.clone())],
    );
    let function = format!("create_{}", fastapi.one);
    let from = format!("$request.query.{}", fastapi.subject.key_name());
    let operation = Fastapi::operation(&function, place)
        .description(BODY)
        .parameters(fastapi.query(true))
        .answer(200, fastapi.linked(answer.header("Headwater-Version"), &from))
        .answer(422, fastapi.invalid(Place::Query));
    fastapi.put(book, place, fastapi.unless_taken(operation));
}

fn list(fastapi: &Fastapi<'_>, book: &mut Book) {
    let place = (fastapi.subject.path, "get");
    let record = fastapi.record(book);
    let schema = json!({
        "title": format!("{} by key", fastapi.noun),
        "description": "Every record under its key, in the order in which they were created.",
        "type": "object",
        "additionalProperties": record,
    });
    let key = example::value(fastapi.subject.schema, fastapi.subject.schema.key);
    let example =
        key.zip(fastapi.example()).map(|(key, record)| json!({ example::bare(&key): record }));
    let function = format!("get_all_{}", fastapi.subject.schema.name);
    let answer = Reply::new(
        "Successful Response; or the changes from now on, for `Accept: text/event-stream`.",
    )
    .json(schema, example)
    .content("text/event-stream", json!({ "type": "string" }), None);
    let operation =
        Fastapi::operation(&function, place).parameters([last_event()]).answer(200, answer);
    fastapi.put(book, place, operation);
}

fn get(fastapi: &Fastapi<'_>, book: &mut Book) {
    let place = (fastapi.item_path.as_str(), "get");
    let found = Reply::new("Successful Response").json(fastapi.record(book), fastapi.example());
    let since = parameter(
        Place::Header,
        "If-Min-Version",
        json!({ "type": "string" }),
        "The answer has seen this `Headwater-Version`; what is no version is passed over.",
    );
    let operation = Fastapi::operation(&format!("get_{}", fastapi.one), place)
        .parameters([fastapi.key()])
        .parameters([since])
        .answer(200, fastapi.is_cached(found.header("Headwater-Version")))
        .answer(404, fastapi.is_cached(fastapi.missing()))
        .answer(422, fastapi.invalid(Place::Path));
    fastapi.put(book, place, operation);
}

fn update(fastapi: &Fastapi<'_>, book: &mut Book) {
    let place = (fastapi.item_path.as_str(), "put");
    let done = fastapi.done("updated");
    let operation = Fastapi::operation(&format!("update_{}", fastapi.one), place)
        .description(BODY)
        .parameters([fastapi.key()])
        .parameters(fastapi.query(false))
        .answer(200, Fastapi::written(&done))
        .answer(404, fastapi.missing())
        .answer(422, fastapi.invalid(Place::Path));
    fastapi.put(book, place, fastapi.unless_taken(operation));
}

fn delete(fastapi: &Fastapi<'_>, book: &mut Book) {
    let place = (fastapi.item_path.as_str(), "delete");
    let done = fastapi.done("deleted");
    let operation = Fastapi::operation(&format!("delete_{}", fastapi.one), place)
        .parameters([fastapi.key()])
        .answer(200, Fastapi::written(&done))
        .answer(404, fastapi.missing())
        .answer(422, fastapi.invalid(Place::Path));
    fastapi.put(book, place, operation);
}

/// As FastAPI makes it.
fn operation_id(function: &str, path: &str, method: &str) -> String {
    format!("{function}{}_{method}", names::flat(path))
}

/// For a stream of changes.
fn last_event() -> Json {
    parameter(
        Place::Header,
        "Last-Event-ID",
        json!({ "type": "string" }),
        "The `id` of the last event that was seen: those behind it come first.",
    )
}

/// A parameter whose text is JSON.
fn as_json(mut parameter: Json, example: Option<Json>) -> Json {
    let schema = parameter.as_object_mut().and_then(|members| members.remove("schema"));
    parameter["content"] =
        json!({ "application/json": media(schema.unwrap_or_default(), example) });
    parameter
}

/// An object of texts that is always the same.
fn constant(object: &Json) -> Json {
    let members = object.as_object().cloned().unwrap_or_default();
    let required: Vec<&String> = members.keys().collect();
    let properties: serde_json::Map<String, Json> = members
        .iter()
        .map(|(name, value)| (name.clone(), json!({ "type": "string", "const": value })))
        .collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

/// As FastAPI writes it.
fn validation_errors() -> Json {
    json!({
        "properties": {
            "detail": {
                "items": schema("ValidationError"),
                "type": "array",
                "title": "Detail",
            },
        },
        "type": "object",
        "title": "HTTPValidationError",
    })
}

fn validation_error() -> Json {
    json!({
        "properties": {
            "loc": {
                "items": { "anyOf": [{ "type": "string" }, { "type": "integer" }] },
                "type": "array",
                "title": "Location",
            },
            "msg": { "type": "string", "title": "Message" },
            "type": { "type": "string", "title": "Error Type" },
            "input": { "title": "Input" },
            "ctx": { "type": "object", "title": "Context" },
        },
        "type": "object",
        "required": ["loc", "msg", "type"],
        "title": "ValidationError",
    })
}
