//! The engines: the keys store, NATS, and the running server.

use crate::admin::protocol;
use crate::app::opening::open_keys;
use crate::cli::doctor::finding::Finding;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::secrets;
use domain::ids::Hash16;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use store::embedded::disk::RealDisk;
use store::embedded::header;
use store::nats::connection::{Nats, Options};
use store::seal::vault::{Beside, Vault};
use store::seal::wrapping::KeyEncryptionKey;
use tokio::net::UnixStream;

/// How long an engine may take to answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(8);

/// Asks all of them.
pub async fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = vec![keys(config).await];
    if let Some(url) = config.transport.nats() {
        findings.push(nats(config, url).await);
    }
    findings.push(server(&config.data).await);
    findings
}

/// What it answers, or why it does not.
///
/// # Errors
/// With the reason.
pub async fn in_time<T>(answer: impl Future<Output = anyhow::Result<T>>) -> Result<T, String> {
    match tokio::time::timeout(ANSWER_LIMIT, answer).await {
        Ok(answer) => answer.map_err(|fault| format!("{fault:#}")),
        Err(_) => Err(format!("no answer within {} s", ANSWER_LIMIT.as_secs())),
    }
}

async fn keys(config: &Config) -> Finding {
    const CHECK: &str = "keys";
    let url = config.keys.url(&config.data);
    let header = match header::read(&RealDisk, &config.log.directory(&config.data)) {
        Ok(Some(header)) => header,
        Ok(None) => return Finding::good(CHECK, "there are none yet: the first start makes them"),
        Err(fault) => {
            let found = format!("the log's header: {:#}", anyhow::Error::new(fault));
            return Finding::bad(CHECK, found, "bring back the log's directory from a backup");
        }
    };
    let advice = "bring back the keys store and the key-encryption key that were made with this log";
    if let Some(file) = url.strip_prefix("sqlite:")
        && !Path::new(file.strip_prefix("//").unwrap_or(file)).exists()
    {
        return Finding::bad(CHECK, "the keys store is missing, and there is a log", advice);
    }
    let opened = in_time(async {
        let key = secrets::read(&config.keys.encryption_key_file(&config.data))?;
        let (store, wrapping) = (open_keys(&url).await?, KeyEncryptionKey::new(*key.bytes()));
        let beside = Beside::Log(Hash16(header.key_check));
        let opened = Vault::open(store.clone(), wrapping, Arc::new(SystemClock), beside).await;
        // Whatever it is: else SQLite leaves its side files there.
        store.close().await;
        opened?;
        Ok(())
    });
    match opened.await {
        Ok(()) => Finding::good(CHECK, "the keys store is the one that the log was made with"),
        Err(fault) => Finding::bad(CHECK, fault, advice),
    }
}

async fn nats(config: &Config, url: &str) -> Finding {
    const CHECK: &str = "nats";
    let header = header::read(&RealDisk, &config.log.directory(&config.data)).ok().flatten();
    let log_id = header.map_or(domain::ids::LogId::new(uuid::Uuid::nil()), |header| header.log_id);
    let examined = in_time(async {
        let nats = Nats::connect(&Options::new(url), log_id).await?;
        Ok(nats.examine().await?)
    });
    match examined.await {
        Ok(examined) => {
            let limit = match examined.storage_max_bytes {
                Some(bytes) => format!("may keep {:.1} GiB", bytes as f64 / f64::from(1 << 30)),
                None => "has no limit of storage".into(),
            };
            let took = examined.round_trip.as_secs_f64() * 1e3;
            let found = format!("JetStream answers in {took:.1} ms and {limit}");
            match examined.storage_max_bytes {
                Some(bytes) if bytes < store::nats::connection::STREAM_MAX_BYTES => {
                    Finding::warning(CHECK, found, "give JetStream at least 1 GiB, or readers go to the log more often")
                }
                _ => Finding::good(CHECK, found),
            }
        }
        Err(fault) => Finding::bad(CHECK, fault, "start nats-server with -js, and see that transport.url leads there"),
    }
}

async fn server(data: &Path) -> Finding {
    const CHECK: &str = "admin socket";
    let Some(path) = protocol::path(data) else {
        let found = format!("its path would be longer than {} bytes", protocol::PATH_MAX_BYTES);
        return Finding::warning(CHECK, found, "use a shorter --data, so that the shell can ask a running server");
    };
    match UnixStream::connect(&path).await {
        Ok(_) => Finding::good(CHECK, "a server runs on this directory and can be asked"),
        Err(_) if path.exists() => {
            Finding::warning(CHECK, "nobody answers: it is of a server that crashed", "the next start mends it")
        }
        Err(_) => Finding::good(CHECK, "no server runs on this directory"),
    }
}
