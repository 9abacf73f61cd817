//! For tests, benches and fuzzing only: a disk that forgets, and the entries of the fuzzers.

pub mod disk;
pub mod fuzz;
pub mod random;
pub mod store;
