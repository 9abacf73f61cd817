//! Reads words with a share each: `{ late: 1%, drop: 0.1% }`.

use crate::core::options::{Setting, Shape};
use crate::core::unit;
use crate::stack::diagnostic::Diagnostic;
use crate::stack::node::Node;
use crate::stack::options::{Wrong, unknown_key};

pub(super) fn read(words: &'static [&'static str], node: &Node) -> Result<Setting, Wrong> {
    let Some(entries) = node.entries().filter(|entries| !entries.is_empty()) else {
        let message = format!("{} stands here", node.is_a());
        let help = format!("write {}", Shape::Shares(words).name());
        return Err(vec![Diagnostic::new(node.span.clone(), message).help(help)]);
    };
    let (mut shares, mut wrong) = (Vec::new(), Vec::new());
    for (key, value) in entries {
        if !words.contains(&key.name.as_str()) {
            wrong.push(unknown_key(key, words.iter().copied(), "these shares"));
            continue;
        }
        let Some(text) = value.text() else {
            let message = format!("{} stands here", value.is_a());
            wrong.push(Diagnostic::new(value.span.clone(), message).help("write 1% or 0.01"));
            continue;
        };
        match unit::share(text) {
            Ok(share) => shares.push((key.name.clone(), share)),
            Err(message) => wrong.push(Diagnostic::new(value.span.clone(), message)),
        }
    }
    let sum: f64 = shares.iter().map(|(_, share)| share).sum();
    if wrong.is_empty() && sum > 1.0 {
        let message = "these shares are more than all together";
        wrong.push(Diagnostic::new(node.span.clone(), message));
    }
    if wrong.is_empty() { Ok(Setting::Shares(shares)) } else { Err(wrong) }
}
