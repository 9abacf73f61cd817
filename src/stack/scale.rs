//! Which flows several workers can share, and how; what cannot hold is refused with the remedy.

use crate::core::kind::Replay;
use crate::core::options::{Options, Setting};
use crate::stack::diagnostic::Diagnostic;
use crate::stack::model::Flow;
use crate::stack::node::{Key, Node};

/// Stands in the path of a sink for the number of the worker.
pub const REPLICA: &str = "{replica}";

/// More workers than this are a mistake.
const MOST: u32 = 64;

/// Sources whose partitions are shared by leases, with the sink that keeps these and the log.
const SHARED: &[(&str, &str)] = &[("datasets", "report")];

/// Do the workers of this flow share its work by leases, also when they are started as processes of their own?
pub fn is_shared(flow: &Flow) -> bool {
    SHARED.contains(&(flow.source.kind.about.name, flow.sink.kind.about.name))
}

/// Why a flow cannot have several workers, and what to do instead.
pub fn why_not(flow: &Flow) -> Option<(String, String)> {
    if is_shared(flow) {
        return None;
    }
    let (source, sink) = (flow.source.kind.about.name, flow.sink.kind.about.name);
    if flow.then.is_some() {
        let reason = "nobody knows which of them has come to the end first".to_owned();
        return Some((reason, "run it once, or take `then` away".to_owned()));
    }
    if flow.source.options.get("listen").is_some() {
        let reason = "its port can be had only once".to_owned();
        return Some((reason, "run it once".to_owned()));
    }
    if flow.sink.options.is_set("sole_writer") {
        let reason = "its stream has one writer".to_owned();
        return Some((reason, "run it once; what empties the stream can be shared".to_owned()));
    }
    if source == "datasets" {
        let reason = format!("`{sink}` keeps no log that says which dataset is done");
        return Some((reason, "let it write a `report`, or run it once".to_owned()));
    }
    // Workers that share a durable consumer divide what it gives.
    let is_divided = flow.source.options.is_set("shared");
    if source == "nats" && !is_divided {
        let reason = "each of them would read the whole stream".to_owned();
        return Some((reason, "write `shared: true` into `nats`, or run it once".to_owned()));
    }
    // A subscription that is not shared brings every message to each.
    let topics = flow.source.options.get("topics").map(|_| flow.source.options.names("topics"));
    let alone = topics.and_then(|topics| topics.iter().find(|it| !it.starts_with("$share/")));
    if let Some(topic) = alone.filter(|_| source == "mqtt") {
        let reason = "each of them would get every message".to_owned();
        return Some((reason, format!("subscribe to `$share/workers/{topic}`, or run it once")));
    }
    // A generator has a stream of its own for each worker; whatever else can be read again is read by each.
    if flow.source.kind.replay == Replay::Again && !is_divided && source != "generate" {
        let reason = format!("each of them would read all of `{source}`");
        return Some((reason, "run it once".to_owned()));
    }
    let target = (flow.sink.kind.writes)(&flow.sink.options).map(|target| (target, sink));
    let recording = flow.record.as_ref().map(|record| (record.text("path").to_owned(), "record"));
    let taken = |(target, _): &(String, &str)| !target.contains(REPLICA);
    let (target, owner) = [target, recording].into_iter().flatten().find(taken)?;
    let reason = format!("only one may write {target}");
    Some((reason, format!("write `{REPLICA}` into the path of `{owner}`, or run it once")))
}

/// The flow as the worker of this number runs it.
#[must_use]
pub fn numbered(flow: &Flow, number: u32) -> Flow {
    let mut flow = flow.clone();
    let number = number.to_string();
    let fill = |options: &mut Options| {
        let path = options.get("path").and_then(|setting| match setting {
            Setting::Text(text) if text.contains(REPLICA) => Some(text.replace(REPLICA, &number)),
            _ => None,
        });
        if let Some(path) = path {
            options.set("path", Setting::Text(path));
        }
    };
    fill(&mut flow.sink.options);
    flow.record.iter_mut().for_each(fill);
    flow
}

/// The flow as one worker of several runs it: a broker must tell them apart, too.
#[must_use]
pub fn one_of_several(flow: &Flow, number: u32) -> Flow {
    let mut flow = numbered(flow, number);
    for options in [&mut flow.source.options, &mut flow.sink.options] {
        let name = options.text_if("client_id").map(str::to_owned);
        if let Some(name) = name {
            options.set("client_id", Setting::Text(format!("{name}-{number}")));
        }
    }
    flow
}

/// Reads `scale:`; 1 where it is wrong.
pub(super) fn scale(node: &Node, diagnostics: &mut Vec<Diagnostic>) -> u32 {
    let scale = node.text().and_then(|text| text.parse().ok());
    let scale = scale.filter(|scale| (1..=MOST).contains(scale));
    if scale.is_none() {
        let message = format!("`scale` is a whole number from 1 to {MOST}");
        diagnostics.push(
            Diagnostic::new(node.span.clone(), message)
                .help("write `scale: 4`: so many workers share the flow"),
        );
    }
    scale.unwrap_or(1)
}

/// Refuses what cannot hold.
pub(super) fn refuse(flow: &Flow, key: &Key, node: &Node, diagnostics: &mut Vec<Diagnostic>) {
    if flow.scale < 2 {
        return;
    }
    if let Some((reason, remedy)) = why_not(flow) {
        let message = format!("`{}` cannot have {} workers: {reason}", key.name, flow.scale);
        diagnostics.push(Diagnostic::new(node.span.clone(), message).help(remedy));
    }
}
