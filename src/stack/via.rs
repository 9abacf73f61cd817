//! `via: nats://…` at stack level: a durable stream between what a flow reads and what is done with it. The flow F
//! becomes F-in, which fills the stream, and F-out, whose workers divide what it holds.

use crate::catalog::Catalog;
use crate::core::kind::{About, SinkKind, SourceKind};
use crate::core::lease::LeasePlace;
use crate::core::options::{Opt, Shape};
use crate::stack::component::component;
use crate::stack::diagnostic::Diagnostic;
use crate::stack::lease;
use crate::stack::model::{Alert, Body, Flow, Origin, Part, Service};
use crate::stack::node::{self, Key, Node};
use crate::stack::options::{Owner, read};
use serde_json::{Value, json};

/// What a stream may hold before it takes no more, and the source waits.
const STREAM_BYTES: &str = "1GiB";

/// Sources and sinks that live of the borders of datasets, which a stream does not keep, or that are on a stream.
const STAYS: &[&str] = &["nats", "datasets", "dataset", "report"];

/// What stands below `via:`.
pub(super) const OPTIONS: &[Opt] = &[
    Opt::required(
        "url",
        Shape::Text,
        "The NATS server, or several of a cluster with commas between them.",
    ),
    Opt::with_default(
        "replicas",
        Shape::Whole(1, 5),
        "1",
        "Servers of the cluster that hold each message, and the leases.",
    ),
];

/// Where the streams are, for the flows of one stack.
#[derive(Debug, Clone)]
pub(super) struct Via<'a> {
    url: String,
    replicas: u64,
    /// Where the first halves of all processes agree on one.
    leases: Option<LeasePlace>,
    stack: &'a str,
    catalog: &'a Catalog,
}

impl<'a> Via<'a> {
    pub(super) fn read(
        (key, node): &(Key, Node),
        stack: &'a str,
        catalog: &'a Catalog,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        let owner =
            Owner { name: "via", table: OPTIONS, main: Some("url"), span: key.span.clone() };
        let before = diagnostics.len();
        let options = read(&owner, node, diagnostics);
        if diagnostics.len() > before {
            return None;
        }
        let (url, replicas) = (options.text("url").to_owned(), options.whole("replicas"));
        let is_address = url.starts_with("nats://") || url.starts_with("tls://");
        let leases = Some(LeasePlace::Nats { url: url.clone(), replicas });
        let via = Self { url, replicas, leases, stack, catalog };
        if !is_address || via.parts("x", true).is_none() {
            let message = "`via` is the address of a NATS server";
            diagnostics.push(
                Diagnostic::new(node.value("url").unwrap_or(node).span.clone(), message)
                    .help("write `via: nats://HOST:4222`, or take it away"),
            );
            return None;
        }
        Some(via)
    }

    /// With leases elsewhere than at the same server.
    #[must_use]
    pub(super) fn with_leases(self, place: Option<&LeasePlace>) -> Self {
        let leases = place.cloned().or(self.leases);
        Self { leases, ..self }
    }

    /// Both halves of a flow; `None` when it goes through no stream.
    pub(super) fn halves(&self, name: &str, flow: &Flow) -> Option<(Flow, Flow)> {
        let stays = |about: &About| STAYS.contains(&about.name);
        let gathers = flow.steps.iter().any(|step| step.kind.about.name == "summarise");
        if gathers || flow.ends().any(|(about, _)| stays(about)) {
            return None;
        }
        let is_one = lease::runs_once(&flow.source);
        let (sink, source) = self.parts(name, is_one)?;
        let elects = self.leases.clone().filter(|_| is_one);
        let fills =
            Flow { steps: Vec::new(), sink, scale: 1, record: None, elects, ..flow.clone() };
        Some((fills, Flow { source, then: None, elects: None, ..flow.clone() }))
    }

    /// The sink that fills the stream of a flow, and the source that empties it.
    fn parts(&self, name: &str, is_one: bool) -> Option<(Part<SinkKind>, Part<SourceKind>)> {
        let stack = self.stack;
        let stream = format!("{stack}_{name}");
        let subject = format!("{stack}.{name}");
        // A message goes when it is acknowledged, so that what the stream holds is what is still to be done.
        let claims = |more: Value| {
            let mut all = json!({
                "url": self.url, "stream": stream, "subject": subject, "subjects": [subject],
                "retention": "workqueue", "max_bytes": STREAM_BYTES, "discard": "new", "create": true,
                "replicas": self.replicas,
            });
            if let (Some(all), Some(more)) = (all.as_object_mut(), more.as_object()) {
                all.extend(more.clone());
            }
            json!({ "nats": all }).to_string()
        };
        let sink = claims(json!({ "sole_writer": is_one }));
        let source = claims(json!({ "shared": true, "consumer": name, "batch": 100 }));
        let mut wrong = Vec::new();
        let sink = node::parse(&sink).ok()?;
        let sink = component("sink", &sink, self.catalog.sinks, |kind| &kind.about, &mut wrong)?;
        let source = node::parse(&source).ok()?;
        let source =
            component("source", &source, self.catalog.sources, |kind| &kind.about, &mut wrong)?;
        wrong.is_empty().then_some((sink, source))
    }

    /// The services with both halves in the place of each flow; whatever names the flow names its second half.
    pub(super) fn split(&self, services: Vec<Service>, alerts: &mut [Alert]) -> Vec<Service> {
        let mut split = Vec::new();
        let mut all = Vec::new();
        for service in services {
            let halves = match &service.body {
                Body::Flow(flow) => self.halves(&service.name, flow),
                _ => None,
            };
            let Some((fills, empties)) = halves else {
                all.push(service);
                continue;
            };
            let half = |end: &str, flow| Service {
                name: format!("{}-{end}", service.name),
                needs: service.needs.clone(),
                body: Body::Flow(flow),
            };
            all.push(half("in", fills));
            all.push(half("out", empties));
            split.push(service.name);
        }
        let rename = |name: &mut String| {
            if split.contains(name) {
                name.push_str("-out");
            }
        };
        for service in &mut all {
            service.needs.iter_mut().for_each(rename);
            if let Body::View(view) = &mut service.body
                && let Origin::Flow(name) = &mut view.from
            {
                rename(name);
            }
        }
        for alert in alerts {
            rename(&mut alert.service);
        }
        all
    }
}
