//! Numbers that are not evenly spread: normal, lognormal, exponential, poisson, pareto, beta, zipf.
//! Logarithms and powers come from a portable library, so the bytes are the same everywhere.

use super::alias::Alias;
use super::clause::{Clause, Fault, Options, range};
use super::decimal::write_float;
use super::normal::normal_quantile;
use super::random::Draws;
use super::zipf::Zipf;

#[derive(Debug)]
enum Shape {
    Normal { mean: f64, deviation: f64 },
    LogNormal { median: f64, sigma: f64 },
    Exponential { mean: f64 },
    Poisson { low: f64, counts: Alias },
    Pareto { scale: f64, shape: f64 },
    Beta { low: f64, width: f64, alpha: f64, beta: f64 },
    Zipf { low: f64, ranks: Zipf },
}

/// A distribution with its bounds and its number of decimals.
#[derive(Debug)]
pub(super) struct Distribution {
    shape: Shape,
    min: f64,
    max: f64,
    decimals: Option<u8>,
}

/// The options every distribution takes; values outside `min` and `max` are set to the bound.
const COMMON: [&str; 3] = ["min", "max", "decimals"];

impl Distribution {
    pub(super) fn parse(clause: Clause<'_>) -> Result<Self, Fault> {
        match clause.kind {
            "normal" => Self::with(clause, &["mean", "sd"], |options| {
                let (mean, deviation) = (options.required("mean")?, options.positive("sd")?);
                Ok(Shape::Normal { mean, deviation })
            }),
            "lognormal" => Self::with(clause, &["median", "sigma"], |options| {
                let (median, sigma) = (options.positive("median")?, options.positive("sigma")?);
                Ok(Shape::LogNormal { median, sigma })
            }),
            "exponential" => Self::with(clause, &["mean"], |options| {
                Ok(Shape::Exponential { mean: options.positive("mean")? })
            }),
            "pareto" => Self::with(clause, &["scale", "shape"], |options| {
                let (scale, shape) = (options.positive("scale")?, options.positive("shape")?);
                Ok(Shape::Pareto { scale, shape })
            }),
            "poisson" => Self::whole(clause, &["mean"], poisson),
            "beta" => Self::beta(clause),
            _ => Self::zipf(clause),
        }
    }

    fn with(
        clause: Clause<'_>,
        own: &[&'static str],
        shape: impl FnOnce(&Options<'_>) -> Result<Shape, Fault>,
    ) -> Result<Self, Fault> {
        let options = clause.options(&[own, COMMON.as_slice()].concat())?;
        let shape = shape(&options)?;
        let min = options.number("min")?.unwrap_or(f64::MIN);
        let max = options.number("max")?.unwrap_or(f64::MAX);
        if min > max {
            return Err(Fault::new(
                format!("`min {min}` is above `max {max}`"),
                format!("write `min {max} max {min}`"),
            ));
        }
        Ok(Self { shape, min, max, decimals: options.decimals()? })
    }

    /// The distributions of whole numbers.
    fn whole(
        clause: Clause<'_>,
        own: &[&'static str],
        shape: impl FnOnce(&Options<'_>) -> Result<Shape, Fault>,
    ) -> Result<Self, Fault> {
        let parsed = Self::with(clause, own, shape)?;
        Ok(Self { decimals: parsed.decimals.or(Some(0)), ..parsed })
    }

    fn beta(mut clause: Clause<'_>) -> Result<Self, Fault> {
        let (low, high) = if clause.peek().is_some_and(|word| word.contains("..")) {
            range::<f64>("beta", clause.word(), "0..1 alpha 2 beta 5")?
        } else {
            (0.0, 1.0)
        };
        if !(high - low).is_finite() {
            return Err(Fault::new("the range is too wide", "write `beta 0..1 alpha 2 beta 5`"));
        }
        Self::with(clause, &["alpha", "beta"], |options| {
            let (alpha, beta) =
                (options.between("alpha", 0.001, 1e6)?, options.between("beta", 0.001, 1e6)?);
            Ok(Shape::Beta { low, width: high - low, alpha, beta })
        })
    }

    fn zipf(mut clause: Clause<'_>) -> Result<Self, Fault> {
        let (low, high) = range::<i64>("zipf", clause.word(), "1..1000 exponent 1.1")?;
        let ranks = high.abs_diff(low).saturating_add(1);
        Self::whole(clause, &["exponent"], |options| {
            let given = options.text("exponent").map(|_| options.between("exponent", 0.0, 20.0));
            let exponent = given.transpose()?.unwrap_or(1.0);
            Ok(Shape::Zipf { low: low as f64, ranks: Zipf::new(ranks as f64, exponent) })
        })
    }

    pub(super) fn write(&self, draws: &mut Draws, out: &mut Vec<u8>) {
        write_float(self.shape.draw(draws).clamp(self.min, self.max), self.decimals, out);
    }
}

impl Shape {
    fn draw(&self, draws: &mut Draws) -> f64 {
        match self {
            Self::Normal { mean, deviation } => mean + deviation * normal(draws),
            Self::LogNormal { median, sigma } => median * libm::exp(sigma * normal(draws)),
            Self::Exponential { mean } => -mean * libm::log(draws.inner_unit()),
            Self::Poisson { low, counts } => low + counts.outcome(draws.bits()) as f64,
            Self::Pareto { scale, shape } => scale * libm::pow(draws.inner_unit(), -1.0 / shape),
            Self::Beta { low, width, alpha, beta } => {
                let (left, right) = (gamma(*alpha, draws), gamma(*beta, draws));
                let sum = left + right;
                low + width * if sum > 0.0 { left / sum } else { 0.5 }
            }
            Self::Zipf { low, ranks } => low + ranks.draw(draws) - 1.0,
        }
    }
}

pub(super) fn normal(draws: &mut Draws) -> f64 {
    normal_quantile(draws.inner_unit())
}

/// A table of the counts within ten deviations of the mean; what lies beyond is rarer than 1e-20.
fn poisson(options: &Options<'_>) -> Result<Shape, Fault> {
    let mean = options.positive("mean")?;
    if mean > 10_000.0 {
        return Err(Fault::new(
            "`poisson` takes a mean up to 10000",
            format!("write `normal mean {mean} sd {} decimals 0`", mean.sqrt().round()),
        ));
    }
    let reach = 10.0 * mean.sqrt() + 20.0;
    let low = (mean - reach).floor().max(0.0);
    let counts = (mean + reach - low) as u64;
    let weight = |step: u64| {
        let count = low + step as f64;
        libm::exp(count * libm::log(mean) - mean - libm::lgamma(count + 1.0))
    };
    let weights: Vec<f64> = (0..counts).map(weight).collect();
    Ok(Shape::Poisson { low, counts: Alias::new(&weights) })
}

/// Marsaglia and Tsang's method; below 1 the shape is raised by one and the result scaled back.
fn gamma(shape: f64, draws: &mut Draws) -> f64 {
    if shape < 1.0 {
        let scale = libm::pow(draws.inner_unit(), 1.0 / shape);
        return gamma(shape + 1.0, draws) * scale;
    }
    let base = shape - 1.0 / 3.0;
    let width = 1.0 / (9.0 * base).sqrt();
    loop {
        let normal = normal(draws);
        let cube = 1.0 + width * normal;
        if cube <= 0.0 {
            continue;
        }
        let cube = cube * cube * cube;
        let accept = 0.5 * normal * normal + base - base * cube + base * libm::log(cube);
        if libm::log(draws.inner_unit()) < accept {
            return base * cube;
        }
    }
}
