//! Drives `tests::targets::import`.

#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tests::targets::import::check(bytes));
