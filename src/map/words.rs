//! How the map says numbers: the picture, the list and the terminal use the same words.

use crate::charts::number::{bytes, number};
use crate::map::graph::Kind;
use crate::map::picture::{Reading, Shown};
use crate::map::sample::Condition;

/// `12.3/s`
pub fn rate(per_second: f32) -> String {
    match f64::from(per_second) {
        small if small > 0.0 && small < 0.01 => "< 0.01/s".to_owned(),
        small if small < 1.0 => format!("{}/s", number((small * 100.0).round() / 100.0)),
        middle if middle < 100.0 => format!("{}/s", number((middle * 10.0).round() / 10.0)),
        large => format!("{}/s", number(large.round())),
    }
}

/// `1.2 kB/s`
pub fn byte_rate(per_second: f32) -> String {
    format!("{}/s", bytes(f64::from(per_second).round() as u64))
}

/// A time from nanoseconds to hours, with two or three digits.
pub fn seconds(value: f32) -> String {
    let value = f64::from(value);
    let (scaled, unit) = match value {
        0.0 => (0.0, "s"),
        tiny if tiny < 1e-6 => (tiny * 1e9, "ns"),
        small if small < 1e-3 => (small * 1e6, "µs"),
        short if short < 1.0 => (short * 1e3, "ms"),
        middle if middle < 120.0 => (middle, "s"),
        long if long < 7200.0 => (long / 60.0, "min"),
        longer => (longer / 3600.0, "h"),
    };
    let digits = usize::from(scaled < 10.0 && scaled.fract() > 0.05);
    format!("{scaled:.digits$}\u{a0}{unit}")
}

pub fn percent(share: f32) -> String {
    let percent = f64::from(share) * 100.0;
    let digits = usize::from(percent > 99.0 && percent < 100.0 || percent > 0.0 && percent < 1.0);
    format!("{percent:.digits$}\u{a0}%")
}

/// A sign for the state; the word always stands beside it.
pub fn sign(condition: Condition) -> &'static str {
    match condition {
        Condition::Running => "●",
        Condition::Starting | Condition::StandsBy => "◌",
        Condition::Waiting => "◐",
        Condition::Ended => "✓",
        Condition::Stopped => "■",
        Condition::Failed | Condition::Down => "✕",
        Condition::Elsewhere => "○",
        Condition::Outside => "",
    }
}

/// The number that says most: what flows, or how much of it the cache answers.
pub fn headline(node: &Shown) -> Option<String> {
    let now = &node.reading.now;
    match node.node.kind {
        Kind::Flow => now.given_per_second.map(rate),
        Kind::Server | Kind::View | Kind::Gate | Kind::Store => now.taken_per_second.map(rate),
        Kind::Cache => match now.hit_ratio {
            Some(ratio) => Some(format!("{} hits", percent(ratio))),
            None => now.taken_per_second.map(rate),
        },
        Kind::Resource | Kind::File | Kind::Address => None,
    }
}

/// What the headline counts.
pub fn unit(kind: Kind) -> &'static str {
    match kind {
        Kind::Flow => "records",
        Kind::Server | Kind::View | Kind::Gate => "requests",
        Kind::Resource | Kind::Cache | Kind::Store => "reads",
        Kind::File | Kind::Address => "",
    }
}

/// The second line of numbers.
pub fn detail(node: &Shown) -> String {
    let (now, totals) = (&node.reading.now, &node.reading.totals);
    let mut said: Vec<String> = Vec::new();
    match node.node.kind {
        Kind::Flow => {
            said.push(match now.waiting.unwrap_or_default() {
                1.0 => "1 waits".to_owned(),
                many => format!("{} wait", number(f64::from(many))),
            });
            if let Some(oldest) = now.oldest_seconds.filter(|oldest| *oldest >= 0.001) {
                said.push(format!("oldest {}", seconds(oldest)));
            }
            // Less than the clock of a flow can tell is no number.
            if let Some(latency) = now.latency_seconds.filter(|it| *it >= 1e-6) {
                said.push(format!("delivered in {}", seconds(latency)));
            }
            said.extend(counted(totals.refused, "refused", "refused"));
            said.extend(counted(totals.dead_letters, "dead letter", "dead letters"));
        }
        Kind::Server | Kind::View | Kind::Gate => {
            if let Some(slow) = now.latency_p99_seconds {
                said.push(format!("p99 < {}", seconds(slow)));
            }
            let open = now.waiting.unwrap_or_default() as u64;
            said.push(
                counted(open, "connection", "connections")
                    .unwrap_or_else(|| "0 connections".to_owned()),
            );
        }
        Kind::Cache => {
            said.extend(now.hit_latency_seconds.map(|hit| format!("hit {}", seconds(hit))));
            said.extend(now.miss_latency_seconds.map(|miss| format!("miss {}", seconds(miss))));
        }
        Kind::Store => {
            said.extend(match (now.latency_seconds, now.miss_latency_seconds) {
                (Some(read), Some(write)) => {
                    Some(format!("read {} · write {}", seconds(read), seconds(write)))
                }
                (Some(read), None) => Some(format!("a read takes {}", seconds(read))),
                (None, Some(write)) => Some(format!("a write takes {}", seconds(write))),
                (None, None) => None,
            });
        }
        Kind::Resource | Kind::File | Kind::Address => {}
    }
    said.extend(counted(totals.errors, "error", "errors"));
    said.join(" · ")
}

fn counted(many: u64, one: &str, more: &str) -> Option<String> {
    match many {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{} {more}", crate::charts::number::short_count(many))),
    }
}

/// The whole node in a sentence, for who hears it.
pub fn sentence(node: &Shown) -> String {
    let reading = &node.reading;
    let mut text = format!("{}, {}", node.node.name, node.node.kind.word());
    if !node.node.kind.is_outside() {
        text.push_str(", ");
        text.push_str(reading.condition.word());
    }
    text.push_str(&replicas(reading).map_or_else(String::new, |many| format!(", {many}")));
    if let Some(headline) = headline(node) {
        let unit = if node.node.kind == Kind::Cache { "" } else { unit(node.node.kind) };
        text.push_str(format!(". {headline} {unit}").trim_end());
    }
    let detail = detail(node);
    if !detail.is_empty() && reading.replicas > 0 {
        text.push_str(", ");
        text.push_str(&detail.replace(" · ", ", "));
    }
    if let Some(reason) = &reading.reason {
        text.push_str(". ");
        text.push_str(reason);
    }
    text
}

/// `3 replicas`
pub fn replicas(reading: &Reading) -> Option<String> {
    (reading.replicas > 1).then(|| format!("{} replicas", reading.replicas))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_carry_their_unit() {
        assert_eq!(rate(0.0), "0/s");
        assert_eq!(rate(0.2), "0.2/s");
        assert_eq!(rate(0.001), "< 0.01/s");
        assert_eq!(rate(0.257), "0.26/s");
        // More digits would only flicker from second to second.
        assert_eq!(rate(4.96), "5/s");
        assert_eq!(rate(5.09), "5.1/s");
        assert_eq!(rate(12.344), "12.3/s");
        assert_eq!(rate(999.8), "1,000/s");
        assert_eq!(rate(12_340_000.0), "12.34M/s");
        assert_eq!(seconds(0.000_001_2), "1.2\u{a0}µs");
        assert_eq!(seconds(0.25), "250\u{a0}ms");
        assert_eq!(seconds(90.0), "90\u{a0}s");
        assert_eq!(percent(0.9994), "99.9\u{a0}%");
        assert_eq!(byte_rate(1250.0), "1.2\u{a0}kB/s");
    }
}
