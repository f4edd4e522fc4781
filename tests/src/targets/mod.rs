//! What is read from outside or from disk, given any bytes at all: each target takes them, must not panic, and checks what
//! must hold when they are taken. `fuzz/` drives the same functions with a fuzzer, `tests/faults` with changed samples.

pub mod cursor;
pub mod envelope;
pub mod feed_frame;
pub mod import;
pub mod payload;
pub mod record;
