//! Fields and records as JSON Schema 2020-12, the dialect of OpenAPI 3.1.

use super::subject::Subject;
use super::{example, pattern};
use crate::resource::limits::{INDEXED_LENGTH, PATTERN_LENGTH};
use crate::resource::{Field, FieldKind, FieldLimits};
use serde_json::{Map, Value as Json, json};

/// What a NUL character is not in, for stores that cannot keep one.
const WITHOUT_NUL: &str = "^[^\\u0000]*$";

/// What a field holds, null aside.
pub(super) fn value(subject: &Subject<'_>, position: usize) -> Map<String, Json> {
    let Some(field) = subject.schema.fields.get(position) else { return Map::new() };
    let mut schema = Map::new();
    let word = match field.kind {
        FieldKind::Integer => "integer",
        FieldKind::Float => "number",
        FieldKind::Boolean => "boolean",
        FieldKind::Json => return schema,
        _ => "string",
    };
    schema.insert("type".into(), word.into());
    let limits = &field.limits;
    match &field.kind {
        FieldKind::Integer => integer(&mut schema, limits),
        FieldKind::Float => {
            schema.insert("format".into(), "double".into());
            put(&mut schema, "minimum", limits.minimum.map(number));
            put(&mut schema, "maximum", limits.maximum.map(number));
        }
        FieldKind::Text => text(&mut schema, limits, subject, position),
        FieldKind::Time => put(&mut schema, "format", Some("date-time".into())),
        FieldKind::Uuid => put(&mut schema, "format", Some("uuid".into())),
        FieldKind::Choice(choices) => put(&mut schema, "enum", Some(json!(choices))),
        FieldKind::Boolean | FieldKind::Json => {}
    }
    schema
}

fn integer(schema: &mut Map<String, Json>, limits: &FieldLimits) {
    schema.insert("format".into(), "int64".into());
    let minimum = limits.minimum.map_or(i64::MIN, |minimum| minimum.ceil() as i64);
    let maximum = limits.maximum.map_or(i64::MAX, |maximum| maximum.floor() as i64);
    schema.insert("minimum".into(), minimum.into());
    schema.insert("maximum".into(), maximum.into());
}

fn text(
    schema: &mut Map<String, Json>,
    limits: &FieldLimits,
    subject: &Subject<'_>,
    position: usize,
) {
    // A key that is empty has no path.
    let least = if position == subject.schema.key { Some(1) } else { None };
    put(
        schema,
        "minLength",
        limits.min_length.max(least).filter(|least| *least > 0).map(Into::into),
    );
    put(schema, "maxLength", longest(subject, position).map(Into::into));
    let own = limits.pattern.as_ref().and_then(|own| pattern::for_json_schema(own.as_str()));
    let pattern = own.or((!subject.keeps_nul).then(|| WITHOUT_NUL.to_owned()));
    put(schema, "pattern", pattern.map(Into::into));
}

/// The length of a text: its own, or what stores and patterns take.
fn longest(subject: &Subject<'_>, position: usize) -> Option<u64> {
    let field = subject.schema.fields.get(position)?;
    let is_found = position == subject.schema.key || field.is_unique || field.is_indexed;
    let bounds = [
        field.limits.max_length,
        is_found.then_some(INDEXED_LENGTH),
        field.limits.pattern.as_ref().map(|_| PATTERN_LENGTH),
    ];
    bounds.into_iter().flatten().min()
}

fn put(schema: &mut Map<String, Json>, name: &str, value: Option<Json>) {
    if let Some(value) = value {
        schema.insert(name.to_owned(), value);
    }
}

/// Whole numbers without a point, as people write limits.
fn number(limit: f64) -> Json {
    let is_whole = limit.fract() == 0.0 && limit.abs() < 1e15;
    if is_whole { (limit as i64).into() } else { limit.into() }
}

/// What else is to be known of a field.
fn words(subject: &Subject<'_>, position: usize, field: &Field) -> String {
    let mut words = Vec::new();
    let is_key = position == subject.schema.key;
    if is_key {
        words.push("The key.".to_owned());
    }
    if is_key && subject.schema.key_is_generated {
        words.push("Made by the service where a new record brings none.".to_owned());
    }
    if field.is_unique && !is_key {
        words.push("No two records hold the same.".to_owned());
    }
    match (&field.kind, &field.limits.pattern) {
        (FieldKind::Json, _) => words.push("Any JSON.".to_owned()),
        (_, Some(own)) if pattern::for_json_schema(own.as_str()).is_none() => {
            words.push(format!("The whole text matches `{}`.", own.as_str()));
        }
        _ => {}
    }
    words.join(" ")
}

/// What a field of a record may be, with null where it can be, and with an example.
pub(super) fn property(subject: &Subject<'_>, position: usize) -> Json {
    let Some(field) = subject.schema.fields.get(position) else { return Json::Bool(true) };
    let mut schema = value(subject, position);
    if !field.is_required && position != subject.schema.key {
        nullable(&mut schema);
    }
    let words = words(subject, position, field);
    put(&mut schema, "description", (!words.is_empty()).then(|| words.into()));
    let example = example::value(subject.schema, position);
    put(&mut schema, "examples", example.map(|example| json!([example::json(&example)])));
    Json::Object(schema)
}

fn nullable(schema: &mut Map<String, Json>) {
    if let Some(Json::String(word)) = schema.get("type") {
        let both = json!([word, "null"]);
        schema.insert("type".into(), both);
    }
    if let Some(Json::Array(choices)) = schema.get_mut("enum") {
        choices.push(Json::Null);
    }
}

/// What the key is in an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyMember {
    /// A field like others.
    Plain,
    /// Given for a new record; null, too, where it can be made.
    New,
    /// That of the path, or left out.
    OfPath,
}

fn key_member(schema: &mut Json, subject: &Subject<'_>, member: KeyMember) {
    let Json::Object(members) = schema else { return };
    match member {
        KeyMember::New if subject.schema.key_is_generated => nullable(members),
        KeyMember::OfPath => {
            members.insert("readOnly".into(), true.into());
            members.insert("description".into(), "The key of the path, or left out.".into());
        }
        KeyMember::New | KeyMember::Plain => {}
    }
}

/// Which fields an object has, and which of them must be there.
pub(super) struct Shape<'s> {
    pub title: String,
    pub description: &'s str,
    pub has: &'s dyn Fn(usize) -> bool,
    pub needs: &'s dyn Fn(usize) -> bool,
    pub key: KeyMember,
    /// What is left out becomes its default.
    pub has_defaults: bool,
}

/// An object of fields, and of nothing else.
pub(super) fn object(subject: &Subject<'_>, shape: &Shape<'_>) -> Json {
    let fields = subject.schema.fields.iter().enumerate();
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for (position, field) in fields.filter(|(position, _)| (shape.has)(*position)) {
        let mut schema = property(subject, position);
        if position == subject.schema.key {
            key_member(&mut schema, subject, shape.key);
        }
        if let (Some(default), true) = (&field.default, shape.has_defaults) {
            schema["default"] = example::json(default);
        }
        if (shape.needs)(position) {
            required.push(Json::from(field.name.as_str()));
        }
        properties.insert(field.name.clone(), schema);
    }
    let mut object = json!({
        "title": shape.title,
        "description": shape.description,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    });
    if let Some(example) = example::object(subject.schema, shape.has) {
        object["examples"] = json!([example]);
    }
    object
}
