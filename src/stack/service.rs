//! Reads one service: a flow (source, steps, sink) or a server (listen, routes).

use crate::catalog::Catalog;
use crate::stack::component::component;
use crate::stack::diagnostic::Diagnostic;
use crate::stack::guarantee::{self, Guarantee};
use crate::stack::model::{Body, Flow, Service};
use crate::stack::node::{Key, Node, Yaml};
use crate::stack::options::{is_misspelt, unknown_key};
use crate::stack::route::server;

const KEYS: [&str; 8] = ["needs", "source", "steps", "sink", "require", "listen", "routes", "view"];

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
    if let Some((entry, _)) = get("view") {
        diagnostics.push(not_built(entry, "views", "the next but one"));
        return None;
    }
    let body = match (get("source"), get("sink"), get("listen"), get("routes")) {
        (Some(_), Some(_), None, None) => Body::Flow(flow(key, node, catalog, diagnostics)?),
        (None, None, Some((_, listen)), Some((_, routes))) => {
            for (entry, _) in [get("steps"), get("require")].into_iter().flatten() {
                let message = format!("`{}` belongs to a flow, and this is a server", entry.name);
                diagnostics
                    .push(Diagnostic::new(entry.span.clone(), message).help("remove the key"));
            }
            Body::Server(server(listen, routes, diagnostics)?)
        }
        _ => {
            diagnostics.extend(not_complete(key, entries));
            return None;
        }
    };
    Some(Service { name: key.name.clone(), needs, body })
}

/// Which part is missing; nothing when the part is there and only misspelt.
fn not_complete(key: &Key, entries: &[(Key, Node)]) -> Option<Diagnostic> {
    let has = |name: &str| entries.iter().any(|(entry, _)| entry.name == name);
    let is_flow = has("source") || has("sink");
    let is_server = has("listen") || has("routes");
    let (missing, help) = match () {
        () if is_flow && is_server => ("", "a service is a flow or a server: make two of it"),
        () if has("source") => ("sink", "add a `sink`: where the records go"),
        () if has("sink") => ("source", "add a `source`: where the records come from"),
        () if has("listen") => ("routes", "add `routes`: what is answered on which path"),
        () if has("routes") => ("listen", "add `listen`: the port"),
        () => ("", "give it a `source` and a `sink`, or `listen` and `routes`"),
    };
    if is_misspelt(missing, entries, &KEYS) {
        return None;
    }
    let message = format!("the service `{}` is not complete", key.name);
    Some(Diagnostic::new(key.span.clone(), message).help(help))
}

/// What a later version brings; the words say so and do not guess.
pub(super) fn not_built(key: &Key, what: &str, when: &str) -> Diagnostic {
    let message = format!("`{}`: {what} are not built yet in this version", key.name);
    Diagnostic::new(key.span.clone(), message)
        .help(format!("{what} come with {when} release, see ROADMAP.md; remove the key until then"))
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
    let flow = Flow { source: source?, steps, sink: sink? };
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
