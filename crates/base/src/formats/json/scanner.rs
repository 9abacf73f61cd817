//! A strict JSON scanner over one line: it yields raw slices and checks all it passes.
//! What is skipped is checked like what is read, so a broken record is never accepted.

use std::borrow::Cow;

use super::text::unescape;

/// Levels of arrays and objects inside each other, unless the caller allows fewer.
const MAX_DEPTH: usize = 128;

/// The type of a JSON value, with jq's names and in jq's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Null,
    False,
    True,
    Number,
    Text,
    Array,
    Object,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::False | Self::True => "boolean",
            Self::Number => "number",
            Self::Text => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }
}

/// A string between its quotes as it is written.
#[derive(Clone, Copy, Debug)]
pub struct RawText<'a> {
    pub inner: &'a str,
    pub escaped: bool,
}

impl<'a> RawText<'a> {
    /// Takes a whole raw string value, quotes included.
    pub fn of_value(raw: &'a str) -> Self {
        let inner = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let inner = inner.unwrap_or_default();
        Self { inner, escaped: inner.contains('\\') }
    }

    /// A lone surrogate becomes U+FFFD, as in jq.
    pub fn decode(self) -> Cow<'a, str> {
        if self.escaped { Cow::Owned(unescape(self.inner).0) } else { Cow::Borrowed(self.inner) }
    }

    /// `None` when there is a lone surrogate, which no text can hold.
    pub fn decode_exactly(self) -> Option<Cow<'a, str>> {
        if !self.escaped {
            return Some(Cow::Borrowed(self.inner));
        }
        let (text, is_exact) = unescape(self.inner);
        is_exact.then_some(Cow::Owned(text))
    }

    #[inline]
    pub fn equals(self, text: &str) -> bool {
        if self.escaped { unescape(self.inner).0 == text } else { self.inner == text }
    }
}

/// Walks over one JSON text.
#[derive(Debug)]
pub struct Scanner<'a> {
    text: &'a str,
    position: usize,
    depth: usize,
    max_depth: usize,
}

impl<'a> Scanner<'a> {
    pub fn new(line: &'a [u8]) -> Result<Self, String> {
        match std::str::from_utf8(line) {
            Ok(text) => Ok(Self { text, position: 0, depth: 0, max_depth: MAX_DEPTH }),
            Err(error) => Err(format!("not JSON: bad UTF-8 at byte {}", error.valid_up_to() + 1)),
        }
    }

    #[must_use]
    pub fn with_max_depth(self, max_depth: usize) -> Self {
        Self { max_depth, ..self }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.position).copied()
    }

    /// The next byte that is not white space, which stays unread.
    fn peek_solid(&mut self) -> Option<u8> {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\r' | b'\n') => self.position += 1,
                other => return other,
            }
        }
    }

    #[inline]
    pub fn slice(&self, from: usize) -> &'a str {
        self.text.get(from..self.position).unwrap_or_default()
    }

    pub fn position(&self) -> usize {
        self.position
    }

    fn wrong(&self, expected: &str) -> String {
        let at = self.position + 1;
        match self.text.get(self.position..).and_then(|rest| rest.chars().next()) {
            Some(found) => format!("not JSON: expected {expected} at byte {at}, found `{found}`"),
            None => format!("not JSON: expected {expected} at byte {at}, found the end"),
        }
    }

    /// Tells the type of the value that comes next.
    #[inline]
    pub fn kind(&mut self) -> Result<Kind, String> {
        match self.peek_solid() {
            Some(b'"') => Ok(Kind::Text),
            Some(b'-' | b'0'..=b'9') => Ok(Kind::Number),
            Some(b'{') => Ok(Kind::Object),
            Some(b'[') => Ok(Kind::Array),
            Some(b't') => Ok(Kind::True),
            Some(b'f') => Ok(Kind::False),
            Some(b'n') => Ok(Kind::Null),
            _ => Err(self.wrong("a value")),
        }
    }

    /// Enters an array or object; the caller has seen its kind.
    pub fn enter(&mut self) -> Result<(), String> {
        self.position += 1;
        self.depth += 1;
        if self.depth > self.max_depth {
            return Err(format!("the record is nested deeper than {} levels", self.max_depth));
        }
        Ok(())
    }

    /// Moves to the next item before `close`; false at the end, which is consumed.
    #[inline]
    pub fn next_item(&mut self, first: bool, close: u8) -> Result<bool, String> {
        let next = self.peek_solid();
        if next == Some(close) {
            self.position += 1;
            self.depth -= 1;
            return Ok(false);
        }
        if first {
            return Ok(true);
        }
        if next != Some(b',') {
            return Err(self.wrong(if close == b']' { "`,` or `]`" } else { "`,` or `}`" }));
        }
        self.position += 1;
        if self.peek_solid() == Some(close) {
            return Err(self.wrong("something after `,`"));
        }
        Ok(true)
    }

    /// Reads the key of a member and its colon.
    #[inline]
    pub fn key(&mut self) -> Result<RawText<'a>, String> {
        if self.peek_solid() != Some(b'"') {
            return Err(self.wrong("a key in quotes"));
        }
        let key = self.text()?;
        if self.peek_solid() != Some(b':') {
            return Err(self.wrong("`:`"));
        }
        self.position += 1;
        self.peek_solid();
        Ok(key)
    }

    /// Reads a string; the caller has seen its opening quote.
    #[inline]
    pub fn text(&mut self) -> Result<RawText<'a>, String> {
        self.position += 1;
        let start = self.position;
        let mut escaped = false;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(0x20..) => self.position += 1,
                _ => return Err(self.wrong("the rest of a string")),
            }
        }
        let inner = self.slice(start);
        self.position += 1;
        Ok(RawText { inner, escaped })
    }

    fn escape(&mut self) -> Result<(), String> {
        self.position += 1;
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.position += 1,
            Some(b'u') => {
                self.position += 1;
                for _ in 0..4 {
                    if !self.peek().is_some_and(|byte| byte.is_ascii_hexdigit()) {
                        return Err(self.wrong("four hexadecimal digits"));
                    }
                    self.position += 1;
                }
            }
            _ => return Err(self.wrong("an escape sequence")),
        }
        Ok(())
    }

    #[inline]
    fn digits(&mut self) -> Result<(), String> {
        let start = self.position;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.position += 1;
        }
        if start == self.position { Err(self.wrong("a digit")) } else { Ok(()) }
    }

    /// Reads a number; the caller has seen its first byte.
    #[inline]
    pub fn number(&mut self) -> Result<&'a str, String> {
        let start = self.position;
        if self.peek() == Some(b'-') {
            self.position += 1;
        }
        if self.peek() == Some(b'0') {
            self.position += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.position += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.position += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.position += 1;
            }
            self.digits()?;
        }
        Ok(self.slice(start))
    }

    /// Reads `null`, `true` or `false`; the caller has seen its first byte.
    pub fn word(&mut self, word: &'static str) -> Result<(), String> {
        let rest = self.text.as_bytes().get(self.position..).unwrap_or_default();
        if !rest.starts_with(word.as_bytes()) {
            return Err(self.wrong("a value"));
        }
        self.position += word.len();
        Ok(())
    }

    /// Passes over one value, checking it.
    #[inline]
    pub fn skip(&mut self) -> Result<(), String> {
        match self.kind()? {
            Kind::Null => self.word("null"),
            Kind::False => self.word("false"),
            Kind::True => self.word("true"),
            Kind::Number => self.number().map(|_| ()),
            Kind::Text => self.text().map(|_| ()),
            Kind::Array => {
                self.enter()?;
                let mut first = true;
                while self.next_item(first, b']')? {
                    self.skip()?;
                    first = false;
                }
                Ok(())
            }
            Kind::Object => {
                self.enter()?;
                let mut first = true;
                while self.next_item(first, b'}')? {
                    self.key()?;
                    self.skip()?;
                    first = false;
                }
                Ok(())
            }
        }
    }

    /// Requires that nothing but white space is left.
    pub fn end(&mut self) -> Result<(), String> {
        if self.peek_solid().is_some() { Err(self.wrong("the end of the record")) } else { Ok(()) }
    }
}
