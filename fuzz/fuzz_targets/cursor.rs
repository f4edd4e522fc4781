//! Drives `tests::targets::cursor`.

#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tests::targets::cursor::check(bytes));
