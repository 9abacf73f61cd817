//! Reads the fields of a resource: `age: integer 0..150`, or a map with everything that can be said of a field.

use crate::core::words::nearest;
use crate::resource::{Field, FieldKind, FieldLimits, Pattern, Value};
use crate::stack::diagnostic::Diagnostic;
use crate::stack::node::{Key, Node, Yaml};
use crate::stack::options::unknown_key;
use std::ops::Range;

const KEYS: [&str; 11] = [
    "type", "required", "default", "min", "max", "length", "pattern", "choices", "unique", "index",
    "secret",
];
const TYPES: [&str; 8] = ["integer", "float", "text", "boolean", "time", "uuid", "json", "choice"];
const EXAMPLE: &str = "\
write `age: integer`, `age: integer 0..150`, `nickname: text? 1..40`, or `{ type: text, unique: true }`";

type Wrong = Vec<Diagnostic>;

pub(super) fn fields(node: &Node, diagnostics: &mut Vec<Diagnostic>) -> Option<Vec<Field>> {
    let Some(entries) = node.entries().filter(|entries| !entries.is_empty()) else {
        diagnostics
            .push(Diagnostic::new(node.span.clone(), "`fields` maps names to types").help(EXAMPLE));
        return None;
    };
    let before = diagnostics.len();
    let fields = entries.iter().filter_map(|(key, node)| field(key, node, diagnostics)).collect();
    (diagnostics.len() == before).then_some(fields)
}

/// The fields that pages mask: `{ type: text, secret: true }`.
pub(super) fn secrets(node: &Node) -> Vec<String> {
    let is_secret = |node: &Node| {
        node.value("secret").and_then(Node::text).is_some_and(|it| matches!(it, "true" | "yes"))
    };
    let entries = node.entries().unwrap_or_default().iter();
    entries.filter(|(_, node)| is_secret(node)).map(|(key, _)| key.name.clone()).collect()
}

fn field(key: &Key, node: &Node, diagnostics: &mut Wrong) -> Option<Field> {
    check_name(key, diagnostics);
    match &node.yaml {
        Yaml::Scalar { text, .. } => short(key, text, &node.span, diagnostics),
        Yaml::Map(entries) => long(key, entries, &node.span, diagnostics),
        _ => {
            let message = format!("{} is no type", node.is_a());
            diagnostics.push(Diagnostic::new(node.span.clone(), message).help(EXAMPLE));
            None
        }
    }
}

/// Names become columns and parameters; those that begin with `_` are the stores' own.
fn check_name(key: &Key, diagnostics: &mut Wrong) {
    let is_fine = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let starts_well = key.name.starts_with(|c: char| c.is_ascii_alphabetic());
    if !starts_well || !key.name.chars().all(is_fine) || key.name.len() > 63 {
        let message = format!("`{}` is no name for a field", key.name);
        diagnostics.push(
            Diagnostic::new(key.span.clone(), message)
                .help("a name is letters, digits and `_`, at most 63, a letter first"),
        );
    }
}

fn plain(key: &Key, kind: FieldKind) -> Field {
    Field {
        name: key.name.clone(),
        kind,
        is_required: true,
        default: None,
        is_unique: false,
        is_indexed: false,
        limits: FieldLimits::default(),
    }
}

/// `TYPE`, `TYPE?` for one that may be null, and a range: of values for numbers, of lengths for text.
fn short(key: &Key, text: &str, span: &Range<usize>, diagnostics: &mut Wrong) -> Option<Field> {
    let (word, range) =
        text.trim().split_once(' ').map_or((text.trim(), ""), |(a, b)| (a, b.trim()));
    let (word, is_required) = word.strip_suffix('?').map_or((word, true), |word| (word, false));
    let mut field = plain(key, kind(word, span, diagnostics)?);
    field.is_required = is_required;
    if matches!(field.kind, FieldKind::Choice(_)) {
        field.kind = FieldKind::Choice(range.split('|').map(|it| it.trim().to_owned()).collect());
        check_choices(&field.kind, span, diagnostics)?;
    } else if !range.is_empty() {
        set_range(&mut field, range, span, diagnostics)?;
    }
    Some(field)
}

fn kind(word: &str, span: &Range<usize>, diagnostics: &mut Wrong) -> Option<FieldKind> {
    let kind = match word {
        "integer" => FieldKind::Integer,
        "float" => FieldKind::Float,
        "text" => FieldKind::Text,
        "boolean" => FieldKind::Boolean,
        "time" => FieldKind::Time,
        "uuid" => FieldKind::Uuid,
        "json" => FieldKind::Json,
        "choice" => FieldKind::Choice(Vec::new()),
        _ => {
            let theirs = match word {
                "int" | "bigint" | "number" => Some("integer"),
                "string" | "str" | "varchar" => Some("text"),
                "bool" => Some("boolean"),
                "double" | "real" | "decimal" => Some("float"),
                "datetime" | "timestamp" | "date" => Some("time"),
                "enum" => Some("choice"),
                _ => nearest(word, TYPES),
            };
            let help = match theirs {
                Some(word) => format!("did you mean `{word}`?"),
                None => format!("the types: {}", TYPES.join(", ")),
            };
            let message = format!("`{word}` is no type");
            diagnostics.push(Diagnostic::new(span.clone(), message).help(help));
            return None;
        }
    };
    Some(kind)
}

fn check_choices(kind: &FieldKind, span: &Range<usize>, diagnostics: &mut Wrong) -> Option<()> {
    let FieldKind::Choice(choices) = kind else { return Some(()) };
    let is_repeated =
        |at: usize, choice: &String| choices.iter().skip(at + 1).any(|other| other == choice);
    let repeated = choices.iter().enumerate().any(|(at, choice)| is_repeated(at, choice));
    if choices.is_empty() || choices.iter().any(String::is_empty) || repeated {
        diagnostics.push(
            Diagnostic::new(span.clone(), "a choice lists its words, each once")
                .help("write `state: choice open|closed`, or `choices: [open, closed]`"),
        );
        return None;
    }
    Some(())
}

/// `0..150`, `..150`, `1..`, or one number for exactly that.
fn set_range(
    field: &mut Field,
    range: &str,
    span: &Range<usize>,
    diagnostics: &mut Wrong,
) -> Option<()> {
    let (low, high) = range.split_once("..").unwrap_or((range, range));
    let number = |text: &str| match text.trim() {
        "" => Some(None),
        text => text.parse::<f64>().ok().filter(|number| number.is_finite()).map(Some),
    };
    let mut wrong = |message: String| {
        diagnostics.push(Diagnostic::new(span.clone(), message).help(EXAMPLE));
        None
    };
    let (Some(low), Some(high)) = (number(low), number(high)) else {
        return wrong(format!("`{range}` is no range"));
    };
    if low.is_some_and(|low| high.is_some_and(|high| low > high)) {
        return wrong(format!("the range `{range}` is empty"));
    }
    match field.kind {
        FieldKind::Integer | FieldKind::Float => {
            (field.limits.minimum, field.limits.maximum) = (low, high);
        }
        FieldKind::Text => {
            let whole = |number: f64| number >= 0.0 && number.fract() == 0.0;
            if !low.is_none_or(whole) || !high.is_none_or(whole) {
                return wrong(format!("`{range}` is no range of lengths"));
            }
            field.limits.min_length = low.map(|low| low as u64);
            field.limits.max_length = high.map(|high| high as u64);
        }
        _ => return wrong(format!("a {} has no range", field.kind.name())),
    }
    Some(())
}

fn long(
    key: &Key,
    entries: &[(Key, Node)],
    span: &Range<usize>,
    diagnostics: &mut Wrong,
) -> Option<Field> {
    let before = diagnostics.len();
    let get = |name: &str| entries.iter().find(|(entry, _)| entry.name == name).map(|(_, v)| v);
    let Some(kind_node) = get("type") else {
        let message = format!("the field `{}` has no type", key.name);
        diagnostics.push(Diagnostic::new(span.clone(), message).help(EXAMPLE));
        return None;
    };
    let mut field = match get("choices") {
        Some(choices) => listed_choice(key, kind_node, choices, diagnostics)?,
        None => short(key, kind_node.text().unwrap_or_default(), &kind_node.span, diagnostics)?,
    };
    for (entry, value) in entries {
        set(&mut field, entry, value, diagnostics);
    }
    if let Some(default) = get("default") {
        field.default = self::default(&field, default, diagnostics);
        field.is_required = false;
    }
    (diagnostics.len() == before).then_some(field)
}

/// `{ type: choice, choices: [a, b] }`: the words stand apart from the type.
fn listed_choice(
    key: &Key,
    kind_node: &Node,
    choices: &Node,
    diagnostics: &mut Wrong,
) -> Option<Field> {
    let word = kind_node.text().unwrap_or_default();
    let (Yaml::List(items), "choice" | "choice?") = (&choices.yaml, word) else {
        diagnostics.push(
            Diagnostic::new(choices.span.clone(), "`choices` is the list of words of a choice")
                .help("write `{ type: choice, choices: [open, closed] }`"),
        );
        return None;
    };
    let words = items.iter().filter_map(|item| item.text()).map(str::to_owned).collect();
    let mut field = plain(key, FieldKind::Choice(words));
    field.is_required = word == "choice";
    check_choices(&field.kind, &choices.span, diagnostics)?;
    Some(field)
}

fn set(field: &mut Field, entry: &Key, value: &Node, diagnostics: &mut Wrong) {
    let text = value.text().unwrap_or_default();
    let help = match entry.name.as_str() {
        "type" | "default" | "choices" => return,
        "required" | "unique" | "index" | "secret" => {
            let is_set = match text {
                "true" | "yes" => Some(true),
                "false" | "no" => Some(false),
                _ => None,
            };
            match (entry.name.as_str(), is_set) {
                ("required", Some(is_set)) => field.is_required = is_set,
                ("unique", Some(is_set)) => field.is_unique = is_set,
                ("index", Some(is_set)) => field.is_indexed = is_set,
                // Kept beside the schema: how a field is shown is no matter of its store.
                ("secret", Some(_)) => {}
                _ => {
                    let message = format!("{} is not right here", value.is_a());
                    let wrong = Diagnostic::new(value.span.clone(), message);
                    diagnostics.push(wrong.help("write true or false"));
                }
            }
            let is_json = field.kind == FieldKind::Json;
            if is_json && (field.is_unique || field.is_indexed) {
                let message = "a json field can be neither unique nor indexed";
                diagnostics.push(Diagnostic::new(value.span.clone(), message));
            }
            return;
        }
        "min" | "max" if matches!(field.kind, FieldKind::Integer | FieldKind::Float) => {
            let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
            match (entry.name.as_str(), number) {
                ("min", Some(_)) => field.limits.minimum = number,
                ("max", Some(_)) => field.limits.maximum = number,
                _ => diagnostics.push(
                    Diagnostic::new(value.span.clone(), format!("{} is no number", value.is_a()))
                        .help("write `min: 0`, `max: 150`"),
                ),
            }
            return;
        }
        "min" | "max" => "`min` and `max` are for numbers; a text has a `length: 1..40`",
        "length" if field.kind == FieldKind::Text => {
            set_range(field, text, &value.span, diagnostics);
            return;
        }
        "pattern" if field.kind == FieldKind::Text => {
            match Pattern::new(text) {
                Ok(pattern) => field.limits.pattern = Some(pattern),
                Err(error) => diagnostics.push(
                    Diagnostic::new(value.span.clone(), format!("this is no pattern: {error}"))
                        .help("a pattern is a regular expression that the whole text must match"),
                ),
            }
            return;
        }
        "length" | "pattern" => "`length` and `pattern` are for text",
        _ => {
            let owner = format!("the field `{}`", field.name);
            diagnostics.push(unknown_key(entry, KEYS.into_iter(), &owner));
            return;
        }
    };
    let message = format!("a {} has no `{}`", field.kind.name(), entry.name);
    diagnostics.push(Diagnostic::new(entry.span.clone(), message).help(help));
}

fn default(field: &Field, node: &Node, diagnostics: &mut Wrong) -> Option<Value> {
    let text = node.text().unwrap_or_default();
    let value = match &field.kind {
        FieldKind::Integer => text.parse().ok().map(Value::Integer),
        FieldKind::Float => {
            text.parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Float)
        }
        FieldKind::Text => node.text().map(Value::text),
        FieldKind::Choice(words) => {
            words.iter().find(|word| *word == text).map(|word| Value::text(word.as_str()))
        }
        FieldKind::Boolean => match text {
            "true" | "yes" => Some(Value::Boolean(true)),
            "false" | "no" => Some(Value::Boolean(false)),
            _ => None,
        },
        FieldKind::Uuid => uuid::Uuid::try_parse(text).ok().map(|uuid| Value::Uuid(uuid.as_u128())),
        FieldKind::Time => {
            text.parse::<jiff::Timestamp>().ok().map(|time| Value::Time(time.as_microsecond()))
        }
        FieldKind::Json => serde_json::from_str::<serde_json::Value>(text)
            .ok()
            .map(|value| Value::Json(value.to_string().into())),
    };
    if value.is_none() {
        let message = format!("{} is no {}", node.is_a(), field.kind.name());
        diagnostics.push(
            Diagnostic::new(node.span.clone(), message)
                .help("a default has the type of its field; JSON stands in quotes"),
        );
    }
    value
}
