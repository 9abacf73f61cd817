//! `POST /users/`, `PUT /users/7`, `DELETE /users/7`.

use super::entries::{Entries, Input, Place};
use super::form::{detail, not_found};
use super::parameters::{KeyIn, Parameters, Segment, key};
use super::shape::{Shape, trouble};
use crate::resource::{Action, Atomicity, FieldFault, Outcome, Write, Written};
use crate::server::{Problem, Reply, Request, Response, Slow};
use crate::wires::answers;
use crate::wires::lax::Mismatch;
use std::sync::Arc;

pub(super) struct Create {
    pub shape: Arc<Shape>,
}

pub(super) struct Update {
    pub shape: Arc<Shape>,
}

pub(super) struct Delete {
    pub shape: Arc<Shape>,
}

impl Slow for Create {
    fn answer(&self, mut request: Request) -> Reply<'_> {
        Box::pin(async move {
            let mut entries = Entries::default();
            let parameters = Parameters::of(&self.shape, &mut request).await?;
            match parameters.record(KeyIn::Parameters, &mut entries) {
                Some(record) => self.shape.write(Action::Insert(record)).await,
                None => Ok(entries.into_response()),
            }
        })
    }
}

impl Slow for Update {
    fn answer(&self, mut request: Request) -> Reply<'_> {
        Box::pin(async move {
            let mut entries = Entries::default();
            let key = match key(&self.shape, &request.segment, &mut entries) {
                Segment::Key(key) => Some(key),
                Segment::Wrong => None,
                Segment::NotOne => return Err(not_found()),
            };
            let parameters = Parameters::of(&self.shape, &mut request).await?;
            // The faults of the other parameters are told along with that of a wrong key.
            match parameters.record(KeyIn::Path(key), &mut entries) {
                Some(record) => self.shape.write(Action::Replace(record)).await,
                None => Ok(entries.into_response()),
            }
        })
    }
}

impl Slow for Delete {
    fn answer(&self, request: Request) -> Reply<'_> {
        Box::pin(async move {
            let mut entries = Entries::default();
            match key(&self.shape, &request.segment, &mut entries) {
                Segment::Key(key) => self.shape.write(Action::Delete(key)).await,
                Segment::Wrong => Ok(entries.into_response()),
                Segment::NotOne => Err(not_found()),
            }
        })
    }
}

impl Shape {
    async fn write(&self, action: Action) -> Result<Response, Problem> {
        let writes = vec![Write::from(action)];
        let work = self.served.resource.write(writes, Atomicity::Each);
        let written = answers::within(answers::WORK_DEADLINE, work).await;
        let written = written.map_err(|error| trouble(&error))?;
        let Some(Written { outcome, version, .. }) = written.into_iter().next() else {
            return Err(Problem::new(500, "The store answered nothing."));
        };
        let response = match outcome {
            Outcome::Created(_) => Response::json(200, self.created.clone()),
            Outcome::Exists(_) => Response::json(200, self.exists.clone()),
            Outcome::Updated { .. } => Response::json(200, self.updated.clone()),
            Outcome::Deleted => Response::json(200, self.deleted.clone()),
            Outcome::Missing => Response::json(404, self.missing.clone()),
            Outcome::Taken { field } => Response::json(409, detail(&self.taken(field))),
            Outcome::Invalid(faults) => return Ok(invalid(&faults)),
            Outcome::PreconditionFailed(_) | Outcome::IdempotencyMismatch | Outcome::NotDone => {
                return Err(Problem::new(500, "The store answered a condition."));
            }
        };
        Ok(response.with_header("headwater-version", version.to_string()))
    }

    fn taken(&self, field: usize) -> String {
        let name = self.schema().fields.get(field).map_or("", |field| field.name.as_str());
        format!("Another record has this {name}")
    }
}

/// What only the store could find wrong.
fn invalid(faults: &[FieldFault]) -> Response {
    let mut entries = Entries::default();
    for fault in faults {
        let input = fault.input.as_ref().map(serde_json::Value::to_string);
        let input = input.as_deref().map_or(Input::Nothing, Input::Json);
        entries.add(Place::Query, &fault.field, &Mismatch::of(&fault.kind), input);
    }
    entries.into_response()
}
