//! Starts the server and the floor as children, and ends them.

use anyhow::{Context, Result, bail};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

pub struct Server {
    child: Child,
    pub address: SocketAddr,
    /// From spawning to the line that says it is ready.
    pub ready_after: Duration,
}

impl Server {
    /// The release binary in embedded mode on a free port, with `data` as its folder and rates off.
    pub async fn tidings(binaries: &Path, data: &Path) -> Result<Self> {
        Self::tidings_with(binaries, data, &[]).await
    }

    /// The same, with an environment of its own.
    pub async fn tidings_with(binaries: &Path, data: &Path, environment: &[(&str, &str)]) -> Result<Self> {
        let log = std::fs::File::create(data.with_extension("stderr"))?;
        let started = Instant::now();
        let mut child = Command::new(binaries.join("tidings"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .env("TIDINGS_LIMITS__RATES", "off")
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .context("target/release/tidings: build it first")?;
        let stdout = child.stdout.take().context("no standard output")?;
        let line = BufReader::new(stdout).lines().next_line().await?.context("the server ended before it was ready")?;
        let ready_after = started.elapsed();
        let address = line.strip_prefix("listening on http://").context("an unknown first line")?.parse()?;
        Ok(Self { child, address, ready_after })
    }

    /// The floor's server, which has one fixed address a run.
    pub async fn floor(floor: &Path, file: &Path) -> Result<Self> {
        let free = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let started = Instant::now();
        let child = Command::new(floor)
            .args(["serve", "--listen", &free.to_string(), "--file"])
            .arg(file)
            .kill_on_drop(true)
            .spawn()
            .context("the floor's binary: build it first")?;
        while tokio::net::TcpStream::connect(free).await.is_err() {
            if started.elapsed() > Duration::from_secs(60) {
                bail!("the floor did not start");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(Self { child, address: free, ready_after: started.elapsed() })
    }

    /// Resident memory now, in KiB.
    pub fn resident_kib(&self) -> Result<u64> {
        self.status_kib("VmRSS:")
    }

    /// Memory that is no mapped file, in KiB: what the system cannot take back.
    pub fn anonymous_kib(&self) -> Result<u64> {
        self.status_kib("RssAnon:")
    }

    fn status_kib(&self, name: &str) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id().context("it has ended")?))?;
        let line = status.lines().find(|line| line.starts_with(name)).with_context(|| format!("no {name}"))?;
        Ok(line.split_whitespace().nth(1).context("no figure")?.parse()?)
    }

    /// Seconds of CPU used so far.
    pub fn cpu_seconds(&self) -> Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id().context("it has ended")?))?;
        let fields: Vec<_> = stat.rsplit(')').next().context("stat")?.split_whitespace().collect();
        let ticks: u64 = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
        Ok(ticks as f64 / 100.0)
    }

    pub async fn stop(mut self) -> Result<()> {
        self.child.kill().await?;
        Ok(())
    }
}
