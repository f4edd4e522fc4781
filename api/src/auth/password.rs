//! Passwords: argon2id with OWASP's parameters, away from the async threads, only so many at once.

use crate::config::auth::Auth;
use crate::problem::{Code, Problem};
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use domain::values::Password;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use tokio::sync::Semaphore;

/// Hashes that wait for their turn, at most; beyond it the server says that it is overloaded.
const WAITING_MAX: usize = 256;
/// Seconds after which it is worth trying again.
const RETRY_AFTER_SECONDS: u64 = 5;

/// What is verified when there is no such user or no password, so that both answers take the same time. Nobody knows
/// a password for it.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGtub3dzIGl0IQ$b3Z3c2V0Y2xhbmtlcnN0b25lcHJpbnRlZGFwcGxlcyE";

/// Hashes and verifies passwords.
#[derive(Clone)]
pub struct Passwords {
    hasher: Argon2<'static>,
    permits: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    verified: Arc<AtomicU64>,
    nobody: Arc<str>,
}

impl Passwords {
    /// With the configured cost, one hash for each processor at the same time.
    ///
    /// # Errors
    /// When the cost is none that argon2 knows.
    pub fn new(config: &Auth) -> anyhow::Result<Self> {
        let (memory, passes, lanes) = (config.argon2_memory_kib, config.argon2_iterations, config.argon2_parallelism);
        let params = Params::new(memory, passes, lanes, None)
            .map_err(|fault| anyhow::anyhow!("the configured cost of passwords is not possible: {fault}"))?;
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            hasher: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            permits: Arc::new(Semaphore::new(processors)),
            waiting: Arc::new(AtomicUsize::new(0)),
            verified: Arc::default(),
            nobody: NOBODY.replace("m=19456,t=2,p=1", &format!("m={memory},t={passes},p={lanes}")).into(),
        })
    }

    /// The password's hash in PHC form, with a fresh salt.
    ///
    /// # Errors
    /// [`Code::Overloaded`] when too many wait.
    pub async fn hash(&self, password: Password) -> Result<String, Problem> {
        let hasher = self.hasher.clone();
        self.in_turn(move || hasher.hash_password(password.as_str().as_bytes()).map(|hash| hash.to_string()))
            .await?
            .map_err(|fault| Problem::internal(&fault))
    }

    /// Whether the password belongs to the hash. Without a hash it never does, and takes as long.
    ///
    /// # Errors
    /// [`Code::Overloaded`] when too many wait.
    pub async fn matches(&self, password: String, hash: Option<String>) -> Result<bool, Problem> {
        let (hasher, nobody, counted) = (self.hasher.clone(), self.nobody.clone(), self.verified.clone());
        self.in_turn(move || {
            let known = hash.is_some();
            let hash = hash.as_deref().unwrap_or(&nobody);
            let verified = PasswordVerifier::<str>::verify_password(&hasher, password.as_bytes(), hash).is_ok();
            counted.fetch_add(1, Ordering::Relaxed);
            verified && known
        })
        .await
    }

    /// How many hashes were computed to verify a password, since the start.
    pub fn verified(&self) -> u64 {
        self.verified.load(Ordering::Relaxed)
    }

    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
        let overloaded = || Problem::new(Code::Overloaded).retry_after(RETRY_AFTER_SECONDS);
        let waiting = Waiting::one_more(&self.waiting).ok_or_else(overloaded)?;
        let permit = self.permits.clone().acquire_owned().await.map_err(|_| overloaded())?;
        drop(waiting);
        let hashed = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(permit);
            done
        });
        hashed.await.map_err(|fault| Problem::internal(&fault))
    }
}

/// Counts who waits, also when they give up.
struct Waiting(Arc<AtomicUsize>);

impl Waiting {
    fn one_more(waiting: &Arc<AtomicUsize>) -> Option<Self> {
        let before = waiting.fetch_add(1, Ordering::Relaxed);
        let counted = Self(waiting.clone());
        (before < WAITING_MAX).then_some(counted)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use argon2::password_hash::phc::PasswordHash;

    fn passwords() -> Passwords {
        let config = Auth { argon2_memory_kib: 64, argon2_iterations: 1, ..Auth::default() };
        Passwords::new(&config).unwrap()
    }

    #[tokio::test]
    async fn a_password_matches_its_own_hash_only() {
        let passwords = passwords();
        let hash = passwords.hash(Password::parse("correct horse").unwrap()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
        assert!(passwords.matches("correct horse".into(), Some(hash.clone())).await.unwrap());
        assert!(!passwords.matches("wrong horse".into(), Some(hash)).await.unwrap());
        assert!(!passwords.matches("correct horse".into(), None).await.unwrap());
    }

    #[test]
    fn the_defaults_are_those_of_owasp() {
        let auth = Auth::default();
        assert_eq!((auth.argon2_memory_kib, auth.argon2_iterations, auth.argon2_parallelism), (19_456, 2, 1));
    }

    #[tokio::test]
    async fn what_stands_for_nobody_is_a_hash_that_takes_its_time() {
        let passwords = passwords();
        let real = passwords.hash(Password::parse("correct horse").unwrap()).await.unwrap();
        let (real, nobody) = (PasswordHash::new(&real).unwrap(), PasswordHash::new(&passwords.nobody).unwrap());
        assert_eq!(Params::try_from(&real).unwrap(), Params::try_from(&nobody).unwrap());
        assert_eq!(real.salt.unwrap().len(), nobody.salt.unwrap().len());
    }

    #[tokio::test]
    async fn too_many_at_once_are_told_so() {
        let passwords = passwords();
        passwords.waiting.store(WAITING_MAX, Ordering::Relaxed);
        let refused = passwords.matches("x".into(), None).await.unwrap_err();
        assert_eq!(refused.code(), Code::Overloaded);
        assert_eq!(passwords.waiting.load(Ordering::Relaxed), WAITING_MAX, "who gives up is not counted");
    }
}
