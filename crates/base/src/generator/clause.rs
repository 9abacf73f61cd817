//! Reading one line of the value language: words, ranges, and `option value` pairs.
//! What the words mean is the business of the value types.

use super::calendar;
use super::kinds::KINDS;

/// What is wrong with a line; the caller adds the field.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl Fault {
    pub(super) fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: Some(help.into()) }
    }
}

/// A line after its type: the words not yet read.
#[derive(Debug)]
pub(super) struct Clause<'a> {
    pub(super) kind: &'a str,
    rest: &'a str,
}

impl<'a> Clause<'a> {
    pub(super) fn new(line: &'a str) -> Self {
        let (kind, rest) = split_word(line);
        Self { kind, rest }
    }

    /// Everything that was not read yet, as it stands.
    pub(super) fn rest(&self) -> &'a str {
        self.rest
    }

    pub(super) fn peek(&self) -> Option<&'a str> {
        Some(split_word(self.rest).0).filter(|word| !word.is_empty())
    }

    pub(super) fn word(&mut self) -> Option<&'a str> {
        let (word, rest) = split_word(self.rest);
        self.rest = rest;
        Some(word).filter(|word| !word.is_empty())
    }

    /// The rest of the line as `name value` pairs.
    pub(super) fn options(mut self, allowed: &[&'static str]) -> Result<Options<'a>, Fault> {
        let mut pairs: Vec<(&'static str, &'a str)> = Vec::new();
        while let Some(word) = self.word() {
            let Some(name) = allowed.iter().find(|name| **name == word) else {
                return Err(unknown_option(self.kind, word, allowed));
            };
            if pairs.iter().any(|(known, _)| known == name) {
                return Err(Fault::new(format!("`{name}` is given twice"), "keep one of them"));
            }
            let value = self.word().ok_or_else(|| {
                Fault::new(
                    format!("`{name}` has no value"),
                    format!("write a value after `{name}`"),
                )
            })?;
            pairs.push((name, value));
        }
        Ok(Options { kind: self.kind, pairs })
    }

    /// For types that take nothing more.
    pub(super) fn finish(self) -> Result<(), Fault> {
        self.options(&[]).map(drop)
    }
}

fn unknown_option(kind: &str, word: &str, allowed: &[&'static str]) -> Fault {
    let message = format!("`{kind}` does not know `{word}`");
    if let Some(near) = nearest(word, allowed.iter().copied()) {
        return Fault::new(message, format!("did you mean `{near}`?"));
    }
    match allowed {
        [] => Fault::new(message, "leave it out"),
        _ => Fault::new(message, format!("its options are {}", allowed.join(", "))),
    }
}

/// The options of a line.
#[derive(Debug)]
pub(super) struct Options<'a> {
    kind: &'a str,
    pairs: Vec<(&'static str, &'a str)>,
}

impl<'a> Options<'a> {
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<f64>, Fault> {
        self.text(name).map(|text| finite(name, text)).transpose()
    }

    pub(super) fn required(&self, name: &str) -> Result<f64, Fault> {
        self.number(name)?.ok_or_else(|| {
            let kind = self.kind;
            let example = KINDS.iter().find(|known| known.name == kind).map(|known| known.example);
            let help = format!("for example `{}`", example.unwrap_or(kind));
            Fault::new(format!("`{kind}` needs `{name}`"), help)
        })
    }

    /// A required number above zero.
    pub(super) fn positive(&self, name: &str) -> Result<f64, Fault> {
        self.between(name, 0.0, f64::MAX)
    }

    /// A required number above `low` and up to `high`.
    pub(super) fn between(&self, name: &str, low: f64, high: f64) -> Result<f64, Fault> {
        let number = self.required(name)?;
        if number > low && number <= high {
            return Ok(number);
        }
        let bounds = if number > low { format!("at most {high}") } else { format!("above {low}") };
        let message = format!("`{name}` must be {bounds}, not {number}");
        Err(Fault::new(message, format!("write `{name} 1`")))
    }

    pub(super) fn integer(&self, name: &str) -> Result<Option<i64>, Fault> {
        let parse = |text: &str| {
            text.parse().map_err(|_| {
                Fault::new(
                    format!("`{name}` must be a whole number, not `{text}`"),
                    format!("write `{name} 1`"),
                )
            })
        };
        self.text(name).map(parse).transpose()
    }

    pub(super) fn decimals(&self) -> Result<Option<u8>, Fault> {
        let Some(text) = self.text("decimals") else { return Ok(None) };
        match text.parse() {
            Ok(decimals @ 0..=12) => Ok(Some(decimals)),
            _ => Err(Fault::new(
                format!("`decimals` must be 0 to 12, not `{text}`"),
                "write `decimals 2`",
            )),
        }
    }

    /// A share between 0 and 1.
    pub(super) fn share(&self, name: &str) -> Result<Option<f64>, Fault> {
        self.text(name).map(|text| share(name, text)).transpose()
    }

    /// A duration in microseconds, above zero.
    pub(super) fn duration(&self, name: &str) -> Result<Option<u64>, Fault> {
        let parse = |text: &str| {
            calendar::parse_duration(text).filter(|micros| *micros > 0).ok_or_else(|| {
                Fault::new(
                    format!("`{name}` must be a duration, not `{text}`"),
                    format!("write `{name} 50ms`; the units are us, ms, s, m, h, d"),
                )
            })
        };
        self.text(name).map(parse).transpose()
    }
}

pub(super) fn share(name: &str, text: &str) -> Result<f64, Fault> {
    match text.parse::<f64>() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err(Fault::new(
            format!("`{name}` must be a share from 0 to 1, not `{text}`"),
            format!("write `{name} 0.05` for 5 %"),
        )),
    }
}

fn finite(name: &str, text: &str) -> Result<f64, Fault> {
    text.parse().ok().filter(|number: &f64| number.is_finite()).ok_or_else(|| {
        Fault::new(
            format!("`{name}` must be a number, not `{text}`"),
            format!("write `{name} 1.5`"),
        )
    })
}

/// A moment as milliseconds since 1970.
pub(super) fn instant(text: &str) -> Result<i64, Fault> {
    calendar::parse_instant(text).ok_or_else(|| {
        Fault::new(
            format!("`{text}` is not a time"),
            "write it as 2026-01-01T00:00:00Z, or as a day, 2026-01-01",
        )
    })
}

/// `A..B` with `A <= B`.
pub(super) fn range<T>(kind: &str, word: Option<&str>, example: &str) -> Result<(T, T), Fault>
where
    T: std::str::FromStr + PartialOrd + std::fmt::Display,
{
    let write = format!("write `{kind} {example}`");
    let Some(word) = word else {
        return Err(Fault::new(format!("`{kind}` needs a range"), write));
    };
    let Some((low, high)) = word.split_once("..") else {
        return Err(Fault::new(format!("`{word}` is not a range"), write));
    };
    let high = high.strip_prefix('=').unwrap_or(high);
    match (low.parse::<T>(), high.parse::<T>()) {
        (Ok(low), Ok(high)) if low <= high => Ok((low, high)),
        (Ok(low), Ok(high)) if high < low => Err(Fault::new(
            format!("the range {low}..{high} is empty"),
            format!("write {high}..{low}"),
        )),
        (Ok(_), _) => Err(not_a_bound(kind, high, write)),
        (Err(_), _) => Err(not_a_bound(kind, low, write)),
    }
}

fn not_a_bound(kind: &str, bound: &str, help: String) -> Fault {
    let message = match bound {
        "" => "a range needs both ends".to_owned(),
        _ => format!("`{bound}` is not a bound of `{kind}`"),
    };
    Fault { message, help: Some(help) }
}

/// The known word nearest to a misspelt one, if one is near enough to be meant.
pub(super) fn nearest<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let limit = (word.chars().count() / 3).max(1);
    known
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's edit distance.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, left) in left.chars().enumerate() {
        let mut diagonal = line;
        let mut before = line + 1;
        for (column, right) in right.iter().enumerate() {
            let above = row.get(column + 1).copied().unwrap_or_default();
            let next = (diagonal + usize::from(left != *right)).min(above + 1).min(before + 1);
            diagonal = above;
            if let Some(cell) = row.get_mut(column) {
                *cell = before;
            }
            before = next;
        }
        if let Some(last) = row.last_mut() {
            *last = before;
        }
    }
    row.last().copied().unwrap_or_default()
}

fn split_word(text: &str) -> (&str, &str) {
    let text = text.trim();
    match text.split_once(char::is_whitespace) {
        Some((word, rest)) => (word, rest.trim_start()),
        None => (text, ""),
    }
}
