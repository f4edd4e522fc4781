//! From the log to JetStream: every event, in order, each message naming the position before it.
//!
//! The relay keeps nothing of its own. When it starts, and after any fault, it asks JetStream for its last message and
//! goes on after that position. Every publish names the sequence number that must be the stream's last, so that
//! messages which overtake each other, or a second relay, are refused instead of stored out of order.

use crate::nats::connection::{Nats, NatsFault};
use crate::nats::envelope::{self, POSITION, PREVIOUS};
use async_nats::jetstream::context::{PublishAckFuture, PublishError};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::publish::PublishAck;
use async_nats::jetstream::stream::{Info, Stream};
use bytes::Bytes;
use domain::ids::Position;
use domain::recorded::Recorded;
use domain::source::{EventSource, SourceFault};
use futures_util::stream::FuturesOrdered;
use futures_util::{FutureExt, StreamExt, future::BoxFuture};
use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Messages that may wait for their acknowledgement.
const WINDOW_MESSAGES: usize = 1_024;
/// How far back a new or wiped stream starts. What is older would soon be discarded, and readers find it in the log.
const REPUBLISH_MAX_POSITIONS: u64 = 1_000_000;
/// How long the relay waits after a fault.
const RETRY: Duration = Duration::from_millis(250);
/// How often an idle relay looks whether its stream is still there and still ends where it left it.
const CHECK_INTERVAL: Duration = Duration::from_secs(5);
/// Bytes of headers that a message has beside its payload, at most.
const HEADERS_MAX_BYTES: usize = 512;

/// Why a relay had to start again.
#[derive(Debug, thiserror::Error)]
enum RelayFault {
    #[error(transparent)]
    Nats(#[from] NatsFault),
    #[error("a message was not taken")]
    Publish(#[from] PublishError),
    #[error("the log cannot be followed")]
    Log(#[from] SourceFault),
    #[error("the stream does not end where the relay left it")]
    Moved,
}

/// Where the stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct End {
    /// Position of the event in the last message.
    position: Position,
    /// Sequence number of that message.
    sequence: u64,
}

/// Starts the relay. What it gives is the position of the last event that JetStream has acknowledged.
pub fn start(
    log: Arc<dyn EventSource>,
    nats: Nats,
    tracker: &TaskTracker,
    stop: CancellationToken,
) -> watch::Receiver<Position> {
    let (relayed, progress) = watch::channel(Position::START);
    let relay = Relay { log, nats, relayed };
    tracker.spawn(async move { relay.run(stop).await });
    progress
}

struct Relay {
    log: Arc<dyn EventSource>,
    nats: Nats,
    relayed: watch::Sender<Position>,
}

impl Relay {
    async fn run(self, stop: CancellationToken) {
        // Told once for each outage, not once for each try.
        let mut is_down = false;
        loop {
            let outcome = tokio::select! {
                () = stop.cancelled() => return,
                outcome = self.session(&mut is_down) => outcome,
            };
            match outcome {
                Ok(()) | Err(RelayFault::Log(SourceFault::Closed)) => return,
                Err(fault) if !is_down => {
                    is_down = true;
                    tracing::warn!(error = %chain(&fault), "the relay to NATS stopped and will start again");
                }
                Err(_) => {}
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(RETRY) => {}
            }
        }
    }

    /// Follows the log until something fails or the log ends.
    async fn session(&self, is_down: &mut bool) -> Result<(), RelayFault> {
        let stream = self.nats.stream().await?;
        let mut sent = self.end_of(&stream).await?;
        if self.nats.ignores_gaps() && *self.relayed.borrow() > Position::START {
            sent.position = self.log.head();
        }
        if *is_down {
            *is_down = false;
            tracing::info!(position = %sent.position, "the relay to NATS goes on");
        }
        self.relayed.send_replace(sent.position);

        let mut events = self.log.subscribe(sent.position);
        let mut acks: FuturesOrdered<BoxFuture<'static, Result<Position, RelayFault>>> = FuturesOrdered::new();
        let mut check = tokio::time::interval(CHECK_INTERVAL);
        check.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        check.reset();
        loop {
            tokio::select! {
                Some(position) = acks.next(), if !acks.is_empty() => self.acknowledged(position?),
                batch = events.next(), if acks.len() < WINDOW_MESSAGES => {
                    let Some(batch) = batch else { return Ok(()) };
                    for event in batch?.iter() {
                        while acks.len() >= WINDOW_MESSAGES {
                            if let Some(position) = acks.next().await {
                                self.acknowledged(position?);
                            }
                        }
                        acks.push_back(self.publish(event, &mut sent).await?);
                    }
                }
                _ = check.tick(), if acks.is_empty() => {
                    let info = stream.get_info().await.map_err(NatsFault::failed("describe the stream"))?;
                    if info.state.last_sequence != sent.sequence {
                        return Err(RelayFault::Moved);
                    }
                }
            }
        }
    }

    fn acknowledged(&self, position: Position) {
        self.relayed.send_replace(position);
        metrics::gauge!("nats_relayed_position").set(position.0 as f64);
    }

    /// Sends one event, without waiting for its acknowledgement.
    async fn publish(
        &self,
        event: &Recorded,
        sent: &mut End,
    ) -> Result<BoxFuture<'static, Result<Position, RelayFault>>, RelayFault> {
        let message = PublishMessage::build()
            .header(POSITION, event.position.to_string())
            .header(PREVIOUS, sent.position.to_string())
            .message_id(event.id.to_string())
            .expected_last_sequence(sent.sequence)
            .payload(self.payload(event));
        let ack = self.nats.jetstream.send_publish(self.nats.subject.clone(), message).await?;
        *sent = End { position: event.position, sequence: sent.sequence + 1 };
        Ok(acknowledgement(ack, *sent).boxed())
    }

    /// What does not fit into a message of this server travels without its payload: its readers take it from the log.
    fn payload(&self, event: &Recorded) -> Bytes {
        let max_bytes = self.nats.client.server_info().max_payload.saturating_sub(HEADERS_MAX_BYTES);
        envelope::encode(event).filter(|bytes| bytes.len() <= max_bytes).unwrap_or_default()
    }

    /// Where to go on. A stream whose last message is not of this log's past is emptied first.
    async fn end_of(&self, stream: &Stream) -> Result<End, RelayFault> {
        let info = stream.get_info().await.map_err(NatsFault::failed("describe the stream"))?;
        let sequence = info.state.last_sequence;
        let Some(position) = self.last_position(stream, &info).await? else {
            return Ok(End { position: self.start_without_last(&info), sequence });
        };
        if position <= self.log.head() {
            return Ok(End { position, sequence });
        }
        tracing::warn!(%position, "the stream in NATS is ahead of the log and is emptied");
        stream.purge().await.map_err(NatsFault::failed("empty the stream"))?;
        Ok(End { position: self.log.head(), sequence })
    }

    async fn last_position(&self, stream: &Stream, info: &Info) -> Result<Option<Position>, RelayFault> {
        if info.state.messages == 0 {
            return Ok(None);
        }
        let last = stream
            .get_raw_message(info.state.last_sequence)
            .await
            .map_err(NatsFault::failed("give the stream's last message"))?;
        Ok(last.headers.get(POSITION).and_then(|position| position.as_str().parse().ok()))
    }

    /// A new stream takes what is left of the past. One that was emptied by hand, or that ends with a message of
    /// somebody else, takes what this relay has not sent yet, or what comes.
    fn start_without_last(&self, info: &Info) -> Position {
        let (head, relayed) = (self.log.head(), *self.relayed.borrow());
        match info.state.last_sequence {
            0 => Position(head.0.saturating_sub(REPUBLISH_MAX_POSITIONS)),
            _ if relayed > Position::START => relayed,
            _ => head,
        }
    }
}

/// The position of an acknowledged event. A message that was known, or stored elsewhere than expected, ends the session.
async fn acknowledgement(ack: PublishAckFuture, sent: End) -> Result<Position, RelayFault> {
    let PublishAck { sequence, duplicate, .. } = ack.into_future().await?;
    if duplicate || sequence != sent.sequence { Err(RelayFault::Moved) } else { Ok(sent.position) }
}

/// The fault and what caused it, in one line.
fn chain(fault: &dyn std::error::Error) -> String {
    let mut line = fault.to_string();
    let mut source = fault.source();
    while let Some(cause) = source {
        line.push_str(": ");
        line.push_str(&cause.to_string());
        source = cause.source();
    }
    line
}
