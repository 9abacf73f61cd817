//! A histogram of very many numbers on the bits of their floats: 128 buckets an octave.
//! Order does not matter, and a bucket's middle is at most 0.4 % away from what it holds.

use super::distribution::Point;

const MANTISSA_BITS: u32 = 7;
const SHIFT: u32 = f64::MANTISSA_DIGITS - 1 - MANTISSA_BITS;
const PAGE: usize = 1 << MANTISSA_BITS;

/// One page for each sign and exponent.
const PAGES: usize = 1 << 12;
const SIGN: u64 = 1 << 63;

/// Largest relative error of a bucket's middle, 2^-8.
pub(super) const ERROR: f64 = 0.003_906_25;

/// Counts lie in pages of one octave each, made when first needed: data spans few octaves.
#[derive(Debug)]
pub(super) struct Sketch {
    pages: Vec<Option<Box<[u64; PAGE]>>>,
}

impl Sketch {
    pub(super) fn new() -> Self {
        Self { pages: vec![None; PAGES] }
    }

    pub(super) fn add(&mut self, number: f64, times: u64) {
        // Adding zero turns -0 into 0.
        let key = ((number + 0.0).to_bits() >> SHIFT) as usize;
        let page = self.pages[key / PAGE].get_or_insert_with(|| Box::new([0; PAGE]));
        page[key % PAGE] += times;
    }

    /// The buckets in use, by value. `integers` tells that only whole numbers were added.
    pub(super) fn points(&self, integers: bool) -> Vec<Point> {
        let negative = (PAGES / 2..PAGES).rev().flat_map(|octave| self.octave(octave, true));
        let positive = (0..PAGES / 2).flat_map(|octave| self.octave(octave, false));
        let counts = self.pages.iter().flatten().flat_map(|page| page.iter());
        // Counted first, since a vector that grows takes up to three times its size.
        let mut points = Vec::with_capacity(counts.filter(|count| **count > 0).count());
        for (key, count) in negative.chain(positive) {
            points.push(bucket(key, integers).with_count(count));
        }
        points
    }

    fn octave(&self, octave: usize, descending: bool) -> Vec<(u64, u64)> {
        let Some(page) = &self.pages[octave] else { return Vec::new() };
        let counts = page.iter().enumerate();
        let mut used: Vec<_> = counts
            .filter(|(_, count)| **count > 0)
            .map(|(place, count)| ((octave * PAGE + place) as u64, *count))
            .collect();
        if descending {
            used.reverse();
        }
        used
    }
}

fn bucket(key: u64, integers: bool) -> Point {
    let bits = (key << SHIFT) & !SIGN;
    let low = f64::from_bits(bits);
    let high = f64::from_bits(bits | ((1 << SHIFT) - 1));
    let middle = if bits == 0 { 0.0 } else { f64::from_bits(bits | (1 << (SHIFT - 1))) };
    let point = if integers {
        let (low, high) = (low.ceil(), high.floor());
        Point { low, high, value: low.midpoint(high).floor().clamp(low, high), count: 0 }
    } else {
        Point { low, high, value: middle, count: 0 }
    };
    if (key << SHIFT) & SIGN == 0 {
        point
    } else {
        Point { low: -point.high, high: -point.low, value: -point.value, count: 0 }
    }
}
