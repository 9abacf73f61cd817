//! `check`: every mistake at once, and the guarantee of every flow in words.

use crate::cli::arguments::Arguments;
use crate::cli::{exit, files, out};
use crate::core::text::append;
use crate::core::unit::show_duration;
use crate::resource::StoreConfig;
use crate::stack::model::{Body, Route};
use crate::stack::{Stack, guarantee};
use serde_json::json;

pub(super) fn check(arguments: &Arguments, stack: Option<&str>) -> exit::Code {
    let source = match files::find(stack) {
        Ok(source) => source,
        Err(code) => return code,
    };
    let loaded = files::load_quietly(&source);
    if arguments.json {
        let (diagnostics, flows) = match &loaded {
            Ok((stack, warnings)) => (warnings.to_json(), flows(stack)),
            Err(diagnostics) => (diagnostics.to_json(), json!([])),
        };
        out::json(&json!({ "ok": loaded.is_ok(), "diagnostics": diagnostics, "flows": flows }));
        return if loaded.is_ok() { exit::OK } else { exit::BAD_STACK };
    }
    match loaded {
        Ok((stack, warnings)) => {
            if !warnings.list.is_empty() {
                out::tell(&warnings.render(out::is_colourful()));
            }
            out::say(&describe(&stack));
            exit::OK
        }
        Err(diagnostics) => {
            out::tell(&diagnostics.render(out::is_colourful()));
            exit::BAD_STACK
        }
    }
}

fn describe(stack: &Stack) -> String {
    let mut text = format!("{}: the stack {} is right\n", stack.file, stack.name);
    for service in &stack.services {
        match &service.body {
            Body::Flow(flow) => {
                let derived = guarantee::of(flow);
                let sources = flow.sources().map(|source| source.kind.about.name);
                let from = sources.collect::<Vec<_>>().join(", then ");
                let to = flow.sink.kind.about.name;
                append(&mut text, format_args!("\n  {}: {from} -> {to}\n", service.name));
                append(&mut text, format_args!("    {}: {}\n", derived.guarantee, derived.words));
            }
            Body::View(view) => {
                let panels: Vec<&str> =
                    view.panels.iter().map(|panel| panel.kind.about.name).collect();
                let (name, port, from) = (&service.name, view.listen.port, &view.from);
                append(&mut text, format_args!("\n  {name}: port {port}\n"));
                append(&mut text, format_args!("    /: {} of {from}, live\n", panels.join(", ")));
            }
            Body::Gate(gate) => {
                let (name, port, to) = (&service.name, gate.listen.port, gate.to());
                append(&mut text, format_args!("\n  {name}: port {port}\n"));
                append(&mut text, format_args!("    everything: to the replicas of {to}\n"));
            }
            Body::Server(server) => {
                append(
                    &mut text,
                    format_args!("\n  {}: port {}\n", service.name, server.listen.port),
                );
                for route in &server.routes {
                    append(
                        &mut text,
                        format_args!("    {}: {}\n", route.path, words(stack, route)),
                    );
                }
            }
        }
    }
    text
}

/// What a path answers and what can be relied on.
fn words(stack: &Stack, route: &Route) -> String {
    let Some(exposed) = route.exposed() else {
        return "every answer is a record of its own; after a crash indices are skipped, never \
                repeated"
            .to_owned();
    };
    let Some(resource) = stack.resource(&exposed.resource) else { return String::new() };
    let store = match &resource.store {
        StoreConfig::Memory => "in memory: gone when the process ends".to_owned(),
        StoreConfig::Sqlite(path) => {
            format!("in SQLite {}: a write is answered after its fsync", path.display())
        }
        StoreConfig::Postgres(_) => {
            "in PostgreSQL: a write is answered after its commit".to_owned()
        }
    };
    let cache = resource.cache.as_ref().map_or(String::new(), |cache| {
        let place = if cache.redis.is_some() { "memory and Redis" } else { "memory" };
        format!("; cached in {place}, never older than {}", show_duration(cache.max_stale))
    });
    format!("the resource {}, {store}{cache}", resource.schema.name)
}

fn flows(stack: &Stack) -> serde_json::Value {
    let flows = stack.services.iter().filter_map(|service| {
        let Body::Flow(flow) = &service.body else { return None };
        let derived = guarantee::of(flow);
        Some(json!({
            "service": service.name,
            "source": flow.source.kind.about.name,
            "then": flow.then.as_ref().map(|then| then.kind.about.name),
            "sink": flow.sink.kind.about.name,
            "guarantee": derived.guarantee.to_string(),
            "words": derived.words,
        }))
    });
    flows.collect()
}
