//! The fastapi wire in a document: what FastAPI would write of the same routes, its operation ids and schemas
//! included, and what it leaves out: the 404, the answer for a key that is taken, what a body may hold.

use super::book::Book;
use super::field::{self, KeyMember, Shape, object};
use super::parts::{Operation, Place, Reply, parameter, required, schema, with_example};
use super::security::{Intent, guard};
use super::subject::Subject;
use super::trouble::{Form, Risks, common};
use super::{example, names};
use serde_json::{Value as Json, json};

struct Fastapi<'s> {
    subject: &'s Subject<'s>,
    /// `user`
    one: String,
    /// `User`, as the messages say it.
    noun: String,
    item_path: String,
}

pub(super) fn describe(subject: &Subject<'_>, book: &mut Book) {
    let one = names::singular(&subject.schema.name);
    let base = subject.path.trim_end_matches('/');
    let fastapi = Fastapi {
        subject,
        noun: names::pascal(&one),
        one,
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
    fn operation(&self, function: &str, (path, method): (&str, &str)) -> Operation {
        let id = format!("{function}{}_{method}", names::flat(path));
        Operation::new(&id, &names::title(function))
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
        let parameter = parameter(place, &field.name, schema, "");
        let parameter = with_example(parameter, example.map(|example| example::json(&example)));
        let must_come = field.is_required && field.default.is_none();
        if must_come { required(parameter) } else { parameter }
    }

    /// The fields that are sent in the query, but those of the path.
    fn query(&self, has_key: bool) -> impl Iterator<Item = Json> {
        let key = self.subject.schema.key;
        let positions = 0..self.subject.schema.fields.len();
        positions
            .filter(move |at| has_key || *at != key)
            .map(|at| self.field(Place::Query, at))
    }

    /// A record as it is answered: without its key.
    fn record(&self, book: &mut Book) -> Json {
        let key = self.subject.schema.key;
        let shape = Shape {
            title: self.noun.clone(),
            description: "A record; its key stands outside of it.",
            has: &|at| at != key,
            needs: &|at| at != key,
            key: KeyMember::Plain,
            has_defaults: false,
        };
        book.schema(&self.noun, object(self.subject, &shape))
    }

    fn example(&self) -> Option<Json> {
        example::object(self.subject.schema, |at| at != self.subject.schema.key)
    }

    fn done(&self, verb: &str) -> Json {
        json!({ "message": format!("{} {verb} successfully", self.noun) })
    }

    fn missing(&self) -> Reply {
        let detail = format!("{} not found", self.noun);
        Form::Detail.reply(404, "There is no such record.", &detail)
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
    let answer = Reply::new("Successful Response: created; or the key is there already, and nothing was changed.")
        .examples(
            json!({ "oneOf": [constant(&done), constant(&exists)] }),
            &[("created", "Created", done.clone()), ("exists", "There already", exists.clone())],
        );
    let function = format!("create_{}", fastapi.one);
    let operation = fastapi
        .operation(&function, place)
        .parameters(fastapi.query(true))
        .answer(200, answer)
        .answer(422, invalid());
    fastapi.put(book, place, operation);
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
    let example = key.zip(fastapi.example()).map(|(key, record)| json!({ example::bare(&key): record }));
    let function = format!("get_all_{}", fastapi.subject.schema.name);
    let operation = fastapi
        .operation(&function, place)
        .answer(200, Reply::new("Successful Response").json(schema, example));
    fastapi.put(book, place, operation);
}

fn get(fastapi: &Fastapi<'_>, book: &mut Book) {
    let place = (fastapi.item_path.as_str(), "get");
    let record = fastapi.record(book);
    let operation = fastapi
        .operation(&format!("get_{}", fastapi.one), place)
        .parameters([fastapi.key()])
        .answer(200, Reply::new("Successful Response").json(record, fastapi.example()))
        .answer(404, fastapi.missing())
        .answer(422, invalid());
    fastapi.put(book, place, operation);
}

fn update(fastapi: &Fastapi<'_>, book: &mut Book) {
    let place = (fastapi.item_path.as_str(), "put");
    let done = fastapi.done("updated");
    let operation = fastapi
        .operation(&format!("update_{}", fastapi.one), place)
        .parameters([fastapi.key()])
        .parameters(fastapi.query(false))
        .answer(200, Reply::new("Successful Response").json(constant(&done), Some(done.clone())))
        .answer(404, fastapi.missing())
        .answer(422, invalid());
    fastapi.put(book, place, operation);
}

fn delete(fastapi: &Fastapi<'_>, book: &mut Book) {
    let place = (fastapi.item_path.as_str(), "delete");
    let done = fastapi.done("deleted");
    let operation = fastapi
        .operation(&format!("delete_{}", fastapi.one), place)
        .parameters([fastapi.key()])
        .answer(200, Reply::new("Successful Response").json(constant(&done), Some(done.clone())))
        .answer(404, fastapi.missing())
        .answer(422, invalid());
    fastapi.put(book, place, operation);
}

/// An object that is always the same.
fn constant(object: &Json) -> Json {
    let members = object.as_object().cloned().unwrap_or_default();
    let required: Vec<&String> = members.keys().collect();
    let properties: serde_json::Map<String, Json> =
        members.iter().map(|(name, value)| (name.clone(), json!({ "const": value }))).collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn invalid() -> Reply {
    Reply::new("Validation Error").json(schema("HTTPValidationError"), None)
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
