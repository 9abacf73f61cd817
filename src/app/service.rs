//! One service that runs: a flow, a server with its routes, a view or a gate.

use crate::app::gating;
use crate::app::resources::Resources;
use crate::app::serving::{STOP, Serving, token};
use crate::charts::file_safe;
use crate::clients::leases;
use crate::core::context::Context;
use crate::core::fault::Fault;
use crate::core::kind::{BuiltSource, Replay};
use crate::core::limits::DEAD_LETTER_BYTES;
use crate::core::options::{Options as ComponentOptions, Setting};
use crate::core::time::timed::CacheCounts;
use crate::engine::flow::Parts;
use crate::engine::{
    Elect, Flow, FlowMeter, HandOver, Outline, Recorder, Recording, RunningFlow, State,
};
use crate::gate::RunningGate;
use crate::stack::lease;
use crate::stack::model::{self, Body, Origin, Service};
use crate::views::{self, FindCache, FindFlow, RunningView, View};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

#[derive(Debug)]
pub(super) enum Running {
    Flow(RunningFlow),
    Server(Serving),
    View(RunningView),
    Gate(Box<RunningGate>),
}

/// How long the start of a stack waits for a flow that listens, so that its address can be told.
const LISTENING: Duration = Duration::from_secs(1);

/// Finds the flows of a name as they run now: all replicas of it.
pub(super) type FindFlows = Arc<dyn Fn(&str) -> Vec<Arc<FlowMeter>> + Send + Sync>;

/// What the cache of a resource counted, here and in the other processes of the stack.
pub(super) type FindCaches = Arc<dyn Fn(&str) -> Option<CacheCounts> + Send + Sync>;

/// Finds where the replicas of a service listen in this process.
pub(super) type FindAddresses = Arc<dyn Fn(&str) -> Vec<SocketAddr> + Send + Sync>;

/// What services ask of the stack around them.
pub(super) struct Around {
    pub resources: Resources,
    pub flows: FindFlows,
    pub caches: FindCaches,
    pub addresses: FindAddresses,
}

/// What is called when a flow ends.
pub(super) type OnEnd = Arc<dyn Fn() + Send + Sync>;

pub(super) fn start(
    service: &Service,
    context: Context,
    around: &Around,
    on_end: OnEnd,
) -> Result<Running, Fault> {
    match &service.body {
        Body::Flow(flow) => Ok(Running::Flow(start_flow(flow.clone(), context, on_end)?)),
        Body::Server(server) => {
            Ok(Running::Server(Serving::start(server, &context, &around.resources)?))
        }
        Body::View(view) => Ok(Running::View(start_view(view, &context, around)?)),
        Body::Gate(gate) => {
            Ok(Running::Gate(Box::new(gating::start(gate, &context, &around.addresses)?)))
        }
    }
}

fn start_flow(flow: model::Flow, context: Context, on_end: OnEnd) -> Result<RunningFlow, Fault> {
    let takes_in = !lease::runs_once(&flow.source);
    let context = Context { commit_bytes: flow.sink.kind.commit_bytes, takes_in, ..context };
    let listens = flow.source.options.get("listen").is_some();
    let outline = Outline {
        source: flow.source.kind.about.name.to_owned(),
        steps: flow.steps.iter().map(|step| step.kind.about.name.to_owned()).collect(),
        sink: flow.sink.kind.about.name.to_owned(),
        comes_again: flow.sources().all(|source| source.kind.replay != Replay::Gone),
        letter_bytes: DEAD_LETTER_BYTES,
    };
    let elects = flow.elects.clone();
    let recording = flow.record.as_ref().map(|options| Recording {
        path: options.path("path"),
        keep: options.keep_if("keep"),
        rotate_bytes: options.whole("rotate_size"),
    });
    let build = move |context: &Context| {
        let steps: Result<Vec<_>, Fault> =
            flow.steps.iter().map(|step| (step.kind.build)(&step.options)).collect();
        Ok(Parts {
            source: source_of(&flow, context)?,
            steps: steps?,
            sink: Box::new(Recorder::new(
                (flow.sink.kind.build)(&flow.sink.options, context)?,
                recording.as_ref(),
                &context.disk,
            )),
        })
    };
    let elect = elects
        .map(|place| -> Elect { Box::new(move |context: &Context| leases::open(&place, context)) });
    let running = Flow { context, outline, build: Box::new(build), on_end, elect }.start()?;
    if listens {
        running.wait_until_open(LISTENING);
        if let State::Failed(reason) = running.meter.state() {
            return Err(Fault::stop(reason));
        }
    }
    Ok(running)
}

/// The flow's source, with the one that goes on behind it.
fn source_of(flow: &model::Flow, context: &Context) -> Result<BuiltSource, Fault> {
    let first = (flow.source.kind.build)(&flow.source.options, context)?;
    let Some(then) = &flow.then else { return Ok(first) };
    match (first, (then.kind.build)(&then.options, context)?) {
        (BuiltSource::Read(first), BuiltSource::Read(then)) => {
            Ok(BuiltSource::Read(Box::new(HandOver::new(first, then))))
        }
        _ => Err(Fault::stop("a source that takes records in has nothing behind it")),
    }
}

fn start_view(
    view: &model::View,
    context: &Context,
    around: &Around,
) -> Result<RunningView, Fault> {
    let (records, from) = match &view.from {
        Origin::Api { url, resource, headers } => {
            let schema = resource.as_deref().and_then(|name| around.resources.schema(name));
            let records = resource.clone().unwrap_or_else(|| views::records_of(url));
            let from = views::Origin::Api {
                url: url.clone(),
                headers: headers.clone(),
                key_field: schema.map(|schema| schema.key_field().name.clone()),
            };
            (records, from)
        }
        Origin::Flow(name) => {
            let (flows, wanted) = (Arc::clone(&around.flows), name.clone());
            let find: FindFlow = Arc::new(move || flows(&wanted));
            ("records".to_owned(), views::Origin::Flow { name: name.clone(), find })
        }
        Origin::Cache(name) => {
            let (caches, wanted) = (Arc::clone(&around.caches), name.clone());
            let find: FindCache = Arc::new(move || caches(&wanted));
            ("seconds".to_owned(), views::Origin::Cache { name: name.clone(), find })
        }
        Origin::Results(directory) => {
            ("datasets".to_owned(), views::Origin::Results(directory.into()))
        }
    };
    let panels = view.panels.iter().map(|panel| {
        let built = (panel.kind.build)(&panel.options);
        (address_of(panel.kind.about.name, &panel.options), built)
    });
    let view = View {
        listen: view.listen,
        title: view.title.clone(),
        records,
        from,
        panels: panels.collect(),
        embed: view.embed.clone(),
        token: view.auth.as_ref().map(token).transpose()?.map(|secret| secret.0),
    };
    view.start(context)
}

/// What a panel is called in addresses: `histogram-age`.
fn address_of(kind: &str, options: &ComponentOptions) -> String {
    let several = || options.names("fields").first().map(String::as_str);
    let field = options.text_if("field").or_else(several);
    match field.filter(|_| kind != "table") {
        Some(field) => format!("{kind}-{}", file_safe(&field.replace(' ', "-"))),
        None => kind.to_owned(),
    }
}

impl Running {
    /// Asks it to take in nothing more.
    pub(super) fn stop(&self) {
        match self {
            Self::Flow(flow) => flow.stop(),
            Self::View(view) => view.stop(),
            Self::Server(_) | Self::Gate(_) => {}
        }
    }

    /// Waits until it has stopped.
    pub(super) fn join(self) {
        match self {
            Self::Flow(flow) => flow.join(),
            Self::Server(serving) => serving.stop(),
            Self::View(view) => view.join(),
            Self::Gate(gate) => gate.stop_and_wait(STOP),
        }
    }

    /// The address of its listener, as others in this process reach it.
    pub(super) fn socket(&self) -> Option<SocketAddr> {
        let mut address = match self {
            Self::Flow(flow) => {
                let url = flow.addresses().into_iter().next()?;
                url.strip_prefix("http://")?.split('/').next()?.parse().ok()?
            }
            Self::Server(serving) => serving.server.address(),
            Self::View(view) => view.address(),
            Self::Gate(gate) => gate.address(),
        };
        if address.ip().is_unspecified() {
            address.set_ip(match address.ip() {
                IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            });
        }
        Some(address)
    }

    /// Where it can be reached.
    pub(super) fn addresses(&self) -> Vec<String> {
        match self {
            Self::Flow(flow) => flow.addresses(),
            Self::Server(serving) => {
                let address = serving.server.address();
                serving.paths().map(|path| format!("http://{address}{path}")).collect()
            }
            Self::View(view) => vec![format!("http://{}/", view.address())],
            Self::Gate(gate) => vec![format!("http://{}/", gate.address())],
        }
    }
}

/// Which port a service really asks for, after `--port SERVICE=N`.
pub(super) fn with_port(service: &mut Service, port: u16) -> Result<(), String> {
    match &mut service.body {
        Body::Server(server) => server.listen.port = port,
        Body::View(view) => view.listen.port = port,
        Body::Gate(gate) => gate.listen.port = port,
        Body::Flow(flow) if flow.source.options.get("listen").is_some() => {
            flow.source.options.set("listen", Setting::Text(port.to_string()));
        }
        Body::Flow(_) => return Err(format!("the service `{}` listens on no port", service.name)),
    }
    Ok(())
}
