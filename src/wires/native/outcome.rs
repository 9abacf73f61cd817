//! What became of one write, as an answer.

use super::faults::{EXISTS, Faults, NOT_UNIQUE, NOT_VALID, Refusal};
use super::prefer::Preferences;
use super::shared::Native;
use crate::resource::{ETag, Key, Outcome, Record, Version, Written, json as canonical};
use crate::server::{Problem, Response};
use serde_json::{Value, json};

/// Marks the answer to a request that was done before.
const REPLAYED: &str = "idempotency-replayed";

impl Native {
    /// `key` is the one that the request named, if it named one.
    pub fn answer(
        &self,
        written: &Written,
        key: Option<&Key>,
        preferences: Preferences,
    ) -> Result<Response, Problem> {
        let response = match &written.outcome {
            Outcome::Created(record) => {
                let response = self.record(201, record, preferences, written.version);
                match record.key(self.schema()) {
                    Some(key) => Ok(response.with_header("location", self.location(&key))),
                    None => Ok(response),
                }
            }
            Outcome::Updated { record, .. } => {
                Ok(self.record(200, record, preferences, written.version))
            }
            Outcome::Deleted => Ok(versioned(Response::empty(204), written.version)),
            failure => Err(self.refusal(failure, key)),
        };
        match response {
            Ok(response) if written.is_replay => Ok(response.with_header(REPLAYED, "true")),
            Err(problem) if written.is_replay => Err(problem.with_header(REPLAYED, "true")),
            response => response,
        }
    }

    fn record(
        &self,
        status: u16,
        record: &Record,
        preferences: Preferences,
        version: Version,
    ) -> Response {
        let mut body = Vec::with_capacity(256);
        canonical::append_record(&mut body, self.schema(), record);
        let tag = ETag::of_json(&body);
        let response = match (preferences.is_minimal, status) {
            (true, 200) => Response::empty(204),
            (true, status) => Response::empty(status),
            (false, status) => Response::json(status, body),
        };
        let response = versioned(response.with_header("etag", tag.to_string()), version);
        match preferences.applied() {
            Some(applied) => response.with_header("preference-applied", applied),
            None => response,
        }
    }

    /// Why nothing was written.
    pub fn refusal(&self, outcome: &Outcome, key: Option<&Key>) -> Problem {
        let mut faults = Faults::default();
        if let Some(refusal) = self.add_fault(outcome, &[json!("body")], &mut faults) {
            let problem = faults.refused(refusal);
            return match outcome {
                Outcome::Exists(record) => problem.with_member("existing", self.place(record)),
                _ => problem,
            };
        }
        match outcome {
            Outcome::Missing => self.missing(key),
            Outcome::PreconditionFailed(record) => self.precondition_failed(record.as_ref()),
            Outcome::IdempotencyMismatch => Problem::new(
                422,
                "This `Idempotency-Key` was used for another request; send a new key with a new request.",
            )
            .of_kind("urn:headwater:problem:idempotency-mismatch", "Key used for another request"),
            Outcome::NotDone => Problem::new(
                409,
                "This was not done because something else of the same request was refused.",
            ),
            _ => Problem::new(500, "The store's answer makes no sense."),
        }
    }

    /// Tells what the store found wrong with a record, where `place` is the record; `None` for what is no fault of
    /// its fields.
    pub fn add_fault(
        &self,
        outcome: &Outcome,
        place: &[Value],
        faults: &mut Faults,
    ) -> Option<Refusal> {
        let inside = |name: &str| [place, &[json!(name)]].concat();
        match outcome {
            Outcome::Exists(record) => {
                let place = self.place(record);
                let message = format!(
                    "a record with this key is there already; change it at {place}, or send another key"
                );
                let key = record.key(self.schema());
                let input = key.as_ref().map(key_json);
                faults.add_one(&inside(self.key_name()), "already_exists", &message, input);
                Some(EXISTS)
            }
            Outcome::Taken { field } => {
                let name = self.schema().fields.get(*field).map_or("", |field| &field.name);
                let message =
                    "another record has this value, which must be unique; send another one";
                faults.add_one(&inside(name), "not_unique", message, None);
                Some(NOT_UNIQUE)
            }
            Outcome::Invalid(found) => {
                faults.add(place, found);
                Some(NOT_VALID)
            }
            _ => None,
        }
    }

    /// The path of a record that is there.
    fn place(&self, record: &Record) -> String {
        record.key(self.schema()).map(|key| self.location(&key)).unwrap_or_default()
    }

    pub fn missing(&self, key: Option<&Key>) -> Problem {
        let name = self.key_name();
        let detail = match key {
            Some(key) => {
                let key = key_json(key);
                format!(
                    "There is no record whose `{name}` is {key}; {} lists those that are.",
                    self.base
                )
            }
            None => format!("There is no such record; {} lists those that are.", self.base),
        };
        Problem::new(404, detail).of_kind("urn:headwater:problem:not-found", "No such record")
    }

    fn precondition_failed(&self, record: Option<&Record>) -> Problem {
        let kind = ("urn:headwater:problem:precondition-failed", "Precondition failed");
        match record {
            Some(record) => {
                let tag = ETag::of(self.schema(), record).to_string();
                let detail = "The record is not as the condition wants it; read it again, and send the `ETag` of \
                              that answer.";
                Problem::new(412, detail).of_kind(kind.0, kind.1).with_header("etag", tag)
            }
            None => Problem::new(412, "The condition wants a record, and there is none.")
                .of_kind(kind.0, kind.1),
        }
    }
}

fn versioned(response: Response, version: Version) -> Response {
    response.with_header("headwater-version", version.to_string())
}

pub fn key_json(key: &Key) -> Value {
    match key {
        Key::Integer(number) => json!(number),
        Key::Text(text) => json!(text),
        Key::Uuid(_) => json!(key.to_string()),
    }
}
