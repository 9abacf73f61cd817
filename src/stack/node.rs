//! The stack file as it is written: a tree of YAML values that remember where they stand.

use crate::stack::diagnostic::Diagnostic;
use saphyr_parser::{Event, Parser, ScalarStyle};
use std::collections::HashMap;
use std::ops::Range;

/// How many nodes a file may have once its aliases are replaced: stops "billion laughs".
const NODES: usize = 100_000;
/// How deep lists and maps may stand in each other.
const DEPTH: usize = 64;

#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub yaml: Yaml,
    /// Bytes of the text.
    pub span: Range<usize>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Yaml {
    Null,
    Scalar { text: String, is_quoted: bool },
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    pub name: String,
    pub span: Range<usize>,
}

impl Node {
    /// What it is, for messages: "a list was found".
    pub fn is_a(&self) -> String {
        match &self.yaml {
            Yaml::Null => "nothing".into(),
            Yaml::Scalar { text, .. } => format!("`{text}`"),
            Yaml::List(_) => "a list".into(),
            Yaml::Map(_) => "a map".into(),
        }
    }

    pub fn entries(&self) -> Option<&[(Key, Node)]> {
        match &self.yaml {
            Yaml::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// What stands behind a key of this map.
    pub fn value(&self, name: &str) -> Option<&Node> {
        self.entries()?.iter().find(|(key, _)| key.name == name).map(|(_, value)| value)
    }

    pub fn text(&self) -> Option<&str> {
        match &self.yaml {
            Yaml::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The values of the map that stands behind `name`, to change them; none where there is no such map.
    pub fn values_of(&mut self, name: &str) -> impl Iterator<Item = &mut Node> {
        let entries = match &mut self.yaml {
            Yaml::Map(entries) => entries.as_mut_slice(),
            _ => &mut [],
        };
        let found = entries.iter_mut().find(|(key, _)| key.name == name).map(|(_, node)| node);
        let inner = match found.map(|node| &mut node.yaml) {
            Some(Yaml::Map(entries)) => entries.as_mut_slice(),
            _ => &mut [],
        };
        inner.iter_mut().map(|(_, node)| node)
    }

    /// Calls `change` on every scalar below.
    pub fn for_each_scalar(&mut self, change: &mut impl FnMut(&mut String, &Range<usize>)) {
        match &mut self.yaml {
            Yaml::Null => {}
            Yaml::Scalar { text, .. } => change(text, &self.span),
            Yaml::List(items) => items.iter_mut().for_each(|item| item.for_each_scalar(change)),
            Yaml::Map(entries) => {
                for (_, value) in entries {
                    value.for_each_scalar(change);
                }
            }
        }
    }
}

/// Reads YAML. A mistake in the syntax is the only one that hides all others.
pub fn parse(text: &str) -> Result<Node, Diagnostic> {
    let offsets: Vec<usize> =
        text.char_indices().map(|(offset, _)| offset).chain([text.len()]).collect();
    let mut reader =
        Reader { parser: Parser::new_from_str(text), offsets, anchors: HashMap::new(), nodes: 0 };
    reader.document()
}

struct Reader<'text> {
    parser: Parser<'text, saphyr_parser::StrInput<'text>>,
    offsets: Vec<usize>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
}

type Step<'text> = (Event<'text>, Range<usize>);

impl<'text> Reader<'text> {
    fn next(&mut self) -> Result<Step<'text>, Diagnostic> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => {
                Ok((event, self.byte(span.start.index())..self.byte(span.end.index())))
            }
            Some(Err(error)) => {
                let at = self.byte(error.marker().index());
                if error.info().contains("unknown anchor") {
                    return Err(Diagnostic::new(at..at + 1, "this alias names nothing above it")
                        .help(
                            "`*name` repeats what `&name` marks, and that must stand before it",
                        ));
                }
                let help = if error.info().contains("tabs") {
                    "indent with spaces: YAML takes no tabs there"
                } else {
                    "look at the indentation, and at quotes and brackets above this place"
                };
                Err(Diagnostic::new(at..at + 1, format!("this is not YAML: {}", error.info()))
                    .help(help))
            }
            None => Ok((Event::StreamEnd, 0..0)),
        }
    }

    fn byte(&self, character: usize) -> usize {
        self.offsets.get(character).or(self.offsets.last()).copied().unwrap_or(0)
    }

    fn document(&mut self) -> Result<Node, Diagnostic> {
        loop {
            match self.next()? {
                (Event::StreamStart | Event::DocumentStart(_) | Event::Nothing, _) => {}
                (Event::StreamEnd | Event::DocumentEnd, span) => {
                    return Ok(Node { yaml: Yaml::Null, span });
                }
                step => {
                    let node = self.node(step, 0)?;
                    self.end_of_document()?;
                    return Ok(node);
                }
            }
        }
    }

    fn end_of_document(&mut self) -> Result<(), Diagnostic> {
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(()),
                (Event::DocumentStart(_), span) => {
                    return Err(Diagnostic::new(span, "a second document starts here")
                        .help("a stack is one YAML document: remove the `---`"));
                }
                _ => {}
            }
        }
    }

    fn node(&mut self, (event, span): Step<'text>, depth: usize) -> Result<Node, Diagnostic> {
        self.nodes += 1;
        if depth > DEPTH || self.nodes > NODES {
            return Err(Diagnostic::new(span, "the file is too deep or too large")
                .help("a stack has at most 64 levels and 100 000 values"));
        }
        let (yaml, anchor, end) = match event {
            Event::Scalar(text, style, anchor, _) => {
                let is_quoted = style != ScalarStyle::Plain;
                let is_null = !is_quoted && matches!(text.as_ref(), "" | "~" | "null");
                let scalar = Yaml::Scalar { text: text.into_owned(), is_quoted };
                (if is_null { Yaml::Null } else { scalar }, anchor, span.end)
            }
            Event::SequenceStart(anchor, _) => {
                let (items, end) = self.list(depth)?;
                (Yaml::List(items), anchor, end)
            }
            Event::MappingStart(anchor, _) => {
                let (entries, end) = self.map(depth)?;
                (Yaml::Map(entries), anchor, end)
            }
            Event::Alias(anchor) => return self.alias(anchor, span),
            other => {
                return Err(Diagnostic::new(span, format!("{other:?} is not expected here")));
            }
        };
        let node = Node { yaml, span: span.start..end.max(span.start) };
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn alias(&mut self, anchor: usize, span: Range<usize>) -> Result<Node, Diagnostic> {
        let Some(node) = self.anchors.get(&anchor).cloned() else {
            return Err(Diagnostic::new(span, "this alias names nothing above it"));
        };
        self.nodes += count(&node);
        Ok(node)
    }

    fn list(&mut self, depth: usize) -> Result<(Vec<Node>, usize), Diagnostic> {
        let mut items: Vec<Node> = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, span) => {
                    let last = items.last().map(|item| item.span.end);
                    return Ok((items, end_of(&span, last)));
                }
                step => items.push(self.node(step, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<(Vec<(Key, Node)>, usize), Diagnostic> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        loop {
            let key = match self.next()? {
                (Event::MappingEnd, span) => {
                    let last = entries.last().map(|(_, value)| value.span.end);
                    return Ok((entries, end_of(&span, last)));
                }
                (Event::Scalar(name, ..), span) => Key { name: name.into_owned(), span },
                (_, span) => return Err(Diagnostic::new(span, "a key must be plain text")),
            };
            if let Some((first, _)) = entries.iter().find(|(known, _)| known.name == key.name) {
                let message = format!("`{}` stands here a second time", key.name);
                return Err(Diagnostic::new(key.span, message)
                    .also(first.span.clone(), "it stands here already")
                    .help("keep one of the two"));
            }
            let step = self.next()?;
            let value = self.node(step, depth + 1)?;
            entries.push((key, value));
        }
    }
}

/// A list or map in brackets ends with its bracket; one in block style, whose end event is empty and stands
/// before whatever comes next, ends with its last value.
fn end_of(end: &Range<usize>, last: Option<usize>) -> usize {
    if end.is_empty() { last.unwrap_or(end.end) } else { end.end }
}

fn count(node: &Node) -> usize {
    1 + match &node.yaml {
        Yaml::Null | Yaml::Scalar { .. } => 0,
        Yaml::List(items) => items.iter().map(count).sum(),
        Yaml::Map(entries) => entries.iter().map(|(_, value)| count(value)).sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_place_of_keys_and_values() {
        let text = "a:\n  ü: 5s\n";
        let node = parse(text).unwrap();
        let (_, inner) = &node.entries().unwrap()[0];
        let (key, value) = &inner.entries().unwrap()[0];
        assert_eq!(&text[key.span.clone()], "ü");
        assert_eq!(&text[value.span.clone()], "5s");
    }

    #[test]
    fn a_block_ends_with_its_last_value_and_brackets_with_the_bracket() {
        let text = "a:\n  - x\n  - b: y\nc: { d: z }\n";
        let node = parse(text).unwrap();
        let spans: Vec<&str> =
            node.entries().unwrap().iter().map(|(_, value)| &text[value.span.clone()]).collect();
        assert_eq!(spans, ["- x\n  - b: y", "{ d: z }"]);
    }

    #[test]
    fn refuses_a_file_that_explodes() {
        let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..9 {
            let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
            crate::core::text::append(&mut text, format_args!("a{level}: &a{level} [{aliases}]\n"));
        }
        assert!(parse(&text).unwrap_err().message.contains("too large"));
    }

    #[test]
    fn a_key_twice_is_an_error() {
        assert!(parse("a: 1\na: 2\n").unwrap_err().message.contains("second time"));
    }
}
