//! What the stack file says about each node, as it was checked, with everything masked that could be a secret.

use crate::core::options::{Keep, Options, Setting};
use crate::core::spec::Spec;
use crate::core::unit::{show_duration, show_size};
use crate::map::join;
use crate::map::mask::masked;
use crate::resource::{CacheConfig, ResourceConfig, StoreConfig, Wire};
use crate::stack::Stack;
use crate::stack::model::{Answer, Body, Flow, Origin, Route, Service, Token, View};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;

/// Names with what they are set to, for each node by its id.
pub type Configuration = BTreeMap<String, Vec<(String, String)>>;

type Lines = Vec<(String, String)>;

pub fn configuration(stack: &Stack) -> Configuration {
    let services = stack.services.iter().map(|it| (it.name.clone(), service(it)));
    let resources = stack.resources.iter().flat_map(resource);
    services.chain(resources).collect()
}

fn service(service: &Service) -> Lines {
    let mut lines = match &service.body {
        Body::Flow(it) => flow(it),
        Body::Server(server) => {
            let mut lines = vec![line("listen", server.listen.port)];
            lines.extend(server.routes.iter().flat_map(route));
            lines
        }
        Body::View(it) => view(it),
        Body::Gate(gate) => {
            let mut lines = vec![line("listen", gate.listen.port)];
            lines.extend(
                gate.options.iter().map(|(name, it)| (format!("gate: {name}"), setting(name, it))),
            );
            lines
        }
    };
    if !service.needs.is_empty() {
        lines.push(line("needs", service.needs.join(", ")));
    }
    lines
}

fn line(name: &str, value: impl Display) -> (String, String) {
    (name.to_owned(), format!("{value}"))
}

fn flow(flow: &Flow) -> Lines {
    let mut lines = part("source", flow.source.kind.about.name, &flow.source.options);
    if let Some(then) = &flow.then {
        lines.extend(part("then", then.kind.about.name, &then.options));
    }
    for step in &flow.steps {
        lines.extend(part("step", step.kind.about.name, &step.options));
    }
    lines.extend(part("sink", flow.sink.kind.about.name, &flow.sink.options));
    lines
}

fn part(role: &str, kind: &str, options: &Options) -> Lines {
    let mut lines = vec![line(role, kind)];
    let said = options.iter().map(|(name, it)| (format!("{role}: {name}"), setting(name, it)));
    lines.extend(said);
    lines
}

fn setting(name: &str, setting: &Setting) -> String {
    if masked(name) {
        return "(secret)".to_owned();
    }
    match setting {
        Setting::Text(text) if text.contains("://") || name == "url" => join::without_secrets(text),
        Setting::Text(text) => text.clone(),
        Setting::Whole(number) => number.to_string(),
        Setting::Boolean(is_set) => is_set.to_string(),
        Setting::Duration(duration) => show_duration(*duration),
        Setting::Record(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|(name, it)| format!("{name}: {}", spec(it))).collect();
            fields.join(", ")
        }
        // Headers: names only, for any of them may be a key.
        Setting::Pairs(pairs) => {
            let names: Vec<String> =
                pairs.iter().map(|(name, _)| format!("{name}: (hidden)")).collect();
            names.join(", ")
        }
        Setting::Names(names) => names.join(", "),
        Setting::Shares(shares) => {
            let shares = shares.iter().map(|(name, share)| format!("{name} {}%", share * 100.0));
            shares.collect::<Vec<_>>().join(", ")
        }
        Setting::Keep(Keep::Count(count)) => count.to_string(),
        Setting::Keep(Keep::Age(age)) => show_duration(*age),
        Setting::Keep(Keep::Bytes(bytes)) => show_size(*bytes),
    }
}

fn spec(value: &Spec) -> String {
    match value {
        Spec::Text(text) => text.clone(),
        Spec::List(items) => {
            let items: Vec<String> = items.iter().map(spec).collect();
            format!("[{}]", items.join(", "))
        }
        Spec::Map(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|(name, it)| format!("{name}: {}", spec(it))).collect();
            format!("{{ {} }}", fields.join(", "))
        }
    }
}

fn route(route: &Route) -> Lines {
    let path = &route.path;
    match &route.answer {
        Answer::Generate { record, .. } => {
            let fields: Vec<String> =
                record.iter().map(|(name, it)| format!("{name}: {}", spec(it))).collect();
            vec![line(path, format!("generate {}", fields.join(", ")))]
        }
        Answer::Resource(exposed) => {
            let mut lines = vec![line(path, format!("resource {}", exposed.resource))];
            for (what, token) in [("read", &exposed.read), ("write", &exposed.write)] {
                let said = match token {
                    None => continue,
                    Some(Token::Given(_)) => "with a token".to_owned(),
                    Some(Token::File(path)) => format!("with the token in {}", path.display()),
                };
                lines.push((format!("{path}: {what}"), said));
            }
            if !exposed.origins.is_empty() {
                lines.push((format!("{path}: origins"), exposed.origins.join(", ")));
            }
            lines
        }
    }
}

fn origin(origin: &Origin) -> String {
    match origin {
        Origin::Api { url, .. } => join::without_secrets(url),
        Origin::Flow(name) => format!("flow {name}"),
        Origin::Results(path) => format!("results in {path}"),
        Origin::Cache(name) => format!("cache of {name}"),
    }
}

fn view(view: &View) -> Lines {
    let mut lines = vec![
        line("listen", view.listen.port),
        line("title", &view.title),
        line("from", origin(&view.from)),
    ];
    for panel in &view.panels {
        lines.extend(part("panel", panel.kind.about.name, &panel.options));
    }
    lines
}

fn resource(config: &ResourceConfig) -> Vec<(String, Lines)> {
    let name = &config.schema.name;
    let mut lines = vec![
        line("key", &config.schema.key_field().name),
        line(
            "wire",
            match config.wire {
                Wire::Native => "native",
                Wire::Fastapi => "fastapi",
                Wire::Message => "message",
            },
        ),
    ];
    lines.extend(config.schema.fields.iter().map(|it| line(&it.name, it.kind.name())));
    let place = match &config.store {
        StoreConfig::Memory => "memory".to_owned(),
        StoreConfig::Sqlite(path) => format!("sqlite {}", path.display()),
        StoreConfig::Postgres(url) => format!("postgres at {}", join::host_of(&url.0)),
    };
    let mut nodes = vec![
        (format!("resource:{name}"), lines),
        (format!("store:{name}"), vec![line("store", place)]),
    ];
    if let Some(cache) = &config.cache {
        nodes.push((format!("cache:{name}"), cache_lines(cache)));
    }
    nodes
}

fn cache_lines(cache: &CacheConfig) -> Lines {
    let time = |duration: Duration| show_duration(duration);
    let redis = cache.redis.as_ref().map(|url| join::host_of(&url.0));
    vec![
        line("in", redis.map_or("memory".to_owned(), |host| format!("memory, Redis at {host}"))),
        line("max_stale", time(cache.max_stale)),
        line("ttl", time(cache.ttl)),
        line("negative_ttl", time(cache.negative_ttl)),
        line("stale_if_error", time(cache.stale_if_error)),
        line("entries", cache.entries),
    ]
}
