//! `doctor`: what will fail on this machine or these nodes, and what to do about it.

use crate::cli::arguments::{Arguments, Doctor};
use crate::cli::{exit, files, out};
use crate::clients::disk::RealDisk;
use crate::clients::docker::Engine;
use crate::core::text::append;
use crate::core::time::unix_ms;
use crate::doctor::{Finding, Patient, Severity, visit};
use crate::render::listens;
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;

pub(super) fn doctor(arguments: &Arguments, wanted: &Doctor) -> exit::Code {
    let source = match files::find(wanted.stack.as_deref()) {
        Ok(source) => source,
        Err(code) => return code,
    };
    let stack = match files::load(&source) {
        Ok(stack) => stack,
        Err(code) => return code,
    };
    let services = stack.services.iter().filter_map(|service| {
        let listen = listens(service)?;
        Some((service.name.clone(), listen.socket(arguments.bind)))
    });
    let patient = Patient {
        root: wanted.root.clone().unwrap_or_else(|| PathBuf::from("/")),
        engine: wanted.engine.clone().unwrap_or_else(usual_engine),
        data: arguments.data.clone(),
        image: wanted.image.clone(),
        ports: services.collect(),
        for_swarm: wanted.swarm,
        now: unix_ms(),
    };
    let findings = visit(&patient, Arc::new(RealDisk));
    let fails = findings.iter().filter(|finding| finding.severity == Severity::Fails).count();
    if arguments.json {
        let list: Vec<_> = findings.iter().map(Finding::to_json).collect();
        out::json(&json!({ "stack": stack.name, "fails": fails, "findings": list }));
    } else {
        out::say(&describe(&stack.name, &findings));
    }
    if fails == 0 { exit::OK } else { exit::FAILURE }
}

/// Where `DOCKER_HOST` says, if that is a socket.
pub(super) fn usual_engine() -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "every Docker client follows this variable")]
    let host = std::env::var("DOCKER_HOST").unwrap_or_default();
    Engine::usual_socket(&host)
}

fn describe(stack: &str, findings: &[Finding]) -> String {
    let mut text = format!("For the stack {stack} on this machine:\n\n");
    let width = findings.iter().map(|finding| finding.subject.len()).max().unwrap_or(0);
    for finding in findings {
        let (word, subject) = (finding.severity.word(), &finding.subject);
        append(&mut text, format_args!("  {word:<8} {subject:<width$}  {}\n", finding.what));
        for (label, told) in [("hits", &finding.hits), ("cure", &finding.cure)] {
            if !told.is_empty() {
                let indent = width + 13;
                append(&mut text, format_args!("{:indent$}{label}: {told}\n", ""));
            }
        }
    }
    let count =
        |wanted: Severity| findings.iter().filter(|finding| finding.severity == wanted).count();
    let (fails, limited) = (count(Severity::Fails), count(Severity::Limited));
    append(&mut text, format_args!("\nwill fail: {fails}; works within limits: {limited}\n"));
    text
}
