//! Reads a gate: where it listens, what stands behind it, and how it treats both.

use crate::core::listen::{Listen, Networks};
use crate::core::options::{Opt, Shape};
use crate::core::words::nearest;
use crate::stack::conflicts::{Placed, listen_of};
use crate::stack::diagnostic::Diagnostic;
use crate::stack::model::{Body, Gate};
use crate::stack::node::{Key, Node, Yaml};
use crate::stack::options::{Owner, read};
use crate::stack::route::listen;

/// What stands below `gate:`.
pub(super) const OPTIONS: &[Opt] = &[
    Opt::required("to", Shape::Text, "The service whose replicas stand behind the gate."),
    Opt::optional(
        "at",
        Shape::Names,
        "Where they are, as `host:port`; a name may stand for many addresses. Without it: the \
         replicas in this process, else what `tasks.NAME`, `NAME` or `localhost` means.",
    ),
    Opt::optional(
        "check",
        Shape::Route,
        "A path that a healthy replica answers with 2xx; without it, taking a connection is enough.",
    ),
    Opt::with_default("every", Shape::Duration, "500ms", "How often each replica is checked."),
    Opt::with_default(
        "down_after",
        Shape::Whole(1, 100),
        "2",
        "Checks in a row without an answer until a replica counts as down; a refusal counts at once.",
    ),
    Opt::with_default(
        "up_after",
        Shape::Whole(1, 100),
        "1",
        "Checks in a row that a replica passes until it counts as back.",
    ),
    Opt::with_default(
        "slow_start",
        Shape::Duration,
        "5s",
        "How long a replica that came (back) grows into its full share.",
    ),
    Opt::with_default(
        "in_flight",
        Shape::Whole(1, 100_000),
        "256",
        "Requests under way at one replica.",
    ),
    Opt::with_default(
        "queue",
        Shape::Whole(0, 100_000),
        "1024",
        "Requests that wait for a replica; beyond it the answer is 503 at once.",
    ),
    Opt::with_default(
        "wait",
        Shape::Duration,
        "1s",
        "How long a request waits for a replica; then 503.",
    ),
    Opt::with_default(
        "answer",
        Shape::Duration,
        "30s",
        "How long a replica may take to begin its answer; then another one is asked, or 504.",
    ),
    Opt::with_default(
        "retries",
        Shape::Whole(0, 7),
        "2",
        "How often a request that is safe to repeat is sent again when its answer does not come.",
    ),
    Opt::with_default("body", Shape::Size, "1GiB", "The largest body of a request."),
    Opt::optional(
        "trust",
        Shape::Names,
        "Proxies in front whose word on the client's address counts: addresses and networks.",
    ),
    Opt::with_default(
        "name_replica",
        Shape::Boolean,
        "false",
        "Says in `X-Headwater-Replica` which replica has answered.",
    ),
];

pub(super) fn gate(
    listens: &Node,
    (key, node): &(Key, Node),
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Gate> {
    let listen = listen(listens, diagnostics);
    let owner = Owner { name: "gate", table: OPTIONS, main: Some("to"), span: key.span.clone() };
    let before = diagnostics.len();
    let options = read(&owner, node, diagnostics);
    if diagnostics.len() > before {
        return None;
    }
    for name in options.names("at").iter().filter(|name| !is_address(name)) {
        diagnostics.push(
            Diagnostic::new(span_of(node, "at"), format!("`{name}` is no address with a port"))
                .help("write `at: [producer:5000]`, or `at: [10.0.0.1:5000, 10.0.0.2:5000]`"),
        );
    }
    if let Err(message) = Networks::parse(options.names("trust")) {
        diagnostics.push(
            Diagnostic::new(span_of(node, "trust"), message)
                .help("write addresses or networks, like `trust: [10.0.0.7, 192.168.0.0/16]`"),
        );
    }
    Some(Gate { listen: listen?, options, port: None })
}

fn is_address(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| {
        !host.is_empty() && !host.contains('/') && port.parse::<u16>().is_ok_and(|port| port > 0)
    })
}

fn span_of(node: &Node, name: &str) -> std::ops::Range<usize> {
    node.value(name).unwrap_or(node).span.clone()
}

/// The name behind `to`, where it stands.
pub(super) fn to(service: &Node) -> Option<&Node> {
    let gate = service.value("gate")?;
    match gate.yaml {
        Yaml::Scalar { .. } => Some(gate),
        _ => gate.value("to"),
    }
}

/// Gates that lead nowhere.
pub(super) fn check(placed: &[Placed], diagnostics: &mut Vec<Diagnostic>) {
    for gate in placed {
        let Some(node) = to(gate.node) else { continue };
        let Some(name) = node.text() else { continue };
        let wrong = |message: String| Diagnostic::new(node.span.clone(), message);
        let leads = format!("the gate `{}` leads to", gate.key.name);
        if name == gate.key.name {
            diagnostics.push(
                wrong(format!("{leads} itself"))
                    .help("write the name of the service whose replicas stand behind it"),
            );
            continue;
        }
        let Some(target) = placed.iter().find(|it| it.key.name == name) else {
            let names: Vec<&str> = placed.iter().map(|it| it.key.name.as_str()).collect();
            let help = match nearest(name, names.iter().copied()) {
                Some(word) => format!("did you mean `{word}`?"),
                None => format!("the services of this stack: {}", names.join(", ")),
            };
            diagnostics.push(wrong(format!("{leads} `{name}`, which is no service")).help(help));
            continue;
        };
        let is_flow = matches!(target.body(), Some(Body::Flow(_)));
        if is_flow && target.service.as_ref().and_then(listen_of).is_none() {
            diagnostics.push(
                wrong(format!("{leads} `{name}`, a flow that answers nobody"))
                    .help("a gate stands in front of a server, a view or a flow that listens"),
            );
        }
    }
}

/// Tells every gate on which port its replicas listen, as far as the stack file knows.
pub(super) fn ports(placed: &mut [Placed]) {
    let known: Vec<(String, Listen)> = placed
        .iter()
        .filter_map(|it| Some((it.key.name.clone(), it.service.as_ref().and_then(listen_of)?)))
        .collect();
    for service in placed.iter_mut().filter_map(|it| it.service.as_mut()) {
        if let Body::Gate(gate) = &mut service.body {
            let to = gate.options.text("to");
            gate.port = known.iter().find(|(name, _)| name == to).map(|(_, listen)| listen.port);
        }
    }
}
