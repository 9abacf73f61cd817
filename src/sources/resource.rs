//! `resource`: what happens to a resource of the stack.

use crate::core::context::Context;
use crate::core::fault::Fault;
use crate::core::kind::{About, BuiltSource, Replay, SourceKind};
use crate::core::options::{Opt, Options, Shape};
use crate::core::position::Checkpoint;
use crate::core::resources::{Follow, From, Resources};
use crate::core::source::{Read, Source};
use crate::core::wait::Wait;
use std::sync::Arc;

pub(super) static KIND: SourceKind = SourceKind {
    about: About {
        name: "resource",
        summary: "Follows the changes of a resource of this stack.",
        details: "\
Each change is a record such as `{\"change\":\"created\",\"key\":7,\"record\":{\"id\":7,\"name\":\"Ada\"},\
\"time\":\"2026-11-21T09:30:00.000Z\"}`. `change` is `created`, `updated`, or `deleted`, \
which has `null` for the record. A record that is read because it is there is `present`, and has `null` for \
the time. The step `map: .record` leaves the bare records.

A store keeps its newest 100 000 changes. A flow that was away for longer reads the whole resource anew, \
and says so in the log: it misses no record that is there, but is not told which were deleted meanwhile.",
        options: &[
            Opt::required("name", Shape::Text, "The resource, as it stands below `resources:`."),
            Opt::with_default(
                "from",
                Shape::Choice(&["start", "now"]),
                "start",
                "Whether a flow without a checkpoint begins with all records that are there, or with the \
                 next change.",
            ),
        ],
        main: Some("name"),
        example: "resource: { name: users, from: now }",
    },
    replay: Replay::Again,
    build,
};

#[expect(clippy::unnecessary_wraps, reason = "every kind is built this way")]
fn build(options: &Options, context: &Context) -> Result<BuiltSource, Fault> {
    let from = if options.text("from") == "now" { From::Now } else { From::Start };
    Ok(BuiltSource::Read(Box::new(Resource {
        resources: Arc::clone(&context.resources),
        follow: Follow {
            resource: options.text("name").to_owned(),
            from,
            batch_bytes: context.batch_bytes(),
        },
        changes: None,
    })))
}

struct Resource {
    resources: Arc<dyn Resources>,
    follow: Follow,
    /// Open from the first call of `resume` on.
    changes: Option<Box<dyn Source>>,
}

impl Source for Resource {
    fn resume(&mut self, from: &Checkpoint) -> Result<(), Fault> {
        let mut changes = self.resources.changes(&self.follow)?;
        changes.resume(from)?;
        self.changes = Some(changes);
        Ok(())
    }

    fn read(&mut self, wait: &Wait) -> Result<Read, Fault> {
        match &mut self.changes {
            Some(changes) => changes.read(wait),
            None => Ok(Read::Idle),
        }
    }
}
