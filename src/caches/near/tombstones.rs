//! What was overwritten lately, and as of which version: copies that are older are not taken.

use super::Plain;
use crate::resource::Version;
use std::collections::{HashMap, VecDeque};

/// Keys are known by their hashes alone: two keys of one hash share a tombstone, which refuses too much at worst.
#[derive(Debug)]
pub struct Tombstones {
    versions: HashMap<u64, Version, Plain>,
    order: VecDeque<u64>,
    capacity: usize,
    /// Above every tombstone that had to make room.
    floor: Version,
}

impl Tombstones {
    pub fn new(capacity: usize) -> Self {
        Self {
            versions: HashMap::default(),
            order: VecDeque::new(),
            capacity: capacity.max(1),
            floor: Version(0),
        }
    }

    pub fn set(&mut self, hash: u64, version: Version) {
        if let Some(known) = self.versions.get_mut(&hash) {
            *known = version.max(*known);
            return;
        }
        if self.order.len() >= self.capacity
            && let Some(oldest) = self.order.pop_front()
            && let Some(version) = self.versions.remove(&oldest)
        {
            self.floor = self.floor.max(version);
        }
        self.versions.insert(hash, version);
        self.order.push_back(hash);
    }

    /// A copy of this key that was read as of an earlier version may lack a write.
    pub fn least(&self, hash: u64) -> Version {
        self.versions.get(&hash).map_or(self.floor, |version| self.floor.max(*version))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_the_newest_version_of_each_key() {
        let mut tombstones = Tombstones::new(8);
        tombstones.set(1, Version(5));
        tombstones.set(1, Version(3));
        assert_eq!(tombstones.least(1), Version(5));
        assert_eq!(tombstones.least(2), Version(0));
    }

    #[test]
    fn refuses_too_much_rather_than_too_little_when_it_is_full() {
        let mut tombstones = Tombstones::new(2);
        for key in 1..=5 {
            tombstones.set(key, Version(key * 10));
        }
        assert_eq!(tombstones.versions.len(), 2);
        for key in 1..=5 {
            assert!(tombstones.least(key) >= Version(key * 10), "{key}");
        }
        assert_eq!(tombstones.least(99), Version(30));
    }
}
