//! Numbers as written: reading them, and bounding the arithmetic on big integers.

use std::sync::Arc;

use jaq_core::Error;
use jaq_json::Num;

use super::data::Value;

/// Longer integers than this would make printing and multiplying slow.
const MAX_DIGITS: usize = 1000;
const MAX_BITS: u64 = 4096;

/// Reads a number that the scanner or jaq's lexer has accepted.
pub(in crate::expr) fn number_from_text(text: &str) -> Num {
    // Most numbers are short integers, for which the general way is slow.
    if let Ok(integer) = text.parse::<isize>() {
        return Num::Int(integer);
    }
    if text.len() <= MAX_DIGITS
        && let Some(integer) = Num::from_str_radix(text, 10)
    {
        return integer;
    }
    let digits = text.trim_start_matches('-').as_bytes();
    let leading_zero =
        digits.first() == Some(&b'0') && digits.get(1).is_some_and(u8::is_ascii_digit);
    if leading_zero || text.len() > MAX_DIGITS {
        return Num::from_dec_str(text);
    }
    Num::Dec(Arc::new(text.to_owned()))
}

pub(super) fn heap_size(number: &Num) -> usize {
    match number {
        Num::Int(_) | Num::Float(_) => 0,
        Num::BigInt(big) => big.bits() as usize / 8,
        Num::Dec(text) => text.len(),
    }
}

/// Refuses integers too big to go on with.
pub(super) fn bounded(number: Num) -> Result<Value, Error<Value>> {
    match &number {
        Num::BigInt(big) if big.bits() > MAX_BITS => {
            Err(Error::str("the result is an integer of more than 4096 bits"))
        }
        _ => Ok(Value::Number(number)),
    }
}

pub(super) fn to_float(number: &Num) -> f64 {
    match number {
        Num::Int(integer) => *integer as f64,
        Num::Float(float) => *float,
        Num::BigInt(_) | Num::Dec(_) => number.to_string().parse().unwrap_or(f64::NAN),
    }
}
