//! Who runs the replicas: a Swarm, or Compose. Found by asking the engine.

use crate::autoscale::compose::Compose;
pub use crate::autoscale::decide::Crew;
use crate::autoscale::swarm::Swarm;
use crate::clients::docker::{Answer, Engine};
use serde_json::{Value, json};
use std::fmt::Debug;

/// The replicas of one service.
pub trait Fleet: Debug + Send {
    /// As its users call it.
    fn name(&self) -> &str;

    /// Under which name the containers of a service of the same stack are found, each of them.
    fn host(&self, service: &str) -> String;

    fn crew(&self) -> Result<Crew, String>;

    fn scale(&self, to: u32) -> Result<(), String>;

    /// Ids of those that run on this node.
    fn containers(&self) -> Result<Vec<String>, String>;
}

/// Finds the service; the error says what to do.
pub fn find(engine: &Engine, service: &str, project: &str) -> Result<Box<dyn Fleet>, String> {
    let info = good(engine.get("/info")?)?;
    let is_manager = info.pointer("/Swarm/ControlAvailable").and_then(Value::as_bool) == Some(true);
    let state = text(&info, "/Swarm/LocalNodeState");
    let mut known = Vec::new();
    if is_manager {
        match Swarm::find(engine, service, project)? {
            Ok(swarm) => return Ok(Box::new(swarm)),
            Err(others) => known.extend(others),
        }
    }
    match Compose::find(engine, service, project)? {
        Ok(compose) => return Ok(Box::new(compose)),
        Err(others) => known.extend(others),
    }
    if !is_manager && state == "active" {
        return Err(format!(
            "this node is a worker of its Swarm, and only managers know of `{service}`; \
             run it on a manager (`docker node ls` there names them)"
        ));
    }
    let there = if known.is_empty() {
        "no service at all; start it first: docker stack deploy, or docker-compose up -d".to_owned()
    } else {
        format!("{}; `--service` and `--project` choose", known.join(", "))
    };
    Err(format!("neither a Swarm nor Compose runs `{service}` here; there is {there}"))
}

/// Of several names, the one that is meant: as it is, with the project before it, or the only one that ends so.
pub(super) fn choose(
    names: &[String],
    service: &str,
    project: &str,
) -> Result<Option<usize>, String> {
    let exact = |wanted: &str| names.iter().position(|name| name == wanted);
    if let Some(found) = exact(&format!("{project}_{service}")).or_else(|| exact(service)) {
        return Ok(Some(found));
    }
    let ending = format!("_{service}");
    let mut all = names.iter().enumerate().filter(|(_, name)| name.ends_with(&ending));
    match (all.next(), all.next()) {
        (Some((first, _)), None) => Ok(Some(first)),
        (Some((_, first)), Some((_, second))) => Err(format!(
            "there are several `{service}`: {first}, {second}; `--project` says whose is meant"
        )),
        (None, _) => Ok(None),
    }
}

/// A list of the engine, chosen by filters.
pub(super) fn list(engine: &Engine, path: &str, filters: &Value) -> Result<Vec<Value>, String> {
    let plain = filters.to_string();
    let mut encoded = String::with_capacity(plain.len() * 2);
    for byte in plain.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            crate::core::text::append(&mut encoded, format_args!("%{byte:02X}"));
        }
    }
    let sign = if path.contains('?') { '&' } else { '?' };
    let body = good(engine.get(&format!("{path}{sign}filters={encoded}"))?)?;
    match body {
        Value::Array(list) => Ok(list),
        _ => Err(format!("what the engine answers to {path} is no list")),
    }
}

/// Containers with all of these labels.
pub(super) fn labelled(
    engine: &Engine,
    path: &str,
    labels: &[String],
) -> Result<Vec<Value>, String> {
    list(engine, path, &json!({ "label": labels }))
}

pub(super) fn good(answer: Answer) -> Result<Value, String> {
    if (200..300).contains(&answer.status) { Ok(answer.body) } else { Err(answer.message()) }
}

pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
