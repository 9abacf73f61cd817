//! What is wrong with a request, as members of one problem: everything at once, each with its place and the remedy.

use crate::resource::{FaultKind, FieldFault};
use crate::server::Problem;
use serde_json::{Value, json};

/// Faults that one problem lists: enough to see what is wrong with a file of a million rows.
const LISTED: usize = 100;

/// One kind of refusal; its URI is what clients may rely on.
#[derive(Debug, Clone, Copy)]
pub struct Refusal {
    pub status: u16,
    pub kind: &'static str,
    pub title: &'static str,
}

pub const NOT_VALID: Refusal = Refusal {
    status: 422,
    kind: "urn:headwater:problem:validation",
    title: "The request is not valid",
};
pub const UNREADABLE: Refusal = Refusal {
    status: 400,
    kind: "urn:headwater:problem:malformed",
    title: "The request cannot be read",
};
pub const EXISTS: Refusal =
    Refusal { status: 409, kind: "urn:headwater:problem:already-exists", title: "Already there" };
pub const NOT_UNIQUE: Refusal =
    Refusal { status: 409, kind: "urn:headwater:problem:not-unique", title: "Value taken" };

/// Gathers faults with their places and counts those beyond what is listed.
#[derive(Debug, Default)]
pub struct Faults {
    listed: Vec<Value>,
    first: String,
    count: usize,
    /// Of the record whose faults are added.
    line: Option<u64>,
    /// Something else than a body that cannot be read at all.
    is_readable: bool,
}

impl Faults {
    pub fn of_body(faults: &[FieldFault]) -> Self {
        let mut all = Self::default();
        all.add(&[json!("body")], faults);
        all
    }

    pub fn of_query(faults: &[FieldFault]) -> Self {
        let mut all = Self { is_readable: true, ..Self::default() };
        all.add(&[json!("query")], faults);
        all
    }

    /// One of many records in a body: its place among them, from 0, and its line, from 1.
    pub fn add_row(&mut self, index: usize, line: u64, faults: &[FieldFault]) {
        self.line = Some(line);
        self.add(&[json!("body"), json!(index)], faults);
        self.line = None;
    }

    /// `place` is where the fields are: `["body", 3]` for the fourth record.
    pub fn add(&mut self, place: &[Value], faults: &[FieldFault]) {
        for fault in faults {
            self.is_readable |=
                !fault.field.is_empty() || !matches!(fault.kind, FaultKind::Malformed(_));
            let mut place = place.to_vec();
            if !fault.field.is_empty() {
                place.push(json!(fault.field));
            }
            let (kind, message) = words(fault);
            self.add_one(&place, kind, &message, fault.input.clone());
        }
    }

    pub fn add_one(&mut self, place: &[Value], kind: &str, message: &str, input: Option<Value>) {
        self.count += 1;
        if self.count == 1 {
            self.first = match place.get(1..).unwrap_or_default() {
                [] => message.to_owned(),
                inside => {
                    format!(
                        "{}: {message}",
                        inside.iter().map(|part| self.name(part)).collect::<Vec<_>>().join(", ")
                    )
                }
            };
        }
        if self.listed.len() < LISTED {
            let mut fault = json!({ "loc": place, "type": kind, "msg": message });
            if let Some(line) = self.line {
                fault["line"] = json!(line);
            }
            if let Some(input) = input {
                fault["input"] = input;
            }
            self.listed.push(fault);
        }
    }

    fn name(&self, place: &Value) -> String {
        match (place, self.line) {
            (Value::String(name), _) => format!("`{name}`"),
            (index, Some(line)) => format!("item {index} (line {line})"),
            (index, None) => format!("item {index}"),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// 400 for a body that cannot be read at all, else 422.
    pub fn problem(self) -> Problem {
        let refusal = if self.is_readable { NOT_VALID } else { UNREADABLE };
        self.refused(refusal)
    }

    pub fn refused(self, refusal: Refusal) -> Problem {
        let Refusal { status, kind, title } = refusal;
        let detail = match self.count {
            0 | 1 => self.first,
            count => format!("{count} things are wrong. The first: {}", self.first),
        };
        let beyond = self.count - self.listed.len();
        let problem = Problem::new(status, detail).of_kind(kind, title);
        let problem = problem.with_member("errors", self.listed);
        if beyond > 0 { problem.with_member("more", beyond) } else { problem }
    }
}

/// The stable word for a fault, and what to do about it.
fn words(fault: &FieldFault) -> (&'static str, String) {
    match &fault.kind {
        FaultKind::Missing => ("missing", "is required; send it".to_owned()),
        FaultKind::Unknown { nearest: Some(nearest) } => {
            ("unknown", format!("is not known here; did you mean `{nearest}`?"))
        }
        FaultKind::Unknown { nearest: None } => {
            ("unknown", "is not known here; leave it out".to_owned())
        }
        FaultKind::Repeated => ("repeated", "stands there twice; send it once".to_owned()),
        FaultKind::WrongType { expected } => ("type", format!("must be {}", described(expected))),
        FaultKind::OutOfRange => {
            ("range", "does not fit into 64 bits; send a number nearer to zero".to_owned())
        }
        FaultKind::TooSmall { minimum } => ("minimum", format!("must be at least {minimum}")),
        FaultKind::TooLarge { maximum } => ("maximum", format!("must be at most {maximum}")),
        FaultKind::TooShort { minimum } => {
            ("min_length", format!("must have at least {minimum} {}", characters(*minimum)))
        }
        FaultKind::TooLong { maximum } => {
            ("max_length", format!("must have at most {maximum} {}", characters(*maximum)))
        }
        FaultKind::Pattern { pattern } => ("pattern", format!("must match the pattern {pattern}")),
        FaultKind::Choice { choices } => {
            let choices: Vec<String> = choices.iter().map(|choice| format!("`{choice}`")).collect();
            ("choice", format!("must be one of {}", choices.join(", ")))
        }
        FaultKind::Nul => {
            ("nul", "contains a NUL character, which this store cannot keep".to_owned())
        }
        FaultKind::KeyMismatch => (
            "key_mismatch",
            "is not the key of the path; send the same, or leave it out".to_owned(),
        ),
        FaultKind::Malformed(reason) => ("malformed", reason.clone()),
    }
}

fn characters(count: u64) -> &'static str {
    if count == 1 { "character" } else { "characters" }
}

/// What a kind of field wants, for somebody who has not read the stack file.
fn described(kind: &str) -> &str {
    match kind {
        "integer" => "a whole number",
        "float" => "a number",
        "text" | "choice" => "a text",
        "boolean" => "true or false",
        "time" => "a time with its offset, such as 2026-11-21T09:30:00Z",
        "uuid" => "a UUID, such as 6f9619ff-8b86-d011-b42d-00c04fc964ff",
        "json" => "JSON",
        "object" => "a JSON object",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(field: &str, kind: FaultKind) -> FieldFault {
        FieldFault { field: field.to_owned(), kind, input: Some(json!("x")) }
    }

    #[test]
    fn lists_everything_with_its_place() {
        let mut faults = Faults::of_body(&[
            fault("age", FaultKind::WrongType { expected: "integer" }),
            FieldFault { field: "name".into(), kind: FaultKind::Missing, input: None },
        ]);
        faults.add_row(3, 5, &[fault("", FaultKind::Repeated)]);
        let problem = faults.problem();
        assert_eq!(problem.status, 422);
        assert_eq!(problem.detail, "3 things are wrong. The first: `age`: must be a whole number");
        let expected = json!([
            { "loc": ["body", "age"], "type": "type", "msg": "must be a whole number", "input": "x" },
            { "loc": ["body", "name"], "type": "missing", "msg": "is required; send it" },
            { "loc": ["body", 3], "type": "repeated", "msg": "stands there twice; send it once",
              "line": 5, "input": "x" },
        ]);
        assert_eq!(problem.member("errors"), Some(&expected));
        assert_eq!(problem.member("more"), None);
    }

    #[test]
    fn says_how_many_more_there_are() {
        let many: Vec<FieldFault> = (0..105).map(|_| fault("age", FaultKind::Repeated)).collect();
        let problem = Faults::of_body(&many).problem();
        assert_eq!(problem.member("errors").unwrap().as_array().unwrap().len(), 100);
        assert_eq!(problem.member("more"), Some(&json!(5)));
    }

    #[test]
    fn tells_what_cannot_be_read_from_what_is_not_valid() {
        let unreadable = fault("", FaultKind::Malformed("the body is not JSON".to_owned()));
        assert_eq!(Faults::of_body(std::slice::from_ref(&unreadable)).problem().status, 400);
        assert_eq!(Faults::of_query(&[unreadable]).problem().status, 422);
        let inside = fault("born", FaultKind::Malformed("is no time".to_owned()));
        assert_eq!(Faults::of_body(&[inside]).problem().status, 422);
    }
}
