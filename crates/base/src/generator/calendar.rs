//! UTC calendar arithmetic and the spelling of times and durations; no time zones, no clock.

use super::decimal::{two_digits, write_integer};

/// 0001-01-01 and the last millisecond of 9999: all that RFC 3339 can write.
const FIRST_MS: i64 = -62_135_596_800_000;
const LAST_MS: i64 = 253_402_300_799_999;
const DAY_MS: i64 = 86_400_000;

/// How a moment is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeFormat {
    Rfc3339,
    Date,
    Unix,
    UnixMilliseconds,
}

impl TimeFormat {
    pub(super) fn is_text(self) -> bool {
        matches!(self, Self::Rfc3339 | Self::Date)
    }

    pub(super) fn write(self, milliseconds: i64, out: &mut Vec<u8>) {
        let milliseconds = milliseconds.clamp(FIRST_MS, LAST_MS);
        match self {
            Self::Rfc3339 => write_rfc3339(milliseconds, out),
            Self::Date => out.extend_from_slice(&date(milliseconds.div_euclid(DAY_MS))),
            Self::Unix => write_integer(milliseconds.div_euclid(1000), out),
            Self::UnixMilliseconds => write_integer(milliseconds, out),
        }
    }
}

fn write_rfc3339(milliseconds: i64, out: &mut Vec<u8>) {
    let days = milliseconds.div_euclid(DAY_MS);
    let in_day = milliseconds.rem_euclid(DAY_MS) as u32;
    let (seconds, thousandths) = (in_day / 1000, in_day % 1000);
    let mut text = *b"0000-00-00T00:00:00.000Z";
    text[..10].copy_from_slice(&date(days));
    text[11..13].copy_from_slice(&two_digits(seconds / 3600));
    text[14..16].copy_from_slice(&two_digits(seconds / 60 % 60));
    text[17..19].copy_from_slice(&two_digits(seconds % 60));
    text[20] = b'0' + (thousandths / 100) as u8;
    text[21..23].copy_from_slice(&two_digits(thousandths % 100));
    out.extend_from_slice(&text);
}

/// `YYYY-MM-DD` of a day counted from 1970-01-01.
#[inline]
fn date(days: i64) -> [u8; 10] {
    let (year, month, day) = civil(days);
    let mut text = *b"0000-00-00";
    text[..2].copy_from_slice(&two_digits(year / 100));
    text[2..4].copy_from_slice(&two_digits(year % 100));
    text[5..7].copy_from_slice(&two_digits(month));
    text[8..10].copy_from_slice(&two_digits(day));
    text
}

/// Year, month and day of a day counted from 1970-01-01 (Hinnant's algorithm, years 1 to 9999).
#[inline]
fn civil(days: i64) -> (u32, u32, u32) {
    let shifted = (days + 719_468) as u32;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + u32::from(month <= 2), month, day)
}

/// The day, counted from 1970-01-01, of a date in the years 1 to 9999.
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Reads a date, or a date and time with `Z` or an offset, as milliseconds since 1970.
pub(super) fn parse_instant(text: &str) -> Option<i64> {
    let (day, time) = match text.split_once(['T', 't', ' ']) {
        Some((day, time)) => (day, Some(time)),
        None => (text, None),
    };
    let [year, month, day_of_month] = numbers(day, '-', [4, 2, 2])?;
    let days = days_of(year, month, day_of_month);
    if year < 1 || civil(days) != (year as u32, month as u32, day_of_month as u32) {
        return None;
    }
    let in_day = time.map_or(Some(0), parse_time_of_day)?;
    Some(days * DAY_MS + in_day)
}

fn parse_time_of_day(text: &str) -> Option<i64> {
    let (clock, offset_minutes) = match text.strip_suffix(['Z', 'z']) {
        Some(clock) => (clock, 0),
        None => split_offset(text)?,
    };
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
    if hour > 23 || minute > 59 || second > 59 || !is_digits(fraction) {
        return None;
    }
    let thousandths = format!("{fraction:0<3}").get(..3)?.parse::<i64>().ok()?;
    Some(((hour * 60 + minute - offset_minutes) * 60 + second) * 1000 + thousandths)
}

fn split_offset(text: &str) -> Option<(&str, i64)> {
    let at = text.rfind(['+', '-'])?;
    let (clock, offset) = text.split_at_checked(at)?;
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    let [hours, minutes] = numbers(offset.get(1..)?, ':', [2, 2])?;
    (hours < 24 && minutes < 60).then_some((clock, sign * (hours * 60 + minutes)))
}

fn numbers<const N: usize>(text: &str, between: char, widths: [usize; N]) -> Option<[i64; N]> {
    let mut parts = text.split(between);
    let mut values = [0; N];
    for (value, width) in values.iter_mut().zip(widths) {
        *value =
            parts.next().filter(|part| part.len() == width && is_digits(part))?.parse().ok()?;
    }
    parts.next().is_none().then_some(values)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Reads `50ms`, `1.5s`, `24h`; a bare number is seconds. The result is in microseconds.
pub(super) fn parse_duration(text: &str) -> Option<u64> {
    let unit_at = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.');
    let (number, unit) = text.split_at_checked(unit_at.unwrap_or(text.len()))?;
    let micros: f64 = match unit {
        "us" | "µs" => 1.0,
        "ms" => 1e3,
        "s" | "" => 1e6,
        "m" => 6e7,
        "h" => 3.6e9,
        "d" => 8.64e10,
        _ => return None,
    };
    let micros = number.parse::<f64>().ok()? * micros;
    (micros < 9e18).then_some(micros.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_ten_thousand_years_is_written_as_it_is_read() {
        let mut out = Vec::new();
        for day in (FIRST_MS / DAY_MS..=LAST_MS / DAY_MS).step_by(13) {
            out.clear();
            TimeFormat::Rfc3339.write(day * DAY_MS + 3_723_004, &mut out);
            let text = str::from_utf8(&out).expect("is UTF-8");
            assert_eq!(parse_instant(text), Some(day * DAY_MS + 3_723_004), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "2026", "2026-13-01", "2026-02-29", "2026-01-01T24:00:00Z", "0000-01-01"] {
            assert_eq!(parse_instant(text), None, "{text}");
        }
        assert_eq!(parse_instant("2026-01-01T00:00:00"), None, "a time needs its zone");
    }

    #[test]
    fn durations_have_units() {
        let read = ["5", "1.5s", "50ms", "10us", "2m", "1h", "1d", "1w", "s", "-1s", "1e3s"];
        let expected = [
            Some(5_000_000),
            Some(1_500_000),
            Some(50_000),
            Some(10),
            Some(120_000_000),
            Some(3_600_000_000),
            Some(86_400_000_000),
            None,
            None,
            None,
            None,
        ];
        assert_eq!(read.map(parse_duration), expected);
    }
}
