//! A read model that cannot be written for a while.

use crate::databases::Databases;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection};
use std::path::Path;

/// Keeps a read model from being written.
pub enum HeldProjection {
    /// By the right to write its file.
    Sqlite(SqliteConnection),
    /// By a lock on its checkpoint.
    Postgres(PgConnection),
}

impl HeldProjection {
    /// Its file in a server's directory.
    pub async fn in_file(data: &Path, projection: &str) -> Self {
        let files = std::fs::read_dir(data.join("projections")).expect("a directory");
        let names = files.map(|entry| entry.expect("a file").file_name().into_string().expect("a name"));
        let is_it = |name: &String| name.starts_with(&format!("{projection}_v")) && name.ends_with(".db");
        let name = names.into_iter().find(is_it).expect("its file");
        let url = format!("sqlite:{}", data.join("projections").join(name).display());
        let mut connection = SqliteConnection::connect(&url).await.expect("the file");
        connection.execute("BEGIN IMMEDIATE").await.expect("the right to write");
        Self::Sqlite(connection)
    }

    /// Its schema in a database.
    pub async fn in_schema(databases: &Databases, projection: &str) -> Self {
        let schemas = databases.schemas().await;
        let is_it = |schema: &&String| schema.contains(&format!("{projection}_v"));
        let schema = schemas.iter().find(is_it).expect("its schema");
        let mut connection = PgConnection::connect(&databases.read_models).await.expect("the database");
        let lock = format!("BEGIN; LOCK TABLE \"{schema}\".checkpoint IN EXCLUSIVE MODE");
        connection.execute(AssertSqlSafe(lock)).await.expect("the lock");
        Self::Postgres(connection)
    }

    /// Lets it be written again.
    pub async fn ends(self) {
        match self {
            HeldProjection::Sqlite(connection) => connection.close().await.expect("closed"),
            HeldProjection::Postgres(connection) => connection.close().await.expect("closed"),
        }
    }
}
