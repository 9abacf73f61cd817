//! Reads one service: a flow (source, steps, sink), a server (listen, routes), a view (listen, view)
//! or a gate (listen, gate).

use crate::catalog::Catalog;
use crate::core::options::{Opt, Shape};
use crate::stack::component::component;
use crate::stack::diagnostic::Diagnostic;
use crate::stack::gate::gate;
use crate::stack::guarantee::{self, Guarantee};
use crate::stack::model::{Body, Flow, Service};
use crate::stack::node::{Key, Node, Yaml};
use crate::stack::options::{self, Owner, is_misspelt, unknown_key};
use crate::stack::route::server;
use crate::stack::scale;
use crate::stack::view::view;

const KEYS: [&str; 13] = [
    "needs", "source", "then", "steps", "sink", "record", "require", "scale", "listen", "routes",
    "view", "gate", "alert",
];

/// What `record:` of a flow takes.
pub(super) const RECORD: &[Opt] = &[
    Opt::required(
        "path",
        Shape::Path,
        "The recording, NDJSON or, by its ending, CSV; its parts stand beside it.",
    ),
    Opt::with_default("keep", Shape::Keep, "1GB", "How much of the finished parts is kept."),
    Opt::with_default("rotate_size", Shape::Size, "64MiB", "Size at which a new file is begun."),
];

/// Reads a service; `None` when it is too wrong to go on with.
pub(super) fn service(
    key: &Key,
    node: &Node,
    catalog: &Catalog,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Service> {
    check_name(key, diagnostics);
    let Some(entries) = node.entries() else {
        diagnostics.push(
            Diagnostic::new(key.span.clone(), format!("the service `{}` is empty", key.name))
                .help("give it a `source` and a `sink`, or `listen` and `routes`"),
        );
        return None;
    };
    for (entry, _) in entries.iter().filter(|(entry, _)| !KEYS.contains(&entry.name.as_str())) {
        let owner = format!("the service `{}`", key.name);
        diagnostics.push(unknown_key(entry, KEYS.into_iter(), &owner));
    }
    let get = |name: &str| entries.iter().find(|(entry, _)| entry.name == name);
    let mut needs = get("needs").map(|(_, value)| needs(value, diagnostics)).unwrap_or_default();
    let is_flow = (get("source"), get("sink"));
    let serves = (get("routes"), get("view"), get("gate"));
    let body = match (is_flow, get("listen"), serves) {
        ((Some(_), Some(_)), None, (None, None, None)) => {
            Body::Flow(flow(key, node, catalog, diagnostics)?)
        }
        ((None, None), Some((_, listen)), (Some((_, routes)), None, None)) => {
            refuse_flow_keys(entries, "a server", diagnostics);
            Body::Server(server(listen, routes, diagnostics)?)
        }
        ((None, None), Some((_, listen)), (None, Some(entry), None)) => {
            refuse_flow_keys(entries, "a view", diagnostics);
            Body::View(view(key, listen, entry, catalog, diagnostics)?)
        }
        ((None, None), Some((_, listen)), (None, None, Some(entry))) => {
            refuse_flow_keys(entries, "a gate", diagnostics);
            let gate = gate(listen, entry, diagnostics)?;
            if !needs.iter().any(|need| need == gate.to()) {
                needs.push(gate.to().to_owned());
            }
            Body::Gate(gate)
        }
        _ => {
            diagnostics.extend(not_complete(key, entries));
            return None;
        }
    };
    Some(Service { name: key.name.clone(), needs, body })
}

fn refuse_flow_keys(entries: &[(Key, Node)], what: &str, diagnostics: &mut Vec<Diagnostic>) {
    let keys = ["then", "steps", "record", "require", "scale"];
    let of_flow = entries.iter().filter(|(key, _)| keys.contains(&&*key.name));
    for (key, _) in of_flow {
        let message = format!("`{}` belongs to a flow, and this is {what}", key.name);
        diagnostics.push(Diagnostic::new(key.span.clone(), message).help("remove the key"));
    }
}

/// Which part is missing; nothing when the part is there and only misspelt.
fn not_complete(key: &Key, entries: &[(Key, Node)]) -> Option<Diagnostic> {
    let has = |name: &str| entries.iter().any(|(entry, _)| entry.name == name);
    let is_flow = has("source") || has("sink");
    let serves = ["routes", "view", "gate"].into_iter().filter(|name| has(name)).count();
    let is_server = has("listen") || serves > 0;
    let (missing, help) = match () {
        () if is_flow && is_server => {
            ("", "a service is a flow, a server, a view or a gate: make two of it")
        }
        () if serves > 1 => ("", "a service is a server, a view or a gate: make two of it"),
        () if has("source") => ("sink", "add a `sink`: where the records go"),
        () if has("sink") => ("source", "add a `source`: where the records come from"),
        () if serves > 0 => ("listen", "add `listen`: the port"),
        () if is_misspelt("view", entries, &KEYS) || is_misspelt("gate", entries, &KEYS) => {
            return None;
        }
        () if has("listen") => ("routes", "add `routes`: what is answered on which path"),
        () => ("", "give it a `source` and a `sink`, or `listen` and `routes`"),
    };
    if is_misspelt(missing, entries, &KEYS) {
        return None;
    }
    let message = format!("the service `{}` is not complete", key.name);
    Some(Diagnostic::new(key.span.clone(), message).help(help))
}

/// Names become directories, container names and metric labels.
fn check_name(key: &Key, diagnostics: &mut Vec<Diagnostic>) {
    let is_fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let starts_well = key.name.starts_with(|c: char| c.is_ascii_lowercase());
    if !starts_well || !key.name.chars().all(is_fine) || key.name.len() > 63 {
        diagnostics.push(
            Diagnostic::new(key.span.clone(), format!("`{}` is no name for a service", key.name))
                .help("a name is lower-case letters, digits and `-`, at most 63, a letter first"),
        );
    }
}

fn needs(node: &Node, diagnostics: &mut Vec<Diagnostic>) -> Vec<String> {
    let items = match &node.yaml {
        Yaml::List(items) => items.as_slice(),
        Yaml::Scalar { .. } => std::slice::from_ref(node),
        _ => &[],
    };
    let names: Vec<String> =
        items.iter().filter_map(|item| item.text()).map(str::to_owned).collect();
    if names.len() != items.len() || items.is_empty() {
        diagnostics.push(
            Diagnostic::new(node.span.clone(), "`needs` is a list of services")
                .help("write `needs: [api]`"),
        );
    }
    names
}

fn flow(
    key: &Key,
    node: &Node,
    catalog: &Catalog,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Flow> {
    let entries = node.entries()?;
    let get = |name: &str| entries.iter().find(|(entry, _)| entry.name == name).map(|(_, v)| v);
    let source =
        component("source", get("source")?, catalog.sources, |kind| &kind.about, diagnostics);
    let then = get("then").and_then(|node| {
        component("source", node, catalog.sources, |kind| &kind.about, diagnostics)
    });
    let mut steps = Vec::new();
    match get("steps").map(|steps| (&steps.yaml, steps)) {
        None => {}
        Some((Yaml::List(items), _)) => {
            for item in items {
                steps.push(component("step", item, catalog.steps, |kind| &kind.about, diagnostics));
            }
        }
        Some((_, steps)) => diagnostics.push(
            Diagnostic::new(steps.span.clone(), "`steps` is a list")
                .help("write each step on a line of its own that starts with `- `"),
        ),
    }
    let sink = component("sink", get("sink")?, catalog.sinks, |kind| &kind.about, diagnostics);
    // A wrong step or route is left out, so that what it hides is looked at too; the errors stay.
    let steps = steps.into_iter().flatten().collect();
    let record = get("record").map(|node| {
        let span = node.span.clone();
        let owner = Owner { name: "record", table: RECORD, main: Some("path"), span };
        options::read(&owner, node, diagnostics)
    });
    let workers = get("scale").map_or(1, |node| scale::scale(node, diagnostics));
    let flow =
        Flow { source: source?, then, steps, sink: sink?, record, scale: workers, elects: None };
    guarantee::refuse(&flow, key, diagnostics);
    if let Some(node) = get("then") {
        guarantee::refuse_then(&flow, node, diagnostics);
    }
    Some(flow)
}

pub(super) fn check_required(node: &Node, flow: &Flow, diagnostics: &mut Vec<Diagnostic>) {
    let derived = guarantee::of(flow);
    let Some(required) = node.text().and_then(Guarantee::parse) else {
        diagnostics.push(
            Diagnostic::new(node.span.clone(), "this is no guarantee")
                .help("write exactly-once, at-least-once or at-most-once"),
        );
        return;
    };
    if derived.guarantee < required {
        let message = format!("this flow is {}, not {}", derived.guarantee, required);
        diagnostics.push(Diagnostic::new(node.span.clone(), message).help(derived.words));
    }
}
