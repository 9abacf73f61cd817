//! Checks the options of a component against its table.

use crate::core::listen::Listen;
use crate::core::options::{Need, Opt, Options, Setting, Shape};
use crate::core::spec::Spec;
use crate::core::unit;
use crate::core::words::nearest;
use crate::expr::{Expression, Template};
use crate::formats::answer::Expected;
use crate::formats::pairs::Pattern;
use crate::formats::recording::Speed;
use crate::generator;
use crate::stack::diagnostic::Diagnostic;
use crate::stack::node::{Key, Node, Yaml};
use crate::stack::shares;
use std::ops::Range;

/// The component whose options are looked at: its name for messages, its table, its place.
pub(super) struct Owner<'a> {
    pub name: &'a str,
    pub table: &'static [Opt],
    pub main: Option<&'static str>,
    pub span: Range<usize>,
}

/// Reads the options; what is wrong is told and left out.
pub(super) fn read(owner: &Owner, node: &Node, diagnostics: &mut Vec<Diagnostic>) -> Options {
    let mut options = Options::default();
    match (&node.yaml, owner.main) {
        (Yaml::Null, _) => {}
        (Yaml::Map(entries), _) => {
            for (key, value) in entries {
                set(owner, key, value, (&mut options, diagnostics));
            }
            for (key, _) in entries {
                fits(owner, key, &options, diagnostics);
            }
        }
        (Yaml::Scalar { .. }, Some(main)) => {
            let key = Key { name: main.to_owned(), span: owner.span.clone() };
            set(owner, &key, node, (&mut options, diagnostics));
        }
        _ => {
            let message = format!("`{}` takes options, not {}", owner.name, node.is_a());
            let help = format!("its options: {}", names(owner.table));
            diagnostics.push(Diagnostic::new(node.span.clone(), message).help(help));
            return options;
        }
    }
    fill(owner, &mut options, diagnostics, node);
    options
}

/// Whether what is said beside it, rightly or misspelt, lets an option hold.
fn fits(owner: &Owner, key: &Key, said: &Options, diagnostics: &mut Vec<Diagnostic>) {
    let Some(option) = owner.table.iter().find(|option| option.name == key.name) else { return };
    let stands = |name: &str| said.get(name).is_some();
    let mut tell = |message: String, help: String| {
        diagnostics.push(Diagnostic::new(key.span.clone(), message).help(help));
    };
    for other in option.instead_of.iter().filter(|other| stands(other)) {
        tell(
            format!("`{}` and `{other}` cannot stand together", key.name),
            format!("leave one of them out. `{}`: {}", key.name, option.doc),
        );
    }
    if let Some(other) = option.beside.filter(|other| !stands(other)) {
        let doc = owner.table.iter().find(|it| it.name == other).map_or("", |it| it.doc);
        tell(
            format!("`{}` means nothing without `{other}`", key.name),
            format!("add `{other}:`. {doc}"),
        );
    }
}

fn names(table: &[Opt]) -> String {
    let names: Vec<String> = table.iter().map(|option| format!("`{}`", option.name)).collect();
    if names.is_empty() { "none".into() } else { names.join(", ") }
}

fn set(
    owner: &Owner,
    key: &Key,
    value: &Node,
    (options, diagnostics): (&mut Options, &mut Vec<Diagnostic>),
) {
    let Some(option) = owner.table.iter().find(|option| option.name == key.name) else {
        let names = || owner.table.iter().map(|option| option.name);
        diagnostics.push(unknown_key(key, names(), owner.name));
        // What is only misspelt is not also reported as missing.
        let meant = owner.table.iter().find(|it| nearest(&key.name, names()) == Some(it.name));
        if let Some(meant) = meant.filter(|meant| options.get(meant.name).is_none()) {
            options.set(meant.name, Setting::Text(String::new()));
        }
        return;
    };
    match setting(option.shape, value) {
        Ok(setting) => options.set(option.name, setting),
        Err(wrong) => {
            // A setting that is there but wrong is not also reported as missing.
            options.set(option.name, Setting::Text(String::new()));
            diagnostics.extend(wrong);
        }
    }
}

/// "unknown key `intervall`, did you mean `interval`?"
pub(super) fn unknown_key<'a>(
    key: &Key,
    known: impl Iterator<Item = &'a str> + Clone,
    owner: &str,
) -> Diagnostic {
    let message = format!("unknown key `{}` in {owner}", key.name);
    let synonym = synonym(&key.name).filter(|word| known.clone().any(|name| name == *word));
    let help = if let Some(word) = nearest(&key.name, known.clone()).or(synonym) {
        format!("did you mean `{word}`?")
    } else {
        let known: Vec<String> = known.map(|name| format!("`{name}`")).collect();
        if known.is_empty() {
            "it takes no keys".into()
        } else {
            format!("known here: {}", known.join(", "))
        }
    };
    Diagnostic::new(key.span.clone(), message).help(help)
}

/// Other tools' words for what an option is called here.
const SYNONYMS: [(&str, &str); 14] = [
    ("address", "listen"),
    ("directory", "path"),
    ("endpoint", "url"),
    ("expression", "where"),
    ("fields", "record"),
    ("file", "path"),
    ("filename", "path"),
    ("folder", "path"),
    ("interval", "every"),
    ("period", "every"),
    ("port", "listen"),
    ("processors", "steps"),
    ("retention", "keep"),
    ("transforms", "steps"),
];

fn synonym(word: &str) -> Option<&'static str> {
    let near = nearest(word, SYNONYMS.iter().map(|(theirs, _)| *theirs))?;
    SYNONYMS.iter().find(|(theirs, _)| *theirs == near).map(|(_, ours)| *ours)
}

/// Is the key that is missing there under a wrong name? Then that was told already.
pub(super) fn is_misspelt(name: &str, entries: &[(Key, Node)], known: &[&str]) -> bool {
    entries.iter().any(|(key, _)| {
        !known.contains(&key.name.as_str())
            && nearest(&key.name, known.iter().copied()) == Some(name)
    })
}

fn fill(owner: &Owner, options: &mut Options, diagnostics: &mut Vec<Diagnostic>, node: &Node) {
    for option in owner.table {
        if options.get(option.name).is_some() {
            continue;
        }
        match option.need {
            Need::Optional => {}
            Need::Required => diagnostics.push(
                Diagnostic::new(
                    owner.span.clone(),
                    format!("`{}` needs the key `{}`", owner.name, option.name),
                )
                .help(format!(
                    "add `{}:` ({}). {}",
                    option.name,
                    option.shape.name(),
                    option.doc
                )),
            ),
            Need::Default(text) => {
                let yaml = Yaml::Scalar { text: text.to_owned(), is_quoted: false };
                let default = Node { yaml, span: node.span.clone() };
                match setting(option.shape, &default) {
                    Ok(setting) => options.set(option.name, setting),
                    Err(wrong) => diagnostics.extend(wrong),
                }
            }
        }
    }
}

pub(super) type Wrong = Vec<Diagnostic>;

fn setting(shape: Shape, node: &Node) -> Result<Setting, Wrong> {
    match shape {
        Shape::Record => record(node),
        Shape::Pairs => pairs(node),
        Shape::Fields => fields(node),
        Shape::Names => name_list(node),
        Shape::Shares(words) => shares::read(words, node),
        _ => match node.text() {
            Some(text) => scalar(shape, text.trim(), text, node),
            None => Err(vec![
                Diagnostic::new(node.span.clone(), format!("{} stands here", node.is_a()))
                    .help(format!("write a value: {}", shape.name())),
            ]),
        },
    }
}

fn scalar(shape: Shape, text: &str, whole: &str, node: &Node) -> Result<Setting, Wrong> {
    let wrong = |message: String| vec![Diagnostic::new(node.span.clone(), message)];
    let expected = |help: String| {
        vec![Diagnostic::new(node.span.clone(), format!("`{text}` is not right here")).help(help)]
    };
    match shape {
        Shape::Whole(low, high) => match text.parse::<u64>() {
            Ok(number) if (low..=high).contains(&number) => Ok(Setting::Whole(number)),
            _ => Err(expected(format!("write a {}", shape.name()))),
        },
        Shape::Boolean => match text {
            "true" | "yes" | "on" => Ok(Setting::Boolean(true)),
            "false" | "no" | "off" => Ok(Setting::Boolean(false)),
            _ => Err(expected("write true or false".into())),
        },
        Shape::Duration => match unit::duration(text) {
            Ok(duration) => Ok(Setting::Duration(duration)),
            Err(message) => Err(vec![
                Diagnostic::new(node.span.clone(), message)
                    .help("a duration is written like 3s, 250ms or 5m; a bare number is seconds"),
            ]),
        },
        Shape::Size => unit::size(text).map(Setting::Whole).map_err(wrong),
        Shape::Keep => unit::keep(text).map(Setting::Keep).map_err(wrong),
        Shape::Choice(words) => choice(words, text, node),
        Shape::Url => url(text).map_err(expected),
        // What stands in it may be a secret: it is not shown.
        Shape::Address(schemes) => address(schemes, text).map_err(wrong),
        Shape::Listen => match Listen::parse(text) {
            Ok(_) => Ok(Setting::Text(text.to_owned())),
            Err(message) => Err(vec![
                Diagnostic::new(node.span.clone(), message)
                    .help("write a port like 8080, or an address with a port like 0.0.0.0:8080"),
            ]),
        },
        Shape::Pattern => match Pattern::parse(text) {
            Ok(_) => Ok(Setting::Text(text.to_owned())),
            Err(message) => Err(vec![
                Diagnostic::new(node.span.clone(), message)
                    .help("the `*` stands for what changes, as in data_*.csv"),
            ]),
        },
        Shape::Route => match route_path(text, &node.span) {
            None => Ok(Setting::Text(text.to_owned())),
            Some(diagnostic) => Err(vec![diagnostic]),
        },
        Shape::Template => match Template::parse(whole) {
            Ok(_) => Ok(Setting::Text(whole.to_owned())),
            Err(message) => Err(wrong(message)),
        },
        Shape::Expression => match Expression::compile(text) {
            Ok(_) => Ok(Setting::Text(text.to_owned())),
            Err(message) => Err(wrong(message)),
        },
        Shape::Speed => match Speed::parse(text) {
            Ok(_) => Ok(Setting::Text(text.to_owned())),
            Err(message) => Err(wrong(message)),
        },
        Shape::Path if text.is_empty() => Err(wrong("an empty path".into())),
        _ => Ok(Setting::Text(whole.to_owned())),
    }
}

/// What is wrong with the path of a URL.
pub(super) fn route_path(path: &str, span: &Range<usize>) -> Option<Diagnostic> {
    let is_fine = path.starts_with('/') && !path.contains(|c: char| " ?#".contains(c));
    (!is_fine).then(|| {
        Diagnostic::new(span.clone(), format!("`{path}` is no path"))
            .help("a path starts with `/` and has no blank, `?` or `#` in it")
    })
}

fn choice(words: &[&'static str], text: &str, node: &Node) -> Result<Setting, Wrong> {
    if words.contains(&text) {
        return Ok(Setting::Text(text.to_owned()));
    }
    let help = match nearest(text, words.iter().copied()) {
        Some(word) => format!("did you mean `{word}`?"),
        None => format!("write one of {}", words.join(", ")),
    };
    Err(vec![Diagnostic::new(node.span.clone(), format!("unknown word `{text}`")).help(help)])
}

fn url(text: &str) -> Result<Setting, String> {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    match rest {
        Some(rest) if !rest.is_empty() && !rest.starts_with('/') && !text.contains(' ') => {
            Ok(Setting::Text(text.to_owned()))
        }
        Some(_) => Err("the URL names no host: write http://host:port/path".into()),
        None => Err("write a URL that starts with http:// or https://".into()),
    }
}

fn address(schemes: &[&str], text: &str) -> Result<Setting, String> {
    let rest =
        text.split_once("://").filter(|(scheme, _)| schemes.contains(scheme)).map(|(_, rest)| rest);
    let place = rest.map(|rest| rest.rsplit_once('@').map_or(rest, |(_, place)| place));
    match place {
        Some(place) if !place.is_empty() && !text.contains(' ') => {
            Ok(Setting::Text(text.to_owned()))
        }
        Some(_) => Err("the URL names no host".into()),
        None => {
            let schemes: Vec<String> =
                schemes.iter().map(|scheme| format!("{scheme}://")).collect();
            Err(format!("this URL begins with {}", schemes.join(" or ")))
        }
    }
}

fn pairs(node: &Node) -> Result<Setting, Wrong> {
    texts(node, |_, _| None)
}

/// Names in a list, or one alone.
fn name_list(node: &Node) -> Result<Setting, Wrong> {
    let items = match &node.yaml {
        Yaml::List(items) if !items.is_empty() => items.as_slice(),
        Yaml::Scalar { .. } => std::slice::from_ref(node),
        _ => {
            let message = format!("{} stands here", node.is_a());
            return Err(vec![
                Diagnostic::new(node.span.clone(), message).help("write a list, like [name, age]"),
            ]);
        }
    };
    let is_name = |item: &&Node| item.text().is_some_and(|text| !text.trim().is_empty());
    if let Some(item) = items.iter().find(|item| !is_name(item)) {
        let message = format!("{} is no name", item.is_a());
        return Err(vec![Diagnostic::new(item.span.clone(), message)]);
    }
    Ok(Setting::Names(items.iter().filter_map(Node::text).map(str::to_owned).collect()))
}

/// Names with the types that an answer must have there.
fn fields(node: &Node) -> Result<Setting, Wrong> {
    texts(node, |name, text| Expected::parse(&[(name.to_owned(), text.to_owned())]).err())
}

/// Names with texts, of which every wrong one is told at its place.
fn texts(node: &Node, is_wrong: fn(&str, &str) -> Option<String>) -> Result<Setting, Wrong> {
    let Some(entries) = node.entries() else {
        return Err(vec![
            Diagnostic::new(node.span.clone(), format!("{} stands here", node.is_a()))
                .help("write `name: text` lines"),
        ]);
    };
    let (mut pairs, mut wrong) = (Vec::new(), Vec::new());
    for (key, value) in entries {
        let span = value.span.clone();
        match value.text() {
            None => wrong.push(
                Diagnostic::new(span, format!("{} stands here", value.is_a()))
                    .help(format!("write a text behind `{}:`", key.name)),
            ),
            Some(text) => match is_wrong(&key.name, text) {
                Some(message) => wrong.push(Diagnostic::new(span, message)),
                None => pairs.push((key.name.clone(), text.to_owned())),
            },
        }
    }
    if wrong.is_empty() { Ok(Setting::Pairs(pairs)) } else { Err(wrong) }
}

/// Reads `field: type` pairs and has the generator check them.
pub(super) fn record(node: &Node) -> Result<Setting, Wrong> {
    let Some(entries) = node.entries() else {
        return Err(vec![
            Diagnostic::new(node.span.clone(), format!("{} stands here", node.is_a()))
                .help("write fields with their types, for example `number: integer 1..100`"),
        ]);
    };
    let fields: Vec<(String, Spec)> =
        entries.iter().map(|(key, value)| (key.name.clone(), spec(value))).collect();
    match generator::Schema::parse(&fields) {
        Ok(_) => Ok(Setting::Record(fields)),
        Err(errors) => Err(errors
            .into_iter()
            .map(|error| {
                let span = field_span(node, &error.field).unwrap_or_else(|| node.span.clone());
                let diagnostic = Diagnostic::new(span, error.message);
                match error.help {
                    Some(help) => diagnostic.help(help),
                    None => diagnostic,
                }
            })
            .collect()),
    }
}

fn spec(node: &Node) -> Spec {
    match &node.yaml {
        Yaml::Null => Spec::Text(String::new()),
        Yaml::Scalar { text, .. } => Spec::Text(text.clone()),
        Yaml::List(items) => Spec::List(items.iter().map(spec).collect()),
        Yaml::Map(entries) => {
            Spec::Map(entries.iter().map(|(key, value)| (key.name.clone(), spec(value))).collect())
        }
    }
}

/// Where a dotted field stands.
fn field_span(node: &Node, path: &str) -> Option<Range<usize>> {
    let (_, value) = node.entries()?.iter().find(|(key, _)| {
        path == key.name || path.strip_prefix(&key.name).is_some_and(|rest| rest.starts_with('.'))
    })?;
    let span = value.span.clone();
    let (_, rest) = path.split_once('.').unwrap_or((path, ""));
    if rest.is_empty() { Some(span) } else { field_span(value, rest).or(Some(span)) }
}
