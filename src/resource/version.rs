//! How the order of writes and reads of one store is told.

/// A place in the order of a store's commits; it only grows, also over restarts.
///
/// A write has the version at which it became visible, a read the version *as of* which it saw the store. The rule
/// that everything about caches rests on: a read as of `r` has seen every write of a version `w <= r`. A read may in
/// truth have seen more than it claims, never less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Version(pub u64);

impl std::fmt::Display for Version {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}
