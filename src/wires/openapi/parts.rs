//! The parts that every operation is put together from: parameters, headers, answers, the operation itself.

use super::headers;
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

/// Where a parameter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Path,
    Query,
    Header,
}

impl Place {
    fn name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
        }
    }
}

/// A parameter that may be left out, unless it is in the path.
pub(super) fn parameter(place: Place, name: &str, schema: Json, description: &str) -> Json {
    let mut parameter = json!({ "name": name, "in": place.name() });
    if place == Place::Path {
        parameter["required"] = true.into();
    }
    if !description.is_empty() {
        parameter["description"] = description.into();
    }
    parameter["schema"] = schema;
    parameter
}

pub(super) fn required(mut parameter: Json) -> Json {
    parameter["required"] = true.into();
    parameter
}

pub(super) fn with_example(mut parameter: Json, example: Option<Json>) -> Json {
    if let Some(example) = example {
        parameter["example"] = example;
    }
    parameter
}

/// A reference into the components.
pub(super) fn reference(kind: &str, name: &str) -> Json {
    json!({ "$ref": format!("#/components/{kind}/{name}") })
}

pub(super) fn schema(name: &str) -> Json {
    reference("schemas", name)
}

/// A body of one type.
pub(super) fn media(schema: Json, example: Option<Json>) -> Json {
    let mut media = Map::new();
    media.insert("schema".to_owned(), schema);
    with_example(Json::Object(media), example)
}

/// One answer.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    description: String,
    headers: Map<String, Json>,
    content: Map<String, Json>,
    links: Map<String, Json>,
}

impl Reply {
    pub(super) fn new(description: impl Into<String>) -> Self {
        let (headers, content, links) = (Map::new(), Map::new(), Map::new());
        Self { description: description.into(), headers, content, links }
    }

    /// A header; its description is a component of the same name.
    #[must_use]
    pub(super) fn header(mut self, name: &str) -> Self {
        self.headers.insert(name.to_owned(), reference("headers", name));
        self
    }

    /// A header that others always have and this answer does not.
    #[must_use]
    pub(super) fn may_have(mut self, names: &[&str]) -> Self {
        for name in names {
            let reference = reference("headers", &headers::if_any(name));
            self.headers.insert((*name).to_owned(), reference);
        }
        self
    }

    #[must_use]
    pub(super) fn headers(self, names: &[&str]) -> Self {
        names.iter().fold(self, |reply, name| reply.header(name))
    }

    #[must_use]
    pub(super) fn content(mut self, kind: &str, schema: Json, example: Option<Json>) -> Self {
        self.content.insert(kind.to_owned(), media(schema, example));
        self
    }

    #[must_use]
    pub(super) fn json(self, schema: Json, example: Option<Json>) -> Self {
        self.content("application/json", schema, example)
    }

    /// What can be asked next: an operation, and where its parameter is taken from.
    #[must_use]
    pub(super) fn link(mut self, operation: &str, parameter: &str, from: &str) -> Self {
        let link = json!({ "operationId": operation, "parameters": { parameter: from } });
        self.links.insert(operation.to_owned(), link);
        self
    }

    /// Several answers of one status and type, each with a name.
    #[must_use]
    pub(super) fn examples(mut self, schema: Json, examples: &[(&str, &str, Json)]) -> Self {
        let mut named = Map::new();
        for (name, summary, value) in examples {
            named.insert((*name).to_owned(), json!({ "summary": summary, "value": value }));
        }
        let mut media = media(schema, None);
        media["examples"] = Json::Object(named);
        self.content.insert("application/json".to_owned(), media);
        self
    }
}

impl From<Reply> for Json {
    fn from(reply: Reply) -> Self {
        let mut answer = json!({ "description": reply.description });
        if !reply.headers.is_empty() {
            answer["headers"] = Json::Object(reply.headers);
        }
        if !reply.content.is_empty() {
            answer["content"] = Json::Object(reply.content);
        }
        if !reply.links.is_empty() {
            answer["links"] = Json::Object(reply.links);
        }
        answer
    }
}

/// What a method does at a path.
#[derive(Debug)]
pub(super) struct Operation {
    members: Map<String, Json>,
    parameters: Vec<Json>,
    body: Option<Json>,
    answers: BTreeMap<u16, Json>,
}

impl Operation {
    pub(super) fn new(id: &str, summary: &str) -> Self {
        let mut members = Map::new();
        members.insert("summary".to_owned(), summary.into());
        members.insert("operationId".to_owned(), id.into());
        Self { members, parameters: Vec::new(), body: None, answers: BTreeMap::new() }
    }

    #[must_use]
    pub(super) fn tag(mut self, tag: &str) -> Self {
        self.members.insert("tags".to_owned(), json!([tag]));
        self
    }

    #[must_use]
    pub(super) fn description(mut self, text: impl Into<String>) -> Self {
        self.members.insert("description".to_owned(), text.into().into());
        self
    }

    #[must_use]
    pub(super) fn parameters(mut self, parameters: impl IntoIterator<Item = Json>) -> Self {
        self.parameters.extend(parameters);
        self
    }

    #[must_use]
    pub(super) fn body(mut self, body: Json) -> Self {
        self.body = Some(body);
        self
    }

    #[must_use]
    pub(super) fn answer(mut self, status: u16, answer: impl Into<Json>) -> Self {
        self.answers.insert(status, answer.into());
        self
    }

    pub(super) fn answers(&self, status: u16) -> bool {
        self.answers.contains_key(&status)
    }

    /// Only whoever has a token with this scope.
    #[must_use]
    pub(super) fn security(mut self, schemes: &[&str]) -> Self {
        let any: Vec<Json> = schemes.iter().map(|scheme| json!({ *scheme: [] })).collect();
        self.members.insert("security".to_owned(), Json::Array(any));
        self
    }
}

impl From<Operation> for Json {
    fn from(operation: Operation) -> Self {
        let mut members = operation.members;
        if !operation.parameters.is_empty() {
            members.insert("parameters".to_owned(), Json::Array(operation.parameters));
        }
        if let Some(body) = operation.body {
            members.insert("requestBody".to_owned(), body);
        }
        let answers = operation.answers.into_iter();
        let answers = answers.map(|(status, answer)| (status.to_string(), answer)).collect();
        members.insert("responses".to_owned(), Json::Object(answers));
        Self::Object(members)
    }
}
