//! The JSON Schema of stack files, for editors; made from the components' own tables.

use crate::catalog::Catalog;
use crate::core::kind::About;
use crate::core::options::{Need, Opt, Shape};
use crate::stack::gate;
use crate::stack::lease;
use crate::stack::service::RECORD;
use crate::stack::via;
use crate::stack::view::FROM;
use serde_json::{Map, Value, json};

/// The whole schema.
pub fn json_schema(catalog: &Catalog) -> Value {
    let sources = one_of(catalog.sources.iter().map(|kind| &kind.about));
    let steps = one_of(catalog.steps.iter().map(|kind| &kind.about));
    let sinks = one_of(catalog.sinks.iter().map(|kind| &kind.about));
    let token = token();
    let route = json!({
        "type": "object",
        "properties": {
            "generate": shape(Shape::Record),
            "as": { "enum": ["json", "text"] },
            "resource": { "type": "string" },
            "access": {
                "type": "object",
                "properties": { "read": token, "write": token },
                "additionalProperties": false,
            },
            "origins": { "type": ["string", "array"], "items": { "type": "string" } },
            "body": { "type": ["string", "number"] },
        },
        "oneOf": [{ "required": ["generate"] }, { "required": ["resource"] }],
        "additionalProperties": false,
    });
    let alert = json!({ "oneOf": [
        { "type": "string" },
        {
            "type": "object",
            "properties": { "when": { "type": "string" }, "webhook": { "type": "string" } },
            "required": ["when"],
            "additionalProperties": false,
        },
    ] });
    let service = json!({
        "type": "object",
        "properties": {
            "needs": { "type": "array", "items": { "type": "string" } },
            "source": sources,
            "then": sources,
            "steps": { "type": "array", "items": steps },
            "sink": sinks,
            "record": record_of(),
            "require": { "enum": ["exactly-once", "at-least-once", "at-most-once"] },
            "scale": shape(Shape::Whole(1, 64)),
            "listen": shape(Shape::Listen),
            "routes": { "type": "object", "additionalProperties": route },
            "view": view(catalog, &token),
            "gate": text_or("One address in front of the replicas of a service.", gate::OPTIONS),
            "alert": { "oneOf": [alert, { "type": "array", "items": alert }] },
        },
        "additionalProperties": false,
    });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Headwater stack",
        "type": "object",
        "properties": {
            "version": { "const": 1 },
            "stack": { "type": "string", "pattern": "^[A-Za-z0-9_-]{1,63}$" },
            "seed": { "type": "integer", "minimum": 0 },
            "via": text_or("A durable stream between what flows read and what is done with it.", via::OPTIONS),
            "leases": text_or("Where processes agree on one for what must run once.", lease::OPTIONS),
            "resources": { "type": "object", "additionalProperties": resource() },
            "services": { "type": "object", "additionalProperties": service, "minProperties": 1 },
        },
        "required": ["stack", "services"],
        "additionalProperties": false,
    })
}

/// Where a bearer token comes from.
fn token() -> Value {
    json!({
        "type": "object",
        "properties": { "env": { "type": "string" }, "file": { "type": "string" } },
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": false,
    })
}

/// What `record:` of a flow takes: a path alone, or its options.
fn record_of() -> Value {
    let properties: Map<String, Value> =
        RECORD.iter().map(|option| (option.name.to_owned(), property(option))).collect();
    json!({ "oneOf": [{ "type": "string" }, {
        "type": "object",
        "properties": properties,
        "required": ["path"],
        "additionalProperties": false,
    }] })
}

fn view(catalog: &Catalog, token: &Value) -> Value {
    let panels = one_of(catalog.panels.iter().map(|kind| &kind.about));
    let from: Map<String, Value> =
        FROM.iter().map(|option| (option.name.to_owned(), property(option))).collect();
    json!({
        "type": "object",
        "properties": {
            "title": { "type": "string" },
            "from": {
                "type": ["string", "object"],
                "properties": from,
                "anyOf": [
                    { "required": ["url"] },
                    { "required": ["flow"] },
                    { "required": ["results"] },
                    { "required": ["cache"] },
                ],
                "additionalProperties": false,
            },
            "panels": { "type": "array", "items": panels },
            "embed": { "type": ["string", "array"], "items": { "type": "string" } },
            "auth": token,
        },
        "required": ["from"],
        "additionalProperties": false,
    })
}

/// A text alone, or with further options.
fn text_or(summary: &str, options: &[Opt]) -> Value {
    json!({ "oneOf": [{ "type": "string" }, object(summary, options)] })
}

fn resource() -> Value {
    let place = json!({ "type": ["string", "array"], "items": { "type": "string" } });
    let duration = shape(Shape::Duration);
    let key = json!({
        "type": ["string", "object"],
        "properties": { "field": { "type": "string" }, "generated": { "type": "boolean" } },
        "additionalProperties": false,
    });
    let field = json!({
        "type": ["string", "object"],
        "properties": {
            "type": { "type": "string" },
            "required": { "type": "boolean" },
            "default": { "type": ["string", "number", "boolean"] },
            "min": { "type": ["number", "string"] },
            "max": { "type": ["number", "string"] },
            "length": { "type": ["string", "integer"] },
            "pattern": { "type": "string" },
            "choices": { "type": "array", "items": { "type": "string" } },
            "unique": { "type": "boolean" },
            "index": { "type": "boolean" },
            "secret": { "type": "boolean" },
        },
        "required": ["type"],
        "additionalProperties": false,
    });
    json!({
        "type": "object",
        "properties": {
            "key": key,
            "fields": { "type": "object", "additionalProperties": field, "minProperties": 1 },
            "store": place,
            "cache": {
                "type": ["string", "array", "object"],
                "items": { "type": "string" },
                "properties": {
                    "in": place,
                    "max_stale": duration,
                    "ttl": duration,
                    "negative_ttl": duration,
                    "stale_if_error": duration,
                    "entries": { "type": ["integer", "string"] },
                },
                "additionalProperties": false,
            },
            "wire": { "enum": ["native", "fastapi", "message"] },
        },
        "required": ["fields"],
        "additionalProperties": false,
    })
}

/// A component is a bare name, or one key with its options.
fn one_of<'a>(kinds: impl Iterator<Item = &'a About> + Clone) -> Value {
    let names: Vec<&str> =
        kinds.clone().filter(|about| is_bare(about)).map(|about| about.name).collect();
    let properties: Map<String, Value> =
        kinds.map(|about| (about.name.to_owned(), options(about))).collect();
    json!({
        "oneOf": [
            { "enum": names },
            {
                "type": "object",
                "properties": properties,
                "minProperties": 1,
                "maxProperties": 1,
                "additionalProperties": false,
            },
        ],
    })
}

fn is_bare(about: &About) -> bool {
    about.options.iter().all(|option| option.need != Need::Required)
}

fn options(about: &About) -> Value {
    let object = object(about.summary, about.options);
    let main = about.options.iter().find(|option| Some(option.name) == about.main);
    match (main, is_bare(about)) {
        (Some(main), _) => json!({ "oneOf": [shape(main.shape), object] }),
        (None, true) => json!({ "oneOf": [{ "type": "null" }, object] }),
        (None, false) => object,
    }
}

fn object(summary: &str, options: &[Opt]) -> Value {
    let properties: Map<String, Value> =
        options.iter().map(|option| (option.name.to_owned(), property(option))).collect();
    let required: Vec<&str> = options
        .iter()
        .filter(|option| option.need == Need::Required)
        .map(|option| option.name)
        .collect();
    let mut schema = json!({
        "type": "object",
        "description": summary,
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    });
    let dependent: Map<String, Value> = options.iter().filter_map(rule).collect();
    if let Value::Object(fields) = &mut schema
        && !dependent.is_empty()
    {
        fields.insert("dependentSchemas".to_owned(), dependent.into());
    }
    schema
}

/// What stands beside an option if it is there, and what does not.
fn rule(option: &Opt) -> Option<(String, Value)> {
    let others = option.instead_of.iter().map(|other| json!({ "required": [other] }));
    let others: Vec<Value> = others.collect();
    let mut rule = Map::new();
    if let Some(other) = option.beside {
        rule.insert("required".to_owned(), json!([other]));
    }
    if !others.is_empty() {
        rule.insert("not".to_owned(), json!({ "anyOf": others }));
    }
    (!rule.is_empty()).then(|| (option.name.to_owned(), rule.into()))
}

fn property(option: &Opt) -> Value {
    let mut schema = shape(option.shape);
    if let Value::Object(fields) = &mut schema {
        fields.insert("description".to_owned(), option.about().into());
        if let Need::Default(default) = option.need {
            fields.insert("default".to_owned(), default.into());
        }
    }
    schema
}

/// A scalar may always be written as a text too, because of `${VAR}`.
fn shape(shape: Shape) -> Value {
    match shape {
        Shape::Whole(low, high) => json!({
            "anyOf": [
                { "type": "integer", "minimum": low, "maximum": high },
                { "type": "string", "pattern": "\\$\\{" },
            ],
        }),
        Shape::Boolean => json!({ "type": ["boolean", "string"] }),
        Shape::Duration | Shape::Size | Shape::Keep | Shape::Speed => {
            json!({ "type": ["string", "number"] })
        }
        Shape::Choice(words) => json!({ "anyOf": [
            { "enum": words },
            { "type": "string", "pattern": "\\$\\{" },
        ] }),
        Shape::Listen => json!({ "type": ["integer", "string"] }),
        Shape::Record => json!({ "type": "object", "minProperties": 1 }),
        Shape::Pairs | Shape::Fields => {
            json!({ "type": "object", "additionalProperties": { "type": "string" } })
        }
        Shape::Shares(words) => {
            let share = json!({ "type": ["string", "number"] });
            let shares: Map<String, Value> =
                words.iter().map(|word| ((*word).to_owned(), share.clone())).collect();
            json!({ "type": "object", "properties": shares, "additionalProperties": false })
        }
        Shape::Names => json!({
            "type": ["string", "array"],
            "items": { "type": "string" },
        }),
        Shape::Text
        | Shape::Path
        | Shape::Pattern
        | Shape::Url
        | Shape::Address(_)
        | Shape::Route
        | Shape::Template
        | Shape::Expression => json!({ "type": "string" }),
    }
}
