//! Percent signs of paths and query strings, decoded as browsers and Python do: what cannot be decoded stays, bytes
//! that are no UTF-8 become U+FFFD.

/// The parameters in their order, repeated ones too. A plus is a blank, a name without `=` has an empty value.
pub fn decode_query(query: &str) -> Vec<(String, String)> {
    let parts = query.split('&').filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (decode(name, Plus::IsBlank), decode(value, Plus::IsBlank))
        })
        .collect()
}

/// One segment of a path; a plus is a plus.
pub fn decode_path(segment: &str) -> String {
    decode(segment, Plus::IsItself)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Plus {
    IsBlank,
    IsItself,
}

fn decode(text: &str, plus: Plus) -> String {
    let has_plus = plus == Plus::IsBlank && text.contains('+');
    if !has_plus && !text.contains('%') {
        return text.to_owned();
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        match (first, after) {
            (b'+', _) if has_plus => out.push(b' '),
            (b'%', [high, low, behind @ ..]) => match hexadecimal(*high).zip(hexadecimal(*low)) {
                Some((high, low)) => {
                    out.push(high << 4 | low);
                    rest = behind;
                }
                None => out.push(b'%'),
            },
            (other, _) => out.push(*other),
        }
    }
    match String::from_utf8(out) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    }
}

fn hexadecimal(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(query: &str) -> Vec<(String, String)> {
        decode_query(query)
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn decodes_as_the_original_does() {
        let query = "user_id=134&name=Spencer+Griffith&age=%2B18";
        let expected =
            [pair("user_id", "134"), pair("name", "Spencer Griffith"), pair("age", "+18")];
        assert_eq!(pairs(query), expected);
        assert_eq!(pairs("a=1&a=2"), [pair("a", "1"), pair("a", "2")]);
        assert_eq!(pairs("user_id=26;name=semi;age=3"), [pair("user_id", "26;name=semi;age=3")]);
        assert_eq!(pairs("&a&&=b&c==d&"), [pair("a", ""), pair("", "b"), pair("c", "=d")]);
        assert_eq!(pairs("a%3Db=%c3%89lo%C3%AFse"), [pair("a=b", "Éloïse")]);
        assert_eq!(pairs(""), []);
    }

    #[test]
    fn what_cannot_be_decoded_stays_or_is_marked() {
        assert_eq!(
            pairs("a=%&b=%4&c=%zz&d=100%"),
            [pair("a", "%"), pair("b", "%4"), pair("c", "%zz"), pair("d", "100%"),]
        );
        assert_eq!(decode_path("%FF%FE"), "\u{fffd}\u{fffd}");
        assert_eq!(decode_path("a+b%20c%2Fd%00"), "a+b c/d\0");
        assert_eq!(decode_path("%"), "%");
    }
}
