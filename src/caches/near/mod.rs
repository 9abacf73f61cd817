//! The near cache: copies of records in the memory of this process. Lookups, fills, invalidations and single flight
//! of one key happen under one lock, so that "was it overwritten meanwhile?" and "keep it" are one step.

mod entry;
mod flight;
mod map;
mod shard;
mod sieve;
mod tombstones;

pub use entry::{Entry, Wanted};
pub use flight::Lead;
pub use map::{Begun, Look, Near};
pub use shard::STALENESS_BUCKETS;

/// For maps whose keys are hashes already.
type Plain = std::hash::BuildHasherDefault<PlainHasher>;

#[derive(Debug, Default)]
struct PlainHasher(u64);

impl std::hash::Hasher for PlainHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

#[cfg(test)]
mod tests;
