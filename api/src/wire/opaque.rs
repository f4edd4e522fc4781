//! Bytes that are never looked into, as base64 with padding (RFC 4648, section 4).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use domain::values::Invalid;

/// The bytes of a text.
///
/// # Errors
/// When it is not base64 in its one canonical form, so that it is shown again as it was sent.
pub fn decode(text: &str) -> Result<Bytes, Invalid> {
    STANDARD.decode(text).map(Bytes::from).map_err(|_| Invalid::format("must be base64 with padding"))
}

/// The text of some bytes.
pub fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_form_is_read() {
        assert_eq!(decode("AAEC/w==").map(|bytes| encode(&bytes)), Ok("AAEC/w==".into()));
        for bad in ["AAEC/w", "AAEC_w==", "AAEC/x==", "AA EC", "*"] {
            assert_eq!(decode(bad).unwrap_err().code, "BAD_FORMAT", "{bad}");
        }
    }
}
