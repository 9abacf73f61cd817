//! Sum, mean, deviation and skewness of many numbers, in batches that are joined by Chan's formulas.

use super::model::Numbers;

/// A sum that remembers what rounding took off it.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    high: f64,
    low: f64,
}

impl Sum {
    fn add(&mut self, term: f64) {
        let sum = self.high + term;
        let rest = sum - self.high;
        self.low += (self.high - (sum - rest)) + (term - rest);
        self.high = sum;
    }

    /// Adds `left * right` with what rounding takes off the product.
    fn add_product(&mut self, left: f64, right: f64) {
        let product = left * right;
        self.add(product);
        self.low += left.mul_add(right, -product);
    }

    fn value(self) -> f64 {
        self.high + self.low
    }
}

#[derive(Debug, Clone, Default)]
pub(super) struct Moments {
    count: u64,
    sum: Sum,
    /// Sums of the second and third powers of the distance from the mean.
    second: f64,
    third: f64,
    min: f64,
    max: f64,
    zeros: u64,
    negatives: u64,
}

/// Sums are taken in this many lanes, which the compiler turns into vector instructions.
const LANES: usize = 4;

impl Moments {
    pub(super) fn min(&self) -> f64 {
        self.min
    }

    pub(super) fn max(&self) -> f64 {
        self.max
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Of values with how often they occur; exact products keep the sum right to the last digit.
    pub(super) fn of_counted(values: &[(f64, u64)]) -> Self {
        let mut moments = Self::default();
        for (value, count) in values {
            moments.see(*value, *count);
            moments.sum.add_product(*value, *count as f64);
        }
        let mean = moments.mean();
        for (value, count) in values {
            let distance = value - mean;
            let square = distance * distance * *count as f64;
            moments.second += square;
            moments.third += square * distance;
        }
        moments
    }

    /// Of numbers as they come.
    pub(super) fn of_batch(values: &[f64]) -> Self {
        let mut moments = Self { count: values.len() as u64, ..Self::default() };
        let lanes = values.chunks_exact(LANES);
        let rest = lanes.remainder();
        let mut sums = [Sum::default(); LANES];
        let mut min = [f64::INFINITY; LANES];
        let mut max = [f64::NEG_INFINITY; LANES];
        for chunk in lanes {
            for lane in 0..LANES {
                sums[lane].add(chunk[lane]);
                min[lane] = if chunk[lane] < min[lane] { chunk[lane] } else { min[lane] };
                max[lane] = if chunk[lane] > max[lane] { chunk[lane] } else { max[lane] };
            }
        }
        moments.sum = sums[0];
        for sum in &sums[1..] {
            moments.sum.add(sum.high);
            moments.sum.low += sum.low;
        }
        for value in rest {
            moments.sum.add(*value);
        }
        moments.min = min.iter().chain(rest).copied().fold(f64::INFINITY, f64::min);
        moments.max = max.iter().chain(rest).copied().fold(f64::NEG_INFINITY, f64::max);
        moments.zeros = values.iter().map(|value| u64::from(*value == 0.0)).sum();
        moments.negatives = values.iter().map(|value| u64::from(*value < 0.0)).sum();
        moments.powers_of_batch(values);
        moments
    }

    fn powers_of_batch(&mut self, values: &[f64]) {
        let mean = self.mean();
        let lanes = values.chunks_exact(LANES);
        let rest = lanes.remainder();
        let (mut second, mut third) = ([0.0; LANES], [0.0; LANES]);
        for chunk in lanes {
            for lane in 0..LANES {
                let distance = chunk[lane] - mean;
                let square = distance * distance;
                second[lane] += square;
                third[lane] += square * distance;
            }
        }
        for value in rest {
            let distance = value - mean;
            second[0] += distance * distance;
            third[0] += distance * distance * distance;
        }
        self.second = (second[0] + second[1]) + (second[2] + second[3]);
        self.third = (third[0] + third[1]) + (third[2] + third[3]);
    }

    fn see(&mut self, value: f64, times: u64) {
        self.min = if self.count == 0 { value } else { self.min.min(value) };
        self.max = if self.count == 0 { value } else { self.max.max(value) };
        self.count += times;
        self.zeros += if value == 0.0 { times } else { 0 };
        self.negatives += if value < 0.0 { times } else { 0 };
    }

    fn mean(&self) -> f64 {
        self.sum.value() / self.count as f64
    }

    pub(super) fn join(&mut self, other: &Self) {
        if self.count == 0 || other.count == 0 {
            if self.count == 0 {
                self.clone_from(other);
            }
            return;
        }
        let (left, right) = (self.count as f64, other.count as f64);
        let both = left + right;
        let distance = other.mean() - self.mean();
        let step = distance / both;
        let spread = distance * step * left * right;
        self.third += other.third
            + spread * step * (left - right)
            + 3.0 * step * (left * other.second - right * self.second);
        self.second += other.second + spread;
        self.sum.add(other.sum.high);
        self.sum.low += other.sum.low;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.count += other.count;
        self.zeros += other.zeros;
        self.negatives += other.negatives;
    }

    /// `None` without numbers. The skewness is the adjusted one of pandas, SAS and Excel.
    pub(super) fn numbers(&self, outliers: u64) -> Option<Numbers> {
        if self.count == 0 {
            return None;
        }
        let count = self.count as f64;
        let variance = if self.count > 1 { self.second / (count - 1.0) } else { 0.0 };
        let skewness = if self.count > 2 && self.second > 0.0 {
            let population =
                self.third / count / (self.second / count * (self.second / count).sqrt());
            population * (count * (count - 1.0)).sqrt() / (count - 2.0)
        } else {
            0.0
        };
        Some(Numbers {
            // Adding zero shows -0 as 0.
            min: self.min + 0.0,
            max: self.max + 0.0,
            sum: self.sum.value() + 0.0,
            mean: self.mean() + 0.0,
            std: variance.max(0.0).sqrt(),
            skewness,
            zeros: self.zeros,
            negatives: self.negatives,
            outliers,
        })
    }
}
