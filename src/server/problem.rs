//! The one form of every error on HTTP: RFC 9457 problem+json, or the form a route set asks for.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::StatusCode;
use serde_json::{Map, Value};

/// An error as a client sees it. Causes that are nobody's business outside are logged, never put in here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub status: u16,
    pub title: Cow<'static, str>,
    pub detail: Cow<'static, str>,
    /// The path of the request; filled in by the server.
    pub instance: String,
    /// Headers that belong to it, such as `Allow` or `Retry-After`.
    pub headers: Vec<(&'static str, String)>,
    /// Most problems have none, so that a result with a problem stays small.
    more: Option<Box<More>>,
}

/// What only some problems have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct More {
    kind: Option<&'static str>,
    members: Map<String, Value>,
}

/// A problem as it goes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProblemBody {
    pub content_type: &'static str,
    pub bytes: Vec<u8>,
}

/// Writes the problems of one router in another form than problem+json.
pub type ProblemForm = Arc<dyn Fn(&Problem) -> ProblemBody + Send + Sync>;

impl Problem {
    /// The title is the standard phrase of the status.
    pub fn new(status: u16, detail: impl Into<Cow<'static, str>>) -> Self {
        let code = StatusCode::from_u16(status).ok();
        let title = code.and_then(|code| code.canonical_reason()).unwrap_or("Error");
        Self {
            status,
            title: Cow::Borrowed(title),
            detail: detail.into(),
            instance: String::new(),
            headers: Vec::new(),
            more: None,
        }
    }

    /// The URI of its `type`, which clients may rely on; `about:blank` without it: then the status says all.
    #[must_use]
    pub fn of_kind(mut self, kind: &'static str, title: impl Into<Cow<'static, str>>) -> Self {
        self.title = title.into();
        self.more.get_or_insert_default().kind = Some(kind);
        self
    }

    /// Another member of the object, such as `errors`; they stand in the order in which they were added.
    #[must_use]
    pub fn with_member(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.more.get_or_insert_default().members.insert(name.to_owned(), value.into());
        self
    }

    pub fn kind(&self) -> &'static str {
        self.more.as_ref().and_then(|more| more.kind).unwrap_or("about:blank")
    }

    pub fn member(&self, name: &str) -> Option<&Value> {
        self.more.as_ref()?.members.get(name)
    }

    /// As one object, for an answer that holds several problems.
    pub fn to_value(&self) -> Value {
        serde_json::from_slice(&self.to_json().bytes).unwrap_or_default()
    }

    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn panicked() -> Self {
        Self::new(500, "The handler of this request failed; the log of this server has the reason.")
    }

    /// The RFC 9457 body.
    pub fn to_json(&self) -> ProblemBody {
        let mut bytes = Vec::with_capacity(128 + self.detail.len() + self.instance.len());
        bytes.extend_from_slice(b"{\"type\":");
        append_json_text(&mut bytes, self.kind());
        bytes.extend_from_slice(b",\"title\":");
        append_json_text(&mut bytes, &self.title);
        bytes.extend_from_slice(format!(",\"status\":{},\"detail\":", self.status).as_bytes());
        append_json_text(&mut bytes, &self.detail);
        bytes.extend_from_slice(b",\"instance\":");
        append_json_text(&mut bytes, &self.instance);
        for (name, value) in self.more.iter().flat_map(|more| &more.members) {
            bytes.push(b',');
            append_json_text(&mut bytes, name);
            bytes.extend_from_slice(format!(":{value}").as_bytes());
        }
        bytes.push(b'}');
        ProblemBody { content_type: "application/problem+json", bytes }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}: {}", self.status, self.title, self.detail)
    }
}

impl std::error::Error for Problem {}

fn append_json_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            0..0x20 => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_every_member_and_escapes_what_json_demands() {
        let mut problem = Problem::new(404, "no \"such\"\\\n\u{1}é");
        problem.instance = "/x".into();
        let expected = concat!(
            r#"{"type":"about:blank","title":"Not Found","status":404,"#,
            r#""detail":"no \"such\"\\\u000a\u0001é","instance":"/x"}"#
        );
        assert_eq!(String::from_utf8(problem.to_json().bytes).unwrap(), expected);
    }

    #[test]
    fn writes_its_kind_and_further_members_in_their_order() {
        let problem = Problem::new(422, "Two things.")
            .of_kind("urn:headwater:problem:validation", "Not valid")
            .with_member("errors", serde_json::json!([{ "loc": ["body", "age"] }]))
            .with_member("more", 3);
        let expected = concat!(
            r#"{"type":"urn:headwater:problem:validation","title":"Not valid","status":422,"#,
            r#""detail":"Two things.","instance":"","errors":[{"loc":["body","age"]}],"more":3}"#
        );
        assert_eq!(String::from_utf8(problem.to_json().bytes).unwrap(), expected);
        assert_eq!(problem.to_value()["errors"][0]["loc"][1], "age");
        assert_eq!(problem.member("more"), Some(&3.into()));
        assert!(size_of::<Problem>() < 128, "it is the error of every handler");
    }
}
