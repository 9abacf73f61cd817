//! Durations and sizes as people write them: `3s`, `250ms`, `10MiB`.

use crate::core::options::Keep;
use std::time::Duration;

/// Parses a duration; a bare number is seconds, fractions allowed.
pub fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = split(text)?;
    let seconds = match unit {
        "" | "s" => number,
        "us" | "µs" => number / 1e6,
        "ms" => number / 1e3,
        "m" | "min" => number * 60.0,
        "h" => number * 3600.0,
        "d" => number * 86_400.0,
        other => return Err(format!("`{other}` is no unit of time: write us, ms, s, m, h or d")),
    };
    Duration::try_from_secs_f64(seconds).map_err(|_| format!("`{text}` is too long a time"))
}

/// Parses a size; a bare number is bytes.
pub fn size(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text)?;
    let factor = match unit {
        "" | "B" => 1.0,
        "kB" | "KB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        "KiB" | "kiB" => 1024.0,
        "MiB" => 1024.0 * 1024.0,
        "GiB" => 1024.0 * 1024.0 * 1024.0,
        other => {
            return Err(format!(
                "`{other}` is no unit of size: write B, kB, MB, GB, KiB, MiB or GiB"
            ));
        }
    };
    Ok((number * factor) as u64)
}

/// Parses a bound: `100` is a count, `7d` an age, `1GB` a size.
pub fn keep(text: &str) -> Result<Keep, String> {
    let (number, unit) = split(text)?;
    if unit.is_empty() {
        return Ok(Keep::Count(number as u64));
    }
    duration(text).map(Keep::Age).or_else(|_| size(text).map(Keep::Bytes)).map_err(|_| {
        format!("`{unit}` is neither a unit of time nor of size: write 100, 7d or 1GB")
    })
}

/// Parses a share: `1%` or `0.01`.
pub fn share(text: &str) -> Result<f64, String> {
    let (number, unit) = split(text)?;
    let share = match unit {
        "" => number,
        "%" => number / 100.0,
        other => return Err(format!("`{other}` is no unit of a share: write 1% or 0.01")),
    };
    if share > 1.0 {
        return Err(format!("`{text}` is more than all: write 1% or 0.01"));
    }
    Ok(share)
}

fn split(text: &str) -> Result<(f64, &str), String> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    match number.parse::<f64>() {
        Ok(number) => Ok((number, unit.trim())),
        Err(_) => Err(format!("`{text}` does not start with a number")),
    }
}

/// A duration for people: `5s`, `250ms`, `1m 30s`.
pub fn show_duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 1.0 {
        format!("{}ms", duration.as_millis())
    } else if seconds < 60.0 {
        format!("{}s", (seconds * 10.0).round() / 10.0)
    } else if seconds < 3600.0 {
        format!("{}m {}s", duration.as_secs() / 60, duration.as_secs() % 60)
    } else {
        format!("{}h {}m", duration.as_secs() / 3600, duration.as_secs() % 3600 / 60)
    }
}

/// A size for people: `12.3 MB`.
pub fn show_size(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["B", "kB", "MB", "GB"] {
        if value < 1000.0 {
            let precision = usize::from(unit != "B" && value < 100.0);
            return format!("{value:.precision$} {unit}");
        }
        value /= 1000.0;
    }
    format!("{value:.1} TB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_number_is_seconds_and_fractions_are_allowed() {
        assert_eq!(duration("5"), Ok(Duration::from_secs(5)));
        assert_eq!(duration("0.25"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("1.5m"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
    }

    #[test]
    fn wrong_units_are_named() {
        assert!(duration("5 apples").unwrap_err().contains("`apples` is no unit of time"));
        assert!(duration("soon").unwrap_err().contains("does not start with a number"));
        assert!(size("5 km").unwrap_err().contains("`km` is no unit of size"));
    }

    #[test]
    fn sizes_know_both_kinds_of_kilo() {
        assert_eq!(size("10MiB"), Ok(10 * 1024 * 1024));
        assert_eq!(size("1.5 kB"), Ok(1500));
        assert_eq!(show_size(12_345_678), "12.3 MB");
    }
}
