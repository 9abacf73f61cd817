//! What all handlers of one resource share.

use super::conditions::{idempotency, precondition};
use super::faults::Faults;
use super::path;
use super::prefer::Preferences;
use crate::caches::Cached;
use crate::core::words::nearest;
use crate::formats::form::decode_query;
use crate::resource::validate::Rules;
use crate::resource::{
    Action, Atomicity, FaultKind, FieldFault, FieldKind, Idempotency, Key, Precondition, Schema,
    Write, Written,
};
use crate::server::{Problem, Request};
use crate::wires::Served;
use crate::wires::answers::{WORK_DEADLINE, store_problem, within};
use serde_json::json;
use std::sync::Arc;

/// A resource behind its path.
#[derive(Debug)]
pub struct Native {
    pub served: Arc<Served>,
    /// The path of the collection with its slash: `/users/`.
    pub base: String,
}

impl Native {
    pub fn new(served: &Arc<Served>) -> Self {
        let base = format!("{}/", served.path.trim_end_matches('/'));
        Self { served: Arc::clone(served), base }
    }

    pub fn cached(&self) -> &Cached {
        &self.served.resource
    }

    pub fn schema(&self) -> &Schema {
        self.served.resource.schema()
    }

    pub fn key_name(&self) -> &str {
        &self.schema().key_field().name
    }

    /// Unknown fields are mistakes; `key` is the one of the path.
    pub fn rules(&self, key: Option<Key>) -> Rules {
        Rules { keeps_nul: self.cached().store().keeps_nul(), ignores_unknown: false, key }
    }

    /// Where a record is found.
    pub fn location(&self, key: &Key) -> String {
        let mut location = self.base.clone();
        path::append_segment(&mut location, &key.to_string());
        location
    }

    pub fn key(&self, segment: &str) -> Result<Key, Problem> {
        let key = path::key(self.schema(), segment).filter(|key| self.can_be_kept(key));
        key.ok_or_else(|| {
            let kind = match self.schema().key_field().kind {
                FieldKind::Integer => "a whole number without leading zeros, within 64 bits",
                FieldKind::Uuid => "a UUID",
                _ => "a text in UTF-8 with percent signs where needed",
            };
            let mut faults = Faults::of_query(&[]);
            let place = [json!("path"), json!(self.key_name())];
            faults.add_one(&place, "key", &format!("must be {kind}"), Some(json!(segment)));
            faults.problem()
        })
    }

    fn can_be_kept(&self, key: &Key) -> bool {
        match key {
            Key::Text(text) => !text.contains('\0') || self.cached().store().keeps_nul(),
            Key::Integer(_) | Key::Uuid(_) => true,
        }
    }

    /// The one write that a request asks for.
    pub async fn write(&self, asked: Asked, action: Action) -> Result<Written, Problem> {
        let Asked { precondition, idempotency, .. } = asked;
        let write = Write { action, precondition, idempotency };
        let mut written = self.write_all(vec![write], Atomicity::All).await?;
        written.pop().ok_or_else(|| Problem::new(500, "The store gave no answer."))
    }

    pub async fn write_all(
        &self,
        writes: Vec<Write>,
        atomicity: Atomicity,
    ) -> Result<Vec<Written>, Problem> {
        within(WORK_DEADLINE, self.cached().write(writes, atomicity))
            .await
            .map_err(|error| store_problem(&error))
    }
}

/// What a request to write asks for beside its record.
#[derive(Debug)]
pub struct Asked {
    pub precondition: Precondition,
    pub idempotency: Option<Idempotency>,
    pub preferences: Preferences,
}

impl Asked {
    pub fn read(request: &Request, body: &[u8]) -> Result<Self, Problem> {
        let prefer = request.headers.get_all("prefer").iter();
        let texts = prefer.filter_map(|value| std::str::from_utf8(value.as_bytes()).ok());
        Ok(Self {
            precondition: precondition(&request.headers)?,
            idempotency: idempotency(request, body)?,
            preferences: Preferences::read(texts),
        })
    }
}

/// The parameters of a query, of which only these are known.
pub fn parameters(query: Option<&str>, known: &[&str]) -> Result<Vec<(String, String)>, Problem> {
    let parameters = decode_query(query.unwrap_or_default());
    let unknown: Vec<FieldFault> = parameters
        .iter()
        .filter(|(name, _)| !known.contains(&name.as_str()))
        .map(|(name, value)| FieldFault {
            field: name.clone(),
            kind: FaultKind::Unknown {
                nearest: nearest(name, known.iter().copied()).map(str::to_owned),
            },
            input: Some(json!(value)),
        })
        .collect();
    if unknown.is_empty() { Ok(parameters) } else { Err(Faults::of_query(&unknown).problem()) }
}
