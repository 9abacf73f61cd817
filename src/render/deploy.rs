//! `deploy.yaml` beside a stack file: what does not follow from the stack, such as values, other people's images, and
//! whatever shall stand differently in one target.

use crate::core::words::nearest;
use crate::render::beside::{Beside, beside};
use crate::render::document::Map;
use crate::stack::node::{self, Key, Node, Yaml};
use crate::stack::{Diagnostic, Diagnostics};

const KEYS: [&str; 5] = ["variables", "beside", "compose", "swarm", "kubernetes"];

/// The checked file; empty where there is none.
#[derive(Debug, Clone, Default)]
pub struct Deploy {
    pub(super) variables: Vec<(String, String)>,
    pub(super) beside: Vec<Beside>,
    /// Maps that are laid over what is rendered, by target.
    over: Vec<(String, Node)>,
}

impl Deploy {
    pub fn read(file: &str, text: &str) -> Result<Self, Diagnostics> {
        let mut list = Vec::new();
        let deploy = match node::parse(text) {
            Ok(root) => check(&root, &mut list),
            Err(diagnostic) => {
                list.push(diagnostic);
                Self::default()
            }
        };
        if list.is_empty() {
            return Ok(deploy);
        }
        list.sort_by_key(|diagnostic| diagnostic.span.start);
        Err(Diagnostics { file: file.to_owned(), text: text.to_owned(), list })
    }

    /// Lays what the user wants differently over a document.
    pub(super) fn lay_over(&self, target: &str, document: &mut Map) {
        for (_, over) in self.over.iter().filter(|(name, _)| name == target) {
            document.lay_over(over);
        }
    }
}

fn check(root: &Node, list: &mut Vec<Diagnostic>) -> Deploy {
    let mut deploy = Deploy::default();
    for (key, value) in entries(root, "the file holds no deployment", list) {
        match key.name.as_str() {
            "variables" => {
                deploy.variables = texts(value, "`variables` maps names to values", list);
            }
            "beside" => {
                for (name, value) in entries(value, "`beside` maps names to images", list) {
                    deploy.beside.extend(beside(name, value, list));
                }
            }
            target if KEYS.contains(&target) => {
                entries(value, "this is laid over what is rendered, so it is a map", list);
                deploy.over.push((target.to_owned(), value.clone()));
            }
            _ => list.push(unknown(key, &KEYS)),
        }
    }
    deploy
}

/// What is in a map; nothing is an empty one.
pub(super) fn entries<'a>(
    node: &'a Node,
    message: &str,
    list: &mut Vec<Diagnostic>,
) -> &'a [(Key, Node)] {
    match &node.yaml {
        Yaml::Map(entries) => entries,
        Yaml::Null => &[],
        _ => {
            let help = format!("{} was found", node.is_a());
            list.push(Diagnostic::new(node.span.clone(), message).help(help));
            &[]
        }
    }
}

/// Names with texts.
pub(super) fn texts(
    node: &Node,
    message: &str,
    list: &mut Vec<Diagnostic>,
) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (key, value) in entries(node, message, list) {
        match value.text() {
            Some(text) => found.push((key.name.clone(), text.to_owned())),
            None => list.push(Diagnostic::new(value.span.clone(), message)),
        }
    }
    found
}

pub(super) fn unknown(key: &Key, known: &[&str]) -> Diagnostic {
    let help = match nearest(&key.name, known.iter().copied()) {
        Some(word) => format!("did you mean `{word}`?"),
        None => format!("known here: {}", known.join(", ")),
    };
    Diagnostic::new(key.span.clone(), format!("unknown key `{}`", key.name)).help(help)
}
