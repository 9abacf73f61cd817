//! A regular expression that the whole text of a field must match, compiled once with its schema.

use regex_lite::{Regex, RegexBuilder};

/// What a compiled pattern may take: far more than any sensible one needs, and little enough that a large text is
/// matched in milliseconds.
const COMPILED_BYTES: usize = 64 * 1024;

/// Two are equal when they are written the same.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    regex: Regex,
}

impl Pattern {
    /// Fails with what is wrong with the expression.
    pub fn new(text: &str) -> Result<Self, String> {
        // Alone first, or `a)(b` would be closed by the group around it.
        compile(text)?;
        let regex = compile(&format!(r"\A(?:{text})\z"))?;
        Ok(Self { text: text.to_owned(), regex })
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The whole text, not a part of it.
    pub fn matches(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

fn compile(text: &str) -> Result<Regex, String> {
    let built = RegexBuilder::new(text).size_limit(COMPILED_BYTES).build();
    built.map_err(|error| format!("`{text}` is not a pattern: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_the_whole_text_only() {
        let pattern = Pattern::new("a|ab").unwrap();
        assert!(pattern.matches("ab") && pattern.matches("a"));
        assert!(!pattern.matches("abc") && !pattern.matches("ab\n") && !pattern.matches("xa"));
        assert!(!Pattern::new("^a$").unwrap().matches("b\na\nb"));
    }

    #[test]
    fn refuses_what_is_no_pattern_and_what_is_too_large() {
        for text in ["a)(b", "(", "a{1,1000}{1000}", "[z-a]", "(?x) a # comment"] {
            assert!(Pattern::new(text).is_err(), "{text}");
        }
    }
}
