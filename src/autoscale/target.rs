//! What shall hold: `rate=50`, `latency=200ms`, `lag=10s`, `cpu=60%`.

use crate::core::unit;
use std::str::FromStr;
use std::time::Duration;

/// One number, and what it is the limit of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target {
    pub kind: Kind,
    /// A second for each replica, seconds, or cores for each replica.
    pub limit: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Requests or records a second, for each replica.
    Rate,
    /// Of a mean answer.
    Latency,
    /// Age of the oldest record that is not delivered.
    Lag,
    /// Cores that a replica uses; 100 % is one core.
    Cpu,
}

impl Kind {
    pub fn word(self) -> &'static str {
        match self {
            Self::Rate => "rate",
            Self::Latency => "latency",
            Self::Lag => "lag",
            Self::Cpu => "cpu",
        }
    }

    /// Twice the replicas halve it, more or less: what is wanted can be computed. Times cannot.
    pub fn is_shared(self) -> bool {
        matches!(self, Self::Rate | Self::Cpu)
    }

    pub fn show(self, value: f64) -> String {
        match self {
            Self::Rate if value >= 100.0 => format!("{value:.0}/s"),
            Self::Rate => format!("{value:.1}/s"),
            Self::Latency | Self::Lag => {
                let time = Duration::try_from_secs_f64(value).unwrap_or_default();
                unit::show_duration(time)
            }
            Self::Cpu => format!("{:.0}%", value * 100.0),
        }
    }
}

impl Target {
    pub fn show(&self) -> String {
        self.kind.show(self.limit)
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let usage = "write lag=10s, rate=50, latency=200ms or cpu=60%";
        let (name, value) = text.split_once('=').ok_or_else(|| usage.to_owned())?;
        let value = value.trim();
        let (kind, limit) = match name.trim() {
            "rate" => (Kind::Rate, number(value.strip_suffix("/s").unwrap_or(value))?),
            "latency" => (Kind::Latency, unit::duration(value)?.as_secs_f64()),
            "lag" => (Kind::Lag, unit::duration(value)?.as_secs_f64()),
            "cpu" => (Kind::Cpu, cores(value)?),
            other => return Err(format!("`{other}` is nothing that is measured; {usage}")),
        };
        if limit > 0.0 && limit.is_finite() {
            Ok(Self { kind, limit })
        } else {
            Err(format!("{text}: the target must be above 0"))
        }
    }
}

/// More than one core is allowed: a replica may use several.
fn cores(text: &str) -> Result<f64, String> {
    text.strip_suffix('%').map_or_else(|| number(text), |share| Ok(number(share)? / 100.0))
}

fn number(text: &str) -> Result<f64, String> {
    text.trim().parse().map_err(|_| format!("`{text}` is no number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_unit() {
        let of = |text: &str| text.parse::<Target>().map(|it| (it.kind, it.limit));
        assert_eq!(of("rate=50"), Ok((Kind::Rate, 50.0)));
        assert_eq!(of("rate=50/s"), Ok((Kind::Rate, 50.0)));
        assert_eq!(of("latency=250ms"), Ok((Kind::Latency, 0.25)));
        assert_eq!(of("lag=1m"), Ok((Kind::Lag, 60.0)));
        assert_eq!(of("cpu=60%"), Ok((Kind::Cpu, 0.6)));
        assert_eq!(of("cpu=150%"), Ok((Kind::Cpu, 1.5)));
    }

    #[test]
    fn what_is_no_target_is_told() {
        let wrong = |text: &str| text.parse::<Target>().unwrap_err();
        assert!(wrong("memory=5").contains("`memory` is nothing that is measured; write lag=10s"));
        assert!(wrong("rate").contains("write lag=10s"));
        assert!(wrong("rate=many").contains("`many` is no number"));
        assert!(wrong("rate=0").contains("above 0"));
        assert!(wrong("rate=-1").contains("above 0"));
        assert!(wrong("cpu=NaN").contains("above 0"));
        assert!(wrong("lag=5 apples").contains("no unit of time"));
    }
}
