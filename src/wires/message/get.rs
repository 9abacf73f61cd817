//! `GET /user/{name}`: a record, and whether this request had to read the store for it.

use super::words::{error, object, trouble};
use crate::caches::Read;
use crate::formats::form;
use crate::resource::{FieldKind, Key, Record, lax};
use crate::server::{Answer, Attempt, Reply, Request, RequestHead, Response, Slow};
use crate::wires::python::{Escapes, append_text, append_value};
use crate::wires::{Served, answers, noun};
use std::sync::Arc;

pub(super) struct Get {
    served: Arc<Served>,
    one: String,
    /// The members of an answer, sorted by name.
    members: Vec<Member>,
}

struct Member {
    /// `,"info":`, or with a brace instead of the comma.
    label: Vec<u8>,
    /// Its place in the schema; `None` for `cached`.
    field: Option<usize>,
}

impl Get {
    pub(super) fn new(served: &Arc<Served>) -> Self {
        let schema = served.resource.schema();
        let fields = schema.fields.iter().enumerate();
        let mut named: Vec<(&str, Option<usize>)> = fields
            .map(|(place, field)| (field.name.as_str(), Some(place)))
            .filter(|(name, _)| *name != "cached")
            .collect();
        named.push(("cached", None));
        named.sort_unstable();
        let members = named.into_iter().enumerate().map(|(position, (name, field))| {
            let mut label = vec![if position == 0 { b'{' } else { b',' }];
            append_text(&mut label, name, Escapes::Ascii);
            label.push(b':');
            Member { label, field }
        });
        Self {
            served: Arc::clone(served),
            one: noun::of_one(&schema.name),
            members: members.collect(),
        }
    }

    fn append(&self, out: &mut Vec<u8>, record: &Record, is_cached: bool) {
        for member in &self.members {
            out.extend_from_slice(&member.label);
            match member.field {
                Some(field) => append_value(out, record.value(field), Escapes::Ascii),
                None => out.extend_from_slice(if is_cached { b"true" } else { b"false" }),
            }
        }
        out.extend_from_slice(b"}\n");
    }

    fn key(&self, text: &str) -> Option<Key> {
        match &self.served.resource.schema().key_field().kind {
            FieldKind::Integer => lax::integer(text).ok().map(Key::Integer),
            kind => Key::parse(text, kind),
        }
    }

    fn missing(&self, text: &str) -> Vec<u8> {
        object("error", &format!("{} {text} not found in database", self.one))
    }

    fn response(&self, read: &Read, text: &str) -> Response {
        let mut response = match &read.record {
            Some(record) => {
                let mut body = Vec::with_capacity(128);
                self.append(&mut body, record, read.is_cached());
                Response::json(200, body)
            }
            None => Response::json(404, self.missing(text)),
        };
        answers::read_headers(read, false, |name, value| {
            response.headers.push((name.into(), value.to_owned()));
        });
        response
    }
}

impl Slow for Get {
    fn answer(&self, request: Request) -> Reply<'_> {
        Box::pin(async move {
            let text = form::decode_path(&request.segment);
            if text.contains('\0') {
                let name = &self.served.resource.schema().key_field().name;
                return Ok(error(422, &format!("{name} must not contain a NUL character")));
            }
            let Some(key) = self.key(&text) else {
                return Ok(Response::json(404, self.missing(&text)));
            };
            let freshness = answers::version_asked_for(|name| request.header(name));
            let read = self.served.resource.get(key, freshness);
            Ok(match answers::within(answers::GET_DEADLINE, read).await {
                Ok(read) => self.response(&read, &text),
                Err(error) => trouble(&error),
            })
        })
    }
}

impl Attempt for Get {
    fn attempt(&self, request: &RequestHead<'_>, out: &mut Answer) -> bool {
        let segment = request.segment();
        if segment.contains('%') {
            return false;
        }
        let Some(key) = self.key(segment) else { return false };
        let freshness = answers::version_asked_for(|name| request.header(name));
        let Some(read) = self.served.resource.now(&key, freshness) else { return false };
        answers::read_headers(&read, false, |name, value| {
            out.header(name, value);
        });
        match &read.record {
            Some(record) => self.append(out.json(), record, read.is_cached()),
            None => out.status(404).json().extend_from_slice(&self.missing(segment)),
        }
        true
    }
}
