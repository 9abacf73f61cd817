//! One filter of a list: the text behind `field=`.

use crate::core::words::nearest;
use crate::resource::{Comparison, FaultKind, FieldKind, Value, parse as text};

/// Items of one `in.(…)`.
const MAX_ITEMS: usize = 1000;

const COMPARISONS: [&str; 9] = ["eq", "neq", "lt", "lte", "gt", "gte", "in", "like", "is"];

/// Reads a comparison with the values that this kind of field can hold, and whether it is turned round.
pub(super) fn parse(kind: &FieldKind, whole: &str) -> Result<(Comparison, bool), FaultKind> {
    let (is_turned, rest) = match whole.strip_prefix("not.") {
        Some(rest) => (true, rest),
        None => (false, whole),
    };
    let Some((word, operand)) = rest.split_once('.').filter(|(word, _)| COMPARISONS.contains(word))
    else {
        return bare(kind, whole);
    };
    let (comparison, is_negated) = match word {
        "is" => (null(operand)?, false),
        _ if *kind == FieldKind::Json => {
            return Err(malformed("a json field can only be asked for `is.null`"));
        }
        "like" => (like(kind, operand)?, false),
        "in" => (Comparison::In(items(kind, operand)?), false),
        "eq" => (Comparison::Equal(value(kind, operand)?), false),
        "neq" => (Comparison::Equal(value(kind, operand)?), true),
        _ if *kind == FieldKind::Boolean => {
            return Err(malformed("true and false have no order: use `eq` or `neq`"));
        }
        "lt" => (Comparison::Less(value(kind, operand)?), false),
        "lte" => (Comparison::LessOrEqual(value(kind, operand)?), false),
        "gt" => (Comparison::Greater(value(kind, operand)?), false),
        _ => (Comparison::GreaterOrEqual(value(kind, operand)?), false),
    };
    Ok((comparison, is_negated != is_turned))
}

/// A value without a comparison. What looks like a misspelled one is told so, unless the field can hold it.
fn bare(kind: &FieldKind, whole: &str) -> Result<(Comparison, bool), FaultKind> {
    if whole.starts_with("not.") {
        return Err(malformed(
            "`not.` wants a comparison behind it, as in `not.eq.5`; for the text use `eq.not.…`",
        ));
    }
    if *kind == FieldKind::Json {
        return Err(malformed("a json field can only be asked for `is.null`"));
    }
    value(kind, whole).map(|value| (Comparison::Equal(value), false)).map_err(|fault| {
        let word = whole.split_once('.').map(|(word, _)| word);
        let is_word = |word: &&str| word.len() < 8 && word.bytes().all(|b| b.is_ascii_lowercase());
        match word.filter(is_word).and_then(|word| Some((word, nearest(word, COMPARISONS)?))) {
            Some((word, near)) => {
                malformed(&format!("`{word}` is no comparison; did you mean `{near}`?"))
            }
            None => fault,
        }
    })
}

fn value(kind: &FieldKind, operand: &str) -> Result<Value, FaultKind> {
    // No store is asked for what not every store can hold.
    if operand.contains('\0') {
        return Err(FaultKind::Nul);
    }
    text::value(kind, operand)
}

fn null(operand: &str) -> Result<Comparison, FaultKind> {
    match operand {
        "null" => Ok(Comparison::IsNull),
        _ => Err(malformed("`is` asks for `is.null` or `not.is.null`; for the text use `eq.is.…`")),
    }
}

fn like(kind: &FieldKind, operand: &str) -> Result<Comparison, FaultKind> {
    match kind {
        _ if operand.contains('\0') => Err(FaultKind::Nul),
        FieldKind::Text | FieldKind::Choice(_) => Ok(Comparison::Like(operand.to_owned())),
        _ => Err(malformed("`like` is for texts")),
    }
}

/// `(a,b,"c,d")`
fn items(kind: &FieldKind, operand: &str) -> Result<Vec<Value>, FaultKind> {
    let inner = operand.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    let mut rest =
        inner.ok_or_else(|| malformed("`in` wants its values in brackets: `in.(1,2)`"))?;
    let mut values = Vec::new();
    loop {
        let (item, behind) = item(rest)?;
        values.push(value(kind, &item)?);
        if values.len() > MAX_ITEMS {
            return Err(malformed(&format!("`in` takes at most {MAX_ITEMS} values")));
        }
        match behind {
            Some(behind) => rest = behind,
            None => return Ok(values),
        }
    }
}

/// The first item, and what stands behind the comma after it.
fn item(text: &str) -> Result<(String, Option<&str>), FaultKind> {
    let Some(quoted) = text.strip_prefix('"') else {
        let (item, behind) = match text.split_once(',') {
            Some((item, behind)) => (item, Some(behind)),
            None => (text, None),
        };
        return Ok((item.to_owned(), behind));
    };
    let mut item = String::new();
    let mut characters = quoted.chars();
    loop {
        match characters.next() {
            Some('"') => break,
            Some('\\') => item.extend(characters.next()),
            Some(other) => item.push(other),
            None => return Err(malformed("a quote in `in.(…)` is not closed")),
        }
    }
    match characters.as_str() {
        "" => Ok((item, None)),
        rest => match rest.strip_prefix(',') {
            Some(behind) => Ok((item, Some(behind))),
            None => Err(malformed("there must be a comma behind a closing quote in `in.(…)`")),
        },
    }
}

fn malformed(reason: &str) -> FaultKind {
    FaultKind::Malformed(reason.to_owned())
}
