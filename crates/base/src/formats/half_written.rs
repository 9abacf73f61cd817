//! Which datasets are half-written on purpose, and how: a function of seed, service and number.

use xxhash_rust::xxh3::xxh3_64_with_seed;

const TWO_TO_53: f64 = 9_007_199_254_740_992.0;

/// What is wrong with a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Half {
    /// The metadata never came.
    NoMetadata,
    /// The data file ends in the middle.
    Torn,
    /// The metadata has another checksum.
    Checksum,
}

impl Half {
    pub fn name(self) -> &'static str {
        match self {
            Self::NoMetadata => "no_metadata",
            Self::Torn => "torn",
            Self::Checksum => "checksum",
        }
    }
}

/// The shares of the numbers that are given to half-written datasets.
#[derive(Debug, Clone, PartialEq)]
pub struct HalfWritten {
    seed: u64,
    service: String,
    shares: [(Half, f64); 3],
}

impl HalfWritten {
    /// The words of the option.
    pub const NAMES: &'static [&'static str] = &["no_metadata", "torn", "checksum"];

    pub fn of(shares: &[(String, f64)], seed: u64, service: &str) -> Self {
        let share = |half: Half| {
            let given = shares.iter().find(|(name, _)| name == half.name());
            (half, given.map_or(0.0, |(_, share)| *share))
        };
        let shares = [share(Half::NoMetadata), share(Half::Torn), share(Half::Checksum)];
        Self { seed, service: service.to_owned(), shares }
    }

    /// What the dataset of this number is. Of ten in a row one is whole, or none would ever come.
    pub fn at(&self, number: u64) -> Option<Half> {
        if number.is_multiple_of(10) {
            return None;
        }
        let text = format!("half-written {} {number}", self.service);
        let bits = xxh3_64_with_seed(text.as_bytes(), self.seed);
        let mut left = (bits >> 11) as f64 / TWO_TO_53;
        let hit = self.shares.iter().find(|(_, share)| {
            left -= share;
            left < 0.0
        });
        hit.map(|(half, _)| *half)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_met_and_always_by_the_same_numbers() {
        let shares = [("torn".to_owned(), 0.2), ("checksum".to_owned(), 0.1)];
        let one = HalfWritten::of(&shares, 7, "maker");
        let of = |half| (0..10_000).filter(|number| one.at(*number) == Some(half)).count();
        assert_eq!(of(Half::NoMetadata), 0);
        assert!((1_600..2_000).contains(&of(Half::Torn)), "{}", of(Half::Torn));
        assert!((750..1_050).contains(&of(Half::Checksum)), "{}", of(Half::Checksum));
        let same = HalfWritten::of(&shares, 7, "maker");
        let other = HalfWritten::of(&shares, 8, "maker");
        assert!((0..1_000).all(|number| one.at(number) == same.at(number)));
        assert!((0..1_000).any(|number| one.at(number) != other.at(number)));
    }
}
