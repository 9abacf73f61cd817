//! Mistakes that show only when services are looked at together.

use crate::core::listen::Listen;
use crate::core::words::nearest;
use crate::stack::diagnostic::Diagnostic;
use crate::stack::gate;
use crate::stack::model::{Body, Service};
use crate::stack::node::{Key, Node, Yaml};
use std::ops::Range;

/// A service with its place in the text; `None` for one that is too wrong, whose needs still count.
pub(super) struct Placed<'a> {
    pub key: &'a Key,
    pub node: &'a Node,
    pub service: Option<Service>,
}

impl<'a> Placed<'a> {
    fn name(&self) -> &'a str {
        &self.key.name
    }

    pub(super) fn body(&self) -> Option<&Body> {
        self.service.as_ref().map(|service| &service.body)
    }

    /// The names behind `needs`, each where it stands; what a gate leads to is needed too.
    fn needs(&self) -> Vec<&'a Node> {
        let mut needs = self.written_needs();
        needs.extend(gate::to(self.node).filter(|to| to.text() != Some(self.name())));
        needs
    }

    fn written_needs(&self) -> Vec<&'a Node> {
        match self.node.value("needs") {
            Some(Node { yaml: Yaml::List(items), .. }) => items.iter().collect(),
            Some(single) => vec![single],
            None => Vec::new(),
        }
    }

    fn need(&self, name: &str) -> Option<&'a Node> {
        self.needs().into_iter().find(|need| need.text() == Some(name))
    }
}

pub(super) fn check(placed: &[Placed], diagnostics: &mut Vec<Diagnostic>) {
    needs(placed, diagnostics);
    cycles(placed, diagnostics);
    ports(placed, diagnostics);
    files(placed, diagnostics);
    gate::check(placed, diagnostics);
}

/// Routes, views and flows that name a resource which is none.
pub(super) fn resources(
    placed: &[Placed],
    resources: &[(Key, Node)],
    diagnostics: &mut Vec<Diagnostic>,
) {
    let names = || resources.iter().map(|(key, _)| key.name.as_str());
    let routes = placed.iter().filter_map(|it| it.node.value("routes")?.entries()).flatten();
    let routes = routes.map(|(path, route)| (&path.name, "serves", route.value("resource")));
    let views = placed.iter().map(|it| {
        let from = it.node.value("view").and_then(|view| view.value("from"));
        (&it.key.name, "shows", from.and_then(|from| from.value("resource")))
    });
    let caches = placed.iter().map(|it| {
        let from = it.node.value("view").and_then(|view| view.value("from"));
        (&it.key.name, "shows the cache of", from.and_then(|from| from.value("cache")))
    });
    let sources = placed.iter().map(|it| (&it.key.name, "reads", component(it, "source")));
    let sinks = placed.iter().map(|it| (&it.key.name, "writes into", component(it, "sink")));
    for (who, what, node) in routes.chain(views).chain(caches).chain(sources).chain(sinks) {
        let Some(node) = node else { continue };
        let Some(name) = node.text().filter(|name| !names().any(|known| known == *name)) else {
            continue;
        };
        let help = match nearest(name, names()) {
            Some(word) => format!("did you mean `{word}`?"),
            None if resources.is_empty() => "declare it below `resources:`".to_owned(),
            None => {
                format!("the resources of this stack: {}", names().collect::<Vec<_>>().join(", "))
            }
        };
        let message = format!("`{who}` {what} `{name}`, which is no resource");
        diagnostics.push(Diagnostic::new(node.span.clone(), message).help(help));
    }
}

/// Views that show a flow which is none.
pub(super) fn flows(placed: &[Placed], diagnostics: &mut Vec<Diagnostic>) {
    let has = |it: &&Placed| it.node.value("source").is_some() || it.node.value("sink").is_some();
    let flows: Vec<&str> = placed.iter().filter(has).map(Placed::name).collect();
    for view in placed {
        let from = view.node.value("view").and_then(|view| view.value("from"));
        let Some(node) = from.and_then(|from| from.value("flow")) else { continue };
        let Some(name) = node.text().filter(|name| !flows.contains(name)) else { continue };
        let help = match nearest(name, flows.iter().copied()) {
            Some(word) => format!("did you mean `{word}`?"),
            None if flows.is_empty() => "this stack has no flow".to_owned(),
            None => format!("the flows of this stack: {}", flows.join(", ")),
        };
        let message = format!("`{}` shows the flow `{name}`, which is none", view.name());
        diagnostics.push(Diagnostic::new(node.span.clone(), message).help(help));
    }
}

/// The name behind `resource:` in a flow's source or sink; both have it as their main option.
fn component<'a>(placed: &Placed<'a>, role: &str) -> Option<&'a Node> {
    let options = placed.node.value(role)?.value("resource")?;
    if options.text().is_some() { Some(options) } else { options.value("name") }
}

/// The services in an order in which each stands behind those that it needs; there is one, because
/// `check` found no cycle.
pub(super) fn in_order(placed: Vec<Placed>) -> Vec<Service> {
    let mut waiting: Vec<Service> =
        placed.into_iter().filter_map(|placed| placed.service).collect();
    let mut ordered: Vec<Service> = Vec::new();
    while !waiting.is_empty() {
        let before = ordered.len();
        let (ready, rest): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|candidate| {
            let is_there = |name: &String| ordered.iter().any(|service| &service.name == name);
            candidate.needs.iter().all(is_there)
        });
        ordered.extend(ready);
        if ordered.len() == before {
            return ordered;
        }
        waiting = rest;
    }
    ordered
}

fn needs(placed: &[Placed], diagnostics: &mut Vec<Diagnostic>) {
    let all: Vec<&str> = placed.iter().map(Placed::name).collect();
    for candidate in placed {
        for node in candidate.written_needs() {
            let Some(need) = node.text().filter(|need| !all.contains(need)) else { continue };
            let help = match nearest(need, all.iter().copied()) {
                Some(word) => format!("did you mean `{word}`?"),
                None => format!("the services of this stack: {}", all.join(", ")),
            };
            let message = format!("`{}` needs `{need}`, which is no service", candidate.name());
            diagnostics.push(Diagnostic::new(node.span.clone(), message).help(help));
        }
    }
}

/// Names every circle of needs once.
fn cycles(placed: &[Placed], diagnostics: &mut Vec<Diagnostic>) {
    let mut left: Vec<&Placed> = placed.iter().collect();
    loop {
        // What needs nothing that is left can start; what stays behind needs something in a circle.
        let all = left.clone();
        left.retain(|one| all.iter().any(|other| one.need(other.name()).is_some()));
        if left.len() < all.len() {
            continue;
        }
        let Some(first) = left.first() else { return };
        let circle = circle_from(first, &left);
        diagnostics.extend(describe_circle(&circle));
        left.retain(|one| !circle.iter().any(|member| member.name() == one.name()));
    }
}

/// Follows the needs from one service until one comes a second time; the way from there is the circle.
fn circle_from<'p, 'a>(first: &'p Placed<'a>, left: &[&'p Placed<'a>]) -> Vec<&'p Placed<'a>> {
    let mut way = vec![first];
    while let Some(last) = way.last() {
        let next = left.iter().find(|other| last.need(other.name()).is_some());
        let Some(next) = next else { return way };
        if let Some(start) = way.iter().position(|known| known.name() == next.name()) {
            return way.split_off(start);
        }
        way.push(next);
    }
    way
}

fn describe_circle(circle: &[&Placed]) -> Option<Diagnostic> {
    let first = circle.first()?;
    let next = circle.iter().cycle().skip(1);
    let links: Vec<String> = circle
        .iter()
        .zip(next)
        .map(|(one, other)| format!("`{}` needs `{}`", one.name(), other.name()))
        .collect();
    let second = circle.get(1).unwrap_or(first);
    let span = first.need(second.name())?.span.clone();
    Some(match circle.len() {
        1 => Diagnostic::new(span, format!("`{}` needs itself", first.name()))
            .help("remove it from its own `needs`"),
        _ => Diagnostic::new(span, format!("needs in a circle: {}", links.join(", ")))
            .help("remove one of these `needs` (a gate needs what it leads to), so that one can start first"),
    })
}

fn ports(placed: &[Placed], diagnostics: &mut Vec<Diagnostic>) {
    let mut seen: Vec<(Listen, &Placed)> = Vec::new();
    for candidate in placed {
        let Some(listen) = candidate.service.as_ref().and_then(listen_of) else { continue };
        if let Some((_, first)) = seen.iter().find(|(other, _)| other.collides(listen)) {
            let names = (first.name(), candidate.name());
            let message =
                format!("`{}` and `{}` both listen on port {}", names.0, names.1, listen.port);
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
        Body::View(view) => Some(view.listen),
        Body::Gate(gate) => Some(gate.listen),
        Body::Flow(flow) => {
            let text = flow.source.options.get("listen").is_some();
            text.then(|| Listen::parse(flow.source.options.text("listen")).ok()).flatten()
        }
    }
}

fn files(placed: &[Placed], diagnostics: &mut Vec<Diagnostic>) {
    let mut seen: Vec<(String, &Placed)> = Vec::new();
    for candidate in placed {
        let Some(Body::Flow(flow)) = candidate.body() else { continue };
        let recording = flow.record.as_ref().and_then(|it| it.text_if("path").map(str::to_owned));
        let targets = (flow.sink.kind.writes)(&flow.sink.options).into_iter().chain(recording);
        let targets = targets.map(|target| normal(&target)).filter(|target| !target.is_empty());
        for target in targets {
            if let Some((_, first)) = seen.iter().find(|(other, _)| *other == target) {
                let names = (first.name(), candidate.name());
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
}

/// `./data//x` and `data/old/../x` are one file.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        let is_back = part == ".." && parts.last().is_some_and(|last| *last != "..");
        if is_back {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    let root = if path.starts_with('/') { "/" } else { "" };
    format!("{root}{}", parts.join("/"))
}

fn listen_span(placed: &Placed) -> Range<usize> {
    let of_source = || {
        let (_, options) = placed.node.value("source")?.entries()?.first()?;
        Some(options.value("listen").unwrap_or(options))
    };
    let listen = placed.node.value("listen").or_else(of_source);
    listen.map_or_else(|| placed.key.span.clone(), |node| node.span.clone())
}

fn sink_span(placed: &Placed) -> Range<usize> {
    let sink = placed.node.value("sink").and_then(Node::entries).and_then(<[_]>::first);
    sink.map_or_else(|| placed.key.span.clone(), |(kind, _)| kind.span.clone())
}
