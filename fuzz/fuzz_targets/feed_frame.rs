//! Drives `tests::targets::feed_frame`.

#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tests::targets::feed_frame::check(bytes));
