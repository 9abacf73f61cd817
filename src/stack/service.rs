//! Reads one service: a flow (source, steps, sink), a server (listen, routes) or a view (listen, view).

use crate::catalog::Catalog;
use crate::stack::component::component;
use crate::stack::diagnostic::Diagnostic;
use crate::stack::guarantee::{self, Guarantee};
use crate::stack::model::{Body, Flow, Service};
use crate::stack::node::{Key, Node, Yaml};
use crate::stack::options::{is_misspelt, unknown_key};
use crate::stack::route::server;
use crate::stack::scale;
use crate::stack::view::view;

const KEYS: [&str; 10] =
    ["needs", "source", "steps", "sink", "require", "scale", "listen", "routes", "view", "alert"];

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
    let needs = get("needs").map(|(_, value)| needs(value, diagnostics)).unwrap_or_default();
    let is_flow = (get("source"), get("sink"));
    let body = match (is_flow, get("listen"), get("routes"), get("view")) {
        ((Some(_), Some(_)), None, None, None) => {
            Body::Flow(flow(key, node, catalog, diagnostics)?)
        }
        ((None, None), Some((_, listen)), Some((_, routes)), None) => {
            refuse_flow_keys(entries, "a server", diagnostics);
            Body::Server(server(listen, routes, diagnostics)?)
        }
        ((None, None), Some((_, listen)), None, Some(entry)) => {
            refuse_flow_keys(entries, "a view", diagnostics);
            Body::View(view(key, listen, entry, catalog, diagnostics)?)
        }
        _ => {
            diagnostics.extend(not_complete(key, entries));
            return None;
        }
    };
    Some(Service { name: key.name.clone(), needs, body })
}

fn refuse_flow_keys(entries: &[(Key, Node)], what: &str, diagnostics: &mut Vec<Diagnostic>) {
    let of_flow = entries.iter().filter(|(key, _)| ["steps", "require", "scale"].contains(&&*key.name));
    for (key, _) in of_flow {
        let message = format!("`{}` belongs to a flow, and this is {what}", key.name);
        diagnostics.push(Diagnostic::new(key.span.clone(), message).help("remove the key"));
    }
}

/// Which part is missing; nothing when the part is there and only misspelt.
fn not_complete(key: &Key, entries: &[(Key, Node)]) -> Option<Diagnostic> {
    let has = |name: &str| entries.iter().any(|(entry, _)| entry.name == name);
    let is_flow = has("source") || has("sink");
    let (has_routes, has_view) = (has("routes"), has("view"));
    let is_server = has("listen") || has_routes || has_view;
    let (missing, help) = match () {
        () if is_flow && is_server => {
            ("", "a service is a flow, a server or a view: make two of it")
        }
        () if has_routes && has_view => ("", "a service is a server or a view: make two of it"),
        () if has("source") => ("sink", "add a `sink`: where the records go"),
        () if has("sink") => ("source", "add a `source`: where the records come from"),
        () if has_routes || has_view => ("listen", "add `listen`: the port"),
        () if is_misspelt("view", entries, &KEYS) => return None,
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
    let workers = get("scale").map_or(1, |node| scale::scale(node, diagnostics));
    let flow = Flow { source: source?, steps, sink: sink?, scale: workers };
    if let Some(node) = get("scale") {
        scale::refuse(&flow, key, node, diagnostics);
    }
    if let Some(required) = get("require") {
        check_required(required, &flow, diagnostics);
    }
    guarantee::refuse(&flow, key, diagnostics);
    Some(flow)
}

fn check_required(node: &Node, flow: &Flow, diagnostics: &mut Vec<Diagnostic>) {
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
