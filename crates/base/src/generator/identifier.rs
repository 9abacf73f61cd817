//! Values that never repeat: `uuid`, `ulid`, `unique`. Uniqueness costs no memory and no retries.

use super::clause::{Clause, Fault, range};
use super::decimal::write_integer;
use super::number::count;
use super::random::{draw_at, mix};

const HEX: [[u8; 2]; 256] = {
    let digits = b"0123456789abcdef";
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        pairs[byte] = [digits[byte >> 4], digits[byte & 15]];
        byte += 1;
    }
    pairs
};

/// A version 4 UUID. Its halves are bijections of the index under unrelated keys, so two records
/// share one no sooner than truly random UUIDs would.
pub(super) fn write_uuid(key: u64, index: u64, out: &mut Vec<u8>) {
    let high = draw_at(key, index) & 0xFFFF_FFFF_FFFF_0FFF | 0x4000;
    let low = draw_at(mix(key), index) & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000;
    let mut text = *b"00000000-0000-4000-8000-000000000000";
    let places = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
    for (byte, at) in high.to_be_bytes().into_iter().chain(low.to_be_bytes()).zip(places) {
        text[at..at + 2].copy_from_slice(&HEX[usize::from(byte)]);
    }
    out.extend_from_slice(&text);
}

/// A ULID: the record's time in milliseconds, then 80 bits; sorted like the index.
pub(super) fn write_ulid(key: u64, index: u64, milliseconds: i64, out: &mut Vec<u8>) {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let time = u128::from(milliseconds.max(0) as u64 & 0xFFFF_FFFF_FFFF) << 80;
    let noise =
        u128::from(draw_at(key, index)) << 16 | u128::from(mix(draw_at(mix(key), index)) >> 48);
    let mut bits = time | noise;
    let mut text = [0; 26];
    for letter in text.iter_mut().rev() {
        *letter = ALPHABET[(bits & 31) as usize];
        bits >>= 5;
    }
    out.extend_from_slice(&text);
}

/// Sets the rounds of the permutation apart.
const ROUNDS: [u64; 4] =
    [0x243F_6A88_85A3_08D3, 0x1319_8A2E_0370_7344, 0xA409_3822_299F_31D0, 0x082E_FA98_EC4E_6C89];

/// `unique A..B`: a permutation of the range. When all are used up it begins again, in another
/// order, so every stretch of as many records as the range holds, counted from 0, has each once.
#[derive(Debug)]
pub(super) struct Unique {
    low: i64,
    count: u64,
    /// Bits of the two halves of the smallest power of two that holds the range.
    left_bits: u32,
    right_bits: u32,
}

impl Unique {
    pub(super) fn parse(mut clause: Clause<'_>) -> Result<Self, Fault> {
        let (low, high) = range::<i64>("unique", clause.word(), "1..10000")?;
        clause.finish()?;
        let count = count(low, high);
        let bits = 64 - count.wrapping_sub(1).leading_zeros();
        Ok(Self { low, count, left_bits: bits / 2, right_bits: bits - bits / 2 })
    }

    pub(super) fn write(&self, key: u64, index: u64, out: &mut Vec<u8>) {
        let (lap, place) = match self.count {
            0 => (0, index),
            count => (index / count, index % count),
        };
        let key = mix(key.wrapping_add(lap));
        let mut value = self.permute(key, place);
        // Fewer than half the numbers lie outside the range; walking the cycle stays a permutation.
        while self.count != 0 && value >= self.count {
            value = self.permute(key, value);
        }
        write_integer(self.low.wrapping_add_unsigned(value), out);
    }

    /// An eight-round Feistel network over all numbers of that many bits.
    fn permute(&self, key: u64, value: u64) -> u64 {
        let (left_mask, right_mask) = (mask(self.left_bits), mask(self.right_bits));
        let mut left = value >> self.right_bits & left_mask;
        let mut right = value & right_mask;
        for round in ROUNDS {
            left ^= mix(right.wrapping_add(key) ^ round) & left_mask;
            right ^= mix(left.wrapping_add(key) ^ !round) & right_mask;
        }
        left << self.right_bits | right
    }
}

fn mask(bits: u32) -> u64 {
    (1 << bits) - 1
}
