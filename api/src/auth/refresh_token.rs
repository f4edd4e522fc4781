//! Refresh tokens: which session, 32 random bytes, and a seal that only this log's key makes.
//!
//! The seal tells a token of ours from any other text without a look at the log: what bears it and is not the newest of
//! its session was used before.

use crate::problem::Problem;
use crate::secrets;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::ids::{Hash16, SessionId};
use domain::words::{Purpose, Words};
use uuid::Uuid;

/// Session, chance, seal.
const BYTES: usize = 16 + 32 + 16;

/// A refresh token of ours.
pub struct RefreshToken {
    session: SessionId,
    bytes: [u8; BYTES],
}

impl RefreshToken {
    /// A fresh one.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn fresh(words: &dyn Words, session: SessionId) -> Result<Self, Problem> {
        let chance = secrets::random::<32>().map_err(|fault| Problem::internal(&fault))?;
        let mut bytes = [0; BYTES];
        bytes[..16].copy_from_slice(session.uuid().as_bytes());
        bytes[16..48].copy_from_slice(&chance);
        let seal = seal(words, &bytes);
        bytes[48..].copy_from_slice(&seal.0);
        Ok(Self { session, bytes })
    }

    /// The token that a text is; none when it bears no seal of ours.
    pub fn parse(words: &dyn Words, text: &str) -> Option<Self> {
        // The only length that such a text has: what is longer is not even decoded.
        if text.len() != (BYTES * 4).div_ceil(3) {
            return None;
        }
        let bytes: [u8; BYTES] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        let mut sealed = [0; 16];
        sealed.copy_from_slice(&bytes[48..]);
        let session = SessionId::new(Uuid::from_slice(&bytes[..16]).ok()?);
        seal(words, &bytes).is_same_secret(Hash16(sealed)).then_some(Self { session, bytes })
    }

    /// Whose token it is.
    pub const fn session(&self) -> SessionId {
        self.session
    }

    /// What stands for it in the log.
    pub fn hash(&self, words: &dyn Words) -> Hash16 {
        words.hash(Purpose::RefreshToken, &[&self.bytes])
    }

    /// As the client keeps it.
    pub fn to_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.bytes)
    }
}

fn seal(words: &dyn Words, bytes: &[u8; BYTES]) -> Hash16 {
    words.hash(Purpose::RefreshTokenSeal, &[&bytes[..48]])
}

#[cfg(test)]
mod tests {
    use super::*;
    use commands::log::clear_words::ClearWords;

    #[test]
    fn a_token_is_read_back_and_a_changed_one_is_none() {
        let session = SessionId::new(Uuid::from_u128(7));
        let Ok(token) = RefreshToken::fresh(&ClearWords, session) else { panic!("no randomness") };
        let text = token.to_text();
        let read = RefreshToken::parse(&ClearWords, &text).unwrap();
        assert_eq!((read.session(), read.hash(&ClearWords)), (session, token.hash(&ClearWords)));
        let mut bytes = URL_SAFE_NO_PAD.decode(&text).unwrap();
        for at in 0..bytes.len() {
            bytes[at] ^= 1;
            assert!(RefreshToken::parse(&ClearWords, &URL_SAFE_NO_PAD.encode(&bytes)).is_none(), "byte {at}");
            bytes[at] ^= 1;
        }
        for bad in ["", "x", &text[1..], &format!("{text}="), &"A".repeat(86)] {
            assert!(RefreshToken::parse(&ClearWords, bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn two_tokens_of_a_session_have_nothing_in_common_but_it() {
        let session = SessionId::new(Uuid::from_u128(7));
        let hash = || RefreshToken::fresh(&ClearWords, session).map(|token| token.hash(&ClearWords)).unwrap();
        assert_ne!(hash(), hash());
    }
}
