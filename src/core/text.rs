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

#[cfg(test)]
mod tests {
    use super::*;

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
