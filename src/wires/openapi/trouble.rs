//! Answers that say what went wrong, in the form of their wire, and those that every operation can give.

use super::book::Book;
use super::parts::{Operation, Reply, reference, schema};
use http::StatusCode;
use serde_json::{Value as Json, json};

/// How a wire writes what went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// RFC 9457.
    Problem,
    /// `{"detail": "…"}`, as FastAPI does.
    Detail,
}

/// Troubles that do not depend on the operation: status, name of the component, what it means, an example of its
/// `detail`.
const COMMON: [(u16, &str, &str, &str); 7] = [
    (400, "BadRequest", "A header or the request line cannot be read.", "A header is malformed."),
    (408, "TooSlow", "The request did not come in time.", "The headers did not come in time."),
    (
        414,
        "TargetTooLong",
        "Path and query are longer than this service takes.",
        "The request target is longer than this server takes.",
    ),
    (
        431,
        "HeadersTooLarge",
        "The headers are larger than this service takes.",
        "The headers are larger than this server takes.",
    ),
    (413, "BodyTooLarge", "The body is too large.", "The body is larger than this route takes."),
    (
        500,
        "Broken",
        "The store is damaged or was changed; the log of the service has the reason.",
        "The store is damaged or was changed; the log of this service has the reason.",
    ),
    (
        503,
        "Unavailable",
        "The store cannot be reached, is too slow or has too much to do; or too many connections are open.",
        "The store cannot be reached right now; try again.",
    ),
];

/// Kinds of problems that have a name of their own.
const KINDS: [&str; 10] = [
    "validation",
    "malformed",
    "already-exists",
    "not-unique",
    "not-found",
    "not-done",
    "precondition-failed",
    "idempotency-mismatch",
    "store",
    "too-many-streams",
];

/// What can be wrong with a part of a request.
const FAULTS: [&str; 17] = [
    "missing",
    "unknown",
    "repeated",
    "type",
    "range",
    "minimum",
    "maximum",
    "min_length",
    "max_length",
    "pattern",
    "choice",
    "nul",
    "key_mismatch",
    "malformed",
    "key",
    "already_exists",
    "not_unique",
];

const NO_HTTP: &str = "Invalid HTTP request received.";

impl Form {
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::Problem => "Problem",
            Self::Detail => "Detail",
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Problem => "application/problem+json",
            Self::Detail => "application/json",
        }
    }

    fn example(self, status: u16, detail: &str) -> Json {
        match self {
            Self::Problem => problem("about:blank", status, detail),
            Self::Detail => json!({ "detail": detail }),
        }
    }

    /// An answer with this status, whose `detail` may read like this.
    pub(super) fn reply(self, status: u16, description: &str, detail: &str) -> Reply {
        let example = self.example(status, detail);
        Reply::new(description).content(self.content_type(), schema(self.prefix()), Some(example))
    }
}

/// A problem as it is sent, with the title of its status.
pub(super) fn problem(kind: &str, status: u16, detail: &str) -> Json {
    let code = StatusCode::from_u16(status).ok();
    let title = code.and_then(|code| code.canonical_reason()).unwrap_or("Error");
    json!({ "type": kind, "title": title, "status": status, "detail": detail, "instance": "/" })
}

/// What an operation takes and needs, as far as trouble comes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Risks {
    pub has_body: bool,
    pub asks_store: bool,
}

/// Adds what can go wrong with every operation.
pub(super) fn common(book: &mut Book, form: Form, risks: Risks, operation: Operation) -> Operation {
    let mut operation = operation;
    for (status, name, description, detail) in COMMON {
        let is_apt = match status {
            413 => risks.has_body,
            500 => risks.asks_store,
            _ => true,
        };
        if !is_apt || operation.answers(status) {
            continue;
        }
        let name = format!("{}{name}", form.prefix());
        let reply = match (form, status) {
            // What is no HTTP is told in uvicorn's words; what is wrong with a body has a path.
            (Form::Detail, 400) => form
                .reply(status, description, "The body's chunks are malformed.")
                .content("text/plain", json!({ "type": "string" }), Some(json!(NO_HTTP))),
            (_, 503) => form.reply(status, description, detail).header("Retry-After"),
            _ => form.reply(status, description, detail),
        };
        book.response(&name, reply);
        operation = operation.answer(status, reference("responses", &name));
    }
    operation
}

/// The schema of a form.
pub(super) fn schema_of(form: Form) -> Json {
    match form {
        Form::Problem => problem_schema(),
        Form::Detail => json!({
            "title": "Detail",
            "description": "What went wrong.",
            "type": "object",
            "properties": { "detail": { "type": "string" } },
            "required": ["detail"],
            "additionalProperties": false,
        }),
    }
}

fn problem_schema() -> Json {
    let kinds = KINDS.iter().map(|kind| format!("urn:headwater:problem:{kind}"));
    let kinds: Vec<String> = ["about:blank".to_owned()].into_iter().chain(kinds).collect();
    json!({
        "title": "Problem",
        "description": "What went wrong, as RFC 9457 has it: `type` is for programs, `detail` is for people.",
        "type": "object",
        "properties": {
            "type": {
                "enum": kinds,
                "description": "`about:blank` where the status says all.",
            },
            "title": { "type": "string" },
            "status": { "type": "integer", "minimum": 400, "maximum": 599 },
            "detail": { "type": "string" },
            "instance": { "type": "string", "description": "The path of the request." },
            "errors": {
                "type": "array",
                "items": fault_schema(),
                "description": "Every mistake in the request, the first hundred of them.",
            },
            "more": { "type": "integer", "minimum": 1, "description": "Mistakes beyond those." },
            "existing": { "type": "string", "description": "Where the record is that is there." },
        },
        "required": ["type", "title", "status", "detail", "instance"],
        "additionalProperties": false,
    })
}

fn fault_schema() -> Json {
    json!({
        "type": "object",
        "properties": {
            "loc": {
                "type": "array",
                "items": { "type": ["string", "integer"] },
                "minItems": 1,
                "description": "Where it is: `body`, `query` or `path`, the row of many, the field.",
            },
            "type": { "enum": FAULTS, "description": "For programs." },
            "msg": { "type": "string", "description": "What to do, for people." },
            "input": { "description": "What was sent, if something was, shortened." },
        },
        "required": ["loc", "type", "msg"],
        "additionalProperties": false,
    })
}
