//! `[auth]`: how long tokens live and what hashing a password costs.

use domain::limits::{
    ACCESS_TOKEN_LIFE_MAX_SECONDS, ACCESS_TOKEN_LIFE_SECONDS, ERASURE_WAIT_DAYS, ERASURE_WAIT_MAX_DAYS,
    REFRESH_TOKEN_LIFE_MAX_SECONDS,
};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Tokens and passwords.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Auth {
    /// Seconds that an access token lives.
    pub access_token_seconds: i64,
    /// Seconds that a refresh token lives.
    pub refresh_token_seconds: i64,
    /// Days between the request of an account's erasure and the erasure.
    pub erasure_wait_days: u32,
    /// Memory of one hash in KiB. The default and those below are OWASP's for argon2id.
    pub argon2_memory_kib: u32,
    /// Passes of one hash.
    pub argon2_iterations: u32,
    /// Lanes of one hash.
    pub argon2_parallelism: u32,
    /// The file with the keys of access tokens, 64 hexadecimal digits a line, the newest first; made in `DATA/secrets` by
    /// default.
    pub token_key_file: Option<PathBuf>,
}

impl Default for Auth {
    fn default() -> Self {
        Self {
            access_token_seconds: ACCESS_TOKEN_LIFE_SECONDS,
            refresh_token_seconds: REFRESH_TOKEN_LIFE_MAX_SECONDS,
            erasure_wait_days: ERASURE_WAIT_DAYS,
            argon2_memory_kib: 19 * 1024,
            argon2_iterations: 2,
            argon2_parallelism: 1,
            token_key_file: None,
        }
    }
}

impl Auth {
    /// The file of the key that signs access tokens, for this data directory.
    pub fn token_key_file(&self, data: &Path) -> PathBuf {
        self.token_key_file.clone().unwrap_or_else(|| data.join("secrets").join("token-key"))
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let within = |key: &str, value: i64, max: i64| {
            let good = (1..=max).contains(&value);
            if good { Ok(()) } else { Err(format!("bad value for `auth.{key}`: must be from 1 to {max}")) }
        };
        within("access_token_seconds", self.access_token_seconds, ACCESS_TOKEN_LIFE_MAX_SECONDS)?;
        within("refresh_token_seconds", self.refresh_token_seconds, REFRESH_TOKEN_LIFE_MAX_SECONDS)?;
        if self.erasure_wait_days > ERASURE_WAIT_MAX_DAYS {
            return Err(format!("bad value for `auth.erasure_wait_days`: must be at most {ERASURE_WAIT_MAX_DAYS}"));
        }
        within("argon2_iterations", i64::from(self.argon2_iterations), 100)?;
        within("argon2_parallelism", i64::from(self.argon2_parallelism), 64)?;
        within("argon2_memory_kib", i64::from(self.argon2_memory_kib), 4 << 20)?;
        argon2::Params::new(self.argon2_memory_kib, self.argon2_iterations, self.argon2_parallelism, None)
            .map(drop)
            .map_err(|_| "bad value for `auth.argon2_memory_kib`: must be at least 8 for each lane".to_owned())
    }
}
