//! Images of other people that run beside a stack: a database, a cache, a broker.

use crate::render::deploy::{entries, texts, unknown};
use crate::stack::Diagnostic;
use crate::stack::node::{Key, Node, Yaml};

const KEYS: [&str; 5] = ["image", "port", "environment", "volumes", "health"];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Beside {
    pub name: String,
    pub image: String,
    pub port: Option<u16>,
    pub environment: Vec<(String, String)>,
    /// Names with the directories that they are mounted at.
    pub volumes: Vec<(String, String)>,
    /// A command that ends with 0 when it is ready.
    pub health: Vec<String>,
}

pub(super) fn beside(key: &Key, node: &Node, list: &mut Vec<Diagnostic>) -> Option<Beside> {
    let mut found = Beside {
        name: key.name.clone(),
        image: String::new(),
        port: None,
        environment: Vec::new(),
        volumes: Vec::new(),
        health: Vec::new(),
    };
    for (key, value) in entries(node, "this is a map with `image`", list) {
        match key.name.as_str() {
            "image" => value.text().unwrap_or_default().clone_into(&mut found.image),
            "port" => {
                found.port = value.text().and_then(|text| text.parse().ok());
                if found.port.is_none() {
                    list.push(Diagnostic::new(
                        value.span.clone(),
                        "`port` is a number up to 65535",
                    ));
                }
            }
            "environment" => {
                found.environment = texts(value, "`environment` maps names to values", list);
            }
            "volumes" => {
                found.volumes = texts(value, "`volumes` maps names to directories", list);
            }
            "health" => found.health = words(value, list),
            _ => list.push(unknown(key, &KEYS)),
        }
    }
    if found.image.is_empty() {
        let message = format!("`{}` needs an `image`", key.name);
        list.push(Diagnostic::new(key.span.clone(), message).help("add `image: NAME:TAG`"));
        return None;
    }
    Some(found)
}

fn words(node: &Node, list: &mut Vec<Diagnostic>) -> Vec<String> {
    let items = match &node.yaml {
        Yaml::List(items) => items.as_slice(),
        _ => &[],
    };
    let words: Vec<String> = items.iter().filter_map(Node::text).map(str::to_owned).collect();
    if words.is_empty() || words.len() != items.len() {
        let help = "write `health: [pg_isready, -h, 127.0.0.1]`";
        list.push(Diagnostic::new(node.span.clone(), "`health` is a command in a list").help(help));
    }
    words
}
