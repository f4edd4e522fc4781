//! Tidings as a process of its own: what the shell runs, and what can be killed.

use crate::http::Http;
use crate::wait::{PATIENCE, soon};
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

/// The binary that was built beside this test. `tests/run` builds it; `cargo build --workspace` does too.
pub fn binary() -> PathBuf {
    let here = env::current_exe().expect("this test's own path");
    let beside = here.ancestors().skip(1).map(|folder| folder.join("tidings"));
    let found = beside.take(2).find(|path| path.is_file());
    found.expect("the binary `tidings` is not built: run `cargo build --workspace` or tests/run")
}

/// Cheap passwords and no rates, as configuration of a child.
pub const QUICK: &[(&str, &str)] = &[
    ("TIDINGS_AUTH__ARGON2_MEMORY_KIB", "8"),
    ("TIDINGS_AUTH__ARGON2_ITERATIONS", "1"),
    ("TIDINGS_LIMITS__RATES", "off"),
];

/// A command on the shell, run to its end.
pub async fn shell(data: &Path, arguments: &[&str], input: &str, environment: &[(&str, &str)]) -> Output {
    let mut arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
    arguments.extend([OsString::from("--data"), data.as_os_str().to_owned()]);
    let mut child = command(environment)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("tidings starts");
    let mut stdin = child.stdin.take().expect("its standard input");
    // A command that does not read its input may be gone already.
    stdin.write_all(input.as_bytes()).await.ok();
    drop(stdin);
    tokio::time::timeout(PATIENCE * 6, child.wait_with_output()).await.expect("it ends").expect("its output")
}

fn command(environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(binary());
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("TIDINGS_")) {
        command.env_remove(name);
    }
    command.envs(QUICK.iter().copied()).envs(environment.iter().copied()).kill_on_drop(true);
    command
}

/// A running server.
pub struct Server {
    child: Child,
    /// Its client.
    pub http: Http,
    rest_of_output: JoinHandle<String>,
    log: JoinHandle<String>,
}

/// What a server left when it ended.
pub struct Ended {
    /// Its exit code; none when it was killed.
    pub code: Option<i32>,
    /// What stood on standard output after the line with the address.
    pub output: String,
    /// What stood on standard error.
    pub log: String,
}

impl Server {
    /// Starts it on a free port and waits until it is ready.
    pub async fn start(data: &Path, environment: &[(&str, &str)]) -> Self {
        Self::try_start(data, environment).await.unwrap_or_else(|log| panic!("tidings does not start: {log}"))
    }

    /// The same, for a server that may not start.
    ///
    /// # Errors
    /// With its log when it ends instead.
    pub async fn try_start(data: &Path, environment: &[(&str, &str)]) -> Result<Self, String> {
        let mut child = command(environment)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("tidings starts");
        let mut stderr = child.stderr.take().expect("its standard error");
        let log = tokio::spawn(async move {
            let mut log = Vec::new();
            stderr.read_to_end(&mut log).await.ok();
            String::from_utf8_lossy(&log).into_owned()
        });
        let mut stdout = BufReader::new(child.stdout.take().expect("its standard output"));
        let mut line = String::new();
        soon("tidings is ready", stdout.read_line(&mut line)).await.expect("a line");
        let Some(base) = line.trim_end().strip_prefix("listening on ") else {
            drop(child.kill().await);
            return Err(format!("{line}{}", log.await.expect("its log")));
        };
        let http = Http::new(base.to_owned());
        let rest_of_output = tokio::spawn(async move {
            let mut rest = String::new();
            stdout.read_to_string(&mut rest).await.ok();
            rest
        });
        Ok(Self { child, http, rest_of_output, log })
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// SIGKILL, at once.
    pub async fn kill(mut self) -> Ended {
        self.child.start_kill().expect("killed");
        self.ends().await
    }

    /// SIGTERM, and its orderly end.
    pub async fn stop(self) -> Ended {
        send_signal(self.pid(), "TERM").await;
        self.ends().await
    }

    async fn ends(mut self) -> Ended {
        let status = soon("tidings ends", self.child.wait()).await.expect("a status");
        let output = self.rest_of_output.await.expect("its output");
        Ended { code: status.code(), output, log: self.log.await.expect("its log") }
    }
}

/// Sends a signal by its name to one process.
pub async fn send_signal(pid: u32, name: &str) {
    let status = Command::new("kill").arg(format!("-{name}")).arg(pid.to_string()).status().await.expect("kill runs");
    assert!(status.success(), "kill -{name} {pid}");
}

/// A NATS server of a test's own, which can be killed and started again on the same address.
pub struct Nats {
    child: Child,
    port: u16,
    directory: Arc<tempfile::TempDir>,
}

impl Nats {
    /// Starts one; none, with a message, where there is no nats-server.
    pub async fn start() -> Option<Self> {
        if env::var("TIDINGS_TEST_NATS").is_err() {
            println!("skipped: NATS is started by tests/run");
            return None;
        }
        // Somebody else may take the port between the question and the start; then the test says so.
        let port =
            tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("a port").port();
        let directory = Arc::new(tempfile::TempDir::with_prefix("tidings-nats-").expect("a directory"));
        let child = Self::spawn(port, directory.path()).await;
        Some(Self { child, port, directory })
    }

    async fn spawn(port: u16, directory: &Path) -> Child {
        let program = env::var("TIDINGS_TEST_NATS_SERVER").unwrap_or_else(|_| "nats-server".to_owned());
        let child = Command::new(program)
            .args(["-a", "127.0.0.1", "-p", &port.to_string(), "-js", "-sd"])
            .arg(directory)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("nats-server starts");
        crate::wait::eventually("nats-server listens", || async {
            tokio::net::TcpStream::connect(("127.0.0.1", port)).await.ok()
        })
        .await;
        child
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// SIGKILL.
    pub async fn kill(&mut self) {
        self.child.kill().await.expect("killed");
    }

    /// Starts it again; `wiped` without what it had stored.
    pub async fn starts_again(&mut self, wiped: bool) {
        if wiped {
            std::fs::remove_dir_all(self.directory.path()).expect("wiped");
            std::fs::create_dir_all(self.directory.path()).expect("a directory");
        }
        self.child = Self::spawn(self.port, self.directory.path()).await;
    }
}
