//! Finds what joins the services of a stack: addresses, files and resources that one writes and another reads.

use crate::core::kind::SourceKind;
use crate::core::listen::Listen;
use crate::core::options::Options;
use crate::map::graph::{Graph, Kind, Rate};
use crate::map::streams::{self, Streams};
use crate::stack::Stack;
use crate::stack::model::{Body, Flow, Origin, Part, Route, Service};

/// Where services of a stack can be reached.
pub(super) struct Ends {
    listening: Vec<(String, u16)>,
    streams: Streams,
}

impl Ends {
    pub(super) fn of(stack: &Stack) -> Self {
        let listening = stack
            .services
            .iter()
            .filter_map(|service| Some((service.name.clone(), port(service)?)));
        Self { listening: listening.collect(), streams: Streams::of(stack) }
    }

    /// The service that a URL leads to: by this machine's name and a port, or by the service's own name.
    fn service(&self, url: &str) -> Option<&str> {
        let (host, port) = host_and_port(url)?;
        let is_here = matches!(host, "localhost" | "127.0.0.1" | "[::1]" | "0.0.0.0");
        let found = self.listening.iter().find(|(name, listens)| {
            name == host || tail_of(host) == Some(name) || (is_here && *listens == port)
        });
        found.map(|(name, _)| name.as_str())
    }
}

/// `tasks.api`, as a swarm names the replicas of `api`.
fn tail_of(host: &str) -> Option<&str> {
    host.strip_prefix("tasks.")
}

fn port(service: &Service) -> Option<u16> {
    match &service.body {
        Body::Server(server) => Some(server.listen.port),
        Body::View(view) => Some(view.listen.port),
        Body::Gate(gate) => Some(gate.listen.port),
        Body::Flow(flow) => {
            flow.source.options.get("listen")?;
            Listen::parse(flow.source.options.text("listen")).ok().map(|listen| listen.port)
        }
    }
}

/// Adds everything that a service reads from and writes to.
pub(super) fn join(service: &Service, ends: &Ends, graph: &mut Graph) {
    let Some(at) = graph.position(&service.name) else { return };
    match &service.body {
        Body::Flow(flow) => {
            for source in flow.sources() {
                join_source(source, at, ends, graph);
            }
            join_sink(flow, at, ends, graph);
        }
        Body::Server(server) => {
            for exposed in server.routes.iter().filter_map(Route::exposed) {
                join_resource(&exposed.resource, at, graph);
            }
        }
        Body::Gate(gate) => {
            if let Some(behind) = graph.position(gate.to()) {
                graph.connect(behind, at, Rate::Taken);
            }
        }
        Body::View(view) => {
            let (from, rate) = match &view.from {
                Origin::Api { url, .. } => (Some(address(url, ends, graph)), Rate::Unknown),
                Origin::Flow(name) => (graph.position(name), Rate::Given),
                Origin::Cache(name) => (cache(name, graph), Rate::Unknown),
                Origin::Results(path) => {
                    (Some(graph.outside(Kind::File, "file", &normal(path))), Rate::Unknown)
                }
            };
            if let Some(from) = from {
                graph.connect(from, at, rate);
            }
        }
    }
}

fn join_source(source: &Part<SourceKind>, at: usize, ends: &Ends, graph: &mut Graph) {
    if let Some(streams) = ends.streams.taken(source) {
        for stream in streams {
            let from = graph.outside(Kind::Address, "address", &stream);
            graph.connect(from, at, Rate::Taken);
        }
        return;
    }
    let options = &source.options;
    match source.kind.about.name {
        "resource" => {
            let from = options.text_if("name").and_then(|name| resource(name, graph));
            if let Some(from) = from {
                graph.connect(from, at, Rate::Taken);
            }
        }
        _ => {
            if let Some(from) = place(options, ends, graph) {
                graph.connect(from, at, Rate::Taken);
            }
        }
    }
}

fn join_sink(flow: &Flow, at: usize, ends: &Ends, graph: &mut Graph) {
    if let Some(stream) = streams::given(flow) {
        let to = graph.outside(Kind::Address, "address", &stream);
        graph.connect(at, to, Rate::Given);
        return;
    }
    let options = &flow.sink.options;
    if flow.sink.kind.about.name == "resource" {
        let to = options.text_if("name").and_then(|name| resource(name, graph));
        if let Some(to) = to {
            graph.connect(at, to, Rate::Given);
        }
    } else if let Some(to) = place(options, ends, graph) {
        graph.connect(at, to, Rate::Given);
    }
}

/// What a component without a resource reads or writes: a stream, a URL, a file, a directory.
fn place(options: &Options, ends: &Ends, graph: &mut Graph) -> Option<usize> {
    if options.get("listen").is_some() {
        return None;
    }
    if let Some(stream) = options.text_if("stream") {
        // Whichever server of a cluster a flow is told, the stream is the same.
        return Some(graph.outside(Kind::Address, "stream", stream));
    }
    if options.get("url").is_some() {
        return Some(address(options.text("url"), ends, graph));
    }
    options.get("path")?;
    let path = normal(options.text("path"));
    Some(graph.outside(Kind::File, "file", &path))
}

fn address(url: &str, ends: &Ends, graph: &mut Graph) -> usize {
    if let Some(at) = ends.service(url).and_then(|name| graph.position(name)) {
        return at;
    }
    graph.outside(Kind::Address, "address", &host_of(url))
}

fn join_resource(name: &str, at: usize, graph: &mut Graph) {
    if let Some(to) = resource(name, graph) {
        graph.connect(at, to, Rate::Given);
    }
}

fn resource(name: &str, graph: &Graph) -> Option<usize> {
    graph.position(&format!("resource:{name}"))
}

/// A resource whose cache is switched off stands for itself.
fn cache(name: &str, graph: &Graph) -> Option<usize> {
    graph.position(&format!("cache:{name}")).or_else(|| resource(name, graph))
}

/// `./data//x` and `data/old/../x` are one file.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        if part == ".." && parts.last().is_some_and(|last| *last != "..") {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    let root = if path.starts_with('/') { "/" } else { "" };
    format!("{root}{}", parts.join("/"))
}

/// Host and port of a URL, and nothing else of it: neither who asks nor with which word.
pub(super) fn host_of(url: &str) -> String {
    authority(url).to_owned()
}

/// A URL without its user, its password and its query; of a list of servers, each.
pub(super) fn without_secrets(url: &str) -> String {
    if ["nats://", "tls://"].iter().any(|scheme| url.starts_with(scheme)) {
        return url.split(',').map(|url| without_login(url.trim())).collect::<Vec<_>>().join(",");
    }
    without_login(url)
}

fn without_login(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let end = rest.find('/').unwrap_or(rest.len());
            let (authority, path) = rest.split_at(end);
            let host = authority.rsplit('@').next().unwrap_or_default();
            format!("{scheme}://{host}{path}")
        }
        None => url.rsplit('@').next().unwrap_or_default().to_owned(),
    }
}

fn authority(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default()
}

fn host_and_port(url: &str) -> Option<(&str, u16)> {
    let authority = authority(url);
    let is_safe = url.starts_with("https:");
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => Some((host, port.parse().ok()?)),
        _ => Some((authority, if is_safe { 443 } else { 80 })),
    }
}
