//! A PostgreSQL server of a test's own, which can be killed and started again on the same address.

use crate::wait::{PATIENCE, let_run};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};
use std::env;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// PostgreSQL's server programs, told by `tests/run`.
const PROGRAMS: &str = "TIDINGS_TEST_POSTGRES_PROGRAMS";
/// Whom they run as when the tests run as root; told by `tests/run`.
const USER: &str = "TIDINGS_TEST_POSTGRES_USER";

/// A server. Dropping it kills it.
pub struct Postgres {
    programs: PathBuf,
    user: Option<String>,
    directory: TempDir,
    port: u16,
    child: Child,
}

impl Postgres {
    /// Starts one; none, with a message, where `tests/run` has not said where the programs are.
    pub async fn start() -> Option<Self> {
        let Ok(programs) = env::var(PROGRAMS) else {
            println!("skipped: PostgreSQL's programs are named by tests/run");
            return None;
        };
        let (programs, user) = (PathBuf::from(programs), env::var(USER).ok().filter(|user| !user.is_empty()));
        let directory = TempDir::with_prefix("tidings-postgres-").expect("a directory");
        if let Some(user) = &user {
            let status = Command::new("chown").arg(user).arg(directory.path()).status().await.expect("chown runs");
            assert!(status.success(), "chown");
        }
        let data = directory.path().join("data");
        let made = program(user.as_deref(), &programs.join("initdb"))
            .args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "-D"])
            .arg(&data)
            .status()
            .await;
        assert!(made.expect("initdb runs").success(), "initdb");
        let port =
            tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("a port").port();
        let child = serve(user.as_deref(), &programs, &data, port);
        let mut server = Self { programs, user, directory, port, child };
        server.answers().await;
        Some(server)
    }

    /// The address of a database on it.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Makes a database.
    pub async fn creates(&self, database: &str) {
        let mut connection = PgConnection::connect(&self.url("postgres")).await.expect("it answers");
        let create = format!("CREATE DATABASE {database}");
        sqlx::query(AssertSqlSafe(create)).execute(&mut connection).await.expect("CREATE");
        connection.close().await.expect("closed");
    }

    /// SIGKILL to the server's first process; the others notice and end.
    pub async fn kill(&mut self) {
        self.child.kill().await.expect("killed");
    }

    /// Starts it again.
    pub async fn starts_again(&mut self) {
        self.child = self.serves();
        self.answers().await;
    }

    fn serves(&self) -> Child {
        serve(self.user.as_deref(), &self.programs, &self.directory.path().join("data"), self.port)
    }

    /// Waits until it answers. It ends by itself while processes of a killed one still hold its memory: then again.
    async fn answers(&mut self) {
        let started = Instant::now();
        while PgConnection::connect(&self.url("postgres")).await.is_err() {
            assert!(started.elapsed() < PATIENCE * 3, "PostgreSQL does not answer");
            if self.child.try_wait().expect("a status").is_some() {
                self.child = self.serves();
            }
            let_run(Duration::from_millis(50)).await;
        }
    }
}

fn serve(user: Option<&str>, programs: &Path, data: &Path, port: u16) -> Child {
    program(user, &programs.join("postgres"))
        .arg("-D")
        .arg(data)
        .args(["-c", "listen_addresses=127.0.0.1", "-c", &format!("port={port}"), "-c", "unix_socket_directories="])
        .kill_on_drop(true)
        .spawn()
        .expect("PostgreSQL starts")
}

/// The program itself, not a shell around it, so that a signal to the child is a signal to the program.
fn program(user: Option<&str>, path: &Path) -> Command {
    let mut command = match user {
        None => Command::new(path),
        Some(user) => {
            let mut command = Command::new("setpriv");
            command.args([&format!("--reuid={user}"), "--init-groups", "--"]).arg(path);
            command
        }
    };
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).current_dir("/");
    command
}
