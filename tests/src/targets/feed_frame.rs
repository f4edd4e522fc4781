//! Frames that clients send.

use api::live::op::Op;

/// Any text is a frame or none.
pub fn check(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        drop(Op::parse(text));
    }
}
