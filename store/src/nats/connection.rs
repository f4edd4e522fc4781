//! The connection to NATS and the one JetStream stream of a log.

use async_nats::connection::State;
use async_nats::jetstream::context::ContextBuilder;
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType, Stream};
use async_nats::jetstream::{Context, ErrorCode};
use async_nats::{Client, ConnectOptions, ServerAddr};
use domain::ids::LogId;
use std::fmt;
use std::time::Duration;

/// Bytes that the JetStream stream keeps by default; the oldest go first. Readers find everything older in the log.
pub const STREAM_MAX_BYTES: u64 = 1 << 30;

/// Messages that wait for one consumer inside this process, at most, before the library drops what comes; what was
/// dropped is read from the log.
const CONSUMER_QUEUE_MESSAGES: usize = 8_192;

/// How long an answer of NATS is waited for before it counts as lost.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// How often the connection is tried; two missed answers count as a lost connection.
const PING_INTERVAL: Duration = Duration::from_secs(5);

/// How messages are told apart when one is sent twice. Short: the order is held by the expected sequence, and a stream
/// that was purged by hand must take the same events again.
const DUPLICATE_WINDOW: Duration = Duration::from_secs(10);

/// Why NATS could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum NatsFault {
    /// The address is none.
    #[error("not an address of NATS: {0}")]
    Address(String),
    /// NATS did not answer, or refused.
    #[error("NATS failed to {0}")]
    Failed(&'static str, #[source] Box<dyn std::error::Error + Send + Sync>),
}

impl NatsFault {
    /// For `map_err`: what was asked of NATS, and what came of it.
    pub(super) fn failed<E>(what: &'static str) -> impl FnOnce(E) -> Self
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        move |fault| NatsFault::Failed(what, Box::new(fault))
    }
}

/// How to reach NATS and how much it may keep.
#[derive(Clone)]
pub struct Options {
    /// One address or several, separated by commas: `nats://host:4222`. May hold a user and a password.
    pub url: String,
    /// Bytes that the stream keeps; see [`STREAM_MAX_BYTES`].
    pub max_bytes: u64,
    /// Breaks the relay and the consumer: neither looks for gaps. What the reliability tests must notice.
    #[cfg(feature = "mutants")]
    pub ignore_gaps: bool,
}

impl Options {
    /// With the default limits.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            max_bytes: STREAM_MAX_BYTES,
            #[cfg(feature = "mutants")]
            ignore_gaps: false,
        }
    }
}

/// Never shows the address: it may hold a password.
impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").field("max_bytes", &self.max_bytes).finish_non_exhaustive()
    }
}

/// A connection that restores itself for ever, and the names that belong to one log. Cheap to clone.
#[derive(Clone)]
pub struct Nats {
    pub(super) client: Client,
    pub(super) jetstream: Context,
    pub(super) stream_name: String,
    pub(super) subject: String,
    max_bytes: u64,
    #[cfg(feature = "mutants")]
    ignore_gaps: bool,
}

impl Nats {
    /// Returns at once, whether NATS can be reached or not; it is tried until it can.
    ///
    /// # Errors
    /// When the address is none.
    pub async fn connect(options: &Options, log_id: LogId) -> Result<Self, NatsFault> {
        let addresses = addresses(&options.url)?;
        let client = ConnectOptions::new()
            .name("tidings")
            .retry_on_initial_connect()
            .max_reconnects(None)
            .reconnect_delay_callback(|attempt| Duration::from_millis(100).saturating_mul(attempt.min(10) as u32))
            .ping_interval(PING_INTERVAL)
            .request_timeout(Some(ANSWER_TIMEOUT))
            .subscription_capacity(CONSUMER_QUEUE_MESSAGES)
            .connect(addresses)
            .await
            .map_err(NatsFault::failed("take a connection"))?;
        let jetstream = ContextBuilder::new().timeout(ANSWER_TIMEOUT).ack_timeout(ANSWER_TIMEOUT).build(client.clone());
        let log = log_id.uuid().as_simple().to_string();
        Ok(Self {
            client,
            jetstream,
            stream_name: format!("TIDINGS_{log}"),
            subject: format!("tidings.{log}.events"),
            max_bytes: options.max_bytes,
            #[cfg(feature = "mutants")]
            ignore_gaps: options.ignore_gaps,
        })
    }

    /// Whether the connection stands at this moment.
    pub fn is_connected(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    /// The JetStream stream's name: `TIDINGS_<log id in hex>`.
    pub fn stream_name(&self) -> &str {
        &self.stream_name
    }

    /// The subject of every event: `tidings.<log id in hex>.events`. Nothing of an event stands in it.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Whether the tests have switched the gap checks off. Never, without the feature `mutants`.
    pub(super) fn ignores_gaps(&self) -> bool {
        #[cfg(feature = "mutants")]
        return self.ignore_gaps;
        #[cfg(not(feature = "mutants"))]
        false
    }

    /// The stream, made if it is not there.
    pub(super) async fn stream(&self) -> Result<Stream, NatsFault> {
        match self.jetstream.get_stream(&self.stream_name).await {
            Ok(stream) => Ok(stream),
            Err(fault) if is_absent(&fault) => {
                self.jetstream.create_stream(self.config()).await.map_err(NatsFault::failed("make the stream"))
            }
            Err(fault) => Err(NatsFault::failed("find the stream")(fault)),
        }
    }

    fn config(&self) -> Config {
        Config {
            name: self.stream_name.clone(),
            subjects: vec![self.subject.clone()],
            max_bytes: i64::try_from(self.max_bytes).unwrap_or(i64::MAX),
            discard: DiscardPolicy::Old,
            retention: RetentionPolicy::Limits,
            storage: StorageType::File,
            num_replicas: 1,
            duplicate_window: DUPLICATE_WINDOW,
            ..Config::default()
        }
    }
}

fn is_absent(fault: &async_nats::jetstream::context::GetStreamError) -> bool {
    use async_nats::jetstream::context::GetStreamErrorKind::JetStream;
    matches!(fault.kind(), JetStream(error) if error.error_code() == ErrorCode::STREAM_NOT_FOUND)
}

fn addresses(url: &str) -> Result<Vec<ServerAddr>, NatsFault> {
    url.split(',')
        .map(|address| address.trim().parse().map_err(|fault: std::io::Error| NatsFault::Address(fault.to_string())))
        .collect()
}
