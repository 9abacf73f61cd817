//! Run with `cargo +nightly fuzz run stack_file`; what it does is in `src/testing/fuzz.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| headwater::testing::fuzz::fuzz_stack_file(bytes));
