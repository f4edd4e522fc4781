//! The keys of access tokens: the newest signs, older ones verify until every token that they signed has ended.
//!
//! Their file holds a key a line, the newest first: 64 hexadecimal digits, and for an older one the Unix second until
//! which it verifies. A token names its key (`kid`, RFC 7515, 4.1.4) by a part of a hash under that key, so the file
//! need not.

use crate::secrets::{self, Secret};
use anyhow::{Context, bail, ensure};
use domain::clock::Time;
use domain::limits::{ACCESS_TOKEN_LIFE_MAX_SECONDS, TOKEN_KEYS_MAX};
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use std::path::Path;

/// What is hashed under a key for its id.
const ID_OF: &[u8] = b"the id of a key of access tokens";
/// Characters of an id: 96 bits.
const ID_CHARACTERS: usize = 16;

/// A key.
#[derive(Clone, Debug)]
pub struct TokenKey {
    /// What tokens name it by.
    pub id: String,
    /// What signs and verifies.
    pub secret: Secret,
    /// Until when it verifies; no end for the one that signs.
    pub until: Option<Time>,
}

/// The keys of a deployment.
#[derive(Clone, Debug)]
pub struct TokenKeys {
    /// Signs.
    pub newest: TokenKey,
    /// Verify for a while, the newest first.
    pub older: Vec<TokenKey>,
}

impl TokenKey {
    fn new(secret: Secret, until: Option<Time>) -> anyhow::Result<Self> {
        let mut id = crypto::sign(ID_OF, &EncodingKey::from_secret(secret.bytes()), Algorithm::HS256)?;
        id.truncate(ID_CHARACTERS);
        Ok(Self { id, secret, until })
    }

    fn parse(line: &str) -> anyhow::Result<Self> {
        let (digits, until) = line.split_once(' ').map_or((line, None), |(digits, until)| (digits, Some(until)));
        let until = until.map(str::parse::<u32>).transpose()?;
        Self::new(secrets::decode(digits)?, until.map(|second| Time::from_micros(i64::from(second) * 1_000_000)))
    }

    fn to_line(&self) -> String {
        let digits = secrets::encode(self.secret.bytes());
        match self.until {
            None => format!("{digits}\n"),
            Some(until) => format!("{digits} {}\n", until.seconds_since(Time::from_micros(0))),
        }
    }
}

impl TokenKeys {
    /// Reads the keys, or makes the first one where there is no file.
    ///
    /// # Errors
    /// When they can be neither read nor made; the file is named, its content is not.
    pub fn read_or_make(path: &Path) -> anyhow::Result<Self> {
        if !path.try_exists().with_context(|| format!("cannot look for {}", path.display()))? {
            return Ok(Self { newest: TokenKey::new(secrets::read_or_make(path)?, None)?, older: Vec::new() });
        }
        let text = secrets::read_text(path)?;
        Self::parse(&text).map_err(|_| {
            // The cause could show what stands there.
            anyhow::anyhow!(
                "{} holds no keys of tokens: 64 hexadecimal digits a line, the newest first",
                path.display()
            )
        })
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let mut keys = text.trim_end().lines().map(TokenKey::parse);
        let newest = keys.next().context("empty")??;
        let older: Vec<TokenKey> = keys.collect::<Result<_, _>>()?;
        let are_dated = newest.until.is_none() && older.iter().all(|key| key.until.is_some());
        ensure!(are_dated && older.len() < TOKEN_KEYS_MAX, "wrong form");
        Ok(Self { newest, older })
    }

    /// With a fresh key that signs from now on. The others verify as long as a token of theirs can live, or no more when
    /// they are to end at once.
    ///
    /// # Errors
    /// When too many still verify, or the system has no randomness to give.
    pub fn rotated(&self, now: Time, at_once: bool) -> anyhow::Result<Self> {
        let newest = TokenKey::new(Secret::random()?, None)?;
        if at_once {
            return Ok(Self { newest, older: Vec::new() });
        }
        let until = now.plus_seconds(ACCESS_TOKEN_LIFE_MAX_SECONDS);
        let last = TokenKey { until: Some(until), ..self.newest.clone() };
        let living = self.older.iter().filter(|key| key.until.is_some_and(|until| until > now)).cloned();
        let older: Vec<TokenKey> = std::iter::once(last).chain(living).collect();
        if older.len() >= TOKEN_KEYS_MAX {
            bail!("{} keys still verify tokens: wait until one has ended, or end them all at once", older.len());
        }
        Ok(Self { newest, older })
    }

    /// Writes them in the place of those that are there, durably and as a whole.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        let text: String = std::iter::once(&self.newest).chain(&self.older).map(TokenKey::to_line).collect();
        secrets::replace_private(path, text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    const NOW: Time = Time::from_micros(1_700_000_000_000_000);

    #[test]
    fn keys_are_read_back_as_they_were_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secrets/token-key");
        let first = TokenKeys::read_or_make(&path).unwrap();
        assert!(first.older.is_empty());
        let rotated = first.rotated(NOW, false).unwrap();
        rotated.write(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let read = TokenKeys::read_or_make(&path).unwrap();
        assert_eq!((&read.newest.id, read.newest.until), (&rotated.newest.id, None));
        let [old] = &read.older[..] else { panic!("one older key") };
        assert_eq!((&old.id, old.until), (&first.newest.id, Some(NOW.plus_seconds(ACCESS_TOKEN_LIFE_MAX_SECONDS))));
        assert_ne!(read.newest.id, old.id);
    }

    #[test]
    fn a_key_that_has_ended_is_dropped_and_at_once_all_are() {
        let directory = tempfile::tempdir().unwrap();
        let first = TokenKeys::read_or_make(&directory.path().join("key")).unwrap();
        let second = first.rotated(NOW, false).unwrap();
        let later = NOW.plus_seconds(ACCESS_TOKEN_LIFE_MAX_SECONDS);
        let third = second.rotated(later, false).unwrap();
        let ids: Vec<&str> = third.older.iter().map(|key| &*key.id).collect();
        assert_eq!(ids, [&*second.newest.id]);
        assert!(second.rotated(NOW, true).unwrap().older.is_empty());
    }

    #[test]
    fn there_are_so_many_keys_and_no_more() {
        let directory = tempfile::tempdir().unwrap();
        let mut keys = TokenKeys::read_or_make(&directory.path().join("key")).unwrap();
        for _ in 1..TOKEN_KEYS_MAX {
            keys = keys.rotated(NOW, false).unwrap();
        }
        assert!(keys.rotated(NOW, false).is_err());
        assert!(keys.rotated(NOW, true).is_ok());
    }

    #[test]
    fn a_damaged_file_is_named_and_not_shown() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("token-key");
        let key = "ab".repeat(32);
        for bad in
            ["".to_owned(), "hunter2".into(), format!("{key} 12"), format!("{key}\n{key}"), format!("{key}\nhunter2")]
        {
            std::fs::write(&path, &bad).unwrap();
            let message = format!("{:#}", TokenKeys::read_or_make(&path).unwrap_err());
            assert!(
                message.contains("token-key") && !message.contains("hunter2") && !message.contains(&key),
                "{message}"
            );
        }
    }
}
