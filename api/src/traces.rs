//! Traces for OpenTelemetry: what became of one request, from its arrival to the frame on the feed.
//!
//! A trace's id is the request's correlation id, which stands in the envelope of every event that the request caused.
//! So each process that works on an event finds the trace, and whether it is one of the sample, from the event alone:
//! nothing travels beside it. Every part's parent is the request's span, whose id follows from the correlation id too.
//! Spans are made when they are over, from times that are taken anyway; without an endpoint none is made.
//!
//! A span holds names of commands, projections, stages and frames, and counts. Never an id of a person, never a word.

use crate::config::telemetry::Telemetry;
use anyhow::Context;
use commands::execute::Stages;
use domain::clock::Clock;
use domain::recorded::Recorded;
use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, SpanData, SpanEvents, SpanLinks, SpanProcessor,
};
use projections::observer::Observer;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use uuid::Uuid;

/// Spans that wait to be sent, at most: more are dropped, and the exporter's own log line says how many.
const WAITING_MAX_SPANS: usize = 8_192;
/// How often waiting spans are sent.
const SEND_EVERY: Duration = Duration::from_secs(1);
/// How long one sending may take.
const SEND_LIMIT: Duration = Duration::from_secs(5);

/// Makes spans and sends them. Cheap to clone.
#[derive(Clone)]
pub struct Traces(Option<Arc<Sender>>);

struct Sender {
    processor: BatchSpanProcessor,
    scope: InstrumentationScope,
    clock: Arc<dyn Clock>,
    /// Traces whose number is below it are in the sample.
    below: u64,
}

/// A part of a request's work, just over.
pub struct Part {
    /// What it was, as spans are named.
    pub name: Cow<'static, str>,
    /// How long it took.
    pub took: Duration,
    /// How long ago it ended.
    pub ended: Duration,
    /// How many of something, by name.
    pub count: Option<(&'static str, usize)>,
}

impl Traces {
    /// None are made.
    pub const fn off() -> Self {
        Self(None)
    }

    /// As it is set: without an endpoint, none are made.
    ///
    /// # Errors
    /// When the exporter cannot be made.
    pub async fn open(telemetry: &Telemetry, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let Some(endpoint) = telemetry.otlp_endpoint.clone() else { return Ok(Self::off()) };
        let below = below(telemetry.trace_share);
        // The exporter's client is a blocking one and must not be made on a thread of the runtime.
        let processor = tokio::task::spawn_blocking(move || processor(&endpoint)).await?;
        let processor = processor.context("telemetry.otlp_endpoint")?;
        Ok(Self(Some(Arc::new(Sender {
            processor,
            scope: InstrumentationScope::builder("tidings").build(),
            clock,
            below,
        }))))
    }

    /// Sends what waits, before the end. Waits at most a few seconds.
    pub async fn close(&self) {
        let Some(sender) = self.0.clone() else { return };
        let closed = tokio::task::spawn_blocking(move || sender.processor.shutdown_with_timeout(SEND_LIMIT)).await;
        if !matches!(closed, Ok(Ok(()))) {
            tracing::warn!("the last spans could not be sent");
        }
    }

    /// A request that was carried out, with its stages (reading, waiting, loading, deciding, appending) and the number of
    /// its events.
    pub fn request(
        &self,
        correlation: Uuid,
        command: &'static str,
        read: Duration,
        (stages, events): (&Stages, usize),
        total: Duration,
    ) {
        let Some(sender) = self.sampled(correlation) else { return };
        sender.root(correlation, command, total, events);
        let all = [
            ("read", read),
            ("wait", stages.wait),
            ("load", stages.load),
            ("decide", stages.decide),
            ("append", stages.append),
        ];
        let mut until_end = total;
        for (name, took) in all {
            until_end = until_end.saturating_sub(took);
            sender.part(correlation, Part { name: name.into(), took, ended: until_end, count: None });
        }
    }

    /// A part of the work on what a request caused; `part` is asked only for requests of the sample.
    pub fn part(&self, correlation: Uuid, part: impl FnOnce() -> Part) {
        if let Some(sender) = self.sampled(correlation) {
            sender.part(correlation, part());
        }
    }

    fn sampled(&self, correlation: Uuid) -> Option<&Sender> {
        self.0.as_deref().filter(|sender| number(correlation) < sender.below)
    }
}

impl Observer for Traces {
    fn applied(&self, projection: &'static str, events: &[Arc<Recorded>], took: Duration) {
        if self.0.is_none() {
            return;
        }
        for event in events {
            self.part(event.correlation_id, || Part {
                name: format!("apply {projection}").into(),
                took,
                ended: Duration::ZERO,
                count: Some(("batch.events", events.len())),
            });
        }
    }
}

impl Sender {
    fn root(&self, correlation: Uuid, command: &'static str, total: Duration, events: usize) {
        let events = Part { name: command.into(), took: total, ended: Duration::ZERO, count: Some(("events", events)) };
        self.send(correlation, root_of(correlation), SpanId::INVALID, SpanKind::Server, events);
    }

    fn part(&self, correlation: Uuid, part: Part) {
        let id = SpanId::from_bytes(Uuid::new_v4().as_u64_pair().1.to_be_bytes());
        self.send(correlation, id, root_of(correlation), SpanKind::Internal, part);
    }

    fn send(&self, correlation: Uuid, id: SpanId, parent: SpanId, kind: SpanKind, part: Part) {
        let trace = TraceId::from_bytes(correlation.into_bytes());
        let end = self.now() - part.ended;
        self.processor.on_end(SpanData {
            span_context: SpanContext::new(trace, id, TraceFlags::SAMPLED, false, TraceState::NONE),
            parent_span_id: parent,
            parent_span_is_remote: false,
            span_kind: kind,
            name: part.name,
            start_time: end - part.took,
            end_time: end,
            attributes: part
                .count
                .map(|(name, count)| KeyValue::new(name, i64::try_from(count).unwrap_or(i64::MAX)))
                .into_iter()
                .collect(),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: Status::Unset,
            instrumentation_scope: self.scope.clone(),
        });
    }

    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_micros(self.clock.now().micros().max(0).unsigned_abs())
    }
}

fn processor(endpoint: &str) -> anyhow::Result<BatchSpanProcessor> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
        .with_timeout(SEND_LIMIT)
        .build()?;
    let config =
        BatchConfigBuilder::default().with_max_queue_size(WAITING_MAX_SPANS).with_scheduled_delay(SEND_EVERY).build();
    let mut processor = BatchSpanProcessor::builder(exporter).with_batch_config(config).build();
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    processor.set_resource(&Resource::builder_empty().with_service_name("tidings").with_attribute(version).build());
    Ok(processor)
}

/// The random part of a correlation id (UUIDv7) as a number.
fn number(correlation: Uuid) -> u64 {
    correlation.as_u64_pair().1 & RANDOM
}

/// The bits of a UUIDv7 that are random in each: the last 32. Those before them count within a millisecond.
const RANDOM: u64 = (1 << 32) - 1;

fn below(share: f64) -> u64 {
    // A cast from a float saturates.
    (share.clamp(0.0, 1.0) * (RANDOM as f64 + 1.0)) as u64
}

/// The span of the request itself.
fn root_of(correlation: Uuid) -> SpanId {
    SpanId::from_bytes(correlation.as_u64_pair().1.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_traces_is_as_it_is_set() {
        let ids: Vec<Uuid> = (0..10_000).map(|_| Uuid::now_v7()).collect();
        for (share, least, most) in [(0.0, 0, 0), (0.1, 800, 1_200), (1.0, 10_000, 10_000)] {
            let below = below(share);
            let count = ids.iter().filter(|id| number(**id) < below).count();
            assert!((least..=most).contains(&count), "{share}: {count}");
        }
    }

    #[test]
    fn every_process_finds_the_same_root() {
        let id = Uuid::now_v7();
        assert_eq!(root_of(id), root_of(id));
        assert_ne!(root_of(id), root_of(Uuid::now_v7()));
        assert_ne!(root_of(id), SpanId::INVALID);
    }
}
