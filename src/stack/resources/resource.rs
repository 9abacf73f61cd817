//! Reads one resource: its fields, key, store, cache and wire.

use crate::core::words::nearest;
use crate::resource::{Field, FieldKind, FieldLimits, ResourceConfig, Schema, StoreConfig, Wire};
use crate::stack::diagnostic::Diagnostic;
use crate::stack::node::{Key, Node, Yaml};
use crate::stack::options::{is_misspelt, unknown_key};
use crate::stack::resources::{field, place};
use std::sync::Arc;

const KEYS: [&str; 5] = ["key", "fields", "store", "cache", "wire"];

/// Columns of a table; far more than a person writes down, and what every store takes.
const FIELDS: usize = 200;

pub(super) fn resource(
    key: &Key,
    node: &Node,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<ResourceConfig> {
    check_name(key, diagnostics);
    let Some(entries) = node.entries() else {
        let message = format!("the resource `{}` is empty", key.name);
        diagnostics.push(
            Diagnostic::new(key.span.clone(), message)
                .help("give it fields: `fields: { name: text, age: integer 0..150 }`"),
        );
        return None;
    };
    for (entry, _) in entries.iter().filter(|(entry, _)| !KEYS.contains(&entry.name.as_str())) {
        let owner = format!("the resource `{}`", key.name);
        diagnostics.push(unknown_key(entry, KEYS.into_iter(), &owner));
    }
    let get = |name: &str| entries.iter().find(|(entry, _)| entry.name == name);
    let Some((_, fields)) = get("fields") else {
        if !is_misspelt("fields", entries, &KEYS) {
            let message = format!("the resource `{}` has no fields", key.name);
            diagnostics.push(
                Diagnostic::new(key.span.clone(), message)
                    .help("add `fields: { name: text, age: integer 0..150 }`"),
            );
        }
        return None;
    };
    let secrets = field::secrets(fields);
    let fields = field::fields(fields, diagnostics)?;
    let schema = schema(key, fields, get("key").map(|(_, node)| node), diagnostics);
    let store = get("store").map_or(Some(StoreConfig::Sqlite(default_file(key))), |(_, node)| {
        place::store(node, diagnostics)
    });
    let cache = get("cache").map_or(Ok(None), |(_, node)| place::cache(node, diagnostics));
    let wire = get("wire").map_or(Some(Wire::Native), |(_, node)| wire(node, diagnostics));
    let (schema, wire) = (schema?, wire?);
    check_wire(&schema, wire, (get("wire"), key), diagnostics);
    let (schema, store, cache) = (Arc::new(schema), store?, cache.ok()?);
    Some(ResourceConfig { schema, secrets, store, cache, wire })
}

/// `users` is kept in `users.db` unless the stack says otherwise.
fn default_file(key: &Key) -> std::path::PathBuf {
    format!("{}.db", key.name).into()
}

/// Names become tables, paths of caches and words in messages.
fn check_name(key: &Key, diagnostics: &mut Vec<Diagnostic>) {
    let is_fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
    let starts_well = key.name.starts_with(|c: char| c.is_ascii_lowercase());
    if !starts_well || !key.name.chars().all(is_fine) || key.name.len() > 63 {
        let message = format!("`{}` is no name for a resource", key.name);
        diagnostics.push(
            Diagnostic::new(key.span.clone(), message).help(
                "a name is lower-case letters, digits, `-` and `_`, at most 63, a letter first",
            ),
        );
    } else if key.name.starts_with("headwater") {
        diagnostics.push(
            Diagnostic::new(key.span.clone(), "names that begin with `headwater` are taken")
                .help("its own tables are called so: choose another name"),
        );
    }
}

fn wire(node: &Node, diagnostics: &mut Vec<Diagnostic>) -> Option<Wire> {
    let words = ["native", "fastapi", "message"];
    match node.text() {
        Some("native") => Some(Wire::Native),
        Some("fastapi") => Some(Wire::Fastapi),
        Some("message") => Some(Wire::Message),
        other => {
            let help = match other.and_then(|word| nearest(word, words)) {
                Some(word) => format!("did you mean `{word}`?"),
                None => "write native, fastapi or message".to_owned(),
            };
            let message = format!("{} is no wire", node.is_a());
            diagnostics.push(Diagnostic::new(node.span.clone(), message).help(help));
            None
        }
    }
}

/// The compatible wires have no place for a key that the server makes, and name it in their paths.
fn check_wire(
    schema: &Schema,
    wire: Wire,
    (entry, key): (Option<&(Key, Node)>, &Key),
    diagnostics: &mut Vec<Diagnostic>,
) {
    if wire == Wire::Native || !schema.key_is_generated {
        return;
    }
    let span = entry.map_or_else(|| key.span.clone(), |(_, node)| node.span.clone());
    diagnostics.push(
        Diagnostic::new(span, "this wire needs a key that clients give")
            .help("name one of the fields: `key: name`; only the native wire makes keys"),
    );
}

/// The key is a field that is named, or an `id` that is made.
fn schema(
    name: &Key,
    mut fields: Vec<Field>,
    key: Option<&Node>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Schema> {
    let (wanted, is_generated) = match key {
        None => {
            if !fields.iter().any(|field| field.name == "id") {
                fields.insert(0, made_id());
            }
            ("id".to_owned(), true)
        }
        Some(node) => key_of(node, diagnostics)?,
    };
    let span = || key.map_or_else(|| name.span.clone(), |node| node.span.clone());
    let Some(place) = fields.iter().position(|field| field.name == wanted) else {
        let names = fields.iter().map(|field| field.name.as_str());
        let help = match nearest(&wanted, names) {
            Some(word) => format!("did you mean `{word}`?"),
            None => "name one of the fields; without `key:` the server makes an `id`".to_owned(),
        };
        let message = format!("the key `{wanted}` is none of the fields");
        diagnostics.push(Diagnostic::new(span(), message).help(help));
        return None;
    };
    let kind = &fields[place].kind;
    let can_be_made = matches!(kind, FieldKind::Integer | FieldKind::Uuid);
    if !kind.can_be_key() || (is_generated && !can_be_made) {
        let message = format!("a {} cannot be {}", kind.name(), role(is_generated));
        diagnostics.push(Diagnostic::new(span(), message).help(
            "a key is an integer, a text or a uuid; one that the server makes is an integer or a uuid",
        ));
        return None;
    }
    if fields.len() > FIELDS {
        let message = format!("a resource has at most {FIELDS} fields");
        diagnostics.push(Diagnostic::new(name.span.clone(), message).help("make two of it"));
        return None;
    }
    fields[place].is_required = !is_generated;
    Some(Schema { name: name.name.clone(), fields, key: place, key_is_generated: is_generated })
}

fn role(is_generated: bool) -> &'static str {
    if is_generated { "a key that the server makes" } else { "a key" }
}

fn made_id() -> Field {
    Field {
        name: "id".to_owned(),
        kind: FieldKind::Uuid,
        is_required: false,
        default: None,
        is_unique: false,
        is_indexed: false,
        limits: FieldLimits::default(),
    }
}

/// `key: name`, or `key: { field: id, generated: true }`.
fn key_of(node: &Node, diagnostics: &mut Vec<Diagnostic>) -> Option<(String, bool)> {
    let wrong = |span: std::ops::Range<usize>, message: String| {
        Diagnostic::new(span, message)
            .help("write `key: name`, or `key: { field: id, generated: true }`")
    };
    match &node.yaml {
        Yaml::Scalar { text, .. } => Some((text.clone(), false)),
        Yaml::Map(entries) => {
            let (mut field, mut is_generated) = (None, false);
            for (entry, value) in entries {
                match (entry.name.as_str(), value.text()) {
                    ("field", Some(text)) => field = Some(text.to_owned()),
                    ("generated", Some("true")) => is_generated = true,
                    ("generated", Some("false")) => is_generated = false,
                    ("field" | "generated", _) => {
                        let message = format!("{} is not right here", value.is_a());
                        diagnostics.push(wrong(value.span.clone(), message));
                        return None;
                    }
                    _ => diagnostics.push(unknown_key(
                        entry,
                        ["field", "generated"].into_iter(),
                        "`key`",
                    )),
                }
            }
            if field.is_none() {
                diagnostics.push(wrong(node.span.clone(), "`key` names no field".to_owned()));
            }
            Some((field?, is_generated))
        }
        _ => {
            diagnostics.push(wrong(node.span.clone(), format!("{} is no key", node.is_a())));
            None
        }
    }
}
