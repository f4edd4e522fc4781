//! Where the read models live.

use std::path::PathBuf;

/// The text names no database that read models can live in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be sqlite:DIRECTORY or postgres://…")]
pub struct BadDatabaseUrl;

/// Where the read models live.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A directory with one file for each version of a projection.
    Sqlite {
        /// The directory; made if it is missing.
        directory: PathBuf,
    },
    /// A PostgreSQL database (13 or later) with one schema for each version of a projection.
    Postgres {
        /// As libpq reads it.
        url: String,
        /// Put before the schemas' names; empty but in tests that share a database.
        schema_prefix: String,
    },
}

impl DatabaseUrl {
    /// Reads `sqlite:DIRECTORY` (also with `//`), `postgres://…` or `postgresql://…`.
    ///
    /// # Errors
    /// On anything else.
    pub fn parse(text: &str) -> Result<Self, BadDatabaseUrl> {
        if text.starts_with("postgres:") || text.starts_with("postgresql:") {
            return Ok(DatabaseUrl::Postgres { url: text.to_owned(), schema_prefix: String::new() });
        }
        let directory = text.strip_prefix("sqlite:").ok_or(BadDatabaseUrl)?;
        let directory = directory.strip_prefix("//").unwrap_or(directory);
        if directory.is_empty() { Err(BadDatabaseUrl) } else { Ok(DatabaseUrl::Sqlite { directory: directory.into() }) }
    }
}

/// A URL may hold a password: it is never shown.
impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            DatabaseUrl::Sqlite { directory } => write!(f, "sqlite:{}", directory.display()),
            DatabaseUrl::Postgres { .. } => f.write_str("postgres:…"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_a_directory_or_a_server() {
        assert_eq!(DatabaseUrl::parse("sqlite:data/read"), DatabaseUrl::parse("sqlite://data/read"));
        assert!(matches!(DatabaseUrl::parse("postgresql://h/d"), Ok(DatabaseUrl::Postgres { .. })));
        for bad in ["", "sqlite:", "mysql://h/d", "data"] {
            assert_eq!(DatabaseUrl::parse(bad), Err(BadDatabaseUrl), "{bad}");
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        let url = DatabaseUrl::parse("postgres://me:secret@h/d").unwrap();
        assert!(!format!("{url:?}").contains("secret"));
    }
}
