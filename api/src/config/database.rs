//! `[database]`: where read models are kept.

use projections::database::url::DatabaseUrl;
use serde::Deserialize;
use std::path::Path;

/// Read models.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// `sqlite:DIRECTORY` or `postgres://…`; SQLite in `DATA/projections` by default.
    pub url: Option<String>,
    /// PostgreSQL: a prefix of the schemas' names, so that several deployments can share a database.
    pub schema_prefix: String,
    /// Connections for reading, at most.
    pub read_connections: u32,
}

impl Default for Database {
    fn default() -> Self {
        Self { url: None, schema_prefix: String::new(), read_connections: 4 }
    }
}

impl Database {
    /// Where read models are, for this data directory.
    ///
    /// # Errors
    /// When the address is none.
    pub fn url(&self, data: &Path) -> Result<DatabaseUrl, String> {
        let Some(url) = &self.url else {
            return Ok(DatabaseUrl::Sqlite { directory: data.join("projections") });
        };
        let mut parsed = DatabaseUrl::parse(url)
            .map_err(|_| "bad value for `database.url`: must be sqlite:DIRECTORY or postgres://…".to_owned())?;
        if let DatabaseUrl::Postgres { schema_prefix, .. } = &mut parsed {
            schema_prefix.clone_from(&self.schema_prefix);
        }
        Ok(parsed)
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let prefix = &self.schema_prefix;
        if prefix.len() > 30 || !prefix.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
            return Err("bad value for `database.schema_prefix`: at most 30 characters of a-z, 0-9 and _".into());
        }
        if self.read_connections == 0 {
            return Err("bad value for `database.read_connections`: must be at least 1".into());
        }
        self.url(Path::new("")).map(drop)
    }
}
