//! The one form of every error on HTTP: RFC 9457 problem+json, or the form a route set asks for.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::StatusCode;

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
        }
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
        bytes.extend_from_slice(b"{\"type\":\"about:blank\",\"title\":");
        append_json_text(&mut bytes, &self.title);
        bytes.extend_from_slice(format!(",\"status\":{},\"detail\":", self.status).as_bytes());
        append_json_text(&mut bytes, &self.detail);
        bytes.extend_from_slice(b",\"instance\":");
        append_json_text(&mut bytes, &self.instance);
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
}
