//! Every metric that a server shows stands in the catalogue, with its kind and its meaning.

use api::telemetry::catalogue::{METRICS, PREFIX};
use tests::both_modes;

both_modes! {
    async fn every_metric_is_explained(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let mut feed = bob.feed().await;
        let message = alice.sends("hello", &room).await;
        bob.reacts("👍", &message).await.ok(201);
        feed.event("reaction.added").await;
        feed.closes().await;
        let text = world.http.ask("GET", "/metrics").send().await.text();
        let mut seen = 0;
        for line in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
            let (name, kind) = line.split_once(' ').expect("a name and a kind");
            let short = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_prefix('_'));
            let metric = short.and_then(|short| METRICS.iter().find(|metric| metric.name == short));
            let metric = metric.unwrap_or_else(|| panic!("{name} is not in the catalogue"));
            assert_eq!(format!("{:?}", metric.kind).to_lowercase(), kind, "{name}");
            assert!(text.contains(&format!("# HELP {name} {}", metric.meaning)), "{name}");
            seen += 1;
        }
        assert!(seen >= 15, "only {seen} metrics:\n{text}");
        for name in ["command_stage_seconds", "log_sync_seconds", "projection_lag_seconds", "feed_sockets"] {
            assert!(text.contains(&format!("{PREFIX}_{name}")), "{name} is missing:\n{text}");
        }
    }
}
