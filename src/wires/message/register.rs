//! `POST /register`: a new record, or the same answer for one that is there already.

use super::list;
use super::scalar::{self, is_falsy};
use super::words::{error, fault, object, trouble};
use crate::resource::validate::{self, Given, Rules};
use crate::resource::{
    Action, Atomicity, Field, FieldKind, Outcome, Record, Schema, Value, Write, Written,
};
use crate::server::{Problem, Reply, Request, Response, Slow};
use crate::wires::members::{Members, Unreadable, is_json};
use crate::wires::{Served, answers, lax, noun};
use std::sync::Arc;

pub(super) struct Register {
    served: Arc<Served>,
    one: String,
    /// `Please provide name and info`.
    incomplete: String,
}

/// A record that can be stored, and its key as messages show it where that is something else.
struct Registration {
    record: Record,
    shown_key: Option<String>,
}

impl Register {
    pub(super) fn new(served: &Arc<Served>) -> Self {
        let schema = served.resource.schema();
        let needed =
            schema.fields.iter().enumerate().filter(|(place, _)| is_needed(schema, *place));
        let names: Vec<&str> = needed.map(|(_, field)| field.name.as_str()).collect();
        let list = match names.split_last() {
            Some((last, others)) if !others.is_empty() => {
                format!("{} and {last}", others.join(", "))
            }
            _ => names.concat(),
        };
        Self {
            served: Arc::clone(served),
            one: noun::of_one(&schema.name),
            incomplete: format!("Please provide {list}"),
        }
    }

    /// In the order of the original: is it JSON, is everything there, can it be stored.
    fn registration(&self, body: &[u8]) -> Result<Registration, Refusal> {
        let schema = self.served.resource.schema();
        let members = Members::read(schema, body).map_err(|unreadable| {
            Refusal::Problem(match unreadable {
                Unreadable::Malformed { reason, .. } => {
                    Problem::new(400, format!("Failed to decode JSON object: {reason}"))
                }
                Unreadable::NotAnObject => {
                    Problem::new(400, "The body is JSON, but not an object.")
                }
            })
        })?;
        let is_there = |place| members.get(place).is_some_and(|raw| !is_falsy(raw));
        if !(0..schema.fields.len()).all(|place| is_there(place) || !is_needed(schema, place)) {
            return Err(Refusal::Words(400, self.incomplete.clone()));
        }
        let mut faults = vec![None; schema.fields.len()];
        let mut given = Vec::with_capacity(schema.fields.len());
        let mut shown_key = None;
        for (place, (field, fault)) in schema.fields.iter().zip(&mut faults).enumerate() {
            let is_key = place == schema.key;
            given.push(match members.get(place).map(|raw| value(field, raw, is_key)) {
                None => Given::Nothing,
                Some(Ok((value, shown))) => {
                    shown_key = if is_key { shown } else { shown_key };
                    Given::Value(value)
                }
                Some(Err(words)) => {
                    *fault = Some(words);
                    Given::Broken
                }
            });
        }
        // A NUL is refused on every store, as the original does.
        let rules = Rules { keeps_nul: false, ignores_unknown: true, key: None };
        let record = validate::complete(schema, given, &rules).map_err(|limits| {
            let all = schema.fields.iter().zip(faults).flat_map(|(field, words)| {
                let limits = limits.iter().filter(|limit| limit.field == field.name);
                let words = words.into_iter().chain(limits.map(|limit| fault(&limit.kind)));
                words.map(|words| format!("{} {words}", field.name)).collect::<Vec<_>>()
            });
            Refusal::Words(422, all.collect::<Vec<_>>().join("; "))
        })?;
        Ok(Registration { record, shown_key })
    }

    async fn store(&self, registration: Registration) -> Response {
        let writes = vec![Write::from(Action::Ensure(registration.record))];
        let work = self.served.resource.write(writes, Atomicity::Each);
        let written = match answers::within(answers::WORK_DEADLINE, work).await {
            Ok(written) => written.into_iter().next(),
            Err(error) => return trouble(&error),
        };
        let Some(Written { outcome, version, .. }) = written else {
            return error(500, "database error");
        };
        let response = match outcome {
            Outcome::Created(record)
            | Outcome::Updated { record, .. }
            | Outcome::Exists(record) => {
                let key = || record.key(self.served.resource.schema()).map(|key| key.to_string());
                let shown = registration.shown_key.or_else(key).unwrap_or_default();
                let words = format!("{} '{shown}' registered successfully", self.one);
                Response::json(201, object("message", &words))
            }
            Outcome::Taken { field } => {
                let fields = &self.served.resource.schema().fields;
                let name = fields.get(field).map_or("", |field| field.name.as_str());
                error(409, &format!("{name} belongs to another {}", self.one.to_lowercase()))
            }
            Outcome::Invalid(faults) => {
                let words = faults.iter().map(|one| format!("{} {}", one.field, fault(&one.kind)));
                error(422, &words.collect::<Vec<_>>().join("; "))
            }
            _ => error(500, "database error"),
        };
        response.with_header("headwater-version", version.to_string())
    }
}

enum Refusal {
    Words(u16, String),
    Problem(Problem),
}

impl Slow for Register {
    fn answer(&self, request: Request) -> Reply<'_> {
        Box::pin(async move {
            if !is_json(request.header("content-type")) {
                return Err(Problem::new(
                    415,
                    "Did not attempt to load JSON data because the request Content-Type was not 'application/json'.",
                ));
            }
            let body = request.body.collect().await?;
            match self.registration(&body) {
                Ok(registration) => Ok(self.store(registration).await),
                Err(Refusal::Words(status, words)) => Ok(error(status, &words)),
                Err(Refusal::Problem(problem)) => Err(problem),
            }
        })
    }
}

/// A record has to bring it, and something that Python takes for true.
fn is_needed(schema: &Schema, place: usize) -> bool {
    let is_made = place == schema.key && schema.key_is_generated;
    schema
        .fields
        .get(place)
        .is_some_and(|field| field.is_required && field.default.is_none() && !is_made)
}

/// The value of a field, and how messages show it if that is something else; in words why it cannot be stored.
fn value(field: &Field, raw: &str, is_key: bool) -> Result<(Value, Option<String>), String> {
    if field.kind == FieldKind::Text && (field.is_required || raw != "null") {
        if raw.starts_with('[') && !is_key {
            return Ok((Value::text(list::read(raw)?), None));
        }
        let scalar = scalar::read(raw)?;
        return Ok((Value::text(scalar.text), scalar.shown));
    }
    lax::from_json(field, raw)
        .map(|value| (value, None))
        .map_err(|mismatch| lower(&mismatch.message))
}

/// `Input should be a valid integer` behind the name of a field.
fn lower(message: &str) -> String {
    message.strip_prefix("Input ").unwrap_or(message).to_owned()
}
