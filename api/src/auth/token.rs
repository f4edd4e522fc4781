//! Access tokens: JSON Web Tokens under HS256, short-lived. Each names its key, so keys can be replaced while tokens live.
//!
//! A request's token is checked once and remembered until it ends: on the hot path a look into a bounded cache takes
//! the place of a signature and a JSON document.

use crate::auth::caller::Caller;
use crate::auth::token_keys::{TokenKey, TokenKeys};
use crate::problem::{Code, Problem};
use domain::clock::Time;
use domain::ids::{AccountId, SessionId};
use http::{HeaderValue, header};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use lru::LruCache;
use parking_lot::{Mutex, RwLock};
use serde::{Deserialize, Serialize};
use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::watch;

/// Who issues the tokens.
const ISSUER: &str = "tidings";
/// Characters of a token that is looked at, at most.
const TOKEN_MAX_CHARACTERS: usize = 1024;
/// Remembered tokens, at most: this many in each of the shards.
const REMEMBERED_PER_SHARD: NonZeroUsize = NonZeroUsize::new(2_048).unwrap();
/// How far ahead of ours the clock may be that a token was issued by, in seconds.
const AHEAD_MAX_SECONDS: i64 = 60;
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
    ring: RwLock<Arc<Ring>>,
    /// Held while keys are replaced.
    rotating: Mutex<()>,
    validation: Validation,
    life_seconds: i64,
    /// Tokens that were verified under an earlier ring than this are void.
    first_ring: watch::Sender<u64>,
    // Keyed by the whole token, so that no other token can take its place.
    remembered: [Mutex<LruCache<Box<str>, Caller>>; SHARDS],
    hasher: RandomState,
}

/// Keys, ready to use.
struct Ring {
    /// One more with every ring: what an earlier one verified is looked at again.
    number: u64,
    header: Header,
    encoding: EncodingKey,
    verifying: Vec<Verifying>,
}

struct Verifying {
    id: String,
    decoding: DecodingKey,
    until: Option<Time>,
}

impl Ring {
    fn new(number: u64, keys: &TokenKeys) -> Arc<Self> {
        let verifying = |key: &TokenKey| Verifying {
            id: key.id.clone(),
            decoding: DecodingKey::from_secret(key.secret.bytes()),
            until: key.until,
        };
        Arc::new(Self {
            number,
            header: Header { kid: Some(keys.newest.id.clone()), ..Header::new(Algorithm::HS256) },
            encoding: EncodingKey::from_secret(keys.newest.secret.bytes()),
            verifying: std::iter::once(&keys.newest).chain(&keys.older).map(verifying).collect(),
        })
    }
}

impl Tokens {
    /// Tokens under these keys that live this long.
    pub fn new(keys: &TokenKeys, life_seconds: i64) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["sub", "exp", "iss"]);
        // Compared with our own clock below.
        validation.validate_exp = false;
        Self {
            ring: RwLock::new(Ring::new(0, keys)),
            rotating: Mutex::default(),
            first_ring: watch::Sender::new(0),
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

    /// Signs with a fresh key from now on, and writes it into the file of keys before. Tokens of the others live until they
    /// end, or none of them does when that is to be at once, nor a connection that was opened with one.
    ///
    /// # Errors
    /// When the file cannot be read or written, or too many keys still verify.
    pub fn rotate(&self, path: &Path, now: Time, at_once: bool) -> anyhow::Result<TokenKeys> {
        let _alone = self.rotating.lock();
        let keys = TokenKeys::read_or_make(path)?.rotated(now, at_once)?;
        keys.write(path)?;
        let mut ring = self.ring.write();
        *ring = Ring::new(ring.number + 1, &keys);
        if at_once {
            self.first_ring.send_replace(ring.number);
        }
        Ok(keys)
    }

    /// Whether tokens of the time when the caller's was verified still count.
    ///
    /// # Errors
    /// [`Code::Unauthenticated`] when they were ended at once since.
    pub fn check_ring(&self, caller: &Caller) -> Result<(), Problem> {
        if caller.ring < *self.first_ring.borrow() {
            return Err(unauthenticated().detail("the key of the access token was withdrawn"));
        }
        Ok(())
    }

    /// Ends when they count no more.
    pub async fn withdrawn(&self, caller: Caller) {
        let mut first_ring = self.first_ring.subscribe();
        if first_ring.wait_for(|first| caller.ring < *first).await.is_err() {
            std::future::pending::<()>().await;
        }
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
        let ring = Arc::clone(&self.ring.read());
        jsonwebtoken::encode(&ring.header, &claims, &ring.encoding).map_err(|fault| Problem::internal(&fault))
    }

    /// Whose token this is.
    ///
    /// # Errors
    /// [`Code::Unauthenticated`] when it is not one of ours or has ended.
    pub fn verify(&self, token: &str, now: Time) -> Result<Caller, Problem> {
        let shard = &self.remembered[self.hasher.hash_one(token) as usize % SHARDS];
        let ring = Arc::clone(&self.ring.read());
        let remembered = shard.lock().get(token).copied();
        let caller = match remembered {
            Some(caller) if caller.ring == ring.number => caller,
            Some(_) | None => {
                let caller = self.check(&ring, token).ok_or_else(unauthenticated)?;
                shard.lock().put(token.into(), caller);
                caller
            }
        };
        if caller.expires_at <= now {
            shard.lock().pop(token);
            return Err(unauthenticated().detail("the access token has ended"));
        }
        // A forged one would otherwise outlive what is known of ended sessions.
        if caller.issued_at > now.plus_seconds(AHEAD_MAX_SECONDS) {
            return Err(unauthenticated().detail("the access token is of a time to come"));
        }
        Ok(caller)
    }

    fn check(&self, ring: &Ring, token: &str) -> Option<Caller> {
        if token.len() > TOKEN_MAX_CHARACTERS {
            return None;
        }
        // Tokens that name no key were issued before keys had names.
        let id = jsonwebtoken::decode_header(token).ok()?.kid;
        let (key, claims) =
            ring.verifying.iter().filter(|key| id.as_ref().is_none_or(|id| *id == key.id)).find_map(|key| {
                let token = jsonwebtoken::decode::<Claims>(token, &key.decoding, &self.validation).ok()?;
                Some((key, token.claims))
            })?;
        let issued_at = Time::from_micros(claims.iat.checked_mul(1_000_000)?);
        // Nor longer than tokens live now: which sessions are over is known for so long.
        let ends = Time::from_micros(claims.exp.checked_mul(1_000_000)?).min(issued_at.plus_seconds(self.life_seconds));
        Some(Caller {
            account: claims.sub.parse().ok()?,
            session: claims.sid.parse().ok()?,
            issued_at,
            // No token lives longer than its key, remembered or not.
            expires_at: key.until.map_or(ends, |until| ends.min(until)),
            credential_revision: claims.pwr,
            ring: ring.number,
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
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use domain::limits::ACCESS_TOKEN_LIFE_MAX_SECONDS;
    use futures_util::FutureExt;
    use uuid::Uuid;

    const NOW: Time = Time::from_micros(1_700_000_000_000_000);

    fn tokens() -> Tokens {
        let directory = tempfile::tempdir().unwrap();
        Tokens::new(&TokenKeys::read_or_make(&directory.path().join("key")).unwrap(), 900)
    }

    #[test]
    fn tokens_of_an_older_key_live_until_they_end() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        let tokens = Tokens::new(&TokenKeys::read_or_make(&path).unwrap(), 900);
        let (account, session) = ids();
        let (remembered, not_yet) = (tokens.issue(account, session, 4, NOW), tokens.issue(account, session, 5, NOW));
        let (remembered, not_yet) = (remembered.unwrap(), not_yet.unwrap());
        tokens.verify(&remembered, NOW).unwrap();
        tokens.rotate(&path, NOW, false).unwrap();
        let new = tokens.issue(account, session, 6, NOW).unwrap();
        let id = |token: &str| jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
        assert_ne!(id(&new), id(&remembered));
        let again = Tokens::new(&TokenKeys::read_or_make(&path).unwrap(), 900);
        for token in [&remembered, &not_yet, &new] {
            assert!(tokens.verify(token, NOW.plus_seconds(899)).is_ok());
            assert!(again.verify(token, NOW.plus_seconds(899)).is_ok(), "also after a restart");
        }
        tokens.rotate(&path, NOW, true).unwrap();
        for token in [&remembered, &not_yet, &new] {
            assert!(tokens.verify(token, NOW).is_err(), "also when it was remembered");
        }
    }

    #[test]
    fn no_token_lives_longer_than_its_key() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        // Whoever has the key could sign for a year.
        let tokens = Tokens::new(&TokenKeys::read_or_make(&path).unwrap(), 365 * 24 * 60 * 60);
        let (account, session) = ids();
        let token = tokens.issue(account, session, 4, NOW).unwrap();
        tokens.rotate(&path, NOW, false).unwrap();
        let over = NOW.plus_seconds(ACCESS_TOKEN_LIFE_MAX_SECONDS);
        assert!(tokens.verify(&token, over.plus_seconds(-1)).is_ok());
        assert!(tokens.verify(&token, over).is_err(), "although it was remembered");
        assert!(tokens.verify(&token, over).is_err(), "and when it was forgotten");
    }

    #[test]
    fn no_token_lives_longer_than_tokens_do_now() {
        let directory = tempfile::tempdir().unwrap();
        let keys = TokenKeys::read_or_make(&directory.path().join("key")).unwrap();
        let (account, session) = ids();
        let token = Tokens::new(&keys, 3_600).issue(account, session, 4, NOW).unwrap();
        let tokens = Tokens::new(&keys, 900);
        assert!(tokens.verify(&token, NOW.plus_seconds(899)).is_ok());
        assert!(tokens.verify(&token, NOW.plus_seconds(900)).is_err());
    }

    #[test]
    fn a_token_that_names_no_key_is_of_any() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        let keys = TokenKeys::read_or_make(&path).unwrap();
        let tokens = Tokens::new(&keys, 900);
        let (account, session) = ids();
        let named = tokens.issue(account, session, 4, NOW).unwrap();
        let key = DecodingKey::from_secret(keys.newest.secret.bytes());
        let claims = jsonwebtoken::decode::<Claims>(&named, &key, &tokens.validation).unwrap().claims;
        let unnamed = EncodingKey::from_secret(keys.newest.secret.bytes());
        let unnamed = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &unnamed).unwrap();
        tokens.rotate(&path, NOW, false).unwrap();
        assert!(tokens.verify(&unnamed, NOW).is_ok());
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
    fn a_token_of_a_time_to_come_is_refused() {
        let (tokens, (account, session)) = (tokens(), ids());
        let ahead = |seconds| tokens.issue(account, session, 4, NOW.plus_seconds(seconds)).unwrap();
        assert!(tokens.verify(&ahead(60), NOW).is_ok(), "clocks differ");
        for _ in 0..2 {
            assert!(tokens.verify(&ahead(61), NOW).is_err());
        }
    }

    #[tokio::test]
    async fn what_was_opened_with_a_key_that_is_ended_at_once_is_told_so_and_else_goes_on() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        let tokens = Tokens::new(&TokenKeys::read_or_make(&path).unwrap(), 900);
        let (account, session) = ids();
        let caller = |tokens: &Tokens| tokens.verify(&tokens.issue(account, session, 4, NOW).unwrap(), NOW).unwrap();
        let first = caller(&tokens);
        tokens.rotate(&path, NOW, false).unwrap();
        let second = caller(&tokens);
        let mut both = [first, second].map(|caller| Box::pin(tokens.withdrawn(caller)));
        assert!(both.iter_mut().all(|withdrawn| withdrawn.now_or_never().is_none()));
        assert!(tokens.check_ring(&first).is_ok() && tokens.check_ring(&second).is_ok());
        tokens.rotate(&path, NOW, true).unwrap();
        assert!(both.iter_mut().all(|withdrawn| withdrawn.now_or_never().is_some()));
        assert!(tokens.check_ring(&first).is_err() && tokens.check_ring(&second).is_err());
        let third = caller(&tokens);
        assert!(tokens.check_ring(&third).is_ok() && tokens.withdrawn(third).now_or_never().is_none());
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
