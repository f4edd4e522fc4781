//! A world's own databases in the PostgreSQL server that `tests/run` starts.

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};
use std::env;
use uuid::Uuid;

/// The server's address with a database of its own, made by `tests/run`.
const SERVER: &str = "TIDINGS_TEST_POSTGRES";
/// The NATS server's address, made by `tests/run`.
const NATS: &str = "TIDINGS_TEST_NATS";

/// Two databases, one for read models and one for keys, and where NATS is.
pub struct Databases {
    server: String,
    names: [String; 2],
    /// Of the read models.
    pub read_models: String,
    /// Of the keys.
    pub keys: String,
    /// Of the NATS server.
    pub nats: String,
}

impl Databases {
    /// Makes them; none where `tests/run` did not start the servers.
    pub async fn make() -> Option<Self> {
        let (Ok(server), Ok(nats)) = (env::var(SERVER), env::var(NATS)) else { return None };
        let names = ["reads", "keys"].map(|kind| format!("t_{kind}_{}", Uuid::new_v4().simple()));
        let mut connection = PgConnection::connect(&server).await.expect("the PostgreSQL of tests/run");
        for name in &names {
            sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}")))
                .execute(&mut connection)
                .await
                .expect("CREATE");
        }
        connection.close().await.expect("closed");
        let address = |name: &str| format!("{}/{name}", server.rsplit_once('/').expect("an address with a database").0);
        let [read_models, keys] = [address(&names[0]), address(&names[1])];
        Some(Self { server, names, read_models, keys, nats })
    }

    /// As the configuration of a child process.
    pub fn environment(&self) -> [(&'static str, &str); 3] {
        [
            ("TIDINGS_DATABASE__URL", &self.read_models),
            ("TIDINGS_KEYS__URL", &self.keys),
            ("TIDINGS_TRANSPORT__URL", &self.nats),
        ]
    }

    /// Makes the server write everything to its files.
    pub async fn checkpoint(&self) {
        let mut connection = PgConnection::connect(&self.server).await.expect("the PostgreSQL of tests/run");
        sqlx::query("CHECKPOINT").execute(&mut connection).await.expect("CHECKPOINT");
        connection.close().await.expect("closed");
    }

    /// The schemas of the read models: one for each copy, and the catalogue's. Without that of the analysts' views.
    pub async fn schemas(&self) -> Vec<String> {
        let mut connection = PgConnection::connect(&self.read_models).await.expect("the database of the read models");
        let sql = "SELECT nspname::text FROM pg_namespace WHERE nspname !~ '^pg_' \
                   AND nspname NOT IN ('information_schema', 'public', 'analytics')";
        let schemas = sqlx::query_scalar(sql).fetch_all(&mut connection).await.expect("schemas");
        connection.close().await.expect("closed");
        schemas
    }

    /// Drops them.
    pub async fn drop_all(self) {
        let mut connection = PgConnection::connect(&self.server).await.expect("the PostgreSQL of tests/run");
        for name in &self.names {
            let drop = format!("DROP DATABASE {name} WITH (FORCE)");
            sqlx::query(AssertSqlSafe(drop)).execute(&mut connection).await.expect("DROP");
        }
        connection.close().await.expect("closed");
    }
}
