//! The integers that Pydantic's lax mode reads from text, which clients of the original `users` API rely on.

/// Why a text is no such integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LaxFault {
    NotInteger,
    /// A whole number beyond 64 bits; the original takes up to 4300 digits.
    TooBig,
}

/// `[+-]?`, digits that may have single underscores between them, and perhaps `.000`; blanks around it do no harm.
pub fn integer(text: &str) -> Result<i64, LaxFault> {
    let trimmed = text.trim();
    let (is_negative, unsigned) = match trimmed.as_bytes() {
        [b'-', ..] => (true, &trimmed[1..]),
        [b'+', ..] => (false, &trimmed[1..]),
        _ => (false, trimmed),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let is_zero = !fraction.is_empty() && fraction.bytes().all(|byte| byte == b'0');
    let groups_are_digits = whole
        .split('_')
        .all(|group| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit()));
    if !is_zero || !groups_are_digits {
        return Err(LaxFault::NotInteger);
    }
    let digits = whole.bytes().filter(|byte| *byte != b'_').map(|byte| i64::from(byte - b'0'));
    // Counted downwards, because the smallest number has no positive counterpart.
    let negative = digits.into_iter().try_fold(0_i64, |sum, digit| {
        sum.checked_mul(10).and_then(|sum| sum.checked_sub(digit)).ok_or(LaxFault::TooBig)
    })?;
    if is_negative { Ok(negative) } else { negative.checked_neg().ok_or(LaxFault::TooBig) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every line of the recorded table.
    #[test]
    fn takes_what_the_original_takes() {
        for (text, number) in [
            ("-5", -5),
            ("+18", 18),
            (" 18", 18),
            ("0019", 19),
            ("1_7", 17),
            ("14.0", 14),
            ("14.00", 14),
            ("1.000", 1),
            ("30.0", 30),
            (" 13 ", 13),
            ("1\n", 1),
            ("-0", 0),
            ("00123", 123),
            ("1_0_0.0", 100),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
        ] {
            assert_eq!(integer(text), Ok(number), "{text:?}");
        }
    }

    #[test]
    fn refuses_what_the_original_refuses() {
        for text in [
            "", " ", "\t\n", "abc", "true", "null", "1.5", "1e2", "1.", ".0", "0x10", "1__7", "_1",
            "1_", "+", "-", "+-1", "- 1", "1 7", "١٢", "１", "%", "1.0_0", "1.0.0", ".", "--1",
        ] {
            assert_eq!(integer(text), Err(LaxFault::NotInteger), "{text:?}");
        }
    }

    /// On purpose unlike the original, whose integers have no bound.
    #[test]
    fn tells_what_is_beyond_64_bits() {
        for text in ["9223372036854775808", "-9223372036854775809", &"9".repeat(4301)] {
            assert_eq!(integer(text), Err(LaxFault::TooBig), "{text:?}");
        }
    }
}
