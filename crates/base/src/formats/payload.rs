//! One message of a broker as one record.

use crate::core::limits::LINE_BYTES;
use crate::formats::json::Scanner;
use base64::Engine as _;

/// What a message holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// A JSON object, which is the record.
    Json,
    /// Text, which becomes `{"text": "..."}`.
    Text,
    /// Anything, which becomes `{"base64": "..."}`.
    Bytes,
}

impl Content {
    /// The words of the option.
    pub const WORDS: &'static [&'static str] = &["json", "text", "bytes"];

    pub fn of(word: &str) -> Self {
        match word {
            "text" => Self::Text,
            "bytes" => Self::Bytes,
            _ => Self::Json,
        }
    }

    /// Appends the record as a line; on errors `out` is left as it was.
    pub fn push(self, message: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        if message.len() > LINE_BYTES {
            let (length, most) = (message.len(), LINE_BYTES);
            return Err(format!("the message has {length} bytes, a record has at most {most}"));
        }
        match self {
            Self::Json => push_json(message, out),
            Self::Text => {
                let text = std::str::from_utf8(message)
                    .map_err(|error| format!("the message is no text in UTF-8: {error}"))?;
                push_field("text", text, out);
                Ok(())
            }
            Self::Bytes => {
                let text = base64::engine::general_purpose::STANDARD.encode(message);
                push_field("base64", &text, out);
                Ok(())
            }
        }
    }
}

fn push_field(name: &str, text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    // Writing a text into memory cannot fail.
    drop(serde_json::to_writer(&mut *out, text));
    out.extend_from_slice(b"}\n");
}

fn push_json(message: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    if message.is_empty() {
        return Err("the message is empty".to_owned());
    }
    let no_json = |error: String| format!("the message is not JSON: {error}");
    let text = message.trim_ascii();
    if !text.starts_with(b"{") {
        return Err("the message is not a JSON object".to_owned());
    }
    let mut scanner = Scanner::new(text).map_err(no_json)?;
    scanner.skip().and_then(|()| scanner.end()).map_err(no_json)?;
    if memchr::memchr2(b'\n', b'\r', text).is_some() {
        // Line feeds between the parts are allowed in JSON, but a record is one line.
        let value: serde_json::Value =
            serde_json::from_slice(text).map_err(|error| no_json(error.to_string()))?;
        out.extend_from_slice(value.to_string().as_bytes());
    } else {
        out.extend_from_slice(text);
    }
    out.push(b'\n');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(content: Content, message: &[u8]) -> Result<String, String> {
        let mut out = b"before\n".to_vec();
        let pushed = content.push(message, &mut out);
        let out = String::from_utf8(out).unwrap();
        let own = out.strip_prefix("before\n").unwrap().to_owned();
        assert!(pushed.is_ok() || own.is_empty());
        pushed.map(|()| own)
    }

    #[test]
    fn json_passes_as_it_is_on_one_line() {
        assert_eq!(push(Content::Json, b" {\"a\": 1}\n").unwrap(), "{\"a\": 1}\n");
        assert_eq!(push(Content::Json, b"{\n \"a\": \"x\"\r\n}").unwrap(), "{\"a\":\"x\"}\n");
    }

    #[test]
    fn what_is_no_record_says_why() {
        let long = vec![b'x'; LINE_BYTES + 1];
        for (message, told) in [
            (b"".as_slice(), "empty"),
            (b"7", "not a JSON object"),
            (b"{\"a\":", "not JSON"),
            (b"{} {}", "not JSON"),
            (b"{\"a\":\"\xff\"}", "not JSON"),
            (&long, "at most"),
        ] {
            let error = push(Content::Json, message).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
        assert!(push(Content::Text, b"\xff").unwrap_err().contains("UTF-8"));
    }

    #[test]
    fn text_and_bytes_become_a_field() {
        assert_eq!(push(Content::Text, b"a \"b\"\n").unwrap(), "{\"text\":\"a \\\"b\\\"\\n\"}\n");
        assert_eq!(push(Content::Bytes, b"\x00\xff").unwrap(), "{\"base64\":\"AP8=\"}\n");
        assert_eq!(push(Content::Text, b"").unwrap(), "{\"text\":\"\"}\n");
    }
}
