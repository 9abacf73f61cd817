//! The parameters of a request: the key in the path, the fields in the query, and what is missing there in a JSON body.

use super::entries::{Entries, Input, Place};
use super::shape::Shape;
use crate::formats::form;
use crate::resource::validate::{self, Given, Rules};
use crate::resource::{Field, FieldKind, Key, Record, Value};
use crate::server::{Body, BodyError, Request};
use crate::wires::lax::{self, Mismatch};
use crate::wires::members::{Members, Unreadable, is_json};
use bytes::Bytes;

/// What a segment of a path stands for.
#[derive(Debug, PartialEq)]
pub(super) enum Segment {
    Key(Key),
    /// Not a key, and said why in the entries.
    Wrong,
    /// A decoded segment with a slash in it is two.
    NotOne,
}

/// Reads the key of a path, percent signs and all.
pub(super) fn key(shape: &Shape, segment: &str, entries: &mut Entries) -> Segment {
    let text = form::decode_path(segment);
    let field = shape.schema().key_field();
    // The original decodes before it routes. A text may be one with a slash, and then it must be found here.
    if text.contains('/') && field.kind != FieldKind::Text {
        return Segment::NotOne;
    }
    let checked = |value: Value| {
        validate::check(field, &value, shape.keeps_nul())
            .map_err(|fault| Mismatch::of(&fault))
            .map(|()| Key::from_value(&value))
    };
    match lax::from_text(field, &text).and_then(checked) {
        Ok(Some(key)) => Segment::Key(key),
        Ok(None) => Segment::NotOne,
        Err(mismatch) => {
            entries.add(Place::Path, &field.name, &mismatch, Input::Text(&text));
            Segment::Wrong
        }
    }
}

/// Where the key of a record is to be found.
#[derive(Debug, PartialEq)]
pub(super) enum KeyIn {
    Parameters,
    /// In the path; `None` when it is none, and that was said.
    Path(Option<Key>),
}

/// What a request says about the fields of a record.
pub(super) struct Parameters<'a> {
    shape: &'a Shape,
    query: Vec<(String, String)>,
    body: Bytes,
}

/// What was found for one field.
struct Found<'v> {
    place: Place,
    input: Input<'v>,
    given: Given,
    mismatch: Option<Mismatch>,
}

impl<'v> Found<'v> {
    fn nothing(given: Given) -> Self {
        Self { place: Place::Query, input: Input::Nothing, given, mismatch: None }
    }

    fn read(place: Place, input: Input<'v>, value: Result<Value, Mismatch>) -> Self {
        match value {
            Ok(value) => Self { place, input, given: Given::Value(value), mismatch: None },
            Err(mismatch) => Self { place, input, given: Given::Broken, mismatch: Some(mismatch) },
        }
    }
}

impl<'a> Parameters<'a> {
    /// Takes the body out of the request, if it is one that can fill in for the query.
    pub(super) async fn of(shape: &'a Shape, request: &mut Request) -> Result<Self, BodyError> {
        let body = std::mem::replace(&mut request.body, Body::empty());
        let is_json = is_json(request.header("content-type"));
        let body = if is_json { body.collect().await? } else { Bytes::new() };
        let query = form::decode_query(request.query.as_deref().unwrap_or_default());
        Ok(Self { shape, query, body })
    }

    /// The record that the request describes. What is wrong goes into the entries, and then there is none.
    pub(super) fn record(&self, key: KeyIn, entries: &mut Entries) -> Option<Record> {
        let schema = self.shape.schema();
        let members = self.members(&key);
        let fields = schema.fields.iter().enumerate();
        let mut found: Vec<Found<'_>> = fields
            .map(|(position, field)| match &key {
                KeyIn::Path(Some(_)) if position == schema.key => Found::nothing(Given::Nothing),
                KeyIn::Path(None) if position == schema.key => Found::nothing(Given::Broken),
                _ => self.find(position, field, members.as_ref()),
            })
            .collect();
        let given = found.iter_mut().map(|one| std::mem::replace(&mut one.given, Given::Nothing));
        let given = given.collect();
        let key = if let KeyIn::Path(key) = key { key } else { None };
        let rules = Rules { keeps_nul: self.shape.keeps_nul(), ignores_unknown: true, key };
        let faults = match validate::complete(schema, given, &rules) {
            Ok(record) => return Some(record),
            Err(faults) => faults,
        };
        for (field, Found { place, input, mismatch, .. }) in schema.fields.iter().zip(found) {
            let of_limits = faults.iter().filter(|fault| fault.field == field.name);
            let of_limits = of_limits.map(|fault| Mismatch::of(&fault.kind));
            for mismatch in mismatch.into_iter().chain(of_limits) {
                entries.add(place, &field.name, &mismatch, input);
            }
        }
        None
    }

    fn find<'v>(
        &'v self,
        position: usize,
        field: &Field,
        members: Option<&Result<Members<'v>, Unreadable>>,
    ) -> Found<'v> {
        if let Some(text) = self.in_query(&field.name) {
            return Found::read(Place::Query, Input::Text(text), lax::from_text(field, text));
        }
        match members.and_then(|members| members.as_ref().ok()?.get(position)) {
            Some(raw) => Found::read(Place::Body, Input::Json(raw), lax::from_json(field, raw)),
            None => Found::nothing(Given::Nothing),
        }
    }

    /// Of a repeated parameter the last counts.
    fn in_query(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().rev().find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The body is looked at only when the query lacks something: the original never looks at it.
    fn members(&self, key: &KeyIn) -> Option<Result<Members<'_>, Unreadable>> {
        let schema = self.shape.schema();
        let mut fields = schema.fields.iter().enumerate();
        let lacks_any = fields.any(|(position, field)| {
            let is_in_path = position == schema.key && *key != KeyIn::Parameters;
            !is_in_path && self.in_query(&field.name).is_none()
        });
        (lacks_any && !self.body.is_empty()).then(|| Members::read(schema, &self.body))
    }
}
