//! Numbers as bytes: integers, fixed decimals and shortest floats, without allocation.

/// The digits of 00 to 99, two bytes each.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[b'0'; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
};

/// The two digits of a number below 100.
pub(super) fn two_digits(number: u32) -> [u8; 2] {
    PAIRS[(number % 100) as usize]
}

#[inline]
pub(super) fn write_integer(number: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Writes `scaled / 10^decimals` with exactly that many decimals.
pub(super) fn write_scaled(scaled: i64, decimals: u8, out: &mut Vec<u8>) {
    if decimals == 0 {
        return write_integer(scaled, out);
    }
    let power = 10_u64.pow(u32::from(decimals));
    let magnitude = scaled.unsigned_abs();
    if scaled < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(itoa::Buffer::new().format(magnitude / power).as_bytes());
    // The leading 1 of power + rest keeps the zeros; its place becomes the point.
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(power + magnitude % power).as_bytes();
    out.push(b'.');
    out.extend_from_slice(digits.get(1..).unwrap_or_default());
}

/// Writes a number with so many decimals, or with as few digits as identify it.
pub(super) fn write_float(number: f64, decimals: Option<u8>, out: &mut Vec<u8>) {
    let number = number.clamp(f64::MIN, f64::MAX);
    if let Some(decimals) = decimals {
        let scaled = libm::round(number * power_of_ten(decimals));
        // From 2^53 on a float has no decimals left to round.
        if scaled.abs() < 9_007_199_254_740_992.0 {
            return write_scaled(scaled as i64, decimals, out);
        }
    }
    out.extend_from_slice(zmij::Buffer::new().format_finite(number).as_bytes());
}

pub(super) fn power_of_ten(decimals: u8) -> f64 {
    10_u64.pow(u32::from(decimals)) as f64
}
