//! Access tokens: JSON Web Tokens under HS256, short-lived.
//!
//! A request's token is checked once and remembered until it ends: on the hot path a look into a bounded cache takes
//! the place of a signature and a JSON document.

use crate::auth::caller::Caller;
use crate::problem::{Code, Problem};
use crate::secrets::Secret;
use domain::clock::Time;
use domain::ids::{AccountId, SessionId};
use http::{HeaderValue, header};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use lru::LruCache;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroUsize;

/// Who issues the tokens.
const ISSUER: &str = "tidings";
/// Characters of a token that is looked at, at most.
const TOKEN_MAX_CHARACTERS: usize = 1024;
/// Remembered tokens, at most: this many in each of the shards.
const REMEMBERED_PER_SHARD: NonZeroUsize = NonZeroUsize::new(2_048).unwrap();
/// Parts of the cache, each with its own lock.
const SHARDS: usize = 8;

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    sid: String,
    iss: String,
    iat: i64,
    exp: i64,
    /// The revision of the password that the session rests on.
    #[serde(default)]
    pwr: u64,
}

/// Issues and checks access tokens.
pub struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    life_seconds: i64,
    // Keyed by the whole token, so that no other token can take its place.
    remembered: [Mutex<LruCache<Box<str>, Caller>>; SHARDS],
    hasher: RandomState,
}

impl Tokens {
    /// Tokens signed with this key that live this long.
    pub fn new(key: &Secret, life_seconds: i64) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["sub", "exp", "iss"]);
        // Compared with our own clock below.
        validation.validate_exp = false;
        Self {
            encoding: EncodingKey::from_secret(key.bytes()),
            decoding: DecodingKey::from_secret(key.bytes()),
            validation,
            life_seconds,
            remembered: std::array::from_fn(|_| Mutex::new(LruCache::new(REMEMBERED_PER_SHARD))),
            hasher: RandomState::new(),
        }
    }

    /// Seconds that a token lives.
    pub const fn life_seconds(&self) -> i64 {
        self.life_seconds
    }

    /// A token for a session of an account.
    ///
    /// # Errors
    /// When signing fails, which it does not.
    pub fn issue(
        &self,
        account: AccountId,
        session: SessionId,
        credential_revision: u64,
        now: Time,
    ) -> Result<String, Problem> {
        let iat = now.seconds_since(Time::from_micros(0));
        let claims = Claims {
            sub: account.to_string(),
            sid: session.to_string(),
            iss: ISSUER.into(),
            iat,
            exp: iat + self.life_seconds,
            pwr: credential_revision,
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)
            .map_err(|fault| Problem::internal(&fault))
    }

    /// Whose token this is.
    ///
    /// # Errors
    /// [`Code::Unauthenticated`] when it is not one of ours or has ended.
    pub fn verify(&self, token: &str, now: Time) -> Result<Caller, Problem> {
        let shard = &self.remembered[self.hasher.hash_one(token) as usize % SHARDS];
        let remembered = shard.lock().get(token).copied();
        let caller = match remembered {
            Some(caller) => caller,
            None => {
                let caller = self.check(token).ok_or_else(unauthenticated)?;
                shard.lock().put(token.into(), caller);
                caller
            }
        };
        if caller.expires_at <= now {
            shard.lock().pop(token);
            return Err(unauthenticated().detail("the access token has ended"));
        }
        Ok(caller)
    }

    fn check(&self, token: &str) -> Option<Caller> {
        if token.len() > TOKEN_MAX_CHARACTERS {
            return None;
        }
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation).ok()?.claims;
        Some(Caller {
            account: claims.sub.parse().ok()?,
            session: claims.sid.parse().ok()?,
            issued_at: Time::from_micros(claims.iat.checked_mul(1_000_000)?),
            expires_at: Time::from_micros(claims.exp.checked_mul(1_000_000)?),
            credential_revision: claims.pwr,
        })
    }
}

/// The answer to whoever is not signed in.
pub fn unauthenticated() -> Problem {
    Problem::new(Code::Unauthenticated).header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use uuid::Uuid;

    const NOW: Time = Time::from_micros(1_700_000_000_000_000);

    fn tokens() -> Tokens {
        let directory = tempfile::tempdir().unwrap();
        Tokens::new(&secrets::read_or_make(&directory.path().join("key")).unwrap(), 900)
    }

    fn ids() -> (AccountId, SessionId) {
        (AccountId::new(Uuid::from_u128(1)), SessionId::new(Uuid::from_u128(2)))
    }

    #[test]
    fn a_token_tells_whose_it_is_until_it_ends() {
        let (tokens, (account, session)) = (tokens(), ids());
        let token = tokens.issue(account, session, 4, NOW).unwrap();
        for _ in 0..2 {
            let caller = tokens.verify(&token, NOW.plus_seconds(899)).unwrap();
            assert_eq!((caller.account, caller.session, caller.credential_revision), (account, session, 4));
        }
        let late = tokens.verify(&token, NOW.plus_seconds(900)).unwrap_err();
        assert_eq!(late.code(), Code::Unauthenticated);
        assert!(tokens.verify(&token, NOW.plus_seconds(900)).is_err(), "also when it was forgotten");
    }

    #[test]
    fn a_changed_or_foreign_token_is_refused() {
        let (ours, theirs, (account, session)) = (tokens(), tokens(), ids());
        let token = ours.issue(account, session, 4, NOW).unwrap();
        assert!(theirs.verify(&token, NOW).is_err());
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
        let unsigned = format!("{header}.{}.", token.split('.').nth(1).unwrap());
        for bad in ["", "a.b.c", &token[..token.len() - 1], &unsigned, &"x".repeat(5000)] {
            assert!(ours.verify(bad, NOW).is_err(), "{bad}");
        }
    }
}
