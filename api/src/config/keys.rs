//! `[keys]`: where subject keys are kept, and what wraps them.

use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Subject keys.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Keys {
    /// `sqlite:FILE` or `postgres://…`, never the read models' database; `DATA/keys/keys.db` by default.
    pub url: Option<String>,
    /// The file with the key-encryption key, 64 hexadecimal digits; made in `DATA/secrets` by default.
    pub encryption_key_file: Option<PathBuf>,
}

impl Keys {
    /// Where subject keys are, for this data directory.
    pub fn url(&self, data: &Path) -> String {
        self.url.clone().unwrap_or_else(|| format!("sqlite:{}", data.join("keys").join("keys.db").display()))
    }

    /// The file of the key-encryption key, for this data directory.
    pub fn encryption_key_file(&self, data: &Path) -> PathBuf {
        self.encryption_key_file.clone().unwrap_or_else(|| data.join("secrets").join("key-encryption-key"))
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let known = |url: &String| ["sqlite:", "postgres://", "postgresql://"].iter().any(|s| url.starts_with(s));
        match &self.url {
            Some(url) if !known(url) => Err("bad value for `keys.url`: must be sqlite:FILE or postgres://…".into()),
            _ => Ok(()),
        }
    }
}
