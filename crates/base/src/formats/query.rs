//! A record's fields as a query string.

use serde_json::Value;

/// `url?name=Ada+Lovelace&age=36`: form encoding, as browsers and Python's `requests` write it.
pub fn with_fields(url: &str, record: &[u8]) -> Result<String, String> {
    let value: Value = serde_json::from_slice(record)
        .map_err(|error| format!("the record is not JSON: {error}"))?;
    let Value::Object(fields) = value else {
        return Err("only an object has fields for a query".to_owned());
    };
    let mut out = url.to_owned();
    for (name, value) in &fields {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        };
        out.push(if out.contains('?') { '&' } else { '?' });
        encode(name, &mut out);
        out.push('=');
        encode(&text, &mut out);
    }
    Ok(out)
}

fn encode(text: &str, out: &mut String) {
    use std::fmt::Write as _;
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            // Writing into a text cannot fail.
            _ => drop(write!(out, "%{byte:02X}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_form_encoded() {
        let url =
            with_fields("http://h/users/", br#"{"name":"Spencer Griffith","age":52}"#).unwrap();
        assert_eq!(url, "http://h/users/?name=Spencer+Griffith&age=52");
        assert_eq!(
            with_fields("http://h/?a=1", "{\"ü\":\"&\"}".as_bytes()).unwrap(),
            "http://h/?a=1&%C3%BC=%26"
        );
    }
}
