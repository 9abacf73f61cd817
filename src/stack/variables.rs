//! Which variables a stack file names, where, and what stands in their place: for those who write deployments.

use crate::stack::check::Environment;
use crate::stack::expand::{Origin, Use, expand_text};
use crate::stack::node::{self, Node, Yaml};

/// One text of the stack file that names variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The keys above it: `services`, `consumer`, `source` ...
    pub path: Vec<String>,
    /// With the variables replaced.
    pub text: String,
    pub uses: Vec<Use>,
}

impl Named {
    /// Is it of this service, resource or the like?
    pub fn is_of(&self, section: &str, name: &str) -> bool {
        matches!(self.path.as_slice(), [first, second, ..] if first == section && second == name)
    }
}

/// All texts that name a variable, in the order of the file; none where it is no YAML.
pub fn named(text: &str, environment: &Environment) -> Vec<Named> {
    let mut found = Vec::new();
    if let Ok(root) = node::parse(text) {
        walk(&root, &mut Vec::new(), environment, &mut found);
    }
    found
}

fn walk(node: &Node, path: &mut Vec<String>, environment: &Environment, found: &mut Vec<Named>) {
    match &node.yaml {
        Yaml::Null => {}
        Yaml::Scalar { text, .. } if is_token(path) => {
            let token =
                Use { name: text.clone(), value: String::new(), origin: Origin::Token, at: 0 };
            found.push(Named { path: path.clone(), text: String::new(), uses: vec![token] });
        }
        Yaml::Scalar { text, .. } => {
            let lookup = |name: &str| environment.lookup(name);
            let (text, uses) = expand_text(text, &node.span, &lookup, &mut Vec::new());
            if !uses.is_empty() {
                found.push(Named { path: path.clone(), text, uses });
            }
        }
        Yaml::List(items) => items.iter().for_each(|item| walk(item, path, environment, found)),
        Yaml::Map(entries) => {
            for (key, value) in entries {
                path.push(key.name.clone());
                walk(value, path, environment, found);
                path.pop();
            }
        }
    }
}

/// `{ env: NAME }` below a route's `access` or a view's `auth`.
fn is_token(path: &[String]) -> bool {
    let [above @ .., last] = path else { return false };
    last == "env" && above.iter().rev().take(2).any(|key| key == "access" || key == "auth")
}
