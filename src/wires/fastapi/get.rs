//! `GET /users/7`: one record, at once where it lies in the near cache.

use super::entries::Entries;
use super::form::not_found;
use super::parameters::{Segment, key};
use super::shape::{Shape, trouble};
use crate::caches::Read;
use crate::resource::{FieldKind, Key, lax};
use crate::server::{Answer, Attempt, Reply, Request, RequestHead, Response, Slow};
use crate::wires::answers;
use std::sync::Arc;

pub(super) struct Get {
    pub shape: Arc<Shape>,
}

impl Slow for Get {
    fn answer(&self, request: Request) -> Reply<'_> {
        Box::pin(async move {
            let mut entries = Entries::default();
            let key = match key(&self.shape, &request.segment, &mut entries) {
                Segment::Key(key) => key,
                Segment::Wrong => return Ok(entries.into_response()),
                Segment::NotOne => return Err(not_found()),
            };
            let freshness = answers::version_asked_for(|name| request.header(name));
            let read = self.shape.served.resource.get(key, freshness);
            match answers::within(answers::GET_DEADLINE, read).await {
                Ok(read) => Ok(self.response(&read)),
                Err(error) => Err(trouble(&error)),
            }
        })
    }
}

impl Attempt for Get {
    fn attempt(&self, request: &RequestHead<'_>, out: &mut Answer) -> bool {
        let Some(key) = self.plain_key(request.segment()) else { return false };
        let freshness = answers::version_asked_for(|name| request.header(name));
        let Some(read) = self.shape.served.resource.now(&key, freshness) else { return false };
        answers::read_headers(&read, false, |name, value| {
            out.header(name, value);
        });
        match &read.record {
            Some(record) => self.shape.append_record(out.json(), record),
            None => out.status(404).json().extend_from_slice(&self.shape.missing),
        }
        true
    }
}

impl Get {
    /// The key of a segment that needs no decoding; the others are rare.
    fn plain_key(&self, segment: &str) -> Option<Key> {
        match &self.shape.schema().key_field().kind {
            FieldKind::Integer => lax::integer(segment).ok().map(Key::Integer),
            FieldKind::Text if segment.contains('%') => None,
            kind => Key::parse(segment, kind),
        }
    }

    fn response(&self, read: &Read) -> Response {
        let mut response = match &read.record {
            Some(record) => {
                let mut body = Vec::with_capacity(128);
                self.shape.append_record(&mut body, record);
                Response::json(200, body)
            }
            None => Response::json(404, self.shape.missing.clone()),
        };
        answers::read_headers(read, false, |name, value| {
            response.headers.push((name.into(), value.to_owned()));
        });
        response
    }
}
