//! Reads where a resource is kept and cached.

use crate::core::unit;
use crate::core::words::nearest;
use crate::resource::{CacheConfig, Secret, StoreConfig};
use crate::stack::diagnostic::Diagnostic;
use crate::stack::node::{Key, Node, Yaml};
use crate::stack::options::unknown_key;
use std::time::Duration;

const STORES: &str = "write memory, sqlite:FILE or postgres://USER:PASSWORD@HOST:PORT/DATABASE, or a list of which the \
     first that is not empty counts";
const CACHES: &str = "write none, memory or redis://HOST:PORT, or a map with `in: memory`";
const KEYS: [&str; 6] = ["in", "max_stale", "ttl", "negative_ttl", "stale_if_error", "entries"];

/// One place, or a list of which the first counts that variables did not leave empty.
fn first(node: &Node) -> Option<&Node> {
    match &node.yaml {
        Yaml::List(items) => {
            items.iter().find(|item| item.text().is_some_and(|text| !text.trim().is_empty()))
        }
        _ => Some(node),
    }
}

/// Where records live, as one text.
pub fn parse_store(text: &str) -> Option<StoreConfig> {
    if text == "memory" {
        return Some(StoreConfig::Memory);
    }
    if let Some(file) = text.strip_prefix("sqlite:").filter(|file| !file.is_empty()) {
        return Some(StoreConfig::Sqlite(file.into()));
    }
    is_url(text, &["postgres", "postgresql"])
        .then(|| StoreConfig::Postgres(Secret(text.to_owned())))
}

pub(super) fn store(node: &Node, diagnostics: &mut Vec<Diagnostic>) -> Option<StoreConfig> {
    let found = first(node);
    let text = found.and_then(Node::text).map_or("", str::trim);
    if let Some(store) = parse_store(text) {
        return Some(store);
    }
    let at = found.unwrap_or(node);
    let help = match nearest(text, ["memory", "sqlite", "postgres"]) {
        Some("memory") => "did you mean `memory`?".to_owned(),
        _ => STORES.to_owned(),
    };
    diagnostics.push(Diagnostic::new(at.span.clone(), wrong(at, "store")).help(help));
    None
}

/// A place that holds a URL is not shown: a password may stand in it.
fn wrong(node: &Node, what: &str) -> String {
    match node.text() {
        Some(text) if text.contains('@') => format!("this is no {what}"),
        _ => format!("{} is no {what}", node.is_a()),
    }
}

fn is_url(text: &str, schemes: &[&str]) -> bool {
    text.split_once("://").is_some_and(|(scheme, rest)| {
        schemes.contains(&scheme) && !rest.is_empty() && !rest.starts_with('/')
    })
}

/// A mistake that was told already.
#[derive(Debug)]
pub(super) struct Told;

/// `Ok(None)` is no cache.
pub(super) fn cache(
    node: &Node,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<Option<CacheConfig>, Told> {
    let Some(entries) = node.entries() else { return place(node, diagnostics) };
    let get = |name: &str| entries.iter().find(|(entry, _)| entry.name == name).map(|(_, v)| v);
    let mut config = match get("in") {
        Some(node) => place(node, diagnostics)?.unwrap_or_default(),
        None => CacheConfig::default(),
    };
    let before = diagnostics.len();
    for (entry, value) in entries {
        set(&mut config, entry, value, diagnostics);
    }
    if diagnostics.len() == before { Ok(Some(config)) } else { Err(Told) }
}

fn place(node: &Node, diagnostics: &mut Vec<Diagnostic>) -> Result<Option<CacheConfig>, Told> {
    let found = first(node);
    let text = found.and_then(Node::text).map_or("", str::trim);
    match text {
        "none" => Ok(None),
        "memory" => Ok(Some(CacheConfig::default())),
        url if is_url(url, &["redis", "rediss"]) => {
            let redis = Some(Secret(url.to_owned()));
            Ok(Some(CacheConfig { redis, ..CacheConfig::default() }))
        }
        _ => {
            let at = found.unwrap_or(node);
            diagnostics.push(Diagnostic::new(at.span.clone(), wrong(at, "cache")).help(CACHES));
            Err(Told)
        }
    }
}

fn set(config: &mut CacheConfig, entry: &Key, value: &Node, diagnostics: &mut Vec<Diagnostic>) {
    let text = value.text().unwrap_or_default();
    let mut duration = |place: &mut Duration| match unit::duration(text) {
        Ok(duration) => *place = duration,
        Err(message) => diagnostics.push(
            Diagnostic::new(value.span.clone(), message)
                .help("a duration is written like 3s, 250ms or 5m; a bare number is seconds"),
        ),
    };
    match entry.name.as_str() {
        "in" => {}
        "max_stale" => duration(&mut config.max_stale),
        "ttl" => duration(&mut config.ttl),
        "negative_ttl" => duration(&mut config.negative_ttl),
        "stale_if_error" => duration(&mut config.stale_if_error),
        "entries" => match text.parse() {
            Ok(entries @ 1..=100_000_000) => config.entries = entries,
            _ => diagnostics.push(
                Diagnostic::new(value.span.clone(), format!("{} is no count", value.is_a()))
                    .help("write how many records are held, for example 100000"),
            ),
        },
        _ => diagnostics.push(unknown_key(entry, KEYS.into_iter(), "`cache`")),
    }
}
