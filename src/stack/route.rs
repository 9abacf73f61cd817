//! Reads a server: where it listens and what its paths answer.

use crate::core::listen::Listen;
use crate::core::options::Setting;
use crate::core::unit;
use crate::resource::Secret;
use crate::stack::diagnostic::Diagnostic;
use crate::stack::model::{Answer, Exposed, Form, Route, Server, Token};
use crate::stack::node::{Key, Node, Yaml};
use crate::stack::options::{is_misspelt, record, route_path, unknown_key};

const KEYS: [&str; 6] = ["generate", "as", "resource", "access", "origins", "body"];
const EXAMPLE: &str =
    "write `{ generate: { number: integer 1..100 } }` or `{ resource: NAME }` behind it";

pub(super) fn server(
    listen: &Node,
    routes: &Node,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Server> {
    let listen = self::listen(listen, diagnostics);
    let Some(entries) = routes.entries() else {
        diagnostics.push(
            Diagnostic::new(routes.span.clone(), "`routes` maps paths to what they answer")
                .help("write `/number: { generate: { number: integer 1..100 } }`"),
        );
        return None;
    };
    if entries.is_empty() {
        let empty = Diagnostic::new(routes.span.clone(), "`routes` holds no route");
        diagnostics.push(empty.help("write `/number: { generate: { number: integer 1..100 } }`"));
    }
    let routes: Vec<Option<Route>> =
        entries.iter().map(|(path, node)| route(path, node, diagnostics)).collect();
    Some(Server { listen: listen?, routes: routes.into_iter().flatten().collect() })
}

/// Where a service listens.
pub(super) fn listen(node: &Node, diagnostics: &mut Vec<Diagnostic>) -> Option<Listen> {
    let wrong =
        |message: String| Diagnostic::new(node.span.clone(), message).help("write `listen: 8080`");
    match node.text().map(Listen::parse) {
        Some(Ok(listen)) => return Some(listen),
        Some(Err(message)) => diagnostics.push(wrong(message)),
        None => diagnostics.push(wrong("`listen` is a port".to_owned())),
    }
    None
}

fn route(path: &Key, node: &Node, diagnostics: &mut Vec<Diagnostic>) -> Option<Route> {
    diagnostics.extend(route_path(&path.name, &path.span));
    let entries = node.entries().unwrap_or_default();
    for (key, _) in entries.iter().filter(|(key, _)| !KEYS.contains(&key.name.as_str())) {
        diagnostics.push(unknown_key(key, KEYS.into_iter(), "this route"));
    }
    let get = |name: &str| entries.iter().find(|(key, _)| key.name == name);
    let answer = match (get("generate"), get("resource")) {
        (Some((_, value)), None) => {
            refuse(entries, &["access", "origins", "body"], "a resource", diagnostics);
            generate(value, get("as").map(|(_, form)| form), diagnostics)?
        }
        (None, Some((_, value))) => {
            refuse(entries, &["as"], "a generated record", diagnostics);
            Answer::Resource(exposed(value, entries, diagnostics)?)
        }
        (Some(_), Some((key, _))) => {
            diagnostics.push(
                Diagnostic::new(key.span.clone(), "this route answers two things")
                    .help("a route has `generate` or `resource`: make two routes of it"),
            );
            return None;
        }
        (None, None) => {
            let misspelt = ["generate", "resource"];
            if !misspelt.iter().any(|name| is_misspelt(name, entries, &KEYS)) {
                diagnostics.push(
                    Diagnostic::new(path.span.clone(), "this route answers nothing").help(EXAMPLE),
                );
            }
            return None;
        }
    };
    check_pattern(path, &answer, diagnostics);
    Some(Route { path: path.name.clone(), answer })
}

/// Keys that belong to the other kind of route.
fn refuse(entries: &[(Key, Node)], names: &[&str], what: &str, diagnostics: &mut Vec<Diagnostic>) {
    for (key, _) in entries.iter().filter(|(key, _)| names.contains(&key.name.as_str())) {
        let message = format!("`{}` belongs to a route of {what}", key.name);
        diagnostics.push(Diagnostic::new(key.span.clone(), message).help("remove the key"));
    }
}

/// `{name}` in a path stands for a record's key, which a generated record has not.
fn check_pattern(path: &Key, answer: &Answer, diagnostics: &mut Vec<Diagnostic>) {
    let (opens, closes) = (path.name.matches('{').count(), path.name.matches('}').count());
    let is_plain = opens == 0 && closes == 0;
    let ends_so = opens == 1
        && closes == 1
        && path.name.ends_with('}')
        && path.name.split_once('{').is_some_and(|(before, _)| before.ends_with('/'));
    let is_fine = is_plain || (ends_so && matches!(answer, Answer::Resource(_)));
    if !is_fine {
        let message = format!("`{}` has braces where they mean nothing", path.name);
        diagnostics.push(
            Diagnostic::new(path.span.clone(), message)
                .help("only the last part of a resource's path can be one: `/user/{name}`"),
        );
    }
}

fn generate(
    value: &Node,
    form: Option<&Node>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Answer> {
    let form = match form.map(|node| (node.text(), node)) {
        None | Some((Some("json"), _)) => Form::Json,
        Some((Some("text"), _)) => Form::Text,
        Some((_, node)) => {
            diagnostics.push(
                Diagnostic::new(node.span.clone(), format!("{} is no form", node.is_a()))
                    .help("write json or text"),
            );
            Form::Json
        }
    };
    match record(value) {
        Ok(Setting::Record(record)) => Some(Answer::Generate { record, form }),
        Ok(_) => None,
        Err(wrong) => {
            diagnostics.extend(wrong);
            None
        }
    }
}

fn exposed(
    value: &Node,
    entries: &[(Key, Node)],
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Exposed> {
    let Some(name) = value.text() else {
        diagnostics.push(
            Diagnostic::new(value.span.clone(), format!("{} is no resource", value.is_a()))
                .help("write the name of one that stands below `resources:`"),
        );
        return None;
    };
    let mut exposed = Exposed {
        resource: name.to_owned(),
        read: None,
        write: None,
        origins: Vec::new(),
        body_bytes: None,
    };
    for (key, node) in entries {
        match key.name.as_str() {
            "access" => access(&mut exposed, node, diagnostics),
            "origins" => exposed.origins = origins(node, diagnostics),
            "body" => match node.text().map(unit::size) {
                Some(Ok(bytes)) if bytes > 0 => exposed.body_bytes = Some(bytes),
                _ => diagnostics.push(
                    Diagnostic::new(node.span.clone(), format!("{} is no size", node.is_a()))
                        .help("write the largest body, for example `body: 1MiB`"),
                ),
            },
            _ => {}
        }
    }
    Some(exposed)
}

/// `access: { read: { env: READ_TOKEN }, write: { file: /run/secrets/token } }`
fn access(exposed: &mut Exposed, node: &Node, diagnostics: &mut Vec<Diagnostic>) {
    const HELP: &str =
        "write `access: { write: { env: NAME_OF_A_VARIABLE } }` or `{ write: { file: PATH } }`";
    let Some(entries) = node.entries() else {
        diagnostics.push(
            Diagnostic::new(node.span.clone(), "`access` says who may read and write").help(HELP),
        );
        return;
    };
    for (key, value) in entries {
        match (key.name.as_str(), token(value)) {
            ("read", Some(token)) => exposed.read = Some(token),
            ("write", Some(token)) => exposed.write = Some(token),
            ("read" | "write", None) => diagnostics.push(
                Diagnostic::new(value.span.clone(), "a token does not stand in the stack file")
                    .help(HELP),
            ),
            _ => diagnostics.push(unknown_key(key, ["read", "write"].into_iter(), "`access`")),
        }
    }
}

/// `{ env: NAME }` or `{ file: PATH }`.
pub(super) fn token(node: &Node) -> Option<Token> {
    let Some([(kind, place)]) = node.entries() else { return None };
    match (kind.name.as_str(), place.text()) {
        // The variable's value stands here already; a missing one was told.
        ("env", Some(value)) => Some(Token::Given(Secret(value.to_owned()))),
        ("file", Some(path)) if !path.is_empty() => Some(Token::File(path.into())),
        _ => None,
    }
}

fn origins(node: &Node, diagnostics: &mut Vec<Diagnostic>) -> Vec<String> {
    let items = match &node.yaml {
        Yaml::List(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    let is_origin = |text: &str| {
        text == "*" || text.split_once("://").is_some_and(|(_, host)| !host.contains('/'))
    };
    for item in items.iter().filter(|item| !item.text().is_some_and(is_origin)) {
        diagnostics.push(
            Diagnostic::new(item.span.clone(), format!("{} is no origin", item.is_a()))
                .help("write `origins: [\"https://example.org\"]`, or `origins: \"*\"` for any"),
        );
    }
    items.iter().filter_map(|item| item.text()).map(str::to_owned).collect()
}
