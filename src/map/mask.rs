//! Values that are shown: short ones, and never one that somebody keeps secret.

use serde_json::Value;

/// What stands in place of a secret.
const MASK: &str = "•••";
/// Letters of a value that are shown.
const LETTERS: usize = 120;
/// A name that holds one of these, whatever its case and its dashes, names a secret.
const SECRET_WORDS: [&str; 15] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "authorization",
    "apikey",
    "accesskey",
    "privatekey",
    "credential",
    "cookie",
    "sessionid",
    "cvv",
    "iban",
    "cardnumber",
];

/// Does a field of this name hold something that nobody may read over a shoulder?
pub fn masked(name: &str) -> bool {
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    plain == "pin" || plain == "ssn" || SECRET_WORDS.iter().any(|word| plain.contains(word))
}

/// A record as it may be shown: JSON with its secrets masked, else text with masked `name=value`s. `secrets` are
/// fields that the stack file marks so.
pub fn shown(record: &str, secrets: &[String]) -> String {
    let Ok(mut value) = serde_json::from_str::<Value>(record) else { return text(record) };
    hide(&mut value, secrets);
    value.to_string()
}

fn hide(value: &mut Value, secrets: &[String]) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                if masked(name) || secrets.iter().any(|secret| secret == name) {
                    *value = MASK.into();
                } else {
                    hide(value, secrets);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| hide(item, secrets)),
        Value::String(text) if text.chars().count() > LETTERS => {
            *text = text.chars().take(LETTERS).chain(['…']).collect();
        }
        _ => {}
    }
}

/// A text that is no JSON, or only the beginning of it.
fn text(record: &str) -> String {
    let mut out = String::with_capacity(record.len());
    let mut rest = record;
    while !rest.is_empty() {
        let end = rest.find([' ', '&', ',', ';', '{', '}']).map_or(rest.len(), |at| at + 1);
        let (word, after) = rest.split_at(end);
        match word.split_once(['=', ':']).filter(|(name, _)| masked(name)) {
            Some((name, _)) => {
                out.push_str(name);
                out.push('=');
                out.push_str(MASK);
                out.extend(word.chars().last().filter(|last| !last.is_alphanumeric()));
            }
            None => out.push_str(word),
        }
        rest = after;
    }
    let is_long = out.chars().count() > 4 * LETTERS;
    if is_long { out.chars().take(4 * LETTERS).chain(['…']).collect() } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_name_and_by_mark_however_deep_they_are() {
        let record =
            r#"{"user":"ada","Pass-Word":"x1","more":[{"api_key":5,"shoe":44}],"plate":"y2"}"#;
        let said = shown(record, &["plate".to_owned()]);
        assert_eq!(
            said,
            r#"{"user":"ada","Pass-Word":"•••","more":[{"api_key":"•••","shoe":44}],"plate":"•••"}"#
        );
    }

    #[test]
    fn text_and_json_that_was_cut_off_hide_their_secrets_too() {
        assert_eq!(shown("user=ada&token=abc&n=1", &[]), "user=ada&token=•••&n=1");
        let cut = shown(r#"{"name":"x","password":"abc"#, &[]);
        assert!(!cut.contains("abc"), "{cut}");
    }

    #[test]
    fn long_values_are_short_and_what_is_no_secret_stays() {
        let long = format!(r#"{{"info":"{}"}}"#, "é".repeat(5000));
        assert!(shown(&long, &[]).chars().count() < 150);
        assert_eq!(shown("42", &[]), "42");
        assert!(!masked("name") && !masked("pinned") && !masked("tokyo") && masked("PIN"));
    }
}
