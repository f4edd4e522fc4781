//! Key material in memory: never shown, wiped when dropped.

use std::fmt;
use zeroize::Zeroize;

/// 32 bytes of key.
pub struct Secret([u8; Secret::BYTES]);

impl Secret {
    /// The length of every key.
    pub const BYTES: usize = 32;

    /// Takes over key material.
    pub const fn new(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// A fresh key from the system's source of random bytes.
    ///
    /// # Errors
    /// When the system gives none.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut secret = Self([0; Self::BYTES]);
        getrandom::fill(&mut secret.0)?;
        Ok(secret)
    }

    /// The key material.
    pub const fn bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    pub(crate) const fn bytes_mut(&mut self) -> &mut [u8; Self::BYTES] {
        &mut self.0
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}
