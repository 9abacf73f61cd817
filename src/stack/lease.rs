//! `leases:` at stack level: where the processes that could run a flow that must run once agree on one, and where its
//! checkpoint is kept for the next. Without it, the server of `via` is that place.

use crate::core::kind::{Replay, SourceKind};
use crate::core::lease::LeasePlace;
use crate::core::options::{Opt, Shape};
use crate::stack::diagnostic::Diagnostic;
use crate::stack::model::{Body, Flow, Part, Service};
use crate::stack::node::{Key, Node};
use crate::stack::options::{self, Owner};
use crate::stack::scale;

/// What stands below `leases:`.
pub(super) const OPTIONS: &[Opt] = &[
    Opt::required(
        "at",
        Shape::Text,
        "A NATS server, a PostgreSQL database, or a directory that all machines share.",
    ),
    Opt::optional(
        "replicas",
        Shape::Whole(1, 5),
        "Of NATS: servers of the cluster that hold the leases; else 1.",
    ),
];

/// Sinks that a process which was paused can do no harm to: they know what they have, or take what comes twice. Into a
/// file it could write while another goes on with it.
const ELECTED: &[&str] = &["nats", "postgres", "http", "mqtt", "drop"];

/// Is this a source of which the stack has one? What comes by itself, or belongs to the process, is taken in
/// everywhere.
pub fn runs_once(source: &Part<SourceKind>) -> bool {
    source.kind.replay != Replay::Journal && source.kind.about.name != "stdin"
}

pub(super) fn read(
    (key, node): &(Key, Node),
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<LeasePlace> {
    let owner = Owner { name: "leases", table: OPTIONS, main: Some("at"), span: key.span.clone() };
    let before = diagnostics.len();
    let options = options::read(&owner, node, diagnostics);
    if diagnostics.len() > before {
        return None;
    }
    let text = options.text("at");
    let begins = |schemes: &[&str]| schemes.iter().any(|scheme| text.starts_with(scheme));
    if begins(&["nats://", "tls://"]) {
        let replicas = options.whole_if("replicas").unwrap_or(1);
        return Some(LeasePlace::Nats { url: text.to_owned(), replicas });
    }
    if let Some(replicas) = node.value("replicas") {
        let message = "only leases in NATS have `replicas`";
        let help = "a database or a directory has copies by its own means: take it away";
        diagnostics.push(Diagnostic::new(replicas.span.clone(), message).help(help));
        return None;
    }
    if begins(&["postgres://", "postgresql://"]) {
        return Some(LeasePlace::Postgres(text.to_owned()));
    }
    if !text.is_empty() && !text.contains("://") {
        return Some(LeasePlace::Directory(text.into()));
    }
    let message = "`leases` is the address of a NATS server or a database, or a directory";
    let place = node.value("at").unwrap_or(node);
    diagnostics.push(Diagnostic::new(place.span.clone(), message).help(
        "write `leases: nats://HOST:4222`, `leases: postgres://USER:PASSWORD@HOST/DATABASE`, or a directory that \
         all machines share",
    ));
    None
}

/// Flows that are whole and must run once are elected only where the file says where.
pub(super) fn elect(services: &mut [Service], place: Option<&LeasePlace>) {
    for service in services {
        if let Body::Flow(flow) = &mut service.body
            && flow.elects.is_none()
            && must_run_once(flow)
        {
            flow.elects = place.cloned();
        }
    }
}

fn must_run_once(flow: &Flow) -> bool {
    runs_once(&flow.source)
        && flow.record.is_none()
        && ELECTED.contains(&flow.sink.kind.about.name)
        && scale::why_not(flow).is_some()
}
