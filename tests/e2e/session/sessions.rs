//! Where one is signed in.

use std::collections::BTreeSet;
use tests::both_modes;
use tests::matchers::assert_time;

both_modes! {
    async fn sessions_are_listed_newest_first_with_the_one_that_asks(world: &mut World) {
        let alice = world.registers("alice").await;
        world.clock.advance(60);
        let second = alice.signs_in().await;
        let page = second.get("/v1/sessions").await.ok(200);
        let items = page["items"].as_array().expect("items");
        assert_eq!(items.len(), 2);
        assert_eq!((&items[0]["current"], &items[1]["current"]), (&true.into(), &false.into()));
        for item in items {
            assert_eq!(item["device_name"], "a test");
            assert!(item["refreshed_at"].is_null());
            assert_time(&item["opened_at"]);
            assert_time(&item["expires_at"]);
        }
        alice.delete("/v1/sessions/current").await.ok(204);
        assert_eq!(second.get("/v1/sessions").await.ok(200)["items"].as_array().map(Vec::len), Some(1));
        let bob = world.registers("bob").await;
        assert_eq!(bob.get("/v1/sessions").await.ok(200)["items"].as_array().map(Vec::len), Some(1));
    }

    async fn a_long_list_has_pages(world: &mut World) {
        let alice = world.registers("alice").await;
        for _ in 0..4 {
            world.clock.advance(1);
            alice.signs_in().await;
        }
        let all = alice.all("/v1/sessions?limit=2").await;
        let ids: BTreeSet<&str> = all.iter().filter_map(|item| item["id"].as_str()).collect();
        assert_eq!((all.len(), ids.len()), (5, 5));
        let opened: Vec<&str> = all.iter().filter_map(|item| item["opened_at"].as_str()).collect();
        assert!(opened.is_sorted_by(|a, b| a >= b), "{opened:?}");
        alice.get("/v1/sessions?cursor=x").await.problem(400, "BAD_CURSOR");
    }

    async fn sessions_that_have_ended_are_not_listed(world: &mut World) {
        let alice = world.registers("alice").await;
        world.clock.advance(31 * 24 * 60 * 60);
        let again = alice.signs_in().await;
        assert_eq!(again.get("/v1/sessions").await.ok(200)["items"].as_array().map(Vec::len), Some(1));
    }
}
