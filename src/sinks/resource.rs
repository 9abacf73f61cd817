//! `resource`: takes records into a resource of the stack.

use crate::core::batch::Batch;
use crate::core::context::Context;
use crate::core::fault::Fault;
use crate::core::kind::{About, Repeat, SinkKind, writes_nothing};
use crate::core::limits::COMMIT_BYTES;
use crate::core::options::{Opt, Options, Shape};
use crate::core::position::Checkpoint;
use crate::core::record::Rejected;
use crate::core::resources::{Fill, OnConflict, Resources};
use crate::core::sink::{Recovered, Sink};
use std::sync::Arc;

pub(super) static KIND: SinkKind = SinkKind {
    about: About {
        name: "resource",
        summary: "Writes each record into a resource of this stack, by its key.",
        details: "\
A record is an object with the resource's fields. One that is not valid becomes a dead letter that names \
everything wrong with it; its neighbours are written. A record whose key is there replaces it, is ignored \
or is rejected, as `on_conflict` says; the same record again is never rejected.

Records are durable in the store before the checkpoint passes them. What was written and not yet in a \
checkpoint is written again after a crash, which changes nothing where records bring their key. With a key \
that the resource generates, such a record comes twice.",
        options: &[
            Opt::required("name", Shape::Text, "The resource, as it stands below `resources:`."),
            Opt::with_default(
                "on_conflict",
                Shape::Choice(&["replace", "ignore", "reject"]),
                "replace",
                "What becomes of a record whose key is there.",
            ),
        ],
        main: Some("name"),
        example: "resource: { name: users, on_conflict: replace }",
    },
    repeat: Repeat::Possible,
    writes: writes_nothing,
    commit_bytes: COMMIT_BYTES,
    build,
};

#[expect(clippy::unnecessary_wraps, reason = "every kind is built this way")]
fn build(options: &Options, context: &Context) -> Result<Box<dyn Sink>, Fault> {
    let on_conflict = match options.text("on_conflict") {
        "ignore" => OnConflict::Ignore,
        "reject" => OnConflict::Reject,
        _ => OnConflict::Replace,
    };
    Ok(Box::new(Resource {
        resources: Arc::clone(&context.resources),
        fill: Fill { resource: options.text("name").to_owned(), on_conflict },
        records: None,
    }))
}

struct Resource {
    resources: Arc<dyn Resources>,
    fill: Fill,
    /// Open from the call of `recover` on.
    records: Option<Box<dyn Sink>>,
}

impl Resource {
    fn records(&mut self) -> Result<&mut Box<dyn Sink>, Fault> {
        if self.records.is_none() {
            self.records = Some(self.resources.records(&self.fill)?);
        }
        self.records.as_mut().ok_or_else(|| Fault::retry("the resource is not open"))
    }
}

impl Sink for Resource {
    fn recover(&mut self, kept: &Checkpoint) -> Result<Recovered, Fault> {
        self.records()?.recover(kept)
    }

    fn write(&mut self, batch: &Batch) -> Result<Vec<Rejected>, Fault> {
        self.records()?.write(batch)
    }

    fn commit(&mut self) -> Result<Option<serde_json::Value>, Fault> {
        self.records()?.commit()
    }

    fn rollback(&mut self) -> Result<(), Fault> {
        self.records()?.rollback()
    }
}
