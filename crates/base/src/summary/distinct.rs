//! `HyperLogLog`: how many different hashes were seen, in 16 KiB whatever their number.
//! The estimator is Otmar Ertl's (2017), which needs no correction tables.

use super::model::Estimate;

const INDEX_BITS: u32 = 14;
const REGISTERS: usize = 1 << INDEX_BITS;
const RANKS: usize = 64 - INDEX_BITS as usize;

/// Three standard errors, 3 * 1.04 / sqrt(16384).
pub(super) const ERROR: f64 = 0.0244;

#[derive(Debug)]
pub(super) struct Distinct {
    registers: Vec<u8>,
}

impl Distinct {
    pub(super) fn new() -> Self {
        Self { registers: vec![0; REGISTERS] }
    }

    pub(super) fn add(&mut self, hash: u64) {
        let index = (hash >> (64 - INDEX_BITS)) as usize;
        let rank = ((hash << INDEX_BITS) | (1 << (INDEX_BITS - 1))).leading_zeros() as u8 + 1;
        if self.registers[index] < rank {
            self.registers[index] = rank;
        }
    }

    pub(super) fn estimate(&self) -> Estimate {
        let mut counts = [0_u32; RANKS + 2];
        for rank in &self.registers {
            counts[usize::from(*rank)] += 1;
        }
        let registers = REGISTERS as f64;
        let mut sum = registers * tau(1.0 - f64::from(counts[RANKS + 1]) / registers);
        for rank in (1..=RANKS).rev() {
            sum = (sum + f64::from(counts[rank])) * 0.5;
        }
        sum += registers * sigma(f64::from(counts[0]) / registers);
        let value = registers / (2.0 * std::f64::consts::LN_2) * registers / sum;
        Estimate { value: value.round() as u64, error: ERROR }
    }
}

/// The share of registers never touched.
fn sigma(share: f64) -> f64 {
    if share >= 1.0 {
        return f64::INFINITY;
    }
    let (mut power, mut weight, mut sum) = (share, 1.0, share);
    loop {
        power *= power;
        let before = sum;
        sum += power * weight;
        weight += weight;
        if sum == before {
            return sum;
        }
    }
}

/// The share of registers at their largest rank.
fn tau(share: f64) -> f64 {
    if share <= 0.0 || share >= 1.0 {
        return 0.0;
    }
    let (mut root, mut weight, mut sum) = (share, 1.0, 1.0 - share);
    loop {
        root = root.sqrt();
        let before = sum;
        weight *= 0.5;
        sum -= (1.0 - root) * (1.0 - root) * weight;
        if sum == before {
            return sum / 3.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Distinct, ERROR};
    use crate::summary::hash::hash;

    #[test]
    fn estimates_within_the_stated_error_from_few_to_many() {
        let mut distinct = Distinct::new();
        let mut next_check = 1_000_u64;
        for number in 1..=2_000_000_u64 {
            distinct.add(hash(number.to_string().as_bytes()));
            if number == next_check {
                next_check = next_check * 3 / 2;
                let estimate = distinct.estimate().value as f64;
                let error = (estimate / number as f64 - 1.0).abs();
                assert!(error <= ERROR, "{number} taken for {estimate}: {error}");
            }
        }
    }

    #[test]
    fn seeing_a_value_again_changes_nothing() {
        let mut distinct = Distinct::new();
        for number in 0..50_000_u64 {
            distinct.add(hash(&number.to_le_bytes()));
        }
        let before = distinct.estimate();
        for number in (0..50_000_u64).rev() {
            distinct.add(hash(&number.to_le_bytes()));
        }
        assert_eq!(distinct.estimate(), before);
    }
}
