//! The log as its readers see it over NATS: what comes, comes from JetStream; what is missing is read from the log.
//!
//! Each subscription has one unfiltered ordered consumer. A projecting process has one runner and so one consumer,
//! which fans out inside. Nothing that NATS does or does not do can lose an event: a message whose `Tidings-Previous`
//! is beyond the last position that was seen is a gap, and a log whose head moves while NATS stays silent is one too.
//! Positions between a message's previous one and its own hold no event, whoever has looked at them.

use crate::nats::connection::{Nats, NatsFault};
use crate::nats::envelope::{self, POSITION, PREVIOUS};
use async_nats::jetstream::Message;
use async_nats::jetstream::consumer::DeliverPolicy;
use async_nats::jetstream::consumer::push::{Ordered, OrderedConfig};
use domain::ids::{LogId, Position};
use domain::recorded::Recorded;
use domain::source::{
    Batch, BoxFuture, Direction, EventSource, Filter, LogSlice, SourceFault, StreamSlice, Subscription,
};
use domain::stream::StreamName;
use futures_util::{FutureExt, StreamExt, stream};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Interval, MissedTickBehavior};

/// Events given at once, at most.
const BATCH_MAX_EVENTS: usize = 1_024;
/// How often the log's head is compared with what has come.
const TICK: Duration = Duration::from_millis(100);
/// Ticks for which the log's head may be ahead while nothing comes, before the log itself is read.
const SILENCE_MAX_TICKS: u32 = 5;
/// Ticks that a consumer is given, at least, before it is replaced.
const CONSUMER_MIN_TICKS: u32 = 20;

/// An [`EventSource`] whose subscriptions come over NATS. Everything else is asked of the log.
pub struct NatsSource {
    log: Arc<dyn EventSource>,
    nats: Nats,
}

impl NatsSource {
    /// `log` must be the one whose relay publishes to `nats`.
    pub fn new(log: Arc<dyn EventSource>, nats: Nats) -> Self {
        Self { log, nats }
    }
}

impl EventSource for NatsSource {
    fn log_id(&self) -> LogId {
        self.log.log_id()
    }

    fn head(&self) -> Position {
        self.log.head()
    }

    fn read_stream<'a>(
        &'a self,
        stream: &'a StreamName,
        from: u64,
        direction: Direction,
        limit: usize,
    ) -> BoxFuture<'a, Result<StreamSlice, SourceFault>> {
        self.log.read_stream(stream, from, direction, limit)
    }

    fn read_all<'a>(
        &'a self,
        from: Position,
        direction: Direction,
        limit: usize,
        filter: &'a Filter,
    ) -> BoxFuture<'a, Result<LogSlice, SourceFault>> {
        self.log.read_all(from, direction, limit, filter)
    }

    fn read_positions<'a>(
        &'a self,
        positions: &'a [Position],
    ) -> BoxFuture<'a, Result<Vec<Arc<Recorded>>, SourceFault>> {
        self.log.read_positions(positions)
    }

    fn subscribe(&self, after: Position) -> Subscription {
        let follower = Follower::new(Arc::clone(&self.log), self.nats.clone(), after);
        Box::pin(stream::try_unfold(follower, |mut follower| async move {
            let batch = follower.next().await?;
            Ok(Some((batch, follower)))
        }))
    }
}

/// The consumer, as far as it has come.
enum Feed {
    Opening(BoxFuture<'static, Result<Ordered, NatsFault>>),
    Open(Box<Ordered>),
    /// It could not be opened; tried again at the next tick.
    Closed,
}

/// What a message is to a reader that has seen everything up to some position.
#[derive(Debug)]
enum Arrival {
    /// The next event.
    Next(Arc<Recorded>),
    /// Seen before.
    Known,
    /// Events up to this position must be read from the log.
    Gap(Position),
}

struct Follower {
    log: Arc<dyn EventSource>,
    nats: Nats,
    /// Everything up to here was given.
    seen: Position,
    /// Everything up to here is to be read from the log.
    due: Position,
    feed: Feed,
    /// Ticks since the log's head was first ahead with nothing coming.
    silent_ticks: u32,
    /// Ticks since the consumer was asked for.
    consumer_ticks: u32,
    tick: Interval,
}

impl Follower {
    fn new(log: Arc<dyn EventSource>, nats: Nats, after: Position) -> Self {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let due = log.head();
        let feed = open(&nats);
        Self { log, nats, seen: after, due, feed, silent_ticks: 0, consumer_ticks: 0, tick }
    }

    async fn next(&mut self) -> Result<Batch, SourceFault> {
        loop {
            if self.seen < self.due
                && let Some(batch) = self.read_log().await?
            {
                return Ok(batch);
            }
            let batch = self.arrivals().await;
            if !batch.is_empty() {
                return Ok(batch.into());
            }
        }
    }

    async fn read_log(&mut self) -> Result<Option<Batch>, SourceFault> {
        let everything = Filter::default();
        let slice = self.log.read_all(self.seen, Direction::Forward, BATCH_MAX_EVENTS, &everything).await?;
        // Positions that hold nothing any more are passed over: what was reclaimed or deleted leaves no gap.
        self.seen = self.seen.max(slice.next);
        if slice.events.is_empty() {
            // Nothing stands there after all, or more has to be looked at.
            if slice.at_end {
                self.due = self.seen;
            }
            return Ok(None);
        }
        metrics::counter!("nats_events_read_from_log_total").increment(slice.events.len() as u64);
        Ok(Some(slice.events.into()))
    }

    /// What NATS brings next; empty when a look at the log or at the consumer is due first.
    async fn arrivals(&mut self) -> Vec<Arc<Recorded>> {
        tokio::select! {
            biased;
            _ = self.tick.tick() => {
                self.ticked();
                Vec::new()
            }
            message = next_message(&mut self.feed) => match message {
                Some(message) => self.take(message),
                None => {
                    // The consumer ended or could not be made; the log is read until there is one again.
                    self.feed = Feed::Closed;
                    Vec::new()
                }
            },
        }
    }

    /// Takes a message and whatever waits behind it.
    fn take(&mut self, first: Message) -> Vec<Arc<Recorded>> {
        let mut batch = Vec::new();
        let mut message = Some(first);
        while let Some(current) = message {
            match arrival(&current, self.seen, self.nats.ignores_gaps()) {
                Arrival::Next(event) => {
                    self.seen = event.position;
                    self.silent_ticks = 0;
                    batch.push(event);
                }
                Arrival::Known => {}
                Arrival::Gap(position) => {
                    self.due = self.due.max(position);
                    break;
                }
            }
            // A long run of known messages must not keep the task from its other work.
            let enough = batch.len() >= BATCH_MAX_EVENTS;
            message = if enough { None } else { next_message(&mut self.feed).now_or_never().flatten() };
        }
        batch
    }

    /// Looks whether NATS brings everything; otherwise the log is due, and a new consumer after it.
    fn ticked(&mut self) {
        self.consumer_ticks = self.consumer_ticks.saturating_add(1);
        let head = self.log.head();
        let is_behind = head > self.seen;
        self.silent_ticks = if is_behind { self.silent_ticks + 1 } else { 0 };
        if self.nats.ignores_gaps() {
            if matches!(self.feed, Feed::Closed) {
                self.feed = open(&self.nats);
            }
            return;
        }
        let is_open = matches!(self.feed, Feed::Open(_));
        if is_behind && (!is_open || self.silent_ticks >= SILENCE_MAX_TICKS) {
            self.due = self.due.max(head);
            self.silent_ticks = 0;
        }
        let is_silent = self.due > self.seen;
        let replace = matches!(self.feed, Feed::Closed) || (is_open && is_silent);
        if replace && self.consumer_ticks >= CONSUMER_MIN_TICKS {
            self.consumer_ticks = 0;
            self.feed = open(&self.nats);
        }
    }
}

/// The consumer's next message; none when it ended or could not be opened. Dropping the future loses nothing.
async fn next_message(feed: &mut Feed) -> Option<Message> {
    loop {
        match feed {
            Feed::Opening(opening) => match opening.await {
                Ok(messages) => *feed = Feed::Open(Box::new(messages)),
                Err(fault) => {
                    tracing::debug!(error = %fault, "no consumer in NATS yet");
                    return None;
                }
            },
            Feed::Open(messages) => match messages.next().await {
                Some(Ok(message)) => return Some(message),
                Some(Err(fault)) => {
                    tracing::debug!(error = %fault, "the consumer in NATS ended");
                    return None;
                }
                None => return None,
            },
            Feed::Closed => std::future::pending().await,
        }
    }
}

/// Asks for a consumer that starts with the stream's last message: what is older is read from the log.
fn open(nats: &Nats) -> Feed {
    let nats = nats.clone();
    Feed::Opening(Box::pin(async move {
        let config = OrderedConfig {
            deliver_subject: nats.client.new_inbox(),
            deliver_policy: DeliverPolicy::Last,
            ..OrderedConfig::default()
        };
        let consumer = nats
            .jetstream
            .create_consumer_on_stream(config, nats.stream_name.as_str())
            .await
            .map_err(NatsFault::failed("make a consumer"))?;
        consumer.messages().await.map_err(NatsFault::failed("follow a consumer"))
    }))
}

fn arrival(message: &Message, seen: Position, ignore_gaps: bool) -> Arrival {
    let header = |name: &str| {
        let headers = message.headers.as_ref()?;
        headers.get(name)?.as_str().parse::<Position>().ok()
    };
    let (Some(position), Some(previous)) = (header(POSITION), header(PREVIOUS)) else {
        // Not one of ours. If it took the place of one of ours, the next one shows the gap.
        return Arrival::Known;
    };
    if position <= seen {
        return Arrival::Known;
    }
    if previous > seen && !ignore_gaps {
        return Arrival::Gap(position);
    }
    match envelope::decode(position, message.payload.clone()) {
        Ok(event) => Arrival::Next(Arc::new(event)),
        Err(_) => Arrival::Gap(position),
    }
}
