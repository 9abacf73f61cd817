//! The numbers of a long column: moments in batches, values kept while few, then sketched.

use super::distribution::Distribution;
use super::moments::Moments;
use super::sketch::{self, Sketch};

/// Batches are counted per column, so that they do not depend on how the input was cut.
const BATCH: usize = 256;

#[derive(Debug)]
enum Values {
    Kept(Vec<f64>),
    Sketched(Sketch),
}

#[derive(Debug)]
pub(super) struct NumberStream {
    moments: Moments,
    batch: Vec<f64>,
    values: Values,
    most_kept: usize,
}

impl NumberStream {
    /// Starts from numbers that were counted so far.
    pub(super) fn new(counted: &[(f64, u64)], most_kept: usize) -> Self {
        let moments = Moments::of_counted(counted);
        let mut stream = Self {
            values: Values::Kept(Vec::new()),
            batch: Vec::with_capacity(BATCH),
            most_kept,
            moments,
        };
        if stream.moments.count() > most_kept as u64 {
            let mut sketch = Sketch::new();
            for (value, count) in counted {
                sketch.add(*value, *count);
            }
            stream.values = Values::Sketched(sketch);
        } else {
            let repeated = counted
                .iter()
                .flat_map(|(value, count)| std::iter::repeat_n(*value, *count as usize));
            stream.values = Values::Kept(repeated.collect());
        }
        stream
    }

    pub(super) fn add(&mut self, number: f64) {
        self.batch.push(number);
        if self.batch.len() == BATCH {
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.moments.join(&Moments::of_batch(&self.batch));
        if let Values::Kept(kept) = &mut self.values {
            if kept.len() + self.batch.len() <= self.most_kept {
                kept.append(&mut self.batch);
            } else {
                let mut sketch = Sketch::new();
                for value in kept.iter() {
                    sketch.add(*value, 1);
                }
                self.values = Values::Sketched(sketch);
            }
        }
        if let Values::Sketched(sketch) = &mut self.values {
            for value in &self.batch {
                sketch.add(*value, 1);
            }
        }
        self.batch.clear();
    }

    /// `integers` tells that only whole numbers were added.
    pub(super) fn finish(mut self, integers: bool) -> (Moments, Distribution) {
        if !self.batch.is_empty() {
            self.flush();
        }
        let distribution = match self.values {
            Values::Kept(kept) => {
                Distribution::exact(kept.into_iter().map(|value| (value, 1)).collect())
            }
            Values::Sketched(sketch) => {
                let (min, max) = (self.moments.min(), self.moments.max());
                let points = sketch.points(integers);
                let within = points.into_iter().map(|point| point.within(min, max));
                Distribution::new(within.collect(), sketch::ERROR)
            }
        };
        (self.moments, distribution)
    }
}
