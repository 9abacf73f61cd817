//! `--port SERVICE=N`: URLs of the same stack that name the old port, and that stand in the default of a variable,
//! follow. What somebody wrote or set is never changed.

use crate::core::listen::Listen;
use crate::core::text::append;
use crate::stack::Stack;
use crate::stack::model::{Body, Service};

/// A port that moved, and that a URL names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moved {
    pub from: u16,
    pub to: u16,
}

/// The text of the stack with the URLs that follow, and which ports they followed. Nobody can follow to a port that is
/// not known before it is taken, 0.
pub(super) fn follow(stack: &Stack, text: &str, ports: &[(String, u16)]) -> (String, Vec<Moved>) {
    let moved = |(name, to): &(String, u16)| {
        let from = port(stack.service(name)?)?;
        (*to != 0 && from != 0 && from != *to).then_some(Moved { from, to: *to })
    };
    let moved: Vec<Moved> = ports.iter().filter_map(moved).collect();
    if moved.is_empty() { (text.to_owned(), moved) } else { in_defaults(text, &moved) }
}

fn port(service: &Service) -> Option<u16> {
    match &service.body {
        Body::Server(server) => Some(server.listen.port),
        Body::View(view) => Some(view.listen.port),
        Body::Gate(gate) => Some(gate.listen.port),
        Body::Flow(flow) => Some(Listen::parse(flow.source.options.text_if("listen")?).ok()?.port),
    }
}

fn in_defaults(text: &str, moved: &[Moved]) -> (String, Vec<Moved>) {
    let (mut out, mut followed) = (String::with_capacity(text.len()), Vec::new());
    // For each brace that is open: is this the default of a variable?
    let mut open: Vec<bool> = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let mut length = first.len_utf8();
        if rest.starts_with("$$") {
            length = 2;
        } else if let Some(body) = rest.strip_prefix("${") {
            let name = body.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
            open.push(name.starts_with(":-"));
            length = 2;
        } else if first == '{' && !open.is_empty() {
            open.push(open.last() == Some(&true));
        } else if first == '}' {
            open.pop();
        } else if open.last() == Some(&true)
            && let Some(one) = moved.iter().find(|one| names(rest, one.from))
        {
            length = "//localhost:".len() + one.from.to_string().len();
            append(&mut out, format_args!("//localhost:{}", one.to));
            rest = rest.get(length..).unwrap_or_default();
            if !followed.contains(one) {
                followed.push(*one);
            }
            continue;
        }
        let (taken, behind) = rest.split_at(length);
        out.push_str(taken);
        rest = behind;
    }
    (out, followed)
}

fn names(rest: &str, port: u16) -> bool {
    let behind =
        rest.strip_prefix("//localhost:").and_then(|it| it.strip_prefix(&port.to_string()));
    behind.is_some_and(|behind| !behind.starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_defaults_that_name_the_old_port_follow() {
        let moved = [Moved { from: 8000, to: 9001 }];
        for (text, expected) in [
            ("${A:-http://localhost:8000/x}", "${A:-http://localhost:9001/x}"),
            ("${A:-http://localhost:8000}/x", "${A:-http://localhost:9001}/x"),
            ("${A:-${B:-http://localhost:8000}}", "${A:-${B:-http://localhost:9001}}"),
            ("${A:-{x}http://localhost:8000}", "${A:-{x}http://localhost:9001}"),
            ("${A:-http://localhost:80001}", "${A:-http://localhost:80001}"),
            ("${A:-http://example.org:8000}", "${A:-http://example.org:8000}"),
            ("${A:+http://localhost:8000}", "${A:+http://localhost:8000}"),
            ("$${A:-http://localhost:8000}", "$${A:-http://localhost:8000}"),
            ("http://localhost:8000 ${A:-é}", "http://localhost:8000 ${A:-é}"),
        ] {
            let (found, followed) = in_defaults(text, &moved);
            assert_eq!(found, expected);
            assert_eq!(!followed.is_empty(), found != text, "{text}");
        }
    }
}
