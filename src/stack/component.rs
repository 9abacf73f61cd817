//! Reads one component: a single key, its kind, with the options below it.

use crate::core::kind::About;
use crate::core::words::nearest;
use crate::stack::diagnostic::Diagnostic;
use crate::stack::model::Part;
use crate::stack::node::{Node, Yaml};
use crate::stack::options::{Owner, read};

/// Finds the kind that the node names in `kinds` and checks its options.
pub(super) fn component<K: 'static>(
    role: &str,
    node: &Node,
    kinds: &'static [&'static K],
    about: fn(&K) -> &About,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Part<K>> {
    let names = || kinds.iter().map(|kind| about(kind).name);
    let known = || names().collect::<Vec<_>>().join(", ");
    let (name, span, options) = match &node.yaml {
        Yaml::Map(entries) if entries.len() == 1 => {
            let (key, value) = entries.first()?;
            (key.name.as_str(), key.span.clone(), value.clone())
        }
        Yaml::Scalar { text, .. } => {
            let nothing = Node { yaml: Yaml::Null, span: node.span.clone() };
            (text.as_str(), node.span.clone(), nothing)
        }
        Yaml::Map(entries) if entries.len() > 1 => {
            let (second, _) = entries.get(1)?;
            diagnostics.push(
                Diagnostic::new(second.span.clone(), format!("a {role} is one key, its kind"))
                    .help("the options stand below the kind, indented"),
            );
            return None;
        }
        _ => {
            diagnostics.push(
                Diagnostic::new(node.span.clone(), format!("a {role} belongs here"))
                    .help(format!("known: {}", known())),
            );
            return None;
        }
    };
    let Some(kind) = kinds.iter().find(|kind| about(kind).name == name) else {
        let help = match nearest(name, names()) {
            Some(word) => format!("did you mean `{word}`? `headwater kinds` lists all"),
            None => format!("known: {}", known()),
        };
        diagnostics.push(Diagnostic::new(span, format!("unknown {role} `{name}`")).help(help));
        return None;
    };
    let about = about(kind);
    let owner = Owner { name, table: about.options, main: about.main, span };
    let options = read(&owner, &options, diagnostics);
    Some(Part { kind, options })
}
