//! A collector of OpenTelemetry's traces: takes what is sent over HTTP and keeps the spans.

use crate::wait::soon;
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Deliveries that wait to be looked at, at most.
const DELIVERIES_MAX: usize = 1_024;

/// A collector on a free port.
pub struct Collector {
    /// Where it listens.
    pub endpoint: String,
    deliveries: mpsc::Receiver<Bytes>,
    serving: JoinHandle<()>,
    /// Every span so far, and the bytes that they came in.
    pub spans: Vec<Span>,
    /// Everything that was sent, as it was sent.
    pub raw: Vec<u8>,
}

impl Collector {
    /// Starts it.
    pub async fn starts() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let (sender, deliveries) = mpsc::channel(DELIVERIES_MAX);
        let router = Router::new().route("/v1/traces", post(take)).with_state(sender);
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        Self { endpoint, deliveries, serving, spans: Vec::new(), raw: Vec::new() }
    }

    /// Waits until the spans so far fit.
    pub async fn has(&mut self, what: &str, fits: impl Fn(&[Span]) -> bool) {
        while !fits(&self.spans) {
            let body = soon(what, self.deliveries.recv()).await.expect("the collector runs");
            self.raw.extend_from_slice(&body);
            let request = ExportTraceServiceRequest::decode(body).expect("OTLP");
            let scopes = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
            self.spans.extend(scopes.flat_map(|scope| scope.spans));
        }
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn take(State(sender): State<mpsc::Sender<Bytes>>, body: Bytes) {
    sender.send(body).await.expect("the test takes it");
}
