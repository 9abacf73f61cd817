//! What is wrong with a value that a client sent. Every wire words it in its own way; flows say it as it stands here.

use std::fmt;

/// One thing wrong in one place.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldFault {
    /// The field's name; empty for the body as a whole.
    pub field: String,
    pub kind: FaultKind,
    /// What was sent, as JSON, shortened; `None` where nothing was.
    pub input: Option<serde_json::Value>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum FaultKind {
    Missing,
    Unknown {
        nearest: Option<String>,
    },
    /// The same member twice in one JSON object.
    Repeated,
    /// The value has another type; the word of the stack file for what it should be.
    WrongType {
        expected: &'static str,
    },
    /// A number that 64 bits cannot hold.
    OutOfRange,
    TooSmall {
        minimum: f64,
    },
    TooLarge {
        maximum: f64,
    },
    TooShort {
        minimum: u64,
    },
    TooLong {
        maximum: u64,
    },
    Pattern {
        pattern: String,
    },
    Choice {
        choices: Vec<String>,
    },
    /// A NUL character, which not every store can keep.
    Nul,
    /// The body's key is not the one of the path.
    KeyMismatch,
    /// The text is not what this place needs, in words: invalid JSON, invalid UTF-8, too deep.
    Malformed(String),
}

impl fmt::Display for FieldFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.kind, self.field.as_str()) {
            (FaultKind::Malformed(reason), "") => formatter.write_str(reason),
            (FaultKind::Malformed(reason), field) => write!(formatter, "`{field}`: {reason}"),
            (kind, "") => write!(formatter, "it {kind}"),
            (kind, field) => write!(formatter, "`{field}` {kind}"),
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => formatter.write_str("is missing"),
            Self::Unknown { nearest: Some(nearest) } => {
                write!(formatter, "is no field; did you mean `{nearest}`?")
            }
            Self::Unknown { nearest: None } => formatter.write_str("is no field"),
            Self::Repeated => formatter.write_str("stands there twice"),
            Self::WrongType { expected } => write!(formatter, "is not of the type {expected}"),
            Self::OutOfRange => formatter.write_str("is a number beyond 64 bits"),
            Self::TooSmall { minimum } => write!(formatter, "is less than {minimum}"),
            Self::TooLarge { maximum } => write!(formatter, "is more than {maximum}"),
            Self::TooShort { minimum } => write!(formatter, "is shorter than {minimum} characters"),
            Self::TooLong { maximum } => write!(formatter, "is longer than {maximum} characters"),
            Self::Pattern { pattern } => write!(formatter, "does not match `{pattern}`"),
            Self::Choice { choices } => {
                write!(formatter, "is none of `{}`", choices.join("`, `"))
            }
            Self::Nul => formatter.write_str("has a NUL character, which the store cannot keep"),
            Self::KeyMismatch => formatter.write_str("is another key"),
            Self::Malformed(reason) => formatter.write_str(reason),
        }
    }
}
