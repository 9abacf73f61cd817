//! A document in the making: paths, and the components that they refer to.

use super::headers;
use super::parts::{Operation, Reply, reference, schema};
use super::trouble::{Form, schema_of};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeSet;

/// Collects what the wires describe.
#[derive(Debug, Default)]
pub(super) struct Book {
    paths: Map<String, Json>,
    schemas: Map<String, Json>,
    responses: Map<String, Json>,
    tags: Vec<Json>,
}

impl Book {
    /// The first operation at a path and method stays, as it does in a router.
    pub(super) fn operation(&mut self, path: &str, method: &str, operation: Operation) {
        let item = self.paths.entry(path).or_insert_with(|| json!({}));
        if item.get(method).is_none() {
            item[method] = operation.into();
        }
    }

    /// Adds a schema under a name that is free, and gives the reference to it.
    pub(super) fn schema(&mut self, name: &str, value: Json) -> Json {
        let mut free = name.to_owned();
        let mut number = 2;
        while self.schemas.get(&free).is_some_and(|known| *known != value) {
            free = format!("{name}{number}");
            number += 1;
        }
        self.schemas.insert(free.clone(), value);
        schema(&free)
    }

    /// The same name is always the same answer.
    pub(super) fn response(&mut self, name: &str, reply: Reply) -> Json {
        self.responses.entry(name).or_insert_with(|| reply.into());
        reference("responses", name)
    }

    pub(super) fn tag(&mut self, name: &str, description: &str) {
        let tag = json!({ "name": name, "description": description });
        if !self.tags.contains(&tag) {
            self.tags.push(tag);
        }
    }

    /// The whole document, with those components that something refers to.
    pub(super) fn into_document(mut self, info: &Json, schemes: Map<String, Json>) -> Json {
        for form in [Form::Problem, Form::Detail] {
            self.schemas.insert(form.prefix().to_owned(), schema_of(form));
        }
        let mut kinds = Map::new();
        kinds.insert("schemas".into(), Json::Object(self.schemas));
        kinds.insert("responses".into(), Json::Object(self.responses));
        kinds.insert("headers".into(), Json::Object(headers::all()));
        let paths = Json::Object(self.paths);
        let used = used(&paths, &kinds);
        let mut components = Map::new();
        for (kind, entries) in kinds {
            let Json::Object(entries) = entries else { continue };
            let kept: Map<String, Json> = entries
                .into_iter()
                .filter(|(name, _)| used.contains(&format!("#/components/{kind}/{name}")))
                .collect();
            if !kept.is_empty() {
                components.insert(kind, Json::Object(kept));
            }
        }
        if !schemes.is_empty() {
            components.insert("securitySchemes".into(), Json::Object(schemes));
        }
        let mut document = json!({ "openapi": "3.1.0", "info": info, "paths": paths });
        if !components.is_empty() {
            document["components"] = Json::Object(components);
        }
        if !self.tags.is_empty() {
            document["tags"] = Json::Array(self.tags);
        }
        document
    }
}

/// Every component that the paths refer to, or that one of those refers to.
fn used(paths: &Json, kinds: &Map<String, Json>) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    let mut waiting = vec![paths];
    while let Some(value) = waiting.pop() {
        match value {
            Json::Array(items) => waiting.extend(items),
            Json::Object(members) => {
                if let Some(Json::String(target)) = members.get("$ref")
                    && used.insert(target.clone())
                {
                    let mut names = target.split('/').skip(2);
                    let component = names
                        .next()
                        .and_then(|kind| kinds.get(kind))
                        .zip(names.next())
                        .and_then(|(entries, name)| entries.get(name));
                    waiting.extend(component);
                }
                waiting.extend(members.values());
            }
            _ => {}
        }
    }
    used
}
