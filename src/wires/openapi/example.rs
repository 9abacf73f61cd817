//! Small values that a field can hold, made from its schema: the same each time, and valid.

use super::pattern;
use crate::resource::{Field, FieldKind, Record, Schema, Value, json};
use serde_json::{Map, Value as Json};

/// Words that say more than `text` does, by what fields are often called.
const TEXTS: [(&str, &str); 8] = [
    ("name", "Alice"),
    ("info", "likes tea"),
    ("email", "alice@example.org"),
    ("mail", "alice@example.org"),
    ("city", "Lisbon"),
    ("country", "Portugal"),
    ("url", "https://example.org/"),
    ("phone", "+351 210 000 000"),
];
/// Numbers that look like some measure, where the limits of the field take them.
const NUMBERS: [f64; 5] = [30.0, 1.0, 0.0, 100.0, 1000.0];
/// 2026-01-15T12:00:00Z in microseconds.
const TIME: i64 = 1_768_478_400_000_000;
const UUID: u128 = 0x0190_c3f0_7d3b_7a1e_8f00_0000_0000_0001;
/// Longer texts tell a reader nothing.
const LONGEST: usize = 256;

/// `None` where a limit leaves no value that can be found easily, such as a strange pattern.
pub(super) fn value(schema: &Schema, position: usize) -> Option<Value> {
    let field = schema.fields.get(position)?;
    if let Some(default) = &field.default {
        return Some(default.clone());
    }
    let value = match &field.kind {
        FieldKind::Integer if position == schema.key && takes(field, 1.0) => Value::Integer(1),
        FieldKind::Integer => Value::Integer(number(field)?.ceil() as i64),
        FieldKind::Float if takes(field, 1.5) => Value::Float(1.5),
        FieldKind::Float => Value::Float(number(field)?),
        FieldKind::Text => Value::text(text(field)?),
        FieldKind::Boolean => Value::Boolean(true),
        FieldKind::Time => Value::Time(TIME),
        FieldKind::Uuid => Value::Uuid(UUID),
        FieldKind::Json => Value::Json(r#"{"any":["value"]}"#.into()),
        FieldKind::Choice(choices) => Value::text(choices.first()?.as_str()),
    };
    Some(value)
}

/// A whole record; a field without an example is null where it can be, and `None` where it cannot.
pub(super) fn record(schema: &Schema) -> Option<Record> {
    let mut values = Vec::with_capacity(schema.fields.len());
    for (position, field) in schema.fields.iter().enumerate() {
        match value(schema, position) {
            Some(value) => values.push(value),
            None if field.is_required => return None,
            None => values.push(Value::Null),
        }
    }
    Some(Record::new(values))
}

/// The record as the API writes it, with these fields only.
pub(super) fn object(schema: &Schema, fields: impl Fn(usize) -> bool) -> Option<Json> {
    let record = record(schema)?;
    let mut members = Map::new();
    for (position, field) in schema.fields.iter().enumerate().filter(|(at, _)| fields(*at)) {
        members.insert(field.name.clone(), json(record.value(position)));
    }
    Some(Json::Object(members))
}

/// The JSON of one value.
pub(super) fn json(value: &Value) -> Json {
    let mut text = Vec::new();
    json::append_value(&mut text, value);
    serde_json::from_slice(&text).unwrap_or_default()
}

/// The text of a value in a path or a query.
pub(super) fn bare(value: &Value) -> String {
    match json(value) {
        Json::String(text) => text,
        other => other.to_string(),
    }
}

fn takes(field: &Field, number: f64) -> bool {
    let limits = &field.limits;
    limits.minimum.is_none_or(|minimum| number >= minimum)
        && limits.maximum.is_none_or(|maximum| number <= maximum)
}

fn number(field: &Field) -> Option<f64> {
    let limits = [field.limits.minimum.map(f64::ceil), field.limits.maximum.map(f64::floor)];
    let exact = [field.limits.minimum, field.limits.maximum];
    let is_whole = field.kind == FieldKind::Integer;
    let limits = if is_whole { limits } else { exact };
    NUMBERS.into_iter().chain(limits.into_iter().flatten()).find(|number| takes(field, *number))
}

fn text(field: &Field) -> Option<String> {
    let limits = &field.limits;
    let least = limits.min_length.map_or(0, |length| length as usize);
    let most = limits.max_length.map_or(LONGEST, |length| length as usize).min(LONGEST.max(least));
    let known = TEXTS.iter().find(|(name, _)| *name == field.name).map(|(_, text)| *text);
    let matches = |text: &str| {
        let length = text.chars().count();
        (least..=most).contains(&length)
            && limits.pattern.as_ref().is_none_or(|pattern| pattern.matches(text))
    };
    if let Some(text) = known.into_iter().chain(["text"]).find(|text| matches(text)) {
        return Some(text.to_owned());
    }
    match &limits.pattern {
        Some(pattern) => pattern::sample(pattern, least, most),
        None if least > LONGEST => None,
        None => Some("text".chars().cycle().take(most.clamp(least, least.max(4))).collect()),
    }
}
