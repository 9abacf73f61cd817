//! `${VAR}`, `${VAR:-default}`, `${VAR:+text}` and `$$`: the only reader of the environment.

use crate::stack::diagnostic::Diagnostic;
use crate::stack::node::{Node, Yaml};
use std::ops::Range;

/// How many braces may stand in each other; without a bound a file could exhaust the stack.
const DEPTH: usize = 64;

/// Looks up a variable; tests bring their own.
pub(super) type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Replaces the variables in every scalar.
pub(super) fn expand(node: &mut Node, lookup: Lookup, diagnostics: &mut Vec<Diagnostic>) {
    node.for_each_scalar(&mut |text, span| {
        if text.contains('$') {
            *text = expand_text(text, span, lookup, diagnostics);
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
        let found = lookup(text).filter(|value| !value.is_empty());
        if found.is_none() {
            let message = format!("the variable `{text}` is not set");
            diagnostics.push(
                Diagnostic::new(value.span.clone(), message)
                    .help(format!("set it to the token: `export {text}=...`")),
            );
        }
        *text = found.unwrap_or_default();
    }
}

fn expand_text(
    text: &str,
    span: &Range<usize>,
    lookup: Lookup,
    diagnostics: &mut Vec<Diagnostic>,
) -> String {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        expanded.push_str(before);
        if let Some(tail) = after.strip_prefix('$') {
            expanded.push('$');
            rest = tail;
        } else if let Some(body) = after.strip_prefix('{') {
            let Some((inside, tail)) = split_at_end(body) else {
                diagnostics.push(
                    Diagnostic::new(span.clone(), "`${` is never closed")
                        .help("write `${NAME}` or `${NAME:-default}`; `$$` is a plain `$`"),
                );
                return expanded;
            };
            expanded.push_str(&variable(inside, span, lookup, diagnostics));
            rest = tail;
        } else {
            expanded.push('$');
            rest = after;
        }
    }
    expanded.push_str(rest);
    expanded
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

fn variable(
    inside: &str,
    span: &Range<usize>,
    lookup: Lookup,
    diagnostics: &mut Vec<Diagnostic>,
) -> String {
    let name_end = inside.find(':').unwrap_or(inside.len());
    let (name, rest) = inside.split_at(name_end);
    let (default, instead) = (rest.strip_prefix(":-"), rest.strip_prefix(":+"));
    let name =
        if rest.is_empty() || default.is_some() || instead.is_some() { name } else { inside };
    let is_fine = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(is_fine) {
        diagnostics.push(
            Diagnostic::new(span.clone(), format!("`{name}` is no name of a variable")).help(
                "write `${NAME}`, `${NAME:-default}` or `${NAME:+text}`; `$$` is a plain `$`",
            ),
        );
        return String::new();
    }
    if let Some(instead) = instead {
        // The text stands there only where the variable is set to something.
        let is_set = lookup(name).is_some_and(|value| !value.is_empty());
        return if is_set {
            expand_text(instead, span, lookup, diagnostics)
        } else {
            String::new()
        };
    }
    let value = lookup(name).filter(|value| default.is_none() || !value.is_empty());
    if let Some(value) = value {
        return value;
    }
    if let Some(default) = default {
        // A default may name another variable.
        return expand_text(default, span, lookup, diagnostics);
    }
    diagnostics.push(
        Diagnostic::new(span.clone(), format!("the variable `{name}` is not set")).help(format!(
            "set it (`export {name}=...`) or give a default: `${{{name}:-default}}`"
        )),
    );
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> (String, Vec<Diagnostic>) {
        let lookup = |name: &str| match name {
            "SET" => Some("value".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        let mut diagnostics = Vec::new();
        let expanded = expand_text(text, &(0..1), &lookup, &mut diagnostics);
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
}
