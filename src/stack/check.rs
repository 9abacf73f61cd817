//! Stack file to stack: collects every mistake and never stops at the first.

use crate::catalog::Catalog;
use crate::core::options::Setting;
use crate::core::spec::Spec;
use crate::stack::alert;
use crate::stack::conflicts::{self, Placed};
use crate::stack::diagnostic::{Diagnostic, Diagnostics};
use crate::stack::expand;
use crate::stack::gate;
use crate::stack::lease;
use crate::stack::model::{Alert, Body, Stack};
use crate::stack::node::{self, Key, Node};
use crate::stack::options::{self, is_misspelt, unknown_key};
use crate::stack::resources;
use crate::stack::scale;
use crate::stack::service::{check_required, service};
use crate::stack::via::Via;
use crate::stack::view::{check_fields, default_panels};

const KEYS: [&str; 7] = ["version", "stack", "seed", "via", "leases", "services", "resources"];

/// Where `${VAR}` comes from.
#[derive(Debug, Clone, Default)]
pub enum Environment {
    #[default]
    Process,
    /// For tests, and for reading a stack without anybody's variables.
    Given(Vec<(String, String)>),
}

impl Environment {
    /// `NAME`, else what the file holds that `NAME_FILE` names: how containers hand over secrets.
    pub(super) fn lookup(&self, name: &str) -> Result<Option<String>, String> {
        if let Some(value) = self.plain(name) {
            return Ok(Some(value));
        }
        match self.plain(&format!("{name}_FILE")).filter(|path| !path.is_empty()) {
            Some(path) => value_in_file(name, &path).map(Some),
            None => Ok(None),
        }
    }

    fn plain(&self, name: &str) -> Option<String> {
        match self {
            #[expect(clippy::disallowed_methods, reason = "this is the door to the environment")]
            Self::Process => std::env::var(name).ok(),
            Self::Given(pairs) => {
                pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
            }
        }
    }
}

/// One line at most: an editor ends it with a line break, which is no part of a password.
fn value_in_file(name: &str, path: &str) -> Result<String, String> {
    match std::fs::read(path).map(String::from_utf8) {
        Ok(Ok(text)) => Ok(text.trim_end_matches(['\r', '\n']).to_owned()),
        Ok(Err(_)) => Err(format!("the value of `{name}` in {path} is not UTF-8")),
        Err(error) => Err(format!("the value of `{name}` cannot be read from {path}: {error}")),
    }
}

/// Reads and checks a stack. Warnings come beside the stack, errors instead of it.
pub fn load(
    file: &str,
    text: &str,
    catalog: &Catalog,
    environment: &Environment,
) -> Result<(Stack, Diagnostics), Diagnostics> {
    let mut diagnostics =
        Diagnostics { file: file.to_owned(), text: text.to_owned(), list: Vec::new() };
    let stack = match node::parse(text) {
        Ok(mut root) => {
            let lookup = |name: &str| environment.lookup(name);
            expand::expand(&mut root, &lookup, &mut diagnostics.list);
            expand::tokens(&mut root, &lookup, &mut diagnostics.list);
            let unset: Vec<_> = diagnostics.list.iter().map(|it| it.span.clone()).collect();
            let stack = check(file, text, &root, catalog, &mut diagnostics.list);
            // What is wrong with the nothing that a missing variable left is not a mistake of its own.
            let mut index = 0;
            diagnostics.list.retain(|diagnostic| {
                index += 1;
                index <= unset.len() || !unset.contains(&diagnostic.span)
            });
            stack
        }
        Err(diagnostic) => {
            diagnostics.list.push(diagnostic);
            None
        }
    };
    diagnostics.list.sort_by_key(|diagnostic| (diagnostic.span.start, diagnostic.is_warning));
    diagnostics.list.dedup();
    match stack {
        Some(stack) if !diagnostics.has_errors() => Ok((stack, diagnostics)),
        _ => Err(diagnostics),
    }
}

fn check(
    file: &str,
    text: &str,
    root: &Node,
    catalog: &Catalog,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Stack> {
    let Some(entries) = root.entries() else {
        diagnostics.push(
            Diagnostic::new(root.span.clone(), "the file holds no stack").help(
                "start with `stack: NAME`, then `services:`; `headwater init NAME` copies one",
            ),
        );
        return None;
    };
    for (key, _) in entries {
        match key.name.as_str() {
            known if KEYS.contains(&known) => {}
            _ => diagnostics.push(unknown_key(key, KEYS.into_iter(), "the stack file")),
        }
    }
    let get = |name: &str| entries.iter().find(|(key, _)| key.name == name);
    check_version(get("version"), diagnostics);
    let name = match get("stack") {
        None if is_misspelt("stack", entries, &KEYS) => None,
        entry => stack_name(entry, diagnostics),
    };
    let seed = get("seed").and_then(|(_, value)| seed(value, diagnostics));
    let resources = get("resources")
        .map(|(_, node)| resources::resources(node, diagnostics))
        .unwrap_or_default();
    let services = services(entries, diagnostics)?;
    let mut placed: Vec<Placed> = services
        .iter()
        .map(|(key, node)| Placed { key, node, service: service(key, node, catalog, diagnostics) })
        .collect();
    let via = get("via").and_then(|entry| {
        Via::read(entry, name.as_deref().unwrap_or_default(), catalog, diagnostics)
    });
    let leases = get("leases").and_then(|entry| lease::read(entry, diagnostics));
    let via = via.map(|via| via.with_leases(leases.as_ref()));
    promises(&placed, via.as_ref(), diagnostics);
    conflicts::check(&placed, diagnostics);
    let named = get("resources").and_then(|(_, node)| node.entries()).unwrap_or_default();
    conflicts::resources(&placed, named, diagnostics);
    conflicts::flows(&placed, diagnostics);
    gate::ports(&mut placed);
    for view in placed.iter().filter_map(|it| it.node.value("view")) {
        check_fields(view, &resources, diagnostics);
    }
    for service in placed.iter_mut().filter_map(|it| it.service.as_mut()) {
        if let Body::View(view) = &mut service.body
            && view.panels.is_empty()
        {
            view.panels = default_panels(&view.from, &resources, catalog);
        }
    }
    let alerts = placed.iter().filter_map(|it| {
        Some(alert::alerts(it.key, it.node.value("alert")?, it.body(), diagnostics))
    });
    let mut alerts: Vec<Alert> = alerts.flatten().collect();
    if diagnostics.iter().any(|diagnostic| !diagnostic.is_warning) {
        return None;
    }
    let mut services = conflicts::in_order(placed);
    if let Some(via) = &via {
        services = via.split(services, &mut alerts);
    }
    lease::elect(&mut services, leases.as_ref());
    let (file, text) = (file.to_owned(), text.to_owned());
    Some(Stack { name: name?, file, text, seed, resources, services, alerts })
}

/// What the file asks of a flow must hold for the flow as it runs.
fn promises(placed: &[Placed], via: Option<&Via>, diagnostics: &mut Vec<Diagnostic>) {
    for it in placed {
        let Some(Body::Flow(flow)) = it.body() else { continue };
        let halves = via.and_then(|via| via.halves(&it.key.name, flow));
        let flow = halves.as_ref().map_or(flow, |(_, empties)| empties);
        if let Some(node) = it.node.value("require") {
            check_required(node, flow, diagnostics);
        }
        if let Some(node) = it.node.value("scale") {
            scale::refuse(flow, it.key, node, diagnostics);
        }
        for end in ["in", "out"] {
            let taken = format!("{}-{end}", it.key.name);
            let other = placed.iter().find(|other| other.key.name == taken);
            if let Some(other) = other.filter(|_| halves.is_some()) {
                let message = format!("`{taken}` is a half of `{}`, because of `via`", it.key.name);
                diagnostics.push(
                    Diagnostic::new(other.key.span.clone(), message).help("give it another name"),
                );
            }
        }
    }
}

/// The services, if there are any.
fn services<'a>(
    entries: &'a [(Key, Node)],
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<&'a [(Key, Node)]> {
    let help =
        "write `services:`, below it a name like `consumer:`, and below that a flow or a server";
    let Some((key, value)) = entries.iter().find(|(key, _)| key.name == "services") else {
        if !is_misspelt("services", entries, &KEYS) {
            let missing = Diagnostic::new(0..0, "the stack has no `services`");
            diagnostics.push(missing.help(help));
        }
        return None;
    };
    let services = value.entries().filter(|services| !services.is_empty());
    if services.is_none() {
        let empty = Diagnostic::new(key.span.clone(), "`services` holds no service");
        diagnostics.push(empty.help(help));
    }
    services
}

/// The format is version 1 and stays readable for ever; a newer one must not be misread.
fn check_version(entry: Option<&(Key, Node)>, diagnostics: &mut Vec<Diagnostic>) {
    let Some((_, value)) = entry else { return };
    if value.text() != Some("1") {
        diagnostics.push(
            Diagnostic::new(value.span.clone(), "this version of the stack format is not known")
                .help("this headwater reads `version: 1`; a newer one reads more"),
        );
    }
}

fn stack_name(entry: Option<&(Key, Node)>, diagnostics: &mut Vec<Diagnostic>) -> Option<String> {
    let Some((_, value)) = entry else {
        diagnostics.push(
            Diagnostic::new(0..0, "the stack has no name")
                .help("start the file with `stack: NAME`"),
        );
        return None;
    };
    let is_fine = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    match value.text() {
        Some(name) if !name.is_empty() && name.len() <= 63 && name.chars().all(is_fine) => {
            Some(name.to_owned())
        }
        _ => {
            diagnostics.push(
                Diagnostic::new(
                    value.span.clone(),
                    format!("{} is no name for a stack", value.is_a()),
                )
                .help("a name is letters, digits, `-` and `_`, at most 63"),
            );
            None
        }
    }
}

fn seed(value: &Node, diagnostics: &mut Vec<Diagnostic>) -> Option<u64> {
    let seed = value.text().and_then(|text| text.parse().ok());
    if seed.is_none() {
        diagnostics.push(
            Diagnostic::new(value.span.clone(), "`seed` is a whole number from 0 to 2^64 - 1")
                .help("write `seed: 42`, or leave it out: then one is drawn and kept"),
        );
    }
    seed
}

/// Reads a description of generated records that stands alone, not in a stack.
pub fn record(file: &str, text: &str) -> Result<Vec<(String, Spec)>, Diagnostics> {
    let wrong =
        |list: Vec<Diagnostic>| Diagnostics { file: file.to_owned(), text: text.to_owned(), list };
    let node = node::parse(text).map_err(|diagnostic| wrong(vec![diagnostic]))?;
    match options::record(&node).map_err(wrong)? {
        Setting::Record(fields) => Ok(fields),
        _ => Ok(Vec::new()),
    }
}
