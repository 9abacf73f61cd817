//! Which words an expression may not use, and why: what could run for ever, what looks outside
//! of the record, and what this build does not carry. It looks at tokens, so strings are safe.

use jaq_core::load::lex::{StrPart, Tok, Token};

use super::source::{MAX_JOINTS, MAX_TOKENS, place};

const ENDS: &str = "an expression must end for every record; \
                    use `.[]`, `map`, `range`, `limit`, `reduce` or `foreach`";
const PURE: &str = "a step is pure: the same record always gives the same result";
const ONE: &str = "an expression sees one record at a time";
const QUIET: &str = "an expression has no output but its results; drop it";
const STOP: &str = "an expression cannot stop the service; use `error(\"reason\")` or `empty`";
const DATES: &str = "dates are not part of expressions; keep them as text or numbers";
const FILES: &str = "an expression cannot read files";
const BYTES: &str = "expressions work on JSON, which has no byte strings";
const FORMAT: &str = "this format is not carried; use `@text`, `@json` or `@sh`";
const REFUSED: &[(&str, &str)] = &[
    ("def", "functions cannot be defined, as they may call themselves without end; write it out"),
    ("while", ENDS),
    ("until", ENDS),
    ("repeat", ENDS),
    ("input", ONE),
    ("inputs", ONE),
    ("input_line_number", ONE),
    ("input_filename", ONE),
    ("env", PURE),
    ("$ENV", PURE),
    ("now", PURE),
    ("localtime", PURE),
    ("strflocaltime", PURE),
    ("halt", STOP),
    ("halt_error", STOP),
    ("debug", QUIET),
    ("stderr", QUIET),
    ("import", FILES),
    ("include", FILES),
    ("module", FILES),
    ("get_search_list", FILES),
    ("todate", DATES),
    ("fromdate", DATES),
    ("date", DATES),
    ("dateadd", DATES),
    ("datesub", DATES),
    ("todateiso8601", DATES),
    ("fromdateiso8601", DATES),
    ("strftime", DATES),
    ("strptime", DATES),
    ("gmtime", DATES),
    ("mktime", DATES),
    ("tobytes", BYTES),
    ("@base64", FORMAT),
    ("@base64d", FORMAT),
    ("@uri", FORMAT),
    ("@urid", FORMAT),
    ("@html", FORMAT),
    ("@htmld", FORMAT),
    ("@csv", FORMAT),
    ("@tsv", FORMAT),
];

/// What a walk over the tokens counts.
#[derive(Debug, Default)]
struct Count {
    tokens: usize,
    /// Tokens that put one part of an expression inside of another, as `1 + 2 + 3` does twice.
    joints: usize,
}

/// Reports the first word that is refused, or too many tokens.
pub(super) fn check(text: &str, tokens: &[Token<&str>]) -> Result<(), String> {
    let mut count = Count::default();
    walk(text, tokens, false, &mut count)?;
    let (what, number, most) = if count.tokens > MAX_TOKENS {
        ("parts", count.tokens, MAX_TOKENS)
    } else if count.joints > MAX_JOINTS {
        ("operators and keywords", count.joints, MAX_JOINTS)
    } else {
        return Ok(());
    };
    Err(format!(
        "the expression has {number} {what}, at most {most} are allowed; split it into steps"
    ))
}

fn walk(
    text: &str,
    tokens: &[Token<&str>],
    in_object: bool,
    count: &mut Count,
) -> Result<(), String> {
    let mut key_place = in_object;
    for (index, Token(slice, kind)) in tokens.iter().enumerate() {
        count.tokens += 1;
        if is_joint(slice, kind, in_object) {
            count.joints += 1;
        }
        match kind {
            Tok::Word | Tok::Var | Tok::Fmt => {
                if !(key_place && matches!(kind, Tok::Word)) {
                    check_word(text, slice, tokens.get(index + 1))?;
                }
            }
            Tok::Block(inner) => walk(text, inner, slice.starts_with('{'), count)?,
            Tok::Str(parts) => {
                for part in parts {
                    if let StrPart::Term(Token(_, Tok::Block(inner))) = part {
                        walk(text, inner, false, count)?;
                    }
                }
            }
            Tok::Num | Tok::Sym => {}
        }
        key_place = in_object && *slice == ",";
    }
    Ok(())
}

fn is_joint(slice: &str, kind: &Tok<&str>, in_object: bool) -> bool {
    match kind {
        Tok::Sym => {
            let plain =
                slice.starts_with('.') || matches!(slice, ":" | ";" | "?" | ")" | "]" | "}");
            !(plain || (in_object && slice == ","))
        }
        Tok::Word => matches!(slice, "and" | "or" | "try" | "if" | "elif" | "reduce" | "foreach"),
        _ => false,
    }
}

fn check_word(text: &str, word: &str, next: Option<&Token<&str>>) -> Result<(), String> {
    let called = next.is_some_and(|Token(slice, _)| slice.starts_with('('));
    let reason = match word {
        "recurse" | "combinations" if called => Some(ENDS),
        _ => REFUSED.iter().find(|(name, _)| *name == word).map(|(_, reason)| *reason),
    };
    match reason {
        Some(reason) => Err(format!("{}: `{word}` is not available: {reason}", place(text, word))),
        None => Ok(()),
    }
}
