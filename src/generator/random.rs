//! The random numbers: counter based, so that any value can be asked for in any order.
//! Nothing here may ever change: every record that was ever generated depends on it.

/// The SplitMix64 increment: consecutive indexes give that generator's own sequence.
const INDEX_STEP: u64 = 0x9E37_79B9_7F4A_7C15;
/// Leads from one draw of a record to its next; unrelated to `INDEX_STEP`, so that the draws of
/// neighbouring records never run over the same states.
const DRAW_STEP: u64 = 0xD1B5_4A32_D192_ED03;

/// The SplitMix64 finaliser: a bijection of the 64-bit numbers in which every bit depends on all.
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
    pub(super) const fn bits(&mut self) -> u64 {
        let bits = mix(self.state);
        self.state = self.state.wrapping_add(DRAW_STEP);
        bits
    }

    /// An exactly uniform integer below `bound`; a bound of 0 stands for 2^64.
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
    pub(super) fn pick(&mut self, length: usize) -> usize {
        multiply(self.bits(), length as u64).0 as usize
    }

    /// A number in `0 <= x < 1`.
    pub(super) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * 2.0_f64.powi(-53)
    }

    /// A number in `0 < x < 1`: safe under a logarithm.
    pub(super) fn inner_unit(&mut self) -> f64 {
        inner_unit(self.bits())
    }
}

/// Bits as a number in `0 < x < 1`.
pub(super) fn inner_unit(bits: u64) -> f64 {
    ((bits >> 12) as f64 + 0.5) * 2.0_f64.powi(-52)
}

/// High and low half of a 128-bit product: the high half is `bits` scaled to `0..bound`.
pub(super) const fn multiply(bits: u64, bound: u64) -> (u64, u64) {
    let product = bits as u128 * bound as u128;
    ((product >> 64) as u64, product as u64)
}

/// Whether an event of probability `share` happens for these bits.
pub(super) fn happens(bits: u64, share: f64) -> bool {
    ((bits >> 11) as f64) * 2.0_f64.powi(-53) < share
}
