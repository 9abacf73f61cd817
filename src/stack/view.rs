//! Reads a view: its title, where its records come from, its panels, and the panels of a view that names none.

use crate::catalog::Catalog;
use crate::core::kind::PanelKind;
use crate::core::options::{Opt, Shape};
use crate::core::words::nearest;
use crate::resource::{FieldKind, ResourceConfig, Schema};
use crate::stack::component::component;
use crate::stack::diagnostic::Diagnostic;
use crate::stack::model::{Origin, Part, Token, View};
use crate::stack::node::{self, Key, Node, Yaml};
use crate::stack::options::{Owner, is_misspelt, read, unknown_key};
use crate::stack::route::{listen, token};
use serde_json::{Value, json};

const KEYS: [&str; 5] = ["title", "from", "panels", "embed", "auth"];
const HELP: &str = "write `view:`, below it `from: URL` and `panels:` with lines like \
                    `- histogram: { field: age }`";

/// What may stand below `from:`.
pub(super) const FROM: &[Opt] = &[
    Opt::optional("url", Shape::Url, "The list of an API."),
    Opt::optional("flow", Shape::Text, "A flow of this stack: the records that it delivers."),
    Opt::optional("results", Shape::Path, "A directory that the sink `report` fills."),
    Opt::optional("cache", Shape::Text, "A resource of this stack: what its cache does."),
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
    if get("from").is_none() && !is_misspelt("from", entries, &KEYS) {
        diagnostics.push(Diagnostic::new(key.span.clone(), "the view needs the key `from`").help(
            "add `from: URL`, `from: { flow: NAME }`, `from: { results: DIRECTORY }` or \
                     `from: { cache: RESOURCE }`",
        ));
    }
    let title = match get("title") {
        None => Some(name.name.clone()),
        Some((_, node)) => title(node, diagnostics),
    };
    let from = get("from").and_then(|(key, node)| origin(key, node, diagnostics));
    let panels = get("panels").map(|(_, node)| panels(node, catalog, diagnostics));
    let embed = get("embed").map(|(_, node)| embed(node, diagnostics)).unwrap_or_default();
    let panels = panels.unwrap_or_default();
    let auth = get("auth").and_then(|(_, node)| auth(node, diagnostics));
    Some(View { listen: place?, title: title?, from: from?, panels, embed, auth })
}

fn auth(node: &Node, diagnostics: &mut Vec<Diagnostic>) -> Option<Token> {
    let token = token(node);
    if token.is_none() {
        diagnostics.push(
            Diagnostic::new(node.span.clone(), "a token does not stand in the stack file")
                .help("write `auth: { env: NAME_OF_A_VARIABLE }` or `auth: { file: PATH }`"),
        );
    }
    token
}

/// Origins, as a browser writes them.
fn embed(node: &Node, diagnostics: &mut Vec<Diagnostic>) -> Vec<String> {
    let items = match &node.yaml {
        Yaml::List(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    let mut origins = Vec::new();
    for item in items {
        let text = item.text().unwrap_or_default();
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let is_host = |c: char| c.is_ascii_alphanumeric() || ".-:*[]".contains(c);
        if rest.is_some_and(|host| !host.is_empty() && host.chars().all(is_host)) {
            origins.push(text.to_owned());
        } else {
            diagnostics.push(
                Diagnostic::new(item.span.clone(), format!("{} is no origin", item.is_a()))
                    .help("write who may embed the panels, for example https://wiki.example.org"),
            );
        }
    }
    origins
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
    let named: Vec<&str> = ["url", "flow", "results", "cache"]
        .into_iter()
        .filter(|name| options.get(name).is_some())
        .collect();
    if diagnostics.len() > before {
        return None;
    }
    let help = "a view shows the list of an API (`url`), a flow of this stack (`flow`), a directory of \
                results (`results`) or what a cache does (`cache: RESOURCE`)";
    let wrong = match named.as_slice() {
        [] => "`from` names nothing to show".to_owned(),
        ["url"] => {
            return Some(Origin::Api {
                url: options.text("url").to_owned(),
                resource: options.text_if("resource").map(str::to_owned),
                headers: options.pairs("headers").to_vec(),
            });
        }
        [one] => match ["resource", "headers"].into_iter().find(|it| options.get(it).is_some()) {
            None if *one == "flow" => return Some(Origin::Flow(options.text("flow").to_owned())),
            None if *one == "cache" => {
                return Some(Origin::Cache(options.text("cache").to_owned()));
            }
            None => return Some(Origin::Results(options.text("results").to_owned())),
            Some(strange) => format!("`{strange}` belongs to a `url`, not to `{one}`"),
        },
        [one, other, ..] => format!("`{one}` and `{other}` are two things to show"),
    };
    diagnostics.push(Diagnostic::new(key.span.clone(), wrong).help(help));
    None
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

/// What a view shows that names no panels: what can be said of the fields of its resource, or else how many records
/// there are and the latest of them.
pub(super) fn default_panels(
    from: &Origin,
    resources: &[ResourceConfig],
    catalog: &Catalog,
) -> Vec<Part<PanelKind>> {
    let named = |config: &&ResourceConfig| Some(config.schema.name.as_str()) == from.resource();
    let text = match (from, resources.iter().find(named)) {
        (Origin::Results(_), _) => RESULTS.to_owned(),
        (Origin::Cache(name), _) => of_cache(name, resources),
        (_, Some(resource)) => of_schema(&resource.schema),
        _ => "[number, table]".to_owned(),
    };
    // The text is ours and so are the kinds; there is nothing in it to complain about.
    let mut complaints = Vec::new();
    node::parse(&text).map(|node| panels(&node, catalog, &mut complaints)).unwrap_or_default()
}

const RESULTS: &str = "[number, line: { field: rows, x: place }, bar: quality, \
    table: { fields: [name, rows, bad_rows, quality, mean] }]";

/// What the record of each second of a cache holds, beside its `time`.
const CACHE: [&str; 11] = [
    "hit ratio",
    "reads",
    "near",
    "redis",
    "store",
    "stale",
    "hit p50",
    "hit p99",
    "miss p50",
    "miss p99",
    "saved",
];

fn of_cache(name: &str, resources: &[ResourceConfig]) -> String {
    let resource = resources.iter().find(|resource| resource.schema.name == name);
    let cache = resource.and_then(|resource| resource.cache.as_ref());
    let answered: &[&str] = match cache {
        Some(cache) if cache.redis.is_some() => &["near", "redis", "store"],
        _ => &["near", "store"],
    };
    json!([
        { "number": {
            "fields": ["hit p50", "hit p99", "miss p50", "miss p99"],
            "unit": "µs",
            "title": "How long a read takes",
        } },
        { "line": { "field": "hit ratio", "x": "time", "unit": "%", "title": "Reads that the cache answers" } },
        { "line": {
            "fields": answered,
            "x": "time",
            "unit": "reads a second",
            "title": "Who answers the reads",
        } },
        { "line": {
            "fields": ["hit p50", "miss p50"],
            "x": "time",
            "unit": "microseconds",
            "title": "What a hit and a miss take",
        } },
    ])
    .to_string()
}

/// JSON is YAML, so that a field may have any name.
fn of_schema(schema: &Schema) -> String {
    let fields = || schema.fields.iter().enumerate().filter(|(at, _)| *at != schema.key);
    let of = |wanted: fn(&FieldKind) -> bool| {
        fields().filter(move |(_, field)| wanted(&field.kind)).map(|(_, field)| &field.name)
    };
    let numbers = of(|kind| matches!(kind, FieldKind::Integer | FieldKind::Float));
    let choices = of(|kind| matches!(kind, FieldKind::Choice(_) | FieldKind::Boolean));
    let texts = of(|kind| matches!(kind, FieldKind::Text));
    let mut panels = Vec::new();
    for field in numbers.take(3) {
        panels.push(json!({ "statistics": { "field": field } }));
        panels.push(json!({ "histogram": { "field": field } }));
    }
    // Statistics say how many there are, too: twice the same figure would be one too many.
    if panels.is_empty() {
        panels.push(json!("number"));
    }
    panels.extend(choices.take(2).map(|field| json!({ "bar": { "field": field } })));
    if panels.len() == 1 {
        panels.extend(texts.take(1).map(|field| json!({ "bar": { "field": field } })));
    }
    let shown = schema.fields.iter().filter(|field| field.kind != FieldKind::Json).take(6);
    let names: Vec<&String> = shown.map(|field| &field.name).collect();
    panels.push(json!({ "table": { "fields": names } }));
    Value::Array(panels).to_string()
}

/// Does the resource that a view names have what its panels show? `view` is what stands behind the key.
pub(super) fn check_fields(
    view: &Node,
    resources: &[ResourceConfig],
    diagnostics: &mut Vec<Diagnostic>,
) {
    let from = |name: &str| view.value("from").and_then(|from| from.value(name)?.text());
    let Some(Yaml::List(items)) = view.value("panels").map(|panels| &panels.yaml) else { return };
    let named = || {
        let all = items.iter().filter_map(|item| item.entries().and_then(<[_]>::first));
        all.flat_map(|(kind, options)| named_fields(&kind.name, options))
    };
    if from("cache").is_some() {
        let known = |name: &str| name == "time" || CACHE.contains(&name);
        for (name, node, _) in named().filter(|(name, ..)| !known(name)) {
            let help = match nearest(name, CACHE) {
                Some(word) => format!("did you mean `{word}`?"),
                None => format!("its fields: time, {}", CACHE.join(", ")),
            };
            let message = format!("a cache has no field `{name}`");
            diagnostics.push(Diagnostic::new(node.span.clone(), message).help(help));
        }
    }
    let name = from("resource");
    let is_it = |resource: &&ResourceConfig| Some(resource.schema.name.as_str()) == name;
    let Some(resource) = resources.iter().find(is_it) else { return };
    for (name, node, takes) in named() {
        if let Some((message, help)) = wrong_field(&resource.schema, name, takes) {
            diagnostics.push(Diagnostic::new(node.span.clone(), message).help(help));
        }
    }
}

/// What a panel can show of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    Numbers,
    NumbersAndTimes,
    Everything,
}

/// Every field that a panel names, with its place.
fn named_fields<'a>(kind: &str, options: &'a Node) -> Vec<(&'a str, &'a Node, Takes)> {
    let takes = if matches!(kind, "bar" | "table") { Takes::Everything } else { Takes::Numbers };
    let mut nodes: Vec<(&Node, Takes)> = Vec::new();
    match &options.yaml {
        Yaml::Map(_) => {
            nodes.extend(options.value("field").map(|node| (node, takes)));
            nodes.extend(options.value("fields").map(|node| (node, takes)));
            nodes.extend(options.value("x").map(|node| (node, Takes::NumbersAndTimes)));
        }
        _ => nodes.push((options, takes)),
    }
    let mut fields = Vec::new();
    for (node, takes) in nodes {
        let names = match &node.yaml {
            Yaml::List(items) => items.as_slice(),
            _ => std::slice::from_ref(node),
        };
        fields.extend(names.iter().filter_map(|name| Some((name.text()?, name, takes))));
    }
    fields
}

fn wrong_field(schema: &Schema, name: &str, takes: Takes) -> Option<(String, String)> {
    let is_number = |kind: &FieldKind| match kind {
        FieldKind::Integer | FieldKind::Float => true,
        FieldKind::Time => takes != Takes::Numbers,
        _ => takes == Takes::Everything,
    };
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
        None if takes == Takes::Everything => format!("its fields: {}", names.join(", ")),
        None => format!("its fields with numbers: {}", names.join(", ")),
    };
    Some((message, help))
}

#[cfg(test)]
mod tests {
    use crate::catalog::Catalog;
    use crate::core::options::Setting;
    use crate::stack::model::Body;
    use crate::stack::{Environment, load};

    /// The kinds of panels of a view that names none, each with its field.
    fn panels_of(from: &str) -> Vec<String> {
        let text = format!(
            "stack: test
resources:
  users:
    fields:
      amount: integer
      name: text
      city: {{ type: choice, choices: [Oslo, Bergen] }}
      born: time
      notes: json?
services:
  api: {{ listen: 8000, routes: {{ /users/: {{ resource: users }} }} }}
  simulator: {{ source: stdin, sink: drop }}
  view: {{ listen: 8501, view: {{ from: {from} }} }}
"
        );
        let loaded = load("test", &text, &Catalog::all(), &Environment::Given(Vec::new()));
        let (stack, _) = loaded.unwrap_or_else(|wrong| panic!("{wrong:?}"));
        let Body::View(view) = &stack.service("view").unwrap().body else { panic!() };
        let told = view.panels.iter().map(|panel| match panel.options.get("field") {
            Some(Setting::Text(field)) => format!("{} {field}", panel.kind.about.name),
            _ => format!("{} {}", panel.kind.about.name, panel.options.names("fields").join(",")),
        });
        told.collect()
    }

    #[test]
    fn a_view_without_panels_has_those_that_suit_what_it_shows() {
        assert_eq!(
            panels_of("{ resource: users, url: \"http://localhost:8000/users/\" }"),
            ["statistics amount", "histogram amount", "bar city", "table id,amount,name,city,born"]
        );
        assert_eq!(panels_of("\"http://localhost:8000/users/\""), ["number ", "table "]);
        assert_eq!(panels_of("{ flow: simulator }"), ["number ", "table "]);
        assert_eq!(
            panels_of("{ results: data }"),
            ["number ", "line rows", "bar quality", "table name,rows,bad_rows,quality,mean"]
        );
        assert_eq!(
            panels_of("{ cache: users }"),
            [
                "number hit p50,hit p99,miss p50,miss p99",
                "line hit ratio",
                "line near,store",
                "line hit p50,miss p50"
            ]
        );
    }
}
