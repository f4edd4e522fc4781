//! Traces follow one message from its request to the frame on a feed.

use opentelemetry_proto::tonic::trace::v1::Span;
use projections::projection;
use serde_json::json;
use tests::both_modes;
use tests::collector::Collector;

/// The spans of the trace that this one belongs to.
fn trace_of<'a>(spans: &'a [Span], root: &Span) -> Vec<&'a Span> {
    spans.iter().filter(|span| span.trace_id == root.trace_id).collect()
}

fn root<'a>(spans: &'a [Span], name: &str) -> Option<&'a Span> {
    spans.iter().find(|span| span.name == name && span.parent_span_id.is_empty())
}

both_modes! {
    async fn a_message_is_followed_from_the_request_to_the_frame(world: &mut World) {
        let mut collector = Collector::starts().await;
        let (mut alice, mut bob, room) = world.two_in_a_room().await;
        world.traces_to(&collector.endpoint).await;
        (alice.http, bob.http) = (world.http.clone(), world.http.clone());
        let mut feed = bob.feed().await;
        alice.post(&room.path("/messages"), json!({"text": "canary-of-traces"})).await.ok(201);
        feed.event("message.sent").await;
        let mut parts: Vec<String> =
            ["read", "wait", "load", "decide", "append", "feed MessageSent"].map(str::to_owned).to_vec();
        parts.extend(projection::ALL.iter().map(|name| format!("apply {name}")));
        let is_complete = |spans: &[Span]| {
            let Some(root) = root(spans, "SendMessage") else { return false };
            let trace = trace_of(spans, root);
            parts.iter().all(|part| trace.iter().any(|span| span.name == *part))
        };
        collector.has("the trace of the message", is_complete).await;
        let root = root(&collector.spans, "SendMessage").expect("the request's span");
        for part in trace_of(&collector.spans, root).iter().filter(|span| span.span_id != root.span_id) {
            assert_eq!(part.parent_span_id, root.span_id, "{}", part.name);
            assert!(part.start_time_unix_nano <= part.end_time_unix_nano, "{}", part.name);
        }
        for personal in ["canary-of-traces", "alice", "bob", &alice.id, &bob.id, &room.id] {
            let found = collector.raw.windows(personal.len()).any(|window| window == personal.as_bytes());
            assert!(!found, "{personal} stands in a trace");
        }
        feed.closes().await;
    }
}
