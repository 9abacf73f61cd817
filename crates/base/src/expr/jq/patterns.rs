//! Regular expressions for `test`, `match`, `capture`, `sub` and their kin.
//! Matching is linear in the text, patterns are bounded in size and kept, since an expression
//! uses the same few for every record.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use jaq_core::native::{Fun, bome, run, v};
use jaq_core::{Cv, Error, ValR};
use regex_lite::{Captures, Regex, RegexBuilder};

use super::super::budget;
use super::super::value::{Entries, Value};
use super::engine::Values;

const MAX_PATTERN: usize = 1000;
const MAX_COMPILED: usize = 64 * 1024;
const MAX_TEXT: usize = 64 * 1024;
const KEPT: usize = 32;

thread_local! {
    static COMPILED: RefCell<HashMap<(String, String), Regex>> = RefCell::default();
}

pub(super) fn all() -> Vec<Fun<Values>> {
    vec![
        run(("matches", v(2), |cv| bome(search(cv, Wanted { rest: false, matches: true })))),
        run(("split_matches", v(2), |cv| bome(search(cv, Wanted { rest: true, matches: true })))),
        run(("split_", v(2), |cv| bome(search(cv, Wanted { rest: true, matches: false })))),
    ]
}

/// Which parts of the text are asked for.
#[derive(Clone, Copy, Debug)]
struct Wanted {
    rest: bool,
    matches: bool,
}

fn text_of(value: &Value) -> Result<&Arc<String>, Error<Value>> {
    match value {
        Value::Text(text) => Ok(text),
        other => Err(Error::typ(other.clone(), "string")),
    }
}

fn compile(pattern: &str, flags: &str) -> Result<Regex, Error<Value>> {
    let key = (pattern.to_owned(), flags.to_owned());
    if let Some(found) = COMPILED.with_borrow(|all| all.get(&key).cloned()) {
        return Ok(found);
    }
    if pattern.len() > MAX_PATTERN {
        let message = format!("a pattern may have {MAX_PATTERN} bytes, not {}", pattern.len());
        return Err(Error::str(message));
    }
    budget::spend(1000);
    let mut builder = RegexBuilder::new(pattern);
    builder.size_limit(MAX_COMPILED);
    for flag in flags.chars() {
        match flag {
            'g' | 'n' => &mut builder,
            'i' => builder.case_insensitive(true),
            'x' => builder.ignore_whitespace(true),
            's' => builder.dot_matches_new_line(true),
            'm' => builder.multi_line(true),
            'p' => builder.multi_line(true).dot_matches_new_line(true),
            'l' => builder.swap_greed(true),
            other => return Err(Error::str(format!("`{other}` is not a flag of patterns"))),
        };
    }
    let regex = builder
        .build()
        .map_err(|error| Error::str(format!("the pattern \"{pattern}\" is wrong: {error}")))?;
    COMPILED.with_borrow_mut(|all| {
        if all.len() >= KEPT {
            all.clear();
        }
        all.insert(key, regex.clone());
    });
    Ok(regex)
}

fn search(mut cv: Cv<'_, Values>, wanted: Wanted) -> ValR<Value> {
    let (flags, pattern) = (cv.0.pop_var(), cv.0.pop_var());
    let (flags, pattern, text) = (text_of(&flags)?, text_of(&pattern)?, text_of(&cv.1)?);
    if text.len() > MAX_TEXT {
        let message = format!("patterns work on texts of at most {MAX_TEXT} bytes");
        return Err(Error::str(format!("{message}, this one has {}", text.len())));
    }
    let regex = compile(pattern, flags)?;
    let mut parts = Vec::new();
    let mut last = 0;
    let mut counter = CharacterCounter { text, byte: 0, characters: 0 };
    budget::spend_bytes(text.len() * 8);
    budget::check_time();
    for captures in regex.captures_iter(text) {
        let Some(whole) = captures.get(0) else { continue };
        // A single search may look at all that is left of the text.
        budget::spend(1 + (text.len() - whole.start()) / 8);
        budget::check_time();
        if budget::reached().is_some() {
            return Ok(Value::Null);
        }
        if whole.is_empty() && flags.contains('n') {
            continue;
        }
        if wanted.rest {
            parts.push(part(text, last, whole.start()));
            last = whole.end();
        }
        if wanted.matches {
            parts.push(describe(&regex, &captures, &mut counter));
        }
        if !flags.contains('g') {
            break;
        }
    }
    if wanted.rest {
        parts.push(part(text, last, text.len()));
    }
    Ok(Value::array(parts))
}

fn part(text: &str, from: usize, to: usize) -> Value {
    Value::text(text.get(from..to).unwrap_or_default().to_owned())
}

/// Counts characters up to a place in bytes, going on from the place asked for before.
struct CharacterCounter<'a> {
    text: &'a str,
    byte: usize,
    characters: usize,
}

impl CharacterCounter<'_> {
    fn at(&mut self, byte: usize) -> usize {
        if byte < self.byte {
            let between = self.text.get(byte..self.byte).unwrap_or_default();
            self.characters -= between.chars().count();
        } else {
            let between = self.text.get(self.byte..byte).unwrap_or_default();
            self.characters += between.chars().count();
        }
        self.byte = byte;
        self.characters
    }
}

fn describe(regex: &Regex, captures: &Captures<'_>, counter: &mut CharacterCounter<'_>) -> Value {
    let groups = captures.iter().zip(regex.capture_names()).filter_map(|(group, name)| {
        let group = group?;
        let mut entries = Entries::default();
        let mut put = |key: &str, value| entries.insert(Arc::new(key.to_owned()), value);
        put("offset", Value::integer(counter.at(group.start())));
        put("length", Value::integer(group.as_str().chars().count()));
        put("string", Value::text(group.as_str().to_owned()));
        if let Some(name) = name {
            put("name", Value::text(name.to_owned()));
        }
        Some(Value::object(entries))
    });
    groups.collect()
}
