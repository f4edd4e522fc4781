//! Drives `tests::targets::payload`.

#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tests::targets::payload::check(bytes));
