//! Ticks and dates on an axis of seconds since 1970, in UTC and without a calendar library.

use super::ticks::{Domain, Tick, nice_step};

const MINUTE: f64 = 60.0;
const HOUR: f64 = 3600.0;
const DAY: f64 = 86_400.0;
/// A mean month; only used to choose how many months a step has.
const MONTH: f64 = 30.44 * DAY;

const CLOCK_STEPS: [f64; 18] = [
    1.0,
    2.0,
    5.0,
    10.0,
    15.0,
    30.0,
    MINUTE,
    2.0 * MINUTE,
    5.0 * MINUTE,
    10.0 * MINUTE,
    15.0 * MINUTE,
    30.0 * MINUTE,
    HOUR,
    2.0 * HOUR,
    3.0 * HOUR,
    6.0 * HOUR,
    12.0 * HOUR,
    DAY,
];
const MONTH_STEPS: [i64; 4] = [1, 2, 3, 6];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/// The years 0 to 9999; beyond them dates are written as plain numbers.
const EARLIEST: f64 = -62_167_219_200.0;
const LATEST: f64 = 253_402_300_800.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Date {
    year: i64,
    /// From 1.
    month: i64,
    day: i64,
}

/// Ticks inside the domain at about `count` intervals, at full minutes, hours, days, months or years.
pub(super) fn ticks(domain: Domain, count: usize) -> Vec<Tick> {
    let low = domain.low.clamp(EARLIEST, LATEST);
    let high = domain.high.clamp(EARLIEST, LATEST);
    let rough = (high - low) / count.max(1) as f64;
    if rough <= 0.0 {
        return Vec::new();
    }
    if let Some(step) = CLOCK_STEPS.into_iter().find(|step| *step >= rough) {
        let step = if rough < 0.5 { nice_step(high - low, count) } else { step };
        return clock_ticks(low, high, step);
    }
    if rough < 0.6 * MONTH {
        return day_ticks(low, high, rough);
    }
    let months = MONTH_STEPS.into_iter().find(|step| *step as f64 * MONTH >= rough);
    let years = nice_step((high - low) / (365.25 * DAY), count).max(1.0) as i64;
    month_ticks(low, high, months.unwrap_or(years * 12))
}

fn clock_ticks(low: f64, high: f64, step: f64) -> Vec<Tick> {
    let first = (low / step - 1e-9).ceil();
    let many = ((high / step + 1e-9).floor() - first).clamp(-1.0, 200.0) + 1.0;
    let values = (0..many as usize).map(|place| (first + place as f64) * step);
    values.map(|value| Tick { value, label: clock_label(value, step) }).collect()
}

/// Days counted from the first of each month, so that the steps look the same in every month.
fn day_ticks(low: f64, high: f64, rough: f64) -> Vec<Tick> {
    let step = [2, 5, 10, 15].into_iter().find(|days| *days as f64 * DAY >= rough).unwrap_or(15);
    let first = date((low / DAY).floor() as i64);
    let mut found = Vec::new();
    let (mut year, mut month) = (first.year, first.month);
    loop {
        let begin = days_since_1970(Date { year, month, day: 1 });
        if begin as f64 * DAY > high {
            return found;
        }
        // The last step before a month's end would crowd the first of the next month.
        for day in (0..=30 - step).step_by(usize::try_from(step).unwrap_or(1)) {
            let value = (begin + day) as f64 * DAY;
            if (low..=high).contains(&value) && date(begin + day).month == month {
                found.push(Tick { value, label: clock_label(value, DAY) });
            }
        }
        (year, month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    }
}

fn month_ticks(low: f64, high: f64, step: i64) -> Vec<Tick> {
    let first = date((low / DAY).floor() as i64);
    let mut index = (first.year * 12 + first.month - 1).div_euclid(step) * step;
    let mut found = Vec::new();
    loop {
        let (year, month) = (index.div_euclid(12), index.rem_euclid(12) + 1);
        let value = days_since_1970(Date { year, month, day: 1 }) as f64 * DAY;
        if value > high || found.len() > 200 {
            return found;
        }
        if value >= low {
            let label = if month == 1 { year.to_string() } else { month_name(month).to_owned() };
            found.push(Tick { value, label });
        }
        index += step;
    }
}

fn clock_label(value: f64, step: f64) -> String {
    let days = (value / DAY).floor();
    let seconds = value - days * DAY;
    if step >= DAY || seconds == 0.0 {
        let date = date(days as i64);
        return format!("{} {}", date.day, month_name(date.month));
    }
    let (hour, minute) = ((seconds / HOUR).floor(), (seconds % HOUR / MINUTE).floor());
    let rest = seconds % MINUTE;
    if step >= MINUTE {
        format!("{hour:02}:{minute:02}")
    } else if step >= 1.0 {
        format!("{hour:02}:{minute:02}:{rest:02.0}")
    } else {
        let digits = usize::try_from(-(step.log10().floor() as i32)).unwrap_or(3).min(6);
        format!("{hour:02}:{minute:02}:{rest:0width$.digits$}", width = digits + 3)
    }
}

/// The days an axis covers, for the reader who only sees clock times: `3 Mar 2026 – 4 Apr 2026, UTC`.
pub fn date_range(low: f64, high: f64) -> String {
    let first = date_text(low);
    let last = date_text(high);
    if first == last { format!("{first}, UTC") } else { format!("{first} – {last}, UTC") }
}

/// `3 Mar 2026`.
pub fn date_text(seconds: f64) -> String {
    let days = (seconds.clamp(EARLIEST, LATEST) / DAY).floor();
    let Date { year, month, day } = date(days as i64);
    format!("{day} {} {year}", month_name(month))
}

/// A duration in its largest fitting unit: `3.5 hours`.
pub fn duration(seconds: f64) -> String {
    const UNITS: [(f64, &str); 5] =
        [(365.25 * DAY, "year"), (DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"), (1.0, "second")];
    let size = seconds.abs();
    let (unit, name) =
        UNITS.into_iter().find(|(unit, _)| size >= 0.9995 * unit).unwrap_or((1.0, "second"));
    let amount = (size / unit * 10.0).round() / 10.0;
    let amount = if unit == 1.0 && size < 1.0 { size } else { amount };
    let ending = if amount == 1.0 { "" } else { "s" };
    format!("{} {name}{ending}", super::number::number(amount))
}

fn month_name(month: i64) -> &'static str {
    usize::try_from(month - 1).ok().and_then(|place| MONTHS.get(place)).copied().unwrap_or("?")
}

/// Days from 1970-01-01 to a date of the Gregorian calendar, counted in eras of 400 years.
fn days_since_1970(date: Date) -> i64 {
    let year = if date.month <= 2 { date.year - 1 } else { date.year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((date.month + 9) % 12) + 2) / 5 + date.day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn date(days: i64) -> Date {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day = days.rem_euclid(146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let first = (153 * month + 2) / 5;
    let calendar_month = if month < 10 { month + 3 } else { month - 9 };
    Date {
        year: era * 400 + year + i64::from(calendar_month <= 2),
        month: calendar_month,
        day: day - first + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(low: f64, high: f64) -> Vec<String> {
        ticks(Domain::new(low, high), 6).into_iter().map(|tick| tick.label).collect()
    }

    /// 2026-03-03T00:00:00Z.
    const THIRD_OF_MARCH: f64 = 1_772_496_000.0;

    #[test]
    fn dates_survive_the_way_there_and_back() {
        for days in (-719_000..2_900_000).step_by(373) {
            assert_eq!(days_since_1970(date(days)), days);
        }
        assert_eq!(date_text(THIRD_OF_MARCH), "3 Mar 2026");
        assert_eq!(date_text(951_782_400.0), "29 Feb 2000");
    }

    #[test]
    fn ticks_stand_at_round_times_of_every_length() {
        let from = THIRD_OF_MARCH + 12.0 * HOUR;
        assert_eq!(
            labels(from, from + 5.0),
            ["12:00:00", "12:00:01", "12:00:02", "12:00:03", "12:00:04", "12:00:05"]
        );
        assert_eq!(labels(from, from + DAY), ["12:00", "18:00", "4 Mar", "06:00", "12:00"]);
        assert_eq!(
            labels(from, from + 3.0 * DAY),
            ["12:00", "4 Mar", "12:00", "5 Mar", "12:00", "6 Mar", "12:00"]
        );
        assert_eq!(
            labels(from, from + 50.0 * DAY),
            ["11 Mar", "21 Mar", "1 Apr", "11 Apr", "21 Apr"]
        );
        assert_eq!(labels(from, from + 400.0 * DAY), ["Apr", "Jul", "Oct", "2027", "Apr"]);
        assert_eq!(labels(from, from + 4000.0 * DAY), ["2028", "2030", "2032", "2034", "2036"]);
        assert_eq!(labels(from, from + 0.05).first().map(String::as_str), Some("12:00:00.00"));
    }

    #[test]
    fn odd_time_spans_make_few_ticks() {
        for (low, high) in [(-1e300, 1e300), (0.0, 1e15), (-1e11, 0.0), (0.0, 0.0), (1e12, 2e12)] {
            assert!(ticks(Domain::new(low, high), 6).len() < 20, "{low} {high}");
        }
    }

    #[test]
    fn a_duration_names_its_largest_unit() {
        assert_eq!(duration(0.25), "0.25 seconds");
        assert_eq!(duration(60.0), "1 minute");
        assert_eq!(duration(12_600.0), "3.5 hours");
        assert_eq!(duration(86_400.0 * 30.0), "30 days");
    }
}
