//! Patterns of text fields as OpenAPI needs them: in the dialect of JSON Schema, and with a text that matches.

use crate::resource::Pattern;

/// Repetitions tried where a pattern leaves open how often: enough for the lengths that examples have.
const REPEATS: usize = 64;
/// Groups inside groups; deeper patterns get no example.
const DEPTH: usize = 16;
/// The longest example: more tells a reader nothing.
const LONGEST: usize = 256;

/// The pattern for the whole text in ECMA-262, which JSON Schema has; `None` when it says something that dialect
/// cannot.
pub(super) fn for_json_schema(pattern: &str) -> Option<String> {
    let ours_only = ["(?i", "(?m", "(?s", "(?R", "(?U", "(?u", "(?x", "(?-", "(?P", "(?<"];
    let others = [r"\A", r"\z", r"\a", r"\x{", r"\u{", r"\U", r"\<", r"\>", r"\b{", "[[", "&&"];
    if ours_only.iter().chain(&others).any(|word| pattern.contains(word)) {
        return None;
    }
    Some(format!("^(?:{pattern})$"))
}

/// A short text that the whole pattern matches, with a length in this range; the same each time.
pub(super) fn sample(pattern: &Pattern, min_length: usize, max_length: usize) -> Option<String> {
    (1..=REPEATS).chain([0]).find_map(|repeats| {
        let mut maker = Maker { rest: pattern.as_str(), repeats, depth: 0 };
        let text = maker.alternatives()?;
        let length = text.chars().count();
        let fits = (min_length..=max_length).contains(&length) && maker.rest.is_empty();
        (fits && pattern.matches(&text)).then_some(text)
    })
}

/// Reads a pattern and makes the text along the way. What it does not know it takes literally: `sample` looks at the
/// result.
struct Maker<'p> {
    rest: &'p str,
    repeats: usize,
    depth: usize,
}

impl Maker<'_> {
    /// Makes the first of `a|b|c`, reads over the others.
    fn alternatives(&mut self) -> Option<String> {
        let first = self.sequence()?;
        while self.takes('|') {
            self.sequence()?;
        }
        Some(first)
    }

    fn sequence(&mut self) -> Option<String> {
        let mut text = String::new();
        while !self.rest.is_empty() && !self.rest.starts_with(['|', ')']) {
            let piece = self.piece()?;
            let count = self.count()?;
            if text.len() + piece.len() * count > LONGEST {
                return None;
            }
            text.push_str(&piece.repeat(count));
        }
        Some(text)
    }

    fn piece(&mut self) -> Option<String> {
        let piece = match self.next()? {
            '^' | '$' => String::new(),
            '.' => "a".to_owned(),
            '(' => self.group()?,
            '[' => self.class()?.to_string(),
            '\\' => match self.next()? {
                'b' | 'B' | 'A' | 'z' => String::new(),
                escaped => escape(escaped).to_string(),
            },
            literal => literal.to_string(),
        };
        Some(piece)
    }

    fn group(&mut self) -> Option<String> {
        self.depth += 1;
        if self.depth > DEPTH {
            return None;
        }
        if self.takes('?') && !self.takes(':') {
            // A name, or flags: `(?P<name>`, `(?<name>`, `(?i:`.
            let end = self.rest.find(['>', ':'])?;
            self.rest = self.rest.get(end + 1..)?;
        }
        let text = self.alternatives()?;
        self.depth -= 1;
        self.takes(')').then_some(text)
    }

    /// A character of `[...]`; of a negated one, the first usual one that is not named.
    fn class(&mut self) -> Option<char> {
        let is_negated = self.takes('^');
        let mut ranges = Vec::new();
        loop {
            let low = match self.next()? {
                ']' if !ranges.is_empty() => break,
                '\\' => escape(self.next()?),
                literal => literal,
            };
            let is_range = self.rest.starts_with('-') && !self.rest.starts_with("-]");
            let high = if is_range {
                self.next()?;
                match self.next()? {
                    '\\' => escape(self.next()?),
                    literal => literal,
                }
            } else {
                low
            };
            ranges.push(low..=high);
        }
        if is_negated {
            let usual = ('a'..='z').chain('0'..='9').chain(['A', ' ', '-', '_']);
            let mut free = usual.filter(|c| !ranges.iter().any(|range| range.contains(c)));
            return free.next();
        }
        ranges.first().map(|range| *range.start())
    }

    /// How often the piece before is taken.
    fn count(&mut self) -> Option<usize> {
        let count = match self.rest.chars().next() {
            Some('*' | '+') => self.repeats,
            Some('?') => usize::from(self.repeats > 1),
            Some('{') => return self.counted(),
            _ => return Some(1),
        };
        self.next();
        self.takes('?');
        Some(count)
    }

    /// `{3}`, `{3,}`, `{3,7}`.
    fn counted(&mut self) -> Option<usize> {
        let end = self.rest.find('}')?;
        let inside = self.rest.get(1..end)?;
        self.rest = self.rest.get(end + 1..)?;
        self.takes('?');
        let (low, high) = inside.split_once(',').unwrap_or((inside, inside));
        let low: usize = low.trim().parse().ok()?;
        let high = high.trim().parse().unwrap_or(usize::MAX);
        // `repeats` counts from one, and the shortest example is tried first.
        Some((low + self.repeats.saturating_sub(1)).clamp(low, high.max(low)))
    }

    fn next(&mut self) -> Option<char> {
        let mut characters = self.rest.chars();
        let next = characters.next();
        self.rest = characters.as_str();
        next
    }

    fn takes(&mut self, wanted: char) -> bool {
        let rest = self.rest.strip_prefix(wanted);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }
}

/// A character that an escape stands for.
fn escape(escaped: char) -> char {
    match escaped {
        'd' => '1',
        'w' | 'D' | 'S' => 'a',
        's' => ' ',
        'W' => '-',
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        literal => literal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pattern: &str, min_length: usize, max_length: usize) -> Option<String> {
        sample(&Pattern::new(pattern).unwrap(), min_length, max_length)
    }

    #[test]
    fn makes_a_text_that_matches() {
        for (pattern, expected) in [
            ("[a-z]+", "a"),
            ("[A-Z]{2}-\\d{4}", "AA-1111"),
            ("^[^@ ]+@[^@]+\\.[a-z]{2,}$", "a@a.aa"),
            ("(?:red|green) \\w*", "red a"),
            ("(?P<year>\\d{4})-(0[1-9]|1[0-2])", "1111-01"),
            ("\\+?[0-9 ]{3,20}", "000"),
            ("a|b", "a"),
            ("[]x]", "]"),
            ("[\\w.-]+?", "a"),
            ("", ""),
            (".*", "a"),
            ("é{2}", "éé"),
            ("[^a-z]", "0"),
        ] {
            assert_eq!(of(pattern, 0, 100).as_deref(), Some(expected), "{pattern}");
        }
    }

    #[test]
    fn keeps_to_the_lengths() {
        assert_eq!(of("[a-c]*", 5, 8).as_deref(), Some("aaaaa"));
        assert_eq!(of("x{2,9}", 4, 4).as_deref(), Some("xxxx"));
        assert_eq!(of("a*", 0, 0).as_deref(), Some(""));
        assert_eq!(of("abc", 4, 9), None);
    }

    #[test]
    fn makes_nothing_rather_than_something_wrong() {
        for pattern in ["[[:alpha:]]", "a{300}", "(?i:x)y\\b", "(?:(?:(?:a)))"] {
            let made = of(pattern, 0, 100);
            let matches = |text: &String| Pattern::new(pattern).unwrap().matches(text);
            assert!(made.as_ref().is_none_or(matches), "{pattern}: {made:?}");
        }
    }

    #[test]
    fn tells_only_what_the_other_dialect_can_say() {
        assert_eq!(for_json_schema("a|b").as_deref(), Some("^(?:a|b)$"));
        for pattern in ["(?i)a", "(?P<n>a)", "\\Aa\\z", "[[:alpha:]]", "[a&&b]", "\\x{41}"] {
            assert_eq!(for_json_schema(pattern), None, "{pattern}");
        }
    }
}
