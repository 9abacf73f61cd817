//! Numbers as people read them: thousands separators, SI letters for long ones, powers of ten for the rest.

use crate::core::text::singular;

const MINUS: &str = "−";
const PREFIXES: [(f64, &str); 4] = [(1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M")];

/// A whole number with thousands separators: `1,234,567`.
pub fn count(value: u64) -> String {
    group(&value.to_string())
}

/// `1,234 users`, `1 user`.
pub fn counted(value: u64, plural: &str) -> String {
    match value {
        1 => format!("1 {}", singular(plural)),
        many => format!("{} {plural}", count(many)),
    }
}

/// A count that shall stay short: `1,234,567` becomes `1.23M`.
pub fn short_count(value: u64) -> String {
    if value < 1_000_000 { count(value) } else { number(value as f64) }
}

/// A number in a sentence: about four significant digits, whole below a million.
pub fn number(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    if !value.is_finite() {
        return if value.is_nan() { "none".to_owned() } else { signed(value, "∞".to_owned()) };
    }
    let size = value.abs();
    let text = match size {
        _ if !(1e-4..1e18).contains(&size) => scientific(size, 2),
        _ if size >= 1e6 && size.fract() == 0.0 && size < 1e7 => fixed(size, 0),
        _ if size >= 999_950.0 => with_prefix(size, 2),
        _ if size >= 1000.0 => trim_zeros(&fixed(size, usize::from(size < 10_000.0))),
        _ => {
            let before = size.log10().floor() as i32;
            trim_zeros(&fixed(size, usize::try_from(3 - before).unwrap_or(0).min(7)))
        }
    };
    signed(value, text)
}

/// A number among others that span `span`: with enough digits to tell them apart, even far from zero.
pub fn number_within(value: f64, span: f64) -> String {
    let size = value.abs();
    let crowded = (1000.0..1e15).contains(&size) && span > 0.0 && span < size * 0.01;
    if !crowded {
        return number(value);
    }
    let digits = usize::try_from(2 - span.log10().floor() as i32).unwrap_or(0).min(6);
    signed(value, trim_zeros(&fixed(size, digits)))
}

/// Bytes in decimal units: `12.3 MB`. Number and unit stay on one line.
pub fn bytes(value: u64) -> String {
    const UNITS: [(f64, &str); 4] = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    let size = value as f64;
    for (unit, name) in UNITS {
        if size >= unit {
            return format!("{}\u{a0}{name}", trim_zeros(&fixed(size / unit, 1)));
        }
    }
    if value == 1 { "1\u{a0}byte".to_owned() } else { format!("{value}\u{a0}bytes") }
}

/// A share as a percentage that never claims 0 % or 100 % for what is only nearly so.
pub fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "0\u{a0}%".to_owned();
    }
    let share = part as f64 * 100.0 / whole as f64;
    match share {
        _ if part == 0 => "0\u{a0}%".to_owned(),
        _ if share < 0.1 => "<\u{a0}0.1\u{a0}%".to_owned(),
        _ if share < 9.95 => format!("{}\u{a0}%", trim_zeros(&format!("{share:.1}"))),
        _ if part < whole && share > 99.0 => format!("{:.1}\u{a0}%", share.min(99.9)),
        _ => format!("{share:.0}\u{a0}%"),
    }
}

/// Labels for evenly spaced ticks: all in the same unit, with as many decimals as the step needs.
pub fn tick_labels(values: &[f64], step: f64) -> Vec<String> {
    let largest = values.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
    values.iter().map(|value| tick_label(*value, step, largest)).collect()
}

fn tick_label(value: f64, step: f64, largest: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let size = value.abs();
    if largest >= 1e18 || (largest < 1e-4 && largest > 0.0) {
        let digits = decimals(step / 10_f64.powf(largest.log10().floor()));
        return signed(value, scientific(size, digits.min(3)));
    }
    let prefix = PREFIXES.iter().find(|(unit, _)| largest >= *unit);
    if let Some((unit, name)) = prefix {
        let digits = decimals(step / unit);
        if digits <= 3 {
            return signed(value, format!("{}{name}", fixed(size / unit, digits)));
        }
    }
    signed(value, fixed(size, decimals(step).min(9)))
}

/// How many decimals a step such as 0.25 or 0.02 needs.
fn decimals(step: f64) -> usize {
    let mut digits = 0;
    let mut scaled = step.abs();
    while digits < 12 && (scaled - scaled.round()).abs() > 1e-6 * scaled.max(1e-9) {
        scaled *= 10.0;
        digits += 1;
    }
    digits
}

fn fixed(size: f64, digits: usize) -> String {
    let text = format!("{size:.digits$}");
    match text.split_once('.') {
        Some((whole, rest)) => format!("{}.{rest}", group(whole)),
        None => group(&text),
    }
}

fn with_prefix(size: f64, digits: usize) -> String {
    // A number that rounds up to the next unit is written in that unit.
    let rounded = size * 1.000_05;
    for (unit, name) in PREFIXES {
        if rounded >= unit {
            return format!("{}{name}", trim_zeros(&fixed(size / unit, digits)));
        }
    }
    trim_zeros(&fixed(size, digits))
}

fn scientific(size: f64, digits: usize) -> String {
    let text = format!("{size:.digits$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let power: String = exponent.chars().map(superscript).collect();
    match trim_zeros(mantissa).as_str() {
        "1" => format!("10{power}"),
        mantissa => format!("{mantissa}×10{power}"),
    }
}

fn superscript(digit: char) -> char {
    match digit {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        '0' => '⁰',
        '4'..='9' => char::from_u32(0x2070 + digit.to_digit(10).unwrap_or(4)).unwrap_or(digit),
        _ => digit,
    }
}

fn signed(value: f64, size: String) -> String {
    if value < 0.0 { format!("{MINUS}{size}") } else { size }
}

fn trim_zeros(text: &str) -> String {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text.to_owned()
    }
}

fn group(digits: &str) -> String {
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_naturally_at_every_magnitude() {
        let cases = [
            (0.0, "0"),
            (48.0, "48"),
            (0.4, "0.4"),
            (99.123_456, "99.12"),
            (-3.5, "−3.5"),
            (1234.56, "1,234.6"),
            (12_345.6, "12,346"),
            (999_999.9, "1M"),
            (1_234_567.0, "1,234,567"),
            (1_234_567.8, "1.23M"),
            (1e12, "1T"),
            (1e-9, "10⁻⁹"),
            (2.5e-9, "2.5×10⁻⁹"),
            (-4e20, "−4×10²⁰"),
            (0.001_234, "0.001234"),
        ];
        for (value, text) in cases {
            assert_eq!(number(value), text, "{value}");
        }
    }

    #[test]
    fn numbers_far_from_zero_stay_apart() {
        assert_eq!(number_within(1e12 + 4.25, 20.0), "1,000,000,000,004.2");
        assert_eq!(number_within(1e12, 1e12), "1T");
        assert_eq!(number_within(48.5, 100.0), "48.5");
    }

    #[test]
    fn tick_labels_share_one_form() {
        assert_eq!(tick_labels(&[0.0, 0.25, 0.5], 0.25), ["0", "0.25", "0.50"]);
        assert_eq!(tick_labels(&[0.0, 5e5, 1e6], 5e5), ["0", "0.5M", "1.0M"]);
        assert_eq!(tick_labels(&[0.0, 2e-9], 2e-9), ["0", "2×10⁻⁹"]);
        let far = tick_labels(&[1e12, 1e12 + 1.0], 1.0);
        assert_eq!(far, ["1,000,000,000,000", "1,000,000,000,001"]);
    }

    #[test]
    fn a_percentage_does_not_round_to_all_or_nothing() {
        assert_eq!(percent(999_999, 1_000_000), "99.9\u{a0}%");
        assert_eq!(percent(1, 1_000_000), "<\u{a0}0.1\u{a0}%");
        assert_eq!(percent(1, 3), "33\u{a0}%");
        assert_eq!(percent(0, 0), "0\u{a0}%");
    }

    #[test]
    fn bytes_use_decimal_units() {
        assert_eq!(bytes(1), "1\u{a0}byte");
        assert_eq!(bytes(999), "999\u{a0}bytes");
        assert_eq!(bytes(1_250_000), "1.2\u{a0}MB");
    }
}
