//! What was found, and how bad it is.

use serde_json::{Value, json};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Fine,
    /// It could not be looked at from here.
    Unknown,
    /// It works, within limits that somebody should know.
    Limited,
    /// Something that was asked for will not work.
    Fails,
}

impl Severity {
    pub fn word(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Unknown => "unknown",
            Self::Limited => "limited",
            Self::Fails => "fails",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub severity: Severity,
    /// What was looked at, in one or two words.
    pub subject: String,
    pub what: String,
    /// What will not work because of it; may be empty.
    pub hits: String,
    pub cure: String,
}

impl Finding {
    fn new(severity: Severity, subject: &str, what: impl Into<String>) -> Self {
        let (subject, what) = (subject.to_owned(), what.into());
        Self { severity, subject, what, hits: String::new(), cure: String::new() }
    }

    pub(super) fn fine(subject: &str, what: impl Into<String>) -> Self {
        Self::new(Severity::Fine, subject, what)
    }

    pub(super) fn unknown(subject: &str, what: impl Into<String>) -> Self {
        Self::new(Severity::Unknown, subject, what)
    }

    pub(super) fn limited(subject: &str, what: impl Into<String>) -> Self {
        Self::new(Severity::Limited, subject, what)
    }

    pub(super) fn fails(subject: &str, what: impl Into<String>) -> Self {
        Self::new(Severity::Fails, subject, what)
    }

    /// Less bad where nobody asked for what it hits.
    pub(super) fn only_if(mut self, is_wanted: bool) -> Self {
        if !is_wanted && self.severity == Severity::Fails {
            self.severity = Severity::Limited;
        }
        self
    }

    pub(super) fn hits(mut self, what: impl Into<String>) -> Self {
        self.hits = what.into();
        self
    }

    pub(super) fn cure(mut self, what: impl Into<String>) -> Self {
        self.cure = what.into();
        self
    }

    pub fn to_json(&self) -> Value {
        json!({
            "severity": self.severity.word(),
            "subject": self.subject,
            "what": self.what,
            "hits": self.hits,
            "cure": self.cure,
        })
    }
}
