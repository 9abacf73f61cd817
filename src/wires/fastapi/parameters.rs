//! The parameters of a request: the key in the path, the fields in the query, and what is missing there in a JSON body.

use super::entries::{Entries, Input, Place};
use super::shape::Shape;
use crate::formats::form;
use crate::resource::{Field, Key, Value, validate};
use crate::server::{BodyError, Request};
use crate::wires::lax::{self, Mismatch};
use crate::wires::members::{Members, Unreadable, is_json};
use bytes::Bytes;

/// What a segment of a path stands for.
#[derive(Debug, PartialEq)]
pub(super) enum Segment {
    Key(Key),
    /// Not a key, and said why in the entries.
    Wrong,
    /// A decoded segment can hold a slash, and then it was none.
    NotOne,
}

/// Reads the key of a path, percent signs and all.
pub(super) fn key(shape: &Shape, segment: &str, entries: &mut Entries) -> Segment {
    let text = form::decode_path(segment);
    if text.contains('/') {
        return Segment::NotOne;
    }
    let field = shape.schema().key_field();
    let key = read(shape, field, |field| lax::from_text(field, &text))
        .map(|value| Key::from_value(&value));
    match key {
        Ok(Some(key)) => Segment::Key(key),
        Ok(None) => Segment::NotOne,
        Err(mismatch) => {
            entries.add(Place::Path, &field.name, &mismatch, Input::Text(&text));
            Segment::Wrong
        }
    }
}

/// Reads a value and looks at the limits of its field.
fn read(
    shape: &Shape,
    field: &Field,
    from: impl FnOnce(&Field) -> Result<Value, Mismatch>,
) -> Result<Value, Mismatch> {
    let value = from(field)?;
    let keeps_nul = shape.served.resource.store().keeps_nul();
    match validate::check(field, &value, keeps_nul) {
        Ok(()) => Ok(value),
        Err(fault) => Err(Mismatch::of(&fault)),
    }
}

/// What a request says about the fields of a record.
pub(super) struct Parameters<'a> {
    shape: &'a Shape,
    query: Vec<(String, String)>,
    body: Bytes,
}

impl<'a> Parameters<'a> {
    /// Takes the body out of the request, if it is one that can fill in for the query.
    pub(super) async fn of(shape: &'a Shape, request: &mut Request) -> Result<Self, BodyError> {
        let body = std::mem::replace(&mut request.body, crate::server::Body::empty());
        let is_json = is_json(request.header("content-type"));
        let body = if is_json { body.collect().await? } else { Bytes::new() };
        let query = form::decode_query(request.query.as_deref().unwrap_or_default());
        Ok(Self { shape, query, body })
    }

    /// A value for each field in the schema's order. With `key`, that is the one of the record; without, the request
    /// has to bring it. What is wrong goes into the entries, and then the values are of no use.
    pub(super) fn values(&self, key: Option<&Key>, entries: &mut Entries) -> Vec<Value> {
        let schema = self.shape.schema();
        let members = self.members(key.is_some());
        let mut lacks_one = false;
        let mut values = Vec::with_capacity(schema.fields.len());
        for (position, field) in schema.fields.iter().enumerate() {
            if let Some(key) = key.filter(|_| position == schema.key) {
                values.push(key.to_value());
                continue;
            }
            let in_body = members.as_ref().and_then(|members| members.as_ref().ok()?.get(position));
            let (place, input, value) = match (self.in_query(&field.name), in_body) {
                (Some(text), _) => {
                    let value = read(self.shape, field, |field| lax::from_text(field, text));
                    (Place::Query, Input::Text(text), value)
                }
                (None, Some(raw)) => {
                    let value = read(self.shape, field, |field| lax::from_json(field, raw));
                    (Place::Body, Input::Json(raw), value)
                }
                (None, None) => (Place::Query, Input::Nothing, self.without(position, field)),
            };
            lacks_one |= matches!(&value, Err(mismatch) if mismatch.kind == "missing");
            match value {
                Ok(value) => values.push(value),
                Err(mismatch) => entries.add(place, &field.name, &mismatch, input),
            }
        }
        if let Some(Err(Unreadable::Malformed { reason, offset })) = members.filter(|_| lacks_one) {
            entries.add_malformed(offset, &reason);
        }
        values
    }

    /// Of a repeated parameter the last counts.
    fn in_query(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().rev().find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The body is looked at only when the query lacks something: the original never looks at it.
    fn members(&self, has_key: bool) -> Option<Result<Members<'_>, Unreadable>> {
        let schema = self.shape.schema();
        let mut fields = schema.fields.iter().enumerate();
        let lacks_any = fields.any(|(position, field)| {
            !(has_key && position == schema.key) && self.in_query(&field.name).is_none()
        });
        (lacks_any && !self.body.is_empty()).then(|| Members::read(schema, &self.body))
    }

    /// What a record gets in a field that the request does not name.
    fn without(&self, position: usize, field: &Field) -> Result<Value, Mismatch> {
        let schema = self.shape.schema();
        if position == schema.key && schema.key_is_generated {
            return Ok(generated(field));
        }
        match &field.default {
            Some(default) => Ok(default.clone()),
            None if !field.is_required => Ok(Value::Null),
            None => Err(Mismatch::missing()),
        }
    }
}

/// The store numbers its records by itself, a UUID is made here.
fn generated(field: &Field) -> Value {
    match field.kind {
        crate::resource::FieldKind::Uuid => Value::Uuid(uuid::Uuid::now_v7().as_u128()),
        _ => Value::Null,
    }
}
