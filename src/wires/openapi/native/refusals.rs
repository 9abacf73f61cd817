//! The problems of the native wire, each with an example that reads like the real one.

use super::describe::Native;
use crate::wires::openapi::example;
use crate::wires::openapi::parts::{Reply, schema};
use serde_json::{Value as Json, json};

const TYPE: &str = "application/problem+json";

fn reply(description: &str, example: Json) -> Reply {
    Reply::new(description).content(TYPE, schema("Problem"), Some(example))
}

impl Native<'_> {
    fn problem(&self, status: u16, kind: &str, title: &str, detail: &str) -> Json {
        json!({
            "type": format!("urn:headwater:problem:{kind}"),
            "title": title,
            "status": status,
            "detail": detail,
            "instance": self.subject.path,
        })
    }

    fn key_json(&self) -> Json {
        self.key().map_or(Json::Null, |key| example::json(&key))
    }

    fn location(&self) -> String {
        let key = self.key().map(|key| example::bare(&key)).unwrap_or_default();
        format!("{}/{key}", self.subject.path.trim_end_matches('/'))
    }

    /// 400: what cannot be read at all.
    pub(super) fn unreadable(&self) -> Reply {
        let words = "The request cannot be read";
        let mut example = self.problem(400, "malformed", words, "the body is no JSON");
        example["errors"] =
            json!([{ "loc": ["body"], "type": "malformed", "msg": "the body is no JSON" }]);
        reply("The body, or a header, cannot be read.", example)
    }

    /// 422 of a query or a path.
    pub(super) fn invalid_query(&self) -> Reply {
        let detail = "`limits`: is not known here; did you mean `limit`?";
        let mut example = self.problem(422, "validation", "The request is not valid", detail);
        example["errors"] = json!([{
            "loc": ["query", "limits"],
            "type": "unknown",
            "msg": "is not known here; did you mean `limit`?",
            "input": "5",
        }]);
        reply("The path or the query is not valid; every mistake is listed.", example)
    }

    /// 422 of a body.
    pub(super) fn invalid_body(&self) -> Reply {
        let fields = &self.subject.schema.fields;
        let field = fields.iter().find(|field| field.is_required).or(fields.first());
        let name = field.map_or("", |field| field.name.as_str());
        let detail = format!("`{name}`: is required; send it");
        let mut example = self.problem(422, "validation", "The request is not valid", &detail);
        example["errors"] = json!([
            { "loc": ["body", name], "type": "missing", "msg": "is required; send it" },
        ]);
        reply(
            "Path, query or body are not valid, every mistake is listed; or the `Idempotency-Key` was used for another \
             request; or the store cannot keep this value.",
            example,
        )
    }

    pub(super) fn missing(&self) -> Reply {
        let (name, key) = (self.subject.key_name(), self.key_json());
        let base = format!("{}/", self.subject.path.trim_end_matches('/'));
        let detail =
            format!("There is no record whose `{name}` is {key}; {base} lists those that are.");
        let mut example = self.problem(404, "not-found", "No such record", &detail);
        example["instance"] = self.location().into();
        reply("There is no such record.", example)
    }

    /// 409 of a new record.
    pub(super) fn exists(&self) -> Reply {
        let (name, location) = (self.subject.key_name(), self.location());
        let message = format!(
            "a record with this key is there already; change it at {location}, or send another key"
        );
        let detail = format!("`{name}`: {message}");
        let mut example = self.problem(409, "already-exists", "Already there", &detail);
        example["errors"] = json!([{
            "loc": ["body", name],
            "type": "already_exists",
            "msg": message,
            "input": self.key_json(),
        }]);
        example["existing"] = location.into();
        reply(
            "The key is there already, or another record has a value that must be unique.",
            example,
        )
    }

    pub(super) fn has_unique(&self) -> bool {
        let fields = self.subject.schema.fields.iter().enumerate();
        fields.into_iter().any(|(at, field)| field.is_unique && at != self.subject.schema.key)
    }

    /// 409 of a record that is there.
    pub(super) fn taken(&self) -> Reply {
        let fields = self.subject.schema.fields.iter();
        let name = fields.filter(|field| field.is_unique).map(|field| field.name.as_str()).next();
        let message = "another record has this value, which must be unique; send another one";
        let name = name.unwrap_or_default();
        let detail = format!("`{name}`: {message}");
        let mut example = self.problem(409, "not-unique", "Value taken", &detail);
        example["errors"] =
            json!([{ "loc": ["body", name], "type": "not_unique", "msg": message }]);
        reply("Another record has a value that must be unique.", example)
    }

    pub(super) fn precondition(&self) -> Reply {
        let detail = "The record is not as the condition wants it; read it again, and send the `ETag` of that answer.";
        let words = "Precondition failed";
        reply(
            "`If-Match` or `If-None-Match` does not hold.",
            self.problem(412, "precondition-failed", words, detail),
        )
        .may_have(&["ETag"])
    }

    /// 415; `known` is what is read.
    pub(super) fn unsupported(&self, known: &str, header: &str) -> Reply {
        let detail = format!("This path does not read that type; send {known}, in UTF-8.");
        let example = json!({
            "type": "about:blank",
            "title": "Unsupported Media Type",
            "status": 415,
            "detail": detail,
            "instance": self.subject.path,
        });
        reply("The type or the coding of the body is not one that is read.", example)
            .header(header)
            .header("Accept-Encoding")
    }
}
