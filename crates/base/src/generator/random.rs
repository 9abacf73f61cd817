//! The random numbers: counter based, so that any value can be asked for in any order.
//! Nothing here may ever change: every record that was ever generated depends on it.

/// The increment of `SplitMix64`: consecutive indexes give that generator's own sequence.
const INDEX_STEP: u64 = 0x9E37_79B9_7F4A_7C15;
/// Leads from one draw of a record to its next; unrelated to `INDEX_STEP`, so that the draws of
/// neighbouring records never run over the same states.
const DRAW_STEP: u64 = 0xD1B5_4A32_D192_ED03;

const TWO_TO_52: f64 = 4_503_599_627_370_496.0;
const TWO_TO_53: f64 = 9_007_199_254_740_992.0;

/// The finaliser of `SplitMix64`: a bijection of the 64-bit numbers in which every bit depends on all.
pub(super) const fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

/// A hash of a name that is the same on every machine and in every release (FNV-1a, then mixed).
pub(super) fn hash(text: &str) -> u64 {
    let start = 0xCBF2_9CE4_8422_2325_u64;
    let step = |bits: u64, byte: u8| (bits ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
    mix(text.bytes().fold(start, step))
}

/// The key of a whole generator; a field's key is this one xor the hash of the field's path.
pub(super) fn generator_key(seed: u64, stream: &str) -> u64 {
    mix(mix(seed.wrapping_add(INDEX_STEP)) ^ hash(stream))
}

/// The first draw of a record. For one key it is a bijection of the index: no two are alike.
pub(super) const fn draw_at(key: u64, index: u64) -> u64 {
    mix(key.wrapping_add(index.wrapping_mul(INDEX_STEP)))
}

/// As many draws as one value of one record needs.
#[derive(Debug)]
pub(super) struct Draws {
    state: u64,
}

impl Draws {
    pub(super) const fn new(key: u64, index: u64) -> Self {
        Self { state: key.wrapping_add(index.wrapping_mul(INDEX_STEP)) }
    }

    /// 64 even bits.
    #[inline]
    pub(super) const fn bits(&mut self) -> u64 {
        let bits = mix(self.state);
        self.state = self.state.wrapping_add(DRAW_STEP);
        bits
    }

    /// An exactly uniform integer below `bound`; a bound of 0 stands for 2^64.
    #[inline]
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 {
            return self.bits();
        }
        let (mut high, mut low) = multiply(self.bits(), bound);
        if low < bound {
            // Lemire's rejection: the few draws that would make some numbers likelier are drawn anew.
            let uneven = bound.wrapping_neg() % bound;
            while low < uneven {
                (high, low) = multiply(self.bits(), bound);
            }
        }
        high
    }

    /// A position in a table of `length` entries.
    #[inline]
    pub(super) fn pick(&mut self, length: usize) -> usize {
        multiply(self.bits(), length as u64).0 as usize
    }

    /// A number in `0 <= x < 1`.
    pub(super) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / TWO_TO_53
    }

    /// A number in `0 < x < 1`: safe under a logarithm.
    pub(super) fn inner_unit(&mut self) -> f64 {
        inner_unit(self.bits())
    }
}

/// Bits as a number in `0 < x < 1`.
pub(super) fn inner_unit(bits: u64) -> f64 {
    ((bits >> 12) as f64 + 0.5) / TWO_TO_52
}

/// High and low half of a 128-bit product: the high half is `bits` scaled to `0..bound`.
pub(super) const fn multiply(bits: u64, bound: u64) -> (u64, u64) {
    let product = bits as u128 * bound as u128;
    ((product >> 64) as u64, product as u64)
}

/// Whether an event of probability `share` happens for these bits.
pub(super) fn happens(bits: u64, share: f64) -> bool {
    ((bits >> 11) as f64) / TWO_TO_53 < share
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Chi-square of pairs of bytes: 65 535 ± 362 for even and independent bytes.
    fn unevenness(pairs: impl Iterator<Item = (u64, u64)>) -> f64 {
        let mut cells = vec![0_u32; 1 << 16];
        let mut count = 0.0;
        for (left, right) in pairs {
            cells[((left >> 56) << 8 | right >> 56) as usize] += 1;
            count += 1.0;
        }
        let expected = count / 65_536.0;
        cells.iter().map(|cell| (f64::from(*cell) - expected).powi(2) / expected).sum()
    }

    #[test]
    fn neighbouring_draws_records_and_fields_are_independent() {
        let key = generator_key(42, "stream") ^ hash("field");
        let other = generator_key(42, "stream") ^ hash("fiele");
        let records = 0..1_000_000;
        let draws = records.clone().map(|index| {
            let mut draws = Draws::new(key, index);
            (draws.bits(), draws.bits())
        });
        assert!((unevenness(draws) - 65_535.0).abs() < 5.0 * 362.0);
        let indexes = records.clone().map(|index| (draw_at(key, index), draw_at(key, index + 1)));
        assert!((unevenness(indexes) - 65_535.0).abs() < 5.0 * 362.0);
        let fields = records.map(|index| (draw_at(key, index), draw_at(other, index)));
        assert!((unevenness(fields) - 65_535.0).abs() < 5.0 * 362.0);
    }

    #[test]
    fn neighbouring_seeds_share_nothing() {
        let differing = |left: u64, right: u64| (left ^ right).count_ones();
        for seed in 0..1000 {
            let bits = differing(generator_key(seed, "s"), generator_key(seed + 1, "s"));
            assert!((8..=56).contains(&bits), "{bits} bits differ");
        }
    }

    #[test]
    fn below_stays_below_and_draws_anew_where_a_range_does_not_fit() {
        // Of 2^64 draws a bound of 2^63 + 1 rejects nearly half.
        let bound = (1 << 63) + 1;
        let values: Vec<u64> = (0..2000).map(|index| Draws::new(1, index).below(bound)).collect();
        assert!(values.iter().all(|value| *value < bound));
        let low = values.iter().filter(|value| **value < bound / 2).count();
        assert!((900..=1100).contains(&low), "{low}");
        assert_eq!(Draws::new(1, 0).below(1), 0);
        assert_eq!(Draws::new(1, 0).below(0), Draws::new(1, 0).bits());
    }
}
