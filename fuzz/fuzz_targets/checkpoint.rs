//! Run with `cargo +nightly fuzz run checkpoint`; what it does is in `src/testing/fuzz.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| headwater::testing::fuzz::fuzz_checkpoint(bytes));
