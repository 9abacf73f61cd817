//! `check`: every mistake at once, and the guarantee of every flow in words.

use crate::cli::arguments::Arguments;
use crate::cli::{exit, files, out};
use crate::core::text::append;
use crate::stack::model::Body;
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
                let (from, to) = (flow.source.kind.about.name, flow.sink.kind.about.name);
                append(&mut text, format_args!("\n  {}: {from} -> {to}\n", service.name));
                append(&mut text, format_args!("    {}: {}\n", derived.guarantee, derived.words));
            }
            Body::Server(server) => {
                let routes: Vec<&str> =
                    server.routes.iter().map(|route| route.path.as_str()).collect();
                let port = server.listen.port;
                let routes = routes.join(", ");
                append(
                    &mut text,
                    format_args!("\n  {}: serves {routes} on port {port}\n", service.name),
                );
                text.push_str(
                    "    every answer is a record of its own; after a crash indices are skipped, \
                     never repeated\n",
                );
            }
        }
    }
    text
}

fn flows(stack: &Stack) -> serde_json::Value {
    let flows = stack.services.iter().filter_map(|service| {
        let Body::Flow(flow) = &service.body else { return None };
        let derived = guarantee::of(flow);
        Some(json!({
            "service": service.name,
            "source": flow.source.kind.about.name,
            "sink": flow.sink.kind.about.name,
            "guarantee": derived.guarantee.to_string(),
            "words": derived.words,
        }))
    });
    flows.collect()
}
