//! Drives `tests::targets::envelope`.

#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tests::targets::envelope::check(bytes));
