//! Values that are written as the author gave them: constants and the options of a choice.

/// A fixed value, ready in both notations.
#[derive(Debug, Clone)]
pub(super) struct Literal {
    plain: Vec<u8>,
    /// As it stands between the quotes of a JSON string, or bare.
    json: Vec<u8>,
}

impl Literal {
    pub(super) fn new(text: &str) -> Self {
        Self { plain: text.as_bytes().to_vec(), json: escape(text) }
    }

    pub(super) fn write(&self, escaped: bool, out: &mut Vec<u8>) {
        out.extend_from_slice(if escaped { &self.json } else { &self.plain });
    }
}

/// The text of a scalar as the author meant it, and whether it stands bare in JSON.
pub(super) fn read(text: &str) -> (&str, bool) {
    let text = text.trim();
    let inside = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    match inside {
        Some(inside) => (inside, false),
        None => (text, is_bare(text)),
    }
}

/// Whether a word is a JSON number, `true`, `false` or `null`.
pub(super) fn is_bare(text: &str) -> bool {
    matches!(text, "true" | "false" | "null") || is_json_number(text)
}

fn is_json_number(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let exponent = exponent.map(|digits| digits.strip_prefix(['+', '-']).unwrap_or(digits));
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(digits)
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The inside of a JSON string: only what must be escaped is, the rest stays UTF-8.
pub(super) fn escape(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..0x20 => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => out.push(byte),
        }
    }
    out
}
