//! Where ticks stand on a scale of numbers: multiples of 1, 2 or 5 times a power of ten.

use super::number;
use super::time;
use crate::core::chart::AxisKind;

/// A value on an axis and what is written there.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    pub(super) value: f64,
    pub(super) label: String,
}

/// The values an axis spans. Always finite and never empty, whatever it was made from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Domain {
    pub(super) low: f64,
    pub(super) high: f64,
}

/// Beyond this a span between two values would overflow.
const LARGEST: f64 = 1e300;

impl Domain {
    pub(super) fn new(low: f64, high: f64) -> Self {
        let clamp = |value: f64| if value.is_nan() { 0.0 } else { value.clamp(-LARGEST, LARGEST) };
        let (low, high) = (clamp(low.min(high)), clamp(low.max(high)));
        let smallest = low.abs().max(high.abs()) * 1e-14;
        if high - low > smallest.max(1e-290) {
            return Self { low, high };
        }
        let margin = if low == 0.0 { 1.0 } else { (low.abs() * 0.1).max(1e-289) };
        Self { low: low - margin, high: high + margin }
    }

    /// The smallest domain with every finite value; `None` when there is none.
    pub(super) fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let mut found: Option<(f64, f64)> = None;
        for value in values.filter(|value| value.is_finite()) {
            let (low, high) = found.unwrap_or((value, value));
            found = Some((low.min(value), high.max(value)));
        }
        found.map(|(low, high)| Self::new(low, high))
    }

    pub(super) fn span(self) -> f64 {
        self.high - self.low
    }

    /// Where a value lies: 0 at the low end, 1 at the high end, clamped to both.
    pub(super) fn share(self, value: f64) -> f64 {
        ((value - self.low) / self.span()).clamp(0.0, 1.0)
    }

    /// Widened to the next multiples of the step, so that the outermost ticks are the ends.
    pub(super) fn rounded_to(self, step: f64) -> Self {
        let low = (self.low / step + 1e-9).floor() * step;
        let high = (self.high / step - 1e-9).ceil() * step;
        Self::new(low, high)
    }
}

/// The smallest nice step that needs at most `count` intervals.
pub(super) fn nice_step(span: f64, count: usize) -> f64 {
    let rough = span / count.max(1) as f64;
    let power = 10_f64.powf(rough.log10().floor());
    let nice = [1.0, 2.0, 5.0, 10.0].into_iter().find(|factor| factor * power >= rough * 0.999_999);
    nice.unwrap_or(10.0) * power
}

/// Ticks inside the domain at about `count` intervals.
pub(super) fn ticks(domain: Domain, count: usize, kind: AxisKind) -> Vec<Tick> {
    match kind {
        AxisKind::Number | AxisKind::Percent => {
            number_ticks(domain, nice_step(domain.span(), count))
        }
        AxisKind::Count => number_ticks(domain, nice_step(domain.span(), count).max(1.0)),
        AxisKind::Time => time::ticks(domain, count),
    }
}

fn number_ticks(domain: Domain, step: f64) -> Vec<Tick> {
    let first = (domain.low / step - 1e-9).ceil();
    let last = (domain.high / step + 1e-9).floor();
    let many = if last >= first { (last - first).min(200.0) as usize + 1 } else { 0 };
    let values: Vec<f64> = (0..many).map(|place| multiple(first + place as f64, step)).collect();
    let labels = number::tick_labels(&values, step);
    values.into_iter().zip(labels).map(|(value, label)| Tick { value, label }).collect()
}

/// `times * step` without the dust of binary fractions: 3 × 0.1 is 0.3.
pub(super) fn multiple(times: f64, step: f64) -> f64 {
    let inverse = (1.0 / step).round();
    if step < 1.0 && inverse.is_finite() && (inverse * step - 1.0).abs() < 1e-9 {
        times / inverse
    } else {
        times * step
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(low: f64, high: f64, kind: AxisKind) -> Vec<String> {
        ticks(Domain::new(low, high), 5, kind).into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn steps_are_one_two_or_five_times_a_power_of_ten() {
        assert_eq!(labels(0.0, 100.0, AxisKind::Number), ["0", "20", "40", "60", "80", "100"]);
        assert_eq!(labels(-0.3, 0.3, AxisKind::Number), ["−0.2", "0", "0.2"]);
        assert_eq!(labels(0.0, 2e-9, AxisKind::Number).len(), 5);
    }

    #[test]
    fn counts_have_no_tick_between_two_whole_numbers() {
        assert_eq!(labels(0.0, 2.0, AxisKind::Count), ["0", "1", "2"]);
    }

    #[test]
    fn any_two_numbers_make_a_domain_with_ticks() {
        let odd =
            [0.0, -0.0, 1.0, 1e-320, 1e12, -5e-9, f64::MAX, f64::MIN, f64::NAN, f64::INFINITY];
        for low in odd {
            for high in odd {
                let domain = Domain::new(low, high);
                assert!(domain.span() > 0.0 && domain.span().is_finite(), "{low} {high}");
                let found = ticks(domain, 5, AxisKind::Number);
                assert!(found.len() <= 12, "{low} {high}: {}", found.len());
            }
        }
    }
}
