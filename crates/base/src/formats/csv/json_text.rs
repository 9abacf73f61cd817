//! Cells as JSON: which are numbers as they are written, and how text is escaped.

/// Any decimal number of this many digits survives the way through a 64-bit float.
const SAFE_DIGITS: usize = 15;

/// Two digits of exponent stay far inside the range of a 64-bit float.
const SAFE_EXPONENT_DIGITS: usize = 2;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Whether `cell` is `-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?` and small enough to lose nothing.
#[inline]
pub(super) fn is_safe_number(cell: &[u8]) -> bool {
    let unsigned = cell.strip_prefix(b"-").unwrap_or(cell);
    let whole = leading_digits(unsigned);
    if whole == 0 || (whole > 1 && unsigned[0] == b'0') {
        return false;
    }
    let mut rest = &unsigned[whole..];
    let mut digits = whole;
    if let Some(fraction) = rest.strip_prefix(b".") {
        let length = leading_digits(fraction);
        if length == 0 {
            return false;
        }
        digits += length;
        rest = &fraction[length..];
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let exponent = exponent
            .strip_prefix(b"+")
            .unwrap_or_else(|| exponent.strip_prefix(b"-").unwrap_or(exponent));
        let length = leading_digits(exponent);
        if length == 0 || length > SAFE_EXPONENT_DIGITS {
            return false;
        }
        rest = &exponent[length..];
    }
    rest.is_empty() && digits <= SAFE_DIGITS
}

#[inline]
fn leading_digits(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(bytes.len())
}

/// Appends `text` (UTF-8) as a JSON string.
#[inline]
pub(super) fn push_string(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    if text.iter().fold(false, |found, byte| found | needs_escape(*byte)) {
        push_escaped(text, out);
    } else {
        out.extend_from_slice(text);
    }
    out.push(b'"');
}

#[inline]
fn needs_escape(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

fn push_escaped(text: &[u8], out: &mut Vec<u8>) {
    for byte in text {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..0x20 => {
                out.extend_from_slice(b"\\u00");
                out.push(HEX[usize::from(byte >> 4)]);
                out.push(HEX[usize::from(byte & 0xF)]);
            }
            _ => out.push(*byte),
        }
    }
}
