//! What is wrong with a value that a client sent. Every wire words it in its own way.

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
