//! Mistakes that show only when services are looked at together.

use crate::core::listen::Listen;
use crate::core::words::nearest;
use crate::stack::diagnostic::Diagnostic;
use crate::stack::model::{Body, Service};
use crate::stack::node::{Key, Node, Yaml};
use std::collections::BTreeSet;
use std::ops::Range;

/// A service with its place in the text.
pub(super) struct Placed<'a> {
    pub key: &'a Key,
    pub node: &'a Node,
    pub service: Service,
}

pub(super) fn check(placed: &[Placed], all: &[&str], diagnostics: &mut Vec<Diagnostic>) {
    needs(placed, all, diagnostics);
    ports(placed, diagnostics);
    files(placed, diagnostics);
}

/// The services in an order in which each stands behind those that it needs.
pub(super) fn in_order(placed: Vec<Placed>, diagnostics: &mut Vec<Diagnostic>) -> Vec<Service> {
    let mut waiting = placed;
    let mut ordered: Vec<Service> = Vec::new();
    while !waiting.is_empty() {
        let (ready, rest): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|candidate| {
            let is_there = |name: &String| ordered.iter().any(|service| &service.name == name);
            candidate.service.needs.iter().all(is_there)
        });
        if ready.is_empty() {
            let names: Vec<&str> = rest.iter().map(|placed| placed.key.name.as_str()).collect();
            if let Some(first) = rest.first() {
                let message = format!("services that need each other: {}", names.join(", "));
                diagnostics.push(
                    Diagnostic::new(first.key.span.clone(), message)
                        .help("remove one `needs`, so that one of them can start first"),
                );
            }
            return ordered;
        }
        ordered.extend(ready.into_iter().map(|placed| placed.service));
        waiting = rest;
    }
    ordered
}

fn needs(placed: &[Placed], all: &[&str], diagnostics: &mut Vec<Diagnostic>) {
    for Placed { key, node, service } in placed {
        for need in service.needs.iter().filter(|need| !all.contains(&need.as_str())) {
            let help = match nearest(need, all.iter().copied()) {
                Some(word) => format!("did you mean `{word}`?"),
                None => format!("the services of this stack: {}", all.join(", ")),
            };
            let message = format!("`{}` needs `{need}`, which is no service", service.name);
            let span = value_span(node, "needs").unwrap_or_else(|| key.span.clone());
            diagnostics.push(Diagnostic::new(span, message).help(help));
        }
    }
}

fn ports(placed: &[Placed], diagnostics: &mut Vec<Diagnostic>) {
    let mut seen: Vec<(Listen, &Placed)> = Vec::new();
    for candidate in placed {
        let Some(listen) = listen_of(&candidate.service) else { continue };
        if let Some((_, first)) = seen.iter().find(|(other, _)| other.collides(listen)) {
            let message = format!(
                "`{}` and `{}` both listen on port {}",
                first.service.name, candidate.service.name, listen.port
            );
            diagnostics.push(
                Diagnostic::new(listen_span(candidate), message)
                    .also(listen_span(first), "taken here")
                    .help("give one of them another port"),
            );
        }
        seen.push((listen, candidate));
    }
}

/// Where a service listens, if it does.
pub(super) fn listen_of(service: &Service) -> Option<Listen> {
    match &service.body {
        Body::Server(server) => Some(server.listen),
        Body::Flow(flow) => {
            let text = flow.source.options.get("listen").is_some();
            text.then(|| Listen::parse(flow.source.options.text("listen")).ok()).flatten()
        }
    }
}

fn files(placed: &[Placed], diagnostics: &mut Vec<Diagnostic>) {
    let mut seen: Vec<(String, &Placed)> = Vec::new();
    for candidate in placed {
        let Body::Flow(flow) = &candidate.service.body else { continue };
        let Some(target) = (flow.sink.kind.writes)(&flow.sink.options) else { continue };
        let target = normal(&target);
        if let Some((_, first)) = seen.iter().find(|(other, _)| *other == target) {
            let names = (&first.service.name, &candidate.service.name);
            let message = format!("`{}` and `{}` both write {target}", names.0, names.1);
            diagnostics.push(
                Diagnostic::new(sink_span(candidate), message)
                    .also(sink_span(first), "written here already")
                    .help("give each flow a file of its own, or make one flow of the two"),
            );
        }
        seen.push((target, candidate));
    }
}

/// `./data//x` and `data/x` are one file.
fn normal(path: &str) -> String {
    let parts: Vec<&str> =
        path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let root = if path.starts_with('/') { "/" } else { "" };
    format!("{root}{}", parts.join("/"))
}

fn listen_span(placed: &Placed) -> Range<usize> {
    value_span(placed.node, "listen")
        .or_else(|| value_span(placed.node, "source"))
        .unwrap_or_else(|| placed.key.span.clone())
}

fn sink_span(placed: &Placed) -> Range<usize> {
    let entries = placed.node.entries().unwrap_or_default();
    let sink = entries.iter().find(|(key, _)| key.name == "sink").map(|(_, value)| &value.yaml);
    match sink {
        Some(Yaml::Map(kinds)) => kinds.first().map(|(key, _)| key.span.clone()),
        _ => None,
    }
    .unwrap_or_else(|| placed.key.span.clone())
}

fn value_span(node: &Node, name: &str) -> Option<Range<usize>> {
    let entries = node.entries()?;
    entries.iter().find(|(key, _)| key.name == name).map(|(_, value)| value.span.clone())
}

/// Names that stand more than once cannot happen (the reader refuses them); `all` keeps the file's order.
pub(super) fn names(entries: &[(Key, Node)]) -> Vec<&str> {
    let mut seen = BTreeSet::new();
    entries.iter().map(|(key, _)| key.name.as_str()).filter(|name| seen.insert(*name)).collect()
}
