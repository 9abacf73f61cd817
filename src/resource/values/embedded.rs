//! The JSON inside a JSON field: checked and brought into its compact form, without a tree.

use crate::formats::json::{Kind, Scanner, write_text};
use crate::resource::FaultKind;
use crate::resource::values::read;
use std::borrow::Cow;

/// Levels of arrays and objects inside each other that a body may have.
pub const MAX_DEPTH: usize = 64;

/// The largest JSON field: merge patches let it grow beyond what one request can bring.
pub const MAX_BYTES: usize = 1024 * 1024;

/// The text without white space between its parts, every number as it is written. Refused is what some reader would
/// not understand or understand differently: a repeated member, a number beyond a float, half of a surrogate pair.
pub fn compact(text: &str) -> Result<Box<str>, FaultKind> {
    let mut writer = Writer { out: Vec::with_capacity(text.len()), fault: None };
    let scanner = Scanner::new(text.as_bytes()).map(|scanner| scanner.with_max_depth(MAX_DEPTH));
    let mut scanner = scanner.map_err(FaultKind::Malformed)?;
    let result = writer.value(&mut scanner).and_then(|()| scanner.end());
    result.map_err(FaultKind::Malformed)?;
    if let Some(fault) = writer.fault {
        return Err(fault);
    }
    if writer.out.len() > MAX_BYTES {
        return Err(FaultKind::TooLong { maximum: MAX_BYTES as u64 });
    }
    let text = String::from_utf8(writer.out);
    text.map(String::into_boxed_str).map_err(|error| FaultKind::Malformed(error.to_string()))
}

/// Whether a NUL character stands anywhere in it; as JSON it can only be escaped.
pub fn has_nul(compact: &str) -> bool {
    let mut rest = compact;
    while let Some((_, after)) = rest.split_once('\\') {
        if after.starts_with("u0000") {
            return true;
        }
        let mut characters = after.chars();
        characters.next();
        rest = characters.as_str();
    }
    false
}

struct Writer {
    out: Vec<u8>,
    /// The first thing wrong that is no mistake of syntax.
    fault: Option<FaultKind>,
}

impl Writer {
    fn value(&mut self, scanner: &mut Scanner<'_>) -> Result<(), String> {
        let kind = scanner.kind()?;
        let start = scanner.position();
        match kind {
            Kind::Array => return self.array(scanner),
            Kind::Object => return self.object(scanner),
            Kind::Text => {
                if scanner.text()?.decode_exactly().is_none() {
                    self.note(read::lone_surrogate());
                }
            }
            Kind::Number => {
                if !scanner.number()?.parse::<f64>().is_ok_and(f64::is_finite) {
                    self.note(FaultKind::OutOfRange);
                }
            }
            Kind::Null | Kind::False | Kind::True => scanner.skip()?,
        }
        self.out.extend_from_slice(scanner.slice(start).as_bytes());
        Ok(())
    }

    fn array(&mut self, scanner: &mut Scanner<'_>) -> Result<(), String> {
        scanner.enter()?;
        self.out.push(b'[');
        let mut is_first = true;
        while scanner.next_item(is_first, b']')? {
            self.comma(is_first);
            is_first = false;
            self.value(scanner)?;
        }
        self.out.push(b']');
        Ok(())
    }

    fn object(&mut self, scanner: &mut Scanner<'_>) -> Result<(), String> {
        scanner.enter()?;
        self.out.push(b'{');
        let mut names = Vec::new();
        let mut is_first = true;
        while scanner.next_item(is_first, b'}')? {
            self.comma(is_first);
            is_first = false;
            match scanner.key()?.decode_exactly() {
                Some(name) => {
                    write_text(&name, &mut self.out);
                    names.push(name);
                }
                None => self.note(read::lone_surrogate()),
            }
            self.out.push(b':');
            self.value(scanner)?;
        }
        self.out.push(b'}');
        if has_twins(&mut names) {
            self.note(FaultKind::Repeated);
        }
        Ok(())
    }

    fn comma(&mut self, is_first: bool) {
        if !is_first {
            self.out.push(b',');
        }
    }

    fn note(&mut self, fault: FaultKind) {
        self.fault.get_or_insert(fault);
    }
}

/// Sorted, equal names are neighbours: no table whose keys a sender could choose to collide.
fn has_twins(names: &mut [Cow<'_, str>]) -> bool {
    names.sort_unstable();
    names.windows(2).any(|pair| pair[0] == pair[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_white_space_and_keeps_numbers_as_they_are() {
        let text =
            " { \"a b\" : [ 1.50 , 1e2, 123456789012345678901234567890 ], \"c\": \"\\u00e9 \" }\n";
        let expected = "{\"a b\":[1.50,1e2,123456789012345678901234567890],\"c\":\"\\u00e9 \"}";
        assert_eq!(compact(text).as_deref(), Ok(expected));
    }

    #[test]
    fn refuses_what_others_would_read_differently() {
        assert_eq!(compact("{\"a\":1,\"\\u0061\":2}"), Err(FaultKind::Repeated));
        assert_eq!(compact("[{\"b\":{},\"a\":1,\"b\":2}]"), Err(FaultKind::Repeated));
        assert_eq!(compact("[1e400]"), Err(FaultKind::OutOfRange));
        assert!(matches!(compact("\"\\ud800\""), Err(FaultKind::Malformed(_))));
        assert!(matches!(compact("{\"\\ud800\":1}"), Err(FaultKind::Malformed(_))));
        assert!(matches!(compact("[1] 2"), Err(FaultKind::Malformed(_))));
        let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(compact(&deep(MAX_DEPTH)).is_ok());
        assert!(matches!(compact(&deep(MAX_DEPTH + 1)), Err(FaultKind::Malformed(_))));
        assert!(matches!(
            compact(&format!("\"{}\"", "x".repeat(MAX_BYTES))),
            Err(FaultKind::TooLong { .. })
        ));
    }

    #[test]
    fn finds_nul_and_not_a_backslash_before_digits() {
        assert!(has_nul("[\"a\\u0000\"]") && has_nul("{\"\\\\\\u0000\":1}"));
        assert!(!has_nul("\"\\\\u0000\"") && !has_nul("\"\\u0001u0000\""));
    }
}
