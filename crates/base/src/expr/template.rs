//! Text templates: `{field}` and `{a.b}` stand for values, `{{` and `}}` for braces.

use super::native::{Fields, Found};
use crate::formats::json::{Kind, RawText};

/// A parsed template.
#[derive(Clone, Debug)]
pub struct Template {
    parts: Vec<Part>,
    fields: Fields,
    names: Vec<String>,
}

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    /// The position of its name, which is its slot too.
    Field(usize),
}

impl Template {
    /// Parses the text; the error says what is wrong and where.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut template = Self { parts: Vec::new(), fields: Fields::default(), names: Vec::new() };
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, after) = rest.split_at(at);
            plain.push_str(before);
            let column = text.chars().count() - after.chars().count() + 1;
            if let Some(left) = after.strip_prefix("{{") {
                plain.push('{');
                rest = left;
            } else if let Some(left) = after.strip_prefix("}}") {
                plain.push('}');
                rest = left;
            } else {
                let (name, left) = placeholder(after, column)?;
                template.push_text(&mut plain);
                template.push_field(name);
                rest = left;
            }
        }
        plain.push_str(rest);
        template.push_text(&mut plain);
        Ok(template)
    }

    fn push_text(&mut self, plain: &mut String) {
        if !plain.is_empty() {
            self.parts.push(Part::Text(std::mem::take(plain)));
        }
    }

    fn push_field(&mut self, name: &str) {
        let slot = self.fields.slot(name.split('.').map(str::to_owned).collect());
        if slot == self.names.len() {
            self.names.push(name.to_owned());
        }
        self.parts.push(Part::Field(slot));
    }

    /// The names between the braces, each once, in the order of their first appearance.
    pub fn fields(&self) -> &[String] {
        &self.names
    }

    /// Appends the text for a record: strings without quotes, numbers as they are written,
    /// nothing for null, arrays and objects as JSON. A missing field is an error.
    /// On errors `out` is left as it was.
    pub fn render(&self, line: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        let found = self.fields.find(line)?;
        let start = out.len();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.extend_from_slice(text.as_bytes()),
                Part::Field(slot) => {
                    if let Err(reason) = self.render_field(*slot, &found, out) {
                        out.truncate(start);
                        return Err(reason);
                    }
                }
            }
        }
        Ok(())
    }

    fn render_field(
        &self,
        slot: usize,
        found: &[Found<'_>],
        out: &mut Vec<u8>,
    ) -> Result<(), String> {
        let name = self.names.get(slot).map_or("", String::as_str);
        match found.get(slot) {
            Some(Found::Value(Kind::Null, _)) => {}
            Some(Found::Value(Kind::Text, raw)) => {
                out.extend_from_slice(RawText::of_value(raw).decode().as_bytes());
            }
            Some(Found::Value(_, raw)) => out.extend_from_slice(raw.as_bytes()),
            Some(Found::Blocked(kind, 0)) => {
                return Err(format!("the record has no field `{name}`: it is {}", a(*kind)));
            }
            Some(Found::Blocked(kind, depth)) => {
                let holder = self.fields.path(slot).get(..*depth).unwrap_or_default().join(".");
                return Err(format!(
                    "the record has no field `{name}`: `{holder}` is {}",
                    a(*kind)
                ));
            }
            Some(Found::Missing) | None => {
                return Err(format!("the record has no field `{name}`"));
            }
        }
        Ok(())
    }

    /// Appends the text with the values that `lookup` gives for the names.
    /// On errors `out` is left as it was.
    pub fn render_with(
        &self,
        lookup: &dyn Fn(&str) -> Option<String>,
        out: &mut Vec<u8>,
    ) -> Result<(), String> {
        let start = out.len();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.extend_from_slice(text.as_bytes()),
                Part::Field(slot) => {
                    let name = self.names.get(*slot).map_or("", String::as_str);
                    let Some(value) = lookup(name) else {
                        out.truncate(start);
                        return Err(format!("there is no value for `{name}`"));
                    };
                    out.extend_from_slice(value.as_bytes());
                }
            }
        }
        Ok(())
    }
}

fn a(kind: Kind) -> String {
    let article = if matches!(kind, Kind::Array | Kind::Object) { "an" } else { "a" };
    format!("{article} {}", kind.name())
}

/// Splits `{name}…` into the name and what follows.
fn placeholder(text: &str, column: usize) -> Result<(&str, &str), String> {
    let Some(inner) = text.strip_prefix('{') else {
        return Err(format!(
            "column {column}: `}}` without `{{` before it; write `}}}}` for a brace"
        ));
    };
    let Some((name, rest)) = inner.split_once('}') else {
        return Err(format!(
            "column {column}: `{{` is never closed; add `}}`, or write `{{{{` for a brace"
        ));
    };
    if name.trim().is_empty() {
        return Err(format!(
            "column {column}: nothing between `{{` and `}}`; name a field, as in `{{number}}`"
        ));
    }
    let named = |character: char| character.is_alphanumeric() || "_-@$:/".contains(character);
    if !name.split('.').all(|key| !key.is_empty() && key.chars().all(named)) {
        return Err(format!(
            "column {column}: `{name}` is not the name of a field; \
             write `{{{{` and `}}}}` for braces, and make other values with an expression first"
        ));
    }
    Ok((name, rest))
}
