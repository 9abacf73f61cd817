//! A fast hash of short byte strings that never changes, since counts of distinct values show it.
//! It is the folded multiplication known from wyhash; it does not resist chosen input.

const SECRET: [u64; 2] = [0xA076_1D64_78BD_642F, 0xE703_7ED1_A0B4_28DB];

pub(super) fn hash(bytes: &[u8]) -> u64 {
    let mut seed = SECRET[1];
    let (first, last) = if bytes.len() > 16 {
        for pair in bytes[..bytes.len() - 1].chunks_exact(16) {
            seed = fold(first_word(pair) ^ SECRET[0], last_word(pair) ^ seed);
        }
        let tail = &bytes[bytes.len() - 16..];
        (first_word(tail), last_word(tail))
    } else if bytes.len() >= 8 {
        (first_word(bytes), last_word(bytes))
    } else {
        short_words(bytes)
    };
    fold(SECRET[0] ^ bytes.len() as u64, fold(first ^ SECRET[0], last ^ seed))
}

fn short_words(bytes: &[u8]) -> (u64, u64) {
    if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        return (u64::from(u32::from_le_bytes(*first)), u64::from(u32::from_le_bytes(*last)));
    }
    match bytes {
        [] => (0, 0),
        [one] => (u64::from(*one), 0),
        [one, two] => (u64::from(*one) | u64::from(*two) << 8, 0),
        [one, two, three, ..] => {
            (u64::from(*one) | u64::from(*two) << 8 | u64::from(*three) << 16, 0)
        }
    }
}

fn first_word(bytes: &[u8]) -> u64 {
    bytes.first_chunk::<8>().map_or(0, |word| u64::from_le_bytes(*word))
}

fn last_word(bytes: &[u8]) -> u64 {
    bytes.last_chunk::<8>().map_or(0, |word| u64::from_le_bytes(*word))
}

fn fold(left: u64, right: u64) -> u64 {
    let product = u128::from(left) * u128::from(right);
    (product as u64) ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::hash;

    #[test]
    fn stays_the_same_between_releases() {
        assert_eq!([hash(b""), hash(b"headwater"), hash(b"2026-11-21T00:00:00Z")], EXPECTED);
    }

    const EXPECTED: [u64; 3] =
        [3_806_384_473_051_541_158, 4_030_698_439_749_135_137, 3_756_542_966_269_433_997];

    #[test]
    fn differs_for_every_length_and_every_bit() {
        let mut seen = std::collections::BTreeSet::new();
        for length in 0..70 {
            let mut text = vec![b'0'; length];
            assert!(seen.insert(hash(&text)), "length {length}");
            for place in 0..length {
                text[place] = b'1';
                assert!(seen.insert(hash(&text)), "length {length}, place {place}");
                text[place] = b'0';
            }
        }
    }
}
