//! Text that is put together piece by piece.

use std::fmt::{Arguments, Write as _};

/// Appends `format_args!(...)`. Writing into a text cannot fail, so there is nothing to answer.
pub fn append(text: &mut String, piece: Arguments<'_>) {
    text.write_fmt(piece).unwrap_or_default();
}

/// Two lower-case digits for each byte.
pub fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// With a capital first letter.
pub fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// One of many: `user` of `users`, as far as rules go.
pub fn singular(plural: &str) -> String {
    let ends = |ending: &&str| plural.len() > ending.len() + 1 && plural.ends_with(*ending);
    let cut = |letters: usize| plural.get(..plural.len() - letters).unwrap_or(plural);
    if ends(&"ies") {
        return format!("{}y", cut(3));
    }
    match ["sses", "xes", "ches", "shes"].iter().any(ends) {
        true => cut(2).to_owned(),
        false if ends(&"s") && !ends(&"ss") => cut(1).to_owned(),
        false => plural.to_owned(),
    }
}

/// `near, redis and store`
pub fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_many_is_named_as_people_do() {
        for (plural, expected) in [
            ("users", "user"),
            ("cities", "city"),
            ("boxes", "box"),
            ("classes", "class"),
            ("houses", "house"),
            ("data", "data"),
            ("glass", "glass"),
            ("s", "s"),
            ("é", "é"),
        ] {
            assert_eq!(singular(plural), expected, "{plural}");
        }
    }

    #[test]
    fn the_last_name_of_a_list_stands_behind_and() {
        let list =
            |names: &[&str]| listed(&names.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>());
        assert_eq!([list(&[]), list(&["a"]), list(&["a", "b", "c"])], ["", "a", "a, b and c"]);
    }

    #[test]
    fn writes_bytes_as_digits() {
        assert_eq!(hexadecimal(&[0, 0x7f, 0xa0, 0xff]), "007fa0ff");
    }

    #[test]
    fn appends_behind_what_is_there() {
        let mut text = "a".to_owned();
        append(&mut text, format_args!("{}", 1));
        assert_eq!(text, "a1");
    }
}
