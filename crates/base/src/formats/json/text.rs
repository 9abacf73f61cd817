//! Strings of JSON: decoding escape sequences and writing them.

/// Decodes what the scanner has accepted, and says whether every character could be decoded: a lone surrogate becomes
/// U+FFFD.
pub(super) fn unescape(inner: &str) -> (String, bool) {
    let mut out = String::with_capacity(inner.len());
    let mut is_exact = true;
    let mut rest = inner;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let mut characters = after.chars();
        match characters.next() {
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some('u') => {
                let (character, left) = unicode(characters.as_str());
                is_exact &= character.is_some();
                out.push(character.unwrap_or(char::REPLACEMENT_CHARACTER));
                rest = left;
                continue;
            }
            Some(other) => out.push(other),
            None => {}
        }
        rest = characters.as_str();
    }
    out.push_str(rest);
    (out, is_exact)
}

/// Decodes the digits after `\u`, taking in the second half of a surrogate pair; a lone half is no character.
fn unicode(text: &str) -> (Option<char>, &str) {
    let Some((first, rest)) = four_digits(text) else {
        return (None, text);
    };
    if !(0xD800..0xDC00).contains(&first) {
        return (char::from_u32(first), rest);
    }
    match rest.strip_prefix("\\u").and_then(four_digits) {
        Some((second @ 0xDC00..0xE000, rest)) => {
            let code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
            (char::from_u32(code), rest)
        }
        _ => (None, rest),
    }
}

fn four_digits(text: &str) -> Option<(u32, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    Some((u32::from_str_radix(digits, 16).ok()?, rest))
}

/// Appends `text` as a JSON string with its quotes.
pub fn write_text(text: &str, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut plain_from = 0;
    for (index, &byte) in bytes.iter().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.extend_from_slice(bytes.get(plain_from..index).unwrap_or_default());
        plain_from = index + 1;
        match byte {
            b'"' | b'\\' => out.extend([b'\\', byte]),
            b'\n' => out.extend(b"\\n"),
            b'\r' => out.extend(b"\\r"),
            b'\t' => out.extend(b"\\t"),
            0x08 => out.extend(b"\\b"),
            0x0c => out.extend(b"\\f"),
            _ => {
                out.extend(b"\\u00");
                out.extend([HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            }
        }
    }
    out.extend_from_slice(bytes.get(plain_from..).unwrap_or_default());
    out.push(b'"');
}
