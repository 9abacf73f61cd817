//! What can be asked of a field in the query of a list, as the pattern of its parameter.

use crate::resource::FieldKind;

const INTEGER: &str = "-?(?:0|[1-9][0-9]{0,17})";
const FLOAT: &str = "-?(?:0|[1-9][0-9]{0,15})(?:\\.[0-9]{1,16})?(?:[eE][+-]?[0-9]{1,2})?";
const TIME: &str = "\
[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])T(?:[01][0-9]|2[0-3])(?::[0-5][0-9]){2}(?:\\.[0-9]{1,6})?Z";
const UUID: &str = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}";

/// Texts may be anything that is no comparison, which only a person can check.
const TEXT: &str = "^[^\\u0000]*$";
const JSON: &str = "^(?:not\\.)?is\\.null$";

pub(super) fn pattern(kind: &FieldKind) -> String {
    let choice;
    let (value, comparisons) = match kind {
        FieldKind::Text => return TEXT.to_owned(),
        FieldKind::Json => return JSON.to_owned(),
        FieldKind::Boolean => ("(?:true|false)", "eq|neq"),
        FieldKind::Integer => (INTEGER, "eq|neq|lt|lte|gt|gte"),
        FieldKind::Float => (FLOAT, "eq|neq|lt|lte|gt|gte"),
        FieldKind::Time => (TIME, "eq|neq|lt|lte|gt|gte"),
        FieldKind::Uuid => (UUID, "eq|neq|lt|lte|gt|gte"),
        FieldKind::Choice(choices) => {
            let choices: Vec<String> = choices.iter().map(|choice| escaped(choice)).collect();
            choice = format!("(?:{})", choices.join("|"));
            (choice.as_str(), "eq|neq|lt|lte|gt|gte")
        }
    };
    let compared = format!("(?:(?:not\\.)?(?:{comparisons})\\.)?{value}");
    let listed = match kind {
        // A comma inside a choice would end it.
        FieldKind::Choice(_) => format!("(?:not\\.)?in\\.\\({value}\\)|(?:not\\.)?like\\.[a-z*]*"),
        _ => format!("(?:not\\.)?in\\.\\({value}(?:,{value})*\\)"),
    };
    format!("^(?:{compared}|{listed}|(?:not\\.)?is\\.null)$")
}

/// An example that says more than the value alone.
pub(super) fn example(kind: &FieldKind, value: &str) -> String {
    match kind {
        FieldKind::Integer | FieldKind::Float | FieldKind::Time => format!("gte.{value}"),
        FieldKind::Text => {
            format!("like.{}*", value.chars().take(2).collect::<String>())
        }
        FieldKind::Json => "not.is.null".to_owned(),
        FieldKind::Boolean | FieldKind::Uuid | FieldKind::Choice(_) => value.to_owned(),
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if "\\.+*?()|[]{}^$/-".contains(character) {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Pattern;

    #[test]
    fn takes_what_a_list_takes() {
        let choices = FieldKind::Choice(vec!["a.b".into(), "c".into()]);
        for (kind, text, expected) in [
            (&FieldKind::Integer, "18", true),
            (&FieldKind::Integer, "not.gte.-18", true),
            (&FieldKind::Integer, "in.(1,2)", true),
            (&FieldKind::Integer, "is.null", true),
            (&FieldKind::Integer, "not.18", false),
            (&FieldKind::Integer, "gte.", false),
            (&FieldKind::Integer, "in.()", false),
            (&FieldKind::Float, "lt.0.5", true),
            (&FieldKind::Boolean, "true", true),
            (&FieldKind::Boolean, "gt.true", false),
            (&FieldKind::Time, "gte.2026-01-31T12:00:00Z", false),
            (&FieldKind::Time, "gte.2026-01-28T12:00:00.5Z", true),
            (&FieldKind::Json, "not.is.null", true),
            (&FieldKind::Json, "eq.1", false),
            (&choices, "a.b", true),
            (&choices, "axb", false),
            (&choices, "in.(c)", true),
        ] {
            let pattern = pattern(kind).replace("\\u0000", "\\x00");
            assert_eq!(Pattern::new(&pattern).unwrap().matches(text), expected, "{text}");
        }
    }
}
