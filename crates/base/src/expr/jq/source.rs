//! From the text of an expression to jaq's syntax tree, with messages that say where it is wrong.

use jaq_core::load::lex::{self, Lexer};
use jaq_core::load::parse::{self as grammar, Parser};

use super::refuse;

/// jaq's syntax tree over slices of the text.
pub(in crate::expr) type Syntax<'s> = grammar::Term<&'s str>;

/// The compiler and the evaluation recurse over the expression, so its size is bounded.
const MAX_BYTES: usize = 16 * 1024;
pub(super) const MAX_TOKENS: usize = 600;
pub(super) const MAX_JOINTS: usize = 120;
const MAX_NESTING: usize = 40;

pub(in crate::expr) fn parse(text: &str) -> Result<Syntax<'_>, String> {
    if text.len() > MAX_BYTES {
        return Err(format!(
            "the expression has {} bytes, at most {MAX_BYTES} are allowed; split it into steps",
            text.len()
        ));
    }
    check_nesting(text)?;
    if text.trim().is_empty() {
        return Err("the expression is empty; write `.` to pass records on unchanged".to_owned());
    }
    let tokens = Lexer::new(text).lex().map_err(|errors| lex_message(text, &errors))?;
    refuse::check(text, &tokens)?;
    Parser::new(&tokens).parse(Parser::term).map_err(|errors| match errors.first() {
        Some((expected, found)) => {
            parse_message(text, expected, lex::Token::opt_as_str(*found, text))
        }
        None => "the expression cannot be read".to_owned(),
    })
}

/// A coarse count, brackets inside strings too, made before anything recurses.
fn check_nesting(text: &str) -> Result<(), String> {
    let mut depth = 0_usize;
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_NESTING {
            return Err(format!(
                "the expression nests brackets deeper than {MAX_NESTING} levels; split it into steps"
            ));
        }
    }
    Ok(())
}

/// Line (when there are several) and column of `slice`, which points into `text`.
pub(super) fn place(text: &str, slice: &str) -> String {
    let offset = (slice.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    let before = text.get(..offset.min(text.len())).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    let column = line.chars().count() + 1;
    if text.contains('\n') {
        format!("line {}, column {column}", before.matches('\n').count() + 1)
    } else {
        format!("column {column}")
    }
}

/// True when the slice is a part of the text, not of the prelude.
pub(super) fn is_within(text: &str, slice: &str) -> bool {
    let (start, at) = (text.as_ptr() as usize, slice.as_ptr() as usize);
    (start..=start + text.len()).contains(&at)
}

fn lex_message(text: &str, errors: &[lex::Error<&str>]) -> String {
    let Some((expected, found)) = errors.first() else {
        return "the expression cannot be read".to_owned();
    };
    let found_text = short(found);
    if found.starts_with('\'') {
        return format!("{}: strings need double quotes, not `'`", place(text, found));
    }
    match expected {
        lex::Expect::Delim(open) => {
            let (opened, closer) = (place(text, open), expected.as_str());
            format!("{opened}: `{open}` is never closed; a {closer} is missing")
        }
        lex::Expect::Token => {
            let hint = if found.starts_with('&') {
                "; write `and`"
            } else if found.starts_with([')', ']', '}']) {
                "; it closes a bracket that was never opened"
            } else {
                ""
            };
            format!("{}: `{found_text}` is not part of jq{hint}", place(text, found))
        }
        _ => format!(
            "{}: expected {}, found {}",
            place(text, found),
            expected.as_str(),
            quoted(found)
        ),
    }
}

fn parse_message(text: &str, expected: &grammar::Expect<&str>, found: &str) -> String {
    let at = place(text, found);
    let hint = match (expected, found) {
        (_, "||") => "; write `or`",
        (_, "!") => "; write `| not` after it",
        (grammar::Expect::Term, "") => "; something is missing at the end",
        (grammar::Expect::Term, "=" | "==") => "; compare with one `==`",
        (grammar::Expect::ElseOrEnd, _) => "; every `if` ends with `end`",
        (grammar::Expect::Nothing, _) => "; join two parts with `|`, `,` or an operator",
        _ => "",
    };
    let expected = match expected {
        grammar::Expect::Nothing => "the end".to_owned(),
        grammar::Expect::Term => "an expression".to_owned(),
        grammar::Expect::Just(just) => format!("`{just}`"),
        other => other.as_str().to_owned(),
    };
    format!("{at}: expected {expected}, found {}{hint}", quoted(found))
}

fn quoted(found: &str) -> String {
    if found.is_empty() { "the end".to_owned() } else { format!("`{}`", short(found)) }
}

/// The first line of a slice, cut to a length fit for a message.
pub(in crate::expr) fn short(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() <= 40 {
        return line.to_owned();
    }
    line.chars().take(39).chain(['…']).collect()
}
