//! Reads a view: its title, where its records come from, its panels.

use crate::catalog::Catalog;
use crate::core::kind::PanelKind;
use crate::core::options::{Opt, Shape};
use crate::core::words::nearest;
use crate::resource::{FieldKind, ResourceConfig, Schema};
use crate::stack::component::component;
use crate::stack::diagnostic::Diagnostic;
use crate::stack::model::{Origin, Part, View};
use crate::stack::node::{Key, Node, Yaml};
use crate::stack::options::{Owner, is_misspelt, read, unknown_key};
use crate::stack::route::listen;

const KEYS: [&str; 3] = ["title", "from", "panels"];
const HELP: &str = "write `view:`, below it `from: URL` and `panels:` with lines like \
                    `- histogram: { field: age }`";

/// What may stand below `from:`.
pub(super) const FROM: &[Opt] = &[
    Opt::required("url", Shape::Url, "The list of an API."),
    Opt::optional("resource", Shape::Text, "The resource of this stack that the API serves."),
    Opt::optional("headers", Shape::Pairs, "Headers that are sent along, such as a token."),
];

pub(super) fn view(
    name: &Key,
    place: &Node,
    (key, node): &(Key, Node),
    catalog: &Catalog,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<View> {
    let place = listen(place, diagnostics);
    let Some(entries) = node.entries() else {
        let message = format!("a view is a map, not {}", node.is_a());
        diagnostics.push(Diagnostic::new(node.span.clone(), message).help(HELP));
        return None;
    };
    for (entry, _) in entries.iter().filter(|(entry, _)| !KEYS.contains(&entry.name.as_str())) {
        diagnostics.push(unknown_key(entry, KEYS.into_iter(), "this view"));
    }
    let get = |name: &str| entries.iter().find(|(entry, _)| entry.name == name);
    for (missing, help) in [
        ("from", "add `from: URL`: the list that it shows"),
        ("panels", "add `panels:` with lines like `- histogram: { field: age }`"),
    ] {
        if get(missing).is_none() && !is_misspelt(missing, entries, &KEYS) {
            let message = format!("the view needs the key `{missing}`");
            diagnostics.push(Diagnostic::new(key.span.clone(), message).help(help));
        }
    }
    let title = match get("title") {
        None => Some(name.name.clone()),
        Some((_, node)) => title(node, diagnostics),
    };
    let from = get("from").and_then(|(key, node)| origin(key, node, diagnostics));
    let panels = get("panels").map(|(_, node)| panels(node, catalog, diagnostics));
    Some(View { listen: place?, title: title?, from: from?, panels: panels? })
}

fn title(node: &Node, diagnostics: &mut Vec<Diagnostic>) -> Option<String> {
    let title = node.text().filter(|text| !text.trim().is_empty()).map(str::to_owned);
    if title.is_none() {
        diagnostics.push(
            Diagnostic::new(node.span.clone(), format!("{} is no title", node.is_a()))
                .help("write a text, for example `title: Ages`"),
        );
    }
    title
}

fn origin(key: &Key, node: &Node, diagnostics: &mut Vec<Diagnostic>) -> Option<Origin> {
    let before = diagnostics.len();
    let owner = Owner { name: "from", table: FROM, main: Some("url"), span: key.span.clone() };
    let options = read(&owner, node, diagnostics);
    let is_right = diagnostics.len() == before;
    is_right.then(|| Origin {
        url: options.text("url").to_owned(),
        resource: options.text_if("resource").map(str::to_owned),
        headers: options.pairs("headers").to_vec(),
    })
}

/// A wrong panel is left out, so that the others are looked at too; the errors stay.
fn panels(
    node: &Node,
    catalog: &Catalog,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Part<PanelKind>> {
    let items = match &node.yaml {
        Yaml::List(items) if !items.is_empty() => items,
        yaml => {
            let is_list = matches!(yaml, Yaml::List(_));
            let message = if is_list { "`panels` holds no panel" } else { "`panels` is a list" };
            diagnostics.push(
                Diagnostic::new(node.span.clone(), message)
                    .help("write each panel on a line of its own that starts with `- `"),
            );
            return Vec::new();
        }
    };
    let panel =
        |item| component("panel", item, catalog.panels, |kind| &kind.about, &mut *diagnostics);
    items.iter().filter_map(panel).collect()
}

/// Does the resource that a view names have what its panels show? `view` is what stands behind the key.
pub(super) fn check_fields(
    view: &Node,
    resources: &[ResourceConfig],
    diagnostics: &mut Vec<Diagnostic>,
) {
    let name = view.value("from").and_then(|from| from.value("resource")?.text());
    let named = |resource: &&ResourceConfig| Some(resource.schema.name.as_str()) == name;
    let Some(resource) = resources.iter().find(named) else { return };
    let Some(Yaml::List(items)) = view.value("panels").map(|panels| &panels.yaml) else { return };
    for item in items {
        let Some((_, options)) = item.entries().and_then(<[_]>::first) else { continue };
        let field = options.value("field").unwrap_or(options);
        let Some(name) = field.text() else { continue };
        if let Some((message, help)) = wrong_field(&resource.schema, name) {
            diagnostics.push(Diagnostic::new(field.span.clone(), message).help(help));
        }
    }
}

fn wrong_field(schema: &Schema, name: &str) -> Option<(String, String)> {
    let is_number = |kind: &FieldKind| matches!(kind, FieldKind::Integer | FieldKind::Float);
    let numbers = || schema.fields.iter().filter(|field| is_number(&field.kind));
    let names: Vec<&str> = numbers().map(|field| field.name.as_str()).collect();
    let message = match schema.position(name).and_then(|at| schema.fields.get(at)) {
        Some(field) if is_number(&field.kind) => return None,
        Some(field) => {
            format!(
                "the field `{name}` of `{}` holds no numbers: it is {}",
                schema.name,
                field.kind.name()
            )
        }
        None => format!("`{}` has no field `{name}`", schema.name),
    };
    let help = match nearest(name, names.iter().copied()) {
        Some(word) => format!("did you mean `{word}`?"),
        None if names.is_empty() => "it has no field with numbers".to_owned(),
        None => format!("its fields with numbers: {}", names.join(", ")),
    };
    Some((message, help))
}
