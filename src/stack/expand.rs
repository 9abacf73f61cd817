//! `${VAR}`, `${VAR:-default}`, `${VAR:+text}` and `$$`: the only reader of the environment.

use crate::stack::diagnostic::Diagnostic;
use crate::stack::node::{Node, Yaml};
use std::ops::Range;

/// How many braces may stand in each other; without a bound a file could exhaust the stack.
const DEPTH: usize = 64;

/// Looks up a variable; tests bring their own. An error says why a value that is meant to be there cannot be had.
pub(super) type Lookup<'a> = &'a dyn Fn(&str) -> Result<Option<String>, String>;

/// A variable that a text named, and what stood in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    pub name: String,
    pub value: String,
    pub origin: Origin,
    /// Where the value begins in the expanded text.
    pub at: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    Set,
    /// The default, which names another variable or does not.
    Default {
        is_derived: bool,
    },
    /// Neither set nor with a default.
    Missing,
    /// `${NAME:+text}`, which only asks whether it is set, and it is not.
    Asked,
    /// `{ env: NAME }`: a token.
    Token,
}

/// Replaces the variables in every scalar.
pub(super) fn expand(node: &mut Node, lookup: Lookup, diagnostics: &mut Vec<Diagnostic>) {
    node.for_each_scalar(&mut |text, span| {
        if text.contains('$') {
            *text = expand_text(text, span, lookup, diagnostics).0;
        }
    });
}

/// Puts the values of variables in the place of `{ env: NAME }` below every route's `access`. Unlike `${NAME}` such a
/// value never becomes part of the text that diagnostics show.
pub(super) fn tokens(root: &mut Node, lookup: Lookup, diagnostics: &mut Vec<Diagnostic>) {
    for service in root.values_of("services") {
        for route in service.values_of("routes") {
            for token in route.values_of("access") {
                token_of(token, lookup, diagnostics);
            }
        }
        let Yaml::Map(entries) = &mut service.yaml else { continue };
        for (_, view) in entries.iter_mut().filter(|(key, _)| key.name == "view") {
            let Yaml::Map(entries) = &mut view.yaml else { continue };
            for (_, token) in entries.iter_mut().filter(|(key, _)| key.name == "auth") {
                token_of(token, lookup, diagnostics);
            }
        }
    }
}

fn token_of(token: &mut Node, lookup: Lookup, diagnostics: &mut Vec<Diagnostic>) {
    let Yaml::Map(entries) = &mut token.yaml else { return };
    for (_, value) in entries.iter_mut().filter(|(key, _)| key.name == "env") {
        let Yaml::Scalar { text, .. } = &mut value.yaml else { continue };
        let found = found(text, &value.span, lookup, diagnostics).filter(|value| !value.is_empty());
        if found.is_none() {
            let message = format!("the variable `{text}` is not set");
            let help = format!(
                "set it to the token: `export {text}=...`, or name a file that holds it: `export {text}_FILE=...`"
            );
            diagnostics.push(Diagnostic::new(value.span.clone(), message).help(help));
        }
        *text = found.unwrap_or_default();
    }
}

/// What the variable is set to. A value that cannot be had is told, and stands for nothing.
fn found(
    name: &str,
    span: &Range<usize>,
    lookup: Lookup,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<String> {
    match lookup(name) {
        Ok(value) => value,
        Err(reason) => {
            let help = format!("`{name}_FILE` names the file; it must be readable by this user");
            diagnostics.push(Diagnostic::new(span.clone(), reason).help(help));
            Some(String::new())
        }
    }
}

/// The text with its variables replaced, and which those were.
pub(super) fn expand_text(
    text: &str,
    span: &Range<usize>,
    lookup: Lookup,
    diagnostics: &mut Vec<Diagnostic>,
) -> (String, Vec<Use>) {
    let mut expansion = Expansion { span, lookup, diagnostics, uses: Vec::new() };
    let expanded = expansion.text(text, 0);
    (expanded, expansion.uses)
}

struct Expansion<'a> {
    span: &'a Range<usize>,
    lookup: Lookup<'a>,
    diagnostics: &'a mut Vec<Diagnostic>,
    uses: Vec<Use>,
}

impl Expansion<'_> {
    fn tell(&mut self, message: String, help: &str) {
        self.diagnostics.push(Diagnostic::new(self.span.clone(), message).help(help));
    }

    /// `at` is where the text will stand in the whole.
    fn text(&mut self, text: &str, at: usize) -> String {
        let mut expanded = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            expanded.push_str(before);
            if let Some(tail) = after.strip_prefix('$') {
                expanded.push('$');
                rest = tail;
            } else if let Some(body) = after.strip_prefix('{') {
                let Some((inside, tail)) = split_at_end(body) else {
                    self.tell(
                        "`${` is never closed".to_owned(),
                        "write `${NAME}` or `${NAME:-default}`; `$$` is a plain `$`",
                    );
                    return expanded;
                };
                let value = self.variable(inside, at + expanded.len());
                expanded.push_str(&value);
                rest = tail;
            } else {
                expanded.push('$');
                rest = after;
            }
        }
        expanded.push_str(rest);
        expanded
    }

    fn variable(&mut self, inside: &str, at: usize) -> String {
        let name_end = inside.find(':').unwrap_or(inside.len());
        let (name, rest) = inside.split_at(name_end);
        let (default, instead) = (rest.strip_prefix(":-"), rest.strip_prefix(":+"));
        let is_known = rest.is_empty() || default.is_some() || instead.is_some();
        let name = if is_known { name } else { inside };
        let is_fine = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(is_fine) {
            self.tell(
                format!("`{name}` is no name of a variable"),
                "write `${NAME}`, `${NAME:-default}` or `${NAME:+text}`; `$$` is a plain `$`",
            );
            return String::new();
        }
        let set = found(name, self.span, self.lookup, self.diagnostics);
        if let Some(instead) = instead {
            // The text stands there only where the variable is set to something.
            let set = set.filter(|value| !value.is_empty());
            let origin = if set.is_some() { Origin::Set } else { Origin::Asked };
            self.seen(name, set.as_deref().unwrap_or_default(), origin, at);
            return if set.is_some() { self.text(instead, at) } else { String::new() };
        }
        if let Some(value) = set.filter(|value| default.is_none() || !value.is_empty()) {
            self.seen(name, &value, Origin::Set, at);
            return value;
        }
        if let Some(default) = default {
            // A default may name another variable.
            let value = self.text(default, at);
            let origin = Origin::Default { is_derived: default.contains("${") };
            self.seen(name, &value, origin, at);
            return value;
        }
        self.seen(name, "", Origin::Missing, at);
        let help =
            format!("set it (`export {name}=...`) or give a default: `${{{name}:-default}}`");
        self.tell(format!("the variable `{name}` is not set"), &help);
        String::new()
    }

    fn seen(&mut self, name: &str, value: &str, origin: Origin, at: usize) {
        let (name, value) = (name.to_owned(), value.to_owned());
        self.uses.push(Use { name, value, origin, at });
    }
}

/// What stands before the brace that closes the one before `body`, and what follows it.
fn split_at_end(body: &str) -> Option<(&str, &str)> {
    let mut open = 1_usize;
    for (at, character) in body.char_indices() {
        match character {
            '{' => open += 1,
            '}' => open -= 1,
            _ => {}
        }
        if open > DEPTH {
            return None;
        }
        if open == 0 {
            return Some((body.get(..at)?, body.get(at + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> (String, Vec<Diagnostic>) {
        let lookup = |name: &str| match name {
            "SET" => Ok(Some("value".to_owned())),
            "EMPTY" => Ok(Some(String::new())),
            "LOCKED" => Err("the file /run/secrets/x cannot be read".to_owned()),
            _ => Ok(None),
        };
        let mut diagnostics = Vec::new();
        let expanded = expand_text(text, &(0..1), &lookup, &mut diagnostics).0;
        (expanded, diagnostics)
    }

    #[test]
    fn replaces_set_variables_and_uses_defaults() {
        assert_eq!(check("${SET:-x}s and ${UNSET:-5}s").0, "values and 5s");
        assert_eq!(check("${EMPTY:-5}").0, "5");
        assert_eq!(check("${UNSET:-${SET:-x}/y}").0, "value/y");
        assert_eq!(check("$$SET costs 5 $").0, "$SET costs 5 $");
        assert_eq!(check("${SET:+a ${SET} b}").0, "a value b");
        assert_eq!(check("${EMPTY:+a}${UNSET:+${UNSET}}").0, "");
    }

    #[test]
    fn an_unset_variable_without_a_default_is_named() {
        assert!(check("${UNSET}").1[0].message.contains("`UNSET` is not set"));
        assert!(check("${SET").1[0].message.contains("never closed"));
        assert!(check("${SET-x}").1[0].message.contains("no name of a variable"));
    }

    #[test]
    fn a_value_that_cannot_be_had_is_told_once_and_not_called_unset() {
        let (_, told) = check("${LOCKED}");
        assert_eq!(told.len(), 1);
        assert!(told[0].message.contains("cannot be read"), "{told:?}");
    }

    #[test]
    fn uses_say_where_a_value_begins_and_whether_it_follows_another() {
        let lookup = |name: &str| Ok((name == "SET").then(|| "value".to_owned()));
        let (text, uses) = expand_text("${A:-${B:-x}/r}/${SET}", &(0..1), &lookup, &mut Vec::new());
        assert_eq!(text, "x/r/value");
        let seen: Vec<_> = uses.iter().map(|it| (&*it.name, it.at, it.origin)).collect();
        let default = |is_derived| Origin::Default { is_derived };
        assert_eq!(
            seen,
            [("B", 0, default(false)), ("A", 0, default(true)), ("SET", 4, Origin::Set)]
        );
    }
}
