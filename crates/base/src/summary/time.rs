//! Points in time as they stand in a cell: RFC 3339 and `YYYY-MM-DD[ HH:MM[:SS]]`, taken as UTC
//! when no offset is given. Also what a column of times looks like in the order of its rows.

use super::model::TimeFacts;

const DAY_SECONDS: i64 = 86_400;

/// Seconds since 1970 and nanoseconds; the order is that of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Time {
    seconds: i64,
    nanos: u32,
}

impl Time {
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let days = days(text.first_chunk::<10>()?)?;
        let mut time = Self { seconds: days * DAY_SECONDS, nanos: 0 };
        let [separator, rest @ ..] = &text[10..] else { return Some(time) };
        if !matches!(separator, b'T' | b't' | b' ') {
            return None;
        }
        let (seconds, rest) = clock(rest)?;
        let (nanos, rest) = fraction(rest)?;
        time.seconds += seconds - offset(rest)?;
        time.nanos = nanos;
        Some(time)
    }

    fn seconds_since(self, earlier: Self) -> f64 {
        let nanos = f64::from(self.nanos) - f64::from(earlier.nanos);
        (self.seconds - earlier.seconds) as f64 + nanos / 1e9
    }

    fn to_rfc3339(self) -> String {
        let (year, month, day) = civil(self.seconds.div_euclid(DAY_SECONDS));
        let second = self.seconds.rem_euclid(DAY_SECONDS);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        let mut text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
        if self.nanos > 0 {
            let fraction = format!(".{:09}", self.nanos);
            text.push_str(fraction.trim_end_matches('0'));
        }
        text.push('Z');
        text
    }
}

fn two(text: [u8; 2]) -> Option<i64> {
    let (tens, ones) = (text[0].wrapping_sub(b'0'), text[1].wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| i64::from(tens * 10 + ones))
}

/// Days since 1970 of `YYYY-MM-DD`.
fn days(text: &[u8; 10]) -> Option<i64> {
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = *text else { return None };
    let year = two([y0, y1])? * 100 + two([y2, y3])?;
    let (month, day) = (two([m0, m1])?, two([d0, d1])?);
    if !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return None;
    }
    // Howard Hinnant's `days_from_civil`: years start in March, so that leap days come last.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The inverse of `days`.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// `HH:MM` or `HH:MM:SS` as seconds, and what follows it. Second 60 is a leap second.
fn clock(text: &[u8]) -> Option<(i64, &[u8])> {
    let [h0, h1, b':', m0, m1, rest @ ..] = text else { return None };
    let (hour, minute) = (two([*h0, *h1])?, two([*m0, *m1])?);
    let (second, rest) = match rest {
        [b':', s0, s1, rest @ ..] => (two([*s0, *s1])?, rest),
        _ => (0, rest),
    };
    (hour < 24 && minute < 60 && second <= 60).then_some((hour * 3600 + minute * 60 + second, rest))
}

/// Nanoseconds; digits after the ninth are cut off.
fn fraction(text: &[u8]) -> Option<(u32, &[u8])> {
    let [b'.' | b',', digits @ ..] = text else { return Some((0, text)) };
    let length = digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
    if length == 0 {
        return None;
    }
    let mut nanos = 0;
    for digit in digits[..length].iter().chain(std::iter::repeat(&b'0')).take(9) {
        nanos = nanos * 10 + u32::from(digit - b'0');
    }
    Some((nanos, &digits[length..]))
}

/// Seconds east of UTC.
fn offset(text: &[u8]) -> Option<i64> {
    let (sign, h0, h1, m0, m1) = match *text {
        [] | [b'Z' | b'z'] => return Some(0),
        [sign, h0, h1, b':', m0, m1] | [sign, h0, h1, m0, m1] => (sign, h0, h1, m0, m1),
        _ => return None,
    };
    let (hours, minutes) = (two([h0, h1])?, two([m0, m1])?);
    let seconds = hours * 3600 + minutes * 60;
    match sign {
        _ if hours > 23 || minutes > 59 => None,
        b'+' => Some(seconds),
        b'-' => Some(-seconds),
        _ => None,
    }
}

/// The times of a column in the order of its rows.
#[derive(Debug, Default)]
pub(super) struct TimeOrder {
    seen: Option<Seen>,
}

#[derive(Debug)]
struct Seen {
    previous: Time,
    earliest: Time,
    latest: Time,
    largest_gap: f64,
    out_of_order: u64,
}

impl TimeOrder {
    pub(super) fn is_empty(&self) -> bool {
        self.seen.is_none()
    }

    pub(super) fn add(&mut self, time: Time) {
        let Some(seen) = &mut self.seen else {
            self.seen = Some(Seen {
                previous: time,
                earliest: time,
                latest: time,
                largest_gap: 0.0,
                out_of_order: 0,
            });
            return;
        };
        if time < seen.previous {
            seen.out_of_order += 1;
            seen.earliest = seen.earliest.min(time);
        } else {
            seen.largest_gap = seen.largest_gap.max(time.seconds_since(seen.previous));
            seen.latest = seen.latest.max(time);
        }
        seen.previous = time;
    }

    pub(super) fn facts(&self) -> Option<TimeFacts> {
        self.seen.as_ref().map(|seen| TimeFacts {
            first: seen.earliest.to_rfc3339(),
            last: seen.latest.to_rfc3339(),
            span_seconds: seen.latest.seconds_since(seen.earliest),
            largest_gap_seconds: seen.largest_gap,
            out_of_order: seen.out_of_order,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Time;

    fn shown(text: &str) -> Option<String> {
        Time::parse(text.as_bytes()).map(Time::to_rfc3339)
    }

    #[test]
    fn reads_every_form_it_promises() {
        for (text, expected) in [
            ("1970-01-01", "1970-01-01T00:00:00Z"),
            ("2024-02-29 12:34", "2024-02-29T12:34:00Z"),
            ("2024-02-29 12:34:56", "2024-02-29T12:34:56Z"),
            ("2024-02-29T12:34:56Z", "2024-02-29T12:34:56Z"),
            ("2024-12-31T23:30:00-01:00", "2025-01-01T00:30:00Z"),
            ("2024-01-01T00:30:00.120+0100", "2023-12-31T23:30:00.12Z"),
            ("0001-01-01T00:00:00.000000001Z", "0001-01-01T00:00:00.000000001Z"),
            ("9999-12-31T23:59:59.9999999999Z", "9999-12-31T23:59:59.999999999Z"),
            ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
        ] {
            assert_eq!(shown(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn leaves_everything_else_alone() {
        for text in [
            "",
            "2024",
            "2024-13-01",
            "2023-02-29",
            "2024-01-32",
            "2024-00-10",
            "2024-01-01X",
            "2024-01-01T",
            "2024-01-01T24:00:00Z",
            "2024-01-01T00:60:00Z",
            "2024-01-01T00:00:00.",
            "2024-01-01T00:00:00+",
            "2024-01-01T00:00:00+25:00",
            "2024-01-01T00:00:00Zulu",
            "24-01-01",
            "2024/01/01",
            "20240101T000000",
            "2024-1-01x00",
        ] {
            assert_eq!(shown(text), None, "{text}");
        }
    }

    #[test]
    fn every_day_of_eight_centuries_comes_back() {
        for day in (-200_000..100_000).step_by(7) {
            let time = Time { seconds: day * super::DAY_SECONDS, nanos: 0 };
            assert_eq!(Time::parse(time.to_rfc3339().as_bytes()), Some(time));
        }
    }
}
