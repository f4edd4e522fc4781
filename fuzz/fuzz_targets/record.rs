//! Drives `tests::targets::record`.

#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tests::targets::record::check(bytes));
