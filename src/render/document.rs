//! YAML as it is written for people: in order, with comments, quoted only where a reader could take a text for
//! something else.

use crate::core::text::append;
use crate::stack::node;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Yaml {
    Text(String),
    /// A number, or true and false.
    Plain(String),
    /// One item a line.
    List(Vec<Yaml>),
    /// All items in one line.
    Row(Vec<String>),
    /// Lines that are kept as they are.
    Block(String),
    Map(Map),
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Map {
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq)]
struct Entry {
    comment: String,
    key: String,
    value: Yaml,
}

impl From<&str> for Yaml {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Yaml {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u32> for Yaml {
    fn from(number: u32) -> Self {
        Self::Plain(number.to_string())
    }
}

impl From<i32> for Yaml {
    fn from(number: i32) -> Self {
        Self::Plain(number.to_string())
    }
}

impl From<bool> for Yaml {
    fn from(is_so: bool) -> Self {
        Self::Plain(is_so.to_string())
    }
}

impl From<Map> for Yaml {
    fn from(map: Map) -> Self {
        Self::Map(map)
    }
}

impl<T: Into<Self>> From<Vec<T>> for Yaml {
    fn from(items: Vec<T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

/// A list in one line.
pub(super) fn row<T: ToString>(items: impl IntoIterator<Item = T>) -> Yaml {
    Yaml::Row(items.into_iter().map(|item| item.to_string()).collect())
}

impl Map {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn with(self, key: &str, value: impl Into<Yaml>) -> Self {
        self.told("", key, value)
    }

    /// With a comment above it.
    pub(super) fn told(mut self, comment: &str, key: &str, value: impl Into<Yaml>) -> Self {
        let (comment, key) = (comment.to_owned(), key.to_owned());
        self.entries.push(Entry { comment, key, value: value.into() });
        self
    }

    /// Unless there is nothing in it.
    pub(super) fn with_some(self, key: &str, value: impl Into<Yaml>) -> Self {
        self.told_some("", key, value)
    }

    pub(super) fn told_some(self, comment: &str, key: &str, value: impl Into<Yaml>) -> Self {
        let value = value.into();
        let is_empty = match &value {
            Yaml::List(items) => items.is_empty(),
            Yaml::Row(items) => items.is_empty(),
            Yaml::Map(map) => map.entries.is_empty(),
            _ => false,
        };
        if is_empty { self } else { self.told(comment, key, value) }
    }

    /// With all that is in the other behind it.
    pub(super) fn joined(mut self, other: Self) -> Self {
        self.entries.extend(other.entries);
        self
    }

    /// The maps in it with their keys.
    pub(super) fn documents(&self) -> impl Iterator<Item = (&str, &Self)> {
        self.entries.iter().filter_map(|entry| match &entry.value {
            Yaml::Map(map) => Some((entry.key.as_str(), map)),
            _ => None,
        })
    }

    /// The document without empty lines between its parts.
    pub(super) fn write_close(&self) -> String {
        let mut out = String::new();
        self.entries.iter().for_each(|entry| entry.write(0, &mut out));
        out
    }

    /// Lays a map of the user's over this one: maps are joined, nothing removes, anything else replaces.
    pub(super) fn lay_over(&mut self, over: &node::Node) {
        for (key, value) in over.entries().unwrap_or_default() {
            let at = self.entries.iter().position(|entry| entry.key == key.name);
            match (&value.yaml, at.and_then(|at| self.entries.get_mut(at))) {
                (node::Yaml::Null, _) => self.entries.retain(|entry| entry.key != key.name),
                (node::Yaml::Map(_), Some(Entry { value: Yaml::Map(below), .. })) => {
                    below.lay_over(value);
                }
                (_, Some(entry)) => entry.value = of_node(value),
                (_, None) => {
                    let (comment, key) = (String::new(), key.name.clone());
                    self.entries.push(Entry { comment, key, value: of_node(value) });
                }
            }
        }
    }

    /// The whole document.
    pub(super) fn write(&self) -> String {
        let mut out = String::new();
        for (index, entry) in self.entries.iter().enumerate() {
            if index > 0 && !matches!(entry.value, Yaml::Text(_) | Yaml::Plain(_)) {
                out.push('\n');
            }
            entry.write(0, &mut out);
        }
        out
    }
}

fn of_node(node: &node::Node) -> Yaml {
    match &node.yaml {
        node::Yaml::Null => Yaml::Map(Map::new()),
        node::Yaml::Scalar { text, is_quoted } if !is_quoted && is_special(text) => {
            Yaml::Plain(text.clone())
        }
        node::Yaml::Scalar { text, .. } => Yaml::Text(text.clone()),
        node::Yaml::List(items) => Yaml::List(items.iter().map(of_node).collect()),
        node::Yaml::Map(_) => {
            let mut map = Map::new();
            map.lay_over(node);
            Yaml::Map(map)
        }
    }
}

impl Entry {
    fn write(&self, depth: usize, out: &mut String) {
        let indent = "  ".repeat(depth);
        for line in self.comment.lines() {
            append(out, format_args!("{indent}# {line}\n"));
        }
        append(out, format_args!("{indent}{}:", quoted(&self.key)));
        self.value.write(depth, out);
    }
}

impl Yaml {
    /// What stands behind a key or a dash, to the end of its last line.
    fn write(&self, depth: usize, out: &mut String) {
        match self {
            Self::Text(text) => append(out, format_args!(" {}\n", quoted(text))),
            Self::Plain(text) => append(out, format_args!(" {text}\n")),
            Self::Row(items) => {
                let items: Vec<String> = items.iter().map(|item| quoted(item)).collect();
                append(out, format_args!(" [{}]\n", items.join(", ")));
            }
            Self::Block(text) => {
                out.push_str(" |\n");
                let indent = "  ".repeat(depth + 1);
                for line in text.lines() {
                    let indent = if line.is_empty() { "" } else { &indent };
                    append(out, format_args!("{indent}{line}\n"));
                }
            }
            Self::List(items) if items.is_empty() => out.push_str(" []\n"),
            Self::Map(map) if map.entries.is_empty() => out.push_str(" {}\n"),
            Self::List(items) => {
                out.push('\n');
                for item in items {
                    append(out, format_args!("{}-", "  ".repeat(depth + 1)));
                    item.write_item(depth + 1, out);
                }
            }
            Self::Map(map) => {
                out.push('\n');
                map.entries.iter().for_each(|entry| entry.write(depth + 1, out));
            }
        }
    }

    /// The first key of a map in a list stands behind the dash.
    fn write_item(&self, depth: usize, out: &mut String) {
        match self {
            Self::Map(map) if !map.entries.is_empty() => {
                let mut text = String::new();
                map.entries.iter().for_each(|entry| entry.write(depth + 1, &mut text));
                out.push(' ');
                out.push_str(text.trim_start());
            }
            other => other.write(depth, out),
        }
    }
}

/// Would YAML, of any version, take the text for a number, a time, yes or no, or nothing?
fn is_special(text: &str) -> bool {
    let words = ["true", "false", "yes", "no", "on", "off", "y", "n", "null", "~", ""];
    let is_word = words.iter().any(|word| text.eq_ignore_ascii_case(word));
    // Digits and what can stand between them: 5, 0.1, 1e3, 0x1f, 5:30, 2026-01-01. `2s` and `256m` are words.
    let is_figure = |c: char| c.is_ascii_hexdigit() || "xXoO_.:+-".contains(c);
    let is_number = text.starts_with(|c: char| c.is_ascii_digit() || "+.".contains(c));
    is_word || text.starts_with('-') || (is_number && text.chars().all(is_figure))
}

fn quoted(text: &str) -> String {
    let is_fine = |c: char| c.is_ascii_alphanumeric() || "_-./:@=+ ".contains(c);
    let is_plain = text.chars().all(is_fine)
        && !is_special(text)
        && !text.starts_with([' ', '@', ':', '='])
        && !text.ends_with([' ', ':'])
        && !text.contains(": ");
    if is_plain {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            control if control.is_control() => {
                append(&mut out, format_args!("\\u{:04x}", u32::from(control)));
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_what_yaml_would_take_for_something_else() {
        for (text, expected) in [
            ("plain text", "plain text"),
            ("http://api:8000/", "http://api:8000/"),
            ("5000:5000", "\"5000:5000\""),
            ("0.1", "\"0.1\""),
            ("No", "\"No\""),
            ("", "\"\""),
            ("a: b", "\"a: b\""),
            ("a #b", "\"a #b\""),
            ("${A:-b}", "\"${A:-b}\""),
            ("say \"x\\\"", "\"say \\\"x\\\\\\\"\""),
            ("two\nlines", "\"two\\nlines\""),
            ("1e3", "\"1e3\""),
            ("256m", "256m"),
            ("-x", "\"-x\""),
        ] {
            assert_eq!(quoted(text), expected);
        }
    }

    #[test]
    fn what_is_written_reads_as_what_it_was() {
        let item = Map::new().told("why", "type", "tmpfs").with("read only", true);
        let map = Map::new()
            .with("text", "5: x")
            .told("two\nlines", "list", vec![Yaml::from("a"), item.into()])
            .with("row", row(["A", "b c"]))
            .with("block", Yaml::Block("x: 1\n\n  y\n".to_owned()))
            .with("empty", Map::new());
        let node = node::parse(&map.write()).unwrap();
        assert_eq!(node.value("text").unwrap().text(), Some("5: x"));
        assert_eq!(node.value("block").unwrap().text(), Some("x: 1\n\n  y\n"));
        let node::Yaml::List(items) = &node.value("list").unwrap().yaml else { panic!("a list") };
        assert_eq!(items[1].value("read only").unwrap().text(), Some("true"));
    }

    #[test]
    fn what_is_laid_over_joins_replaces_and_removes() {
        let below = Map::new().with("x", "1").with("w", "2");
        let mut map = Map::new().with("a", below).with("gone", "it").with("list", vec!["one"]);
        let over = node::parse("{ a: { w: 3, z: new }, gone: null, list: [two, 3] }").unwrap();
        map.lay_over(&over);
        assert_eq!(map.write(), "a:\n  x: \"1\"\n  w: 3\n  z: new\n\nlist:\n  - two\n  - 3\n");
    }
}
