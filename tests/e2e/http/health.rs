//! What operators look at.

use tests::both_modes;
use tests::wait::eventually;

both_modes! {
    async fn a_running_server_is_healthy_and_ready(world: &mut World) {
        let (alice, _, room) = world.two_in_a_room().await;
        alice.sends("hello", &room).await;
        world.http.ask("GET", "/healthz").send().await.ok(200);
        let head = world.head();
        let is_production = world.mode == tests::world::Mode::Production;
        let caught_up = || async {
            let ready = world.http.ask("GET", "/readyz").send().await.ok(200);
            assert_eq!(ready["status"], "ready", "{ready}");
            assert_eq!(ready["log"]["position"], head.to_string(), "{ready}");
            let projections = ready["projections"].as_array().expect("projections");
            assert_eq!(projections.len(), 7, "{ready}");
            let dependencies = ready["dependencies"].as_array().expect("dependencies");
            let names: Vec<&str> = dependencies.iter().filter_map(|dependency| dependency["name"].as_str()).collect();
            let wanted: &[&str] = if is_production { &["database", "keys", "nats"] } else { &["database", "keys"] };
            assert_eq!(names, wanted, "{ready}");
            assert!(dependencies.iter().all(|dependency| dependency["status"] == "up"), "{ready}");
            projections.iter().all(|projection| projection["lag_events"] == 0).then_some(())
        };
        eventually("no projection lags", caught_up).await;
    }

    async fn metrics_tell_numbers_and_nobodys_names(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        alice.sends("a secret word", &room).await;
        bob.timeline(&room).await;
        let metrics = world.http.ask("GET", "/metrics").send().await;
        metrics.ok(200);
        let text = metrics.text();
        assert!(text.contains("http_requests_total") && text.contains("# TYPE"), "{text}");
        for personal in ["alice", "secret", &alice.id, &room.id] {
            assert!(!text.contains(personal), "{personal} stands in the metrics");
        }
    }
}
