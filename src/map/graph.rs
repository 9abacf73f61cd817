//! What there is in a stack: its services, resources and what lies between them, in a stable order.

use crate::core::kind::About;
use crate::core::options::{Options, Setting};
use crate::map::join::{self, Ends};
use crate::resource::{CacheConfig, ResourceConfig, StoreConfig};
use crate::stack::Stack;
use crate::stack::model::{Answer, Body, Flow, Server, Service, View};
use serde::{Deserialize, Serialize};

/// Nodes and what joins them. The same stack gives the same graph, in the same order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Graph {
    pub stack: String,
    pub nodes: Vec<Node>,
    pub edges: Vec<Edge>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// A service's name, or `resource:users`, `cache:users`, `store:users`, `file:…`, `stream:…`, `address:…`.
    pub id: String,
    pub name: String,
    pub kind: Kind,
    /// What stands inside: source, steps and sink; routes; the store's place.
    pub parts: Vec<NodePart>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Flow,
    Server,
    View,
    Gate,
    Resource,
    Cache,
    Store,
    /// A file or a directory.
    File,
    /// A server that is not of this stack.
    Address,
}

impl Kind {
    pub fn word(self) -> &'static str {
        match self {
            Self::Flow => "flow",
            Self::Server => "server",
            Self::View => "view",
            Self::Gate => "gate",
            Self::Resource => "resource",
            Self::Cache => "cache",
            Self::Store => "store",
            Self::File => "file",
            Self::Address => "address",
        }
    }

    /// It runs in a process of the stack, so it has a state of its own.
    pub fn is_service(self) -> bool {
        matches!(self, Self::Flow | Self::Server | Self::View | Self::Gate)
    }

    /// Nothing of it is measured: it belongs to somebody else.
    pub fn is_outside(self) -> bool {
        matches!(self, Self::File | Self::Address)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodePart {
    /// `source`, `step`, `sink`, `route`, `panel`, `store`, `cache`.
    pub role: String,
    /// The component's kind, for example `http_poll`.
    pub kind: String,
    /// Its most telling option; may be empty.
    pub detail: String,
}

impl NodePart {
    pub(super) fn new(role: &str, kind: &str, detail: impl Into<String>) -> Self {
        Self { role: role.to_owned(), kind: kind.to_owned(), detail: detail.into() }
    }
}

/// Data goes from one node to the other; between a service, a resource, its cache and its store, calls do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    pub from: usize,
    pub to: usize,
    pub rate: Rate,
}

/// Whose numbers an edge shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rate {
    /// What the node at the end takes in.
    Taken,
    /// What the node at the beginning gives.
    Given,
    /// Nobody counts it.
    Unknown,
}

impl Graph {
    pub fn of(stack: &Stack) -> Self {
        let mut nodes: Vec<Node> = stack.services.iter().map(service).collect();
        for resource in &stack.resources {
            nodes.extend(resource_nodes(resource));
        }
        let mut graph = Self { stack: stack.name.clone(), nodes, edges: Vec::new() };
        let ends = Ends::of(stack);
        for at in &stack.services {
            join::join(at, &ends, &mut graph);
        }
        for resource in &stack.resources {
            graph.chain(resource);
        }
        graph
    }

    pub fn position(&self, id: &str) -> Option<usize> {
        self.nodes.iter().position(|node| node.id == id)
    }

    /// The node of that id; something outside is added when it is named for the first time.
    pub(super) fn outside(&mut self, kind: Kind, prefix: &str, name: &str) -> usize {
        let id = format!("{prefix}:{name}");
        self.position(&id).unwrap_or_else(|| {
            self.nodes.push(Node { id, name: name.to_owned(), kind, parts: Vec::new() });
            self.nodes.len() - 1
        })
    }

    pub(super) fn connect(&mut self, from: usize, to: usize, rate: Rate) {
        let is_there = self.edges.iter().any(|edge| edge.from == from && edge.to == to);
        if !is_there && from != to {
            self.edges.push(Edge { from, to, rate });
        }
    }

    /// Resource, cache, store.
    fn chain(&mut self, resource: &ResourceConfig) {
        let name = &resource.schema.name;
        let at = |prefix: &str| self.position(&format!("{prefix}:{name}"));
        let links = [at("resource"), at("cache"), at("store")];
        let links: Vec<usize> = links.into_iter().flatten().collect();
        for pair in links.windows(2) {
            if let [from, to] = *pair {
                self.connect(from, to, Rate::Taken);
            }
        }
    }
}

fn service(service: &Service) -> Node {
    let (kind, parts) = match &service.body {
        Body::Flow(flow) => (Kind::Flow, flow_parts(flow)),
        Body::Server(server) => (Kind::Server, server_parts(server)),
        Body::View(view) => (Kind::View, view_parts(view)),
        Body::Gate(gate) => (Kind::Gate, vec![NodePart::new("gate", "to", gate.to())]),
    };
    Node { id: service.name.clone(), name: service.name.clone(), kind, parts }
}

fn flow_parts(flow: &Flow) -> Vec<NodePart> {
    let mut parts = vec![part("source", &flow.source.kind.about, &flow.source.options)];
    parts.extend(flow.then.iter().map(|then| part("then", &then.kind.about, &then.options)));
    parts.extend(flow.steps.iter().map(|step| part("step", &step.kind.about, &step.options)));
    parts.push(part("sink", &flow.sink.kind.about, &flow.sink.options));
    parts
}

fn part(role: &str, about: &About, options: &Options) -> NodePart {
    NodePart::new(role, about.name, main_option(about, options))
}

/// The option that a bare text stands for; of a URL, what may be shown.
fn main_option(about: &About, options: &Options) -> String {
    let named = about.main.or_else(|| options.get("path").map(|_| "path"));
    match named.and_then(|name| options.get(name)) {
        Some(Setting::Text(text)) if text.contains("://") => join::without_secrets(text),
        Some(Setting::Text(text)) => text.clone(),
        _ => String::new(),
    }
}

fn server_parts(server: &Server) -> Vec<NodePart> {
    let of = |route: &crate::stack::model::Route| match &route.answer {
        Answer::Generate { .. } => NodePart::new("route", "generate", route.path.clone()),
        Answer::Resource(exposed) => {
            let detail = format!("{} of {}", route.path, exposed.resource);
            NodePart::new("route", "resource", detail)
        }
    };
    server.routes.iter().map(of).collect()
}

fn view_parts(view: &View) -> Vec<NodePart> {
    let of = |panel: &crate::stack::model::Part<crate::core::kind::PanelKind>| {
        part("panel", &panel.kind.about, &panel.options)
    };
    view.panels.iter().map(of).collect()
}

fn resource_nodes(resource: &ResourceConfig) -> Vec<Node> {
    let name = &resource.schema.name;
    let node = |prefix: &str, kind: Kind, parts: Vec<NodePart>| Node {
        id: format!("{prefix}:{name}"),
        name: if kind == Kind::Resource { name.clone() } else { format!("{name} {prefix}") },
        kind,
        parts,
    };
    let key = NodePart::new("key", &resource.schema.key_field().name, "");
    let mut nodes = vec![node("resource", Kind::Resource, vec![key])];
    if let Some(cache) = &resource.cache {
        nodes.push(node("cache", Kind::Cache, cache_parts(cache)));
    }
    nodes.push(node("store", Kind::Store, vec![store_part(&resource.store)]));
    nodes
}

fn cache_parts(cache: &CacheConfig) -> Vec<NodePart> {
    let mut parts = vec![NodePart::new("cache", "memory", "")];
    if let Some(redis) = &cache.redis {
        parts.push(NodePart::new("cache", "redis", join::host_of(&redis.0)));
    }
    parts
}

fn store_part(store: &StoreConfig) -> NodePart {
    match store {
        StoreConfig::Memory => NodePart::new("store", "memory", ""),
        StoreConfig::Sqlite(path) => NodePart::new("store", "sqlite", path.display().to_string()),
        StoreConfig::Postgres(url) => NodePart::new("store", "postgres", join::host_of(&url.0)),
    }
}
