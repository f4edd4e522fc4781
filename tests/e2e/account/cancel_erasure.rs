//! Taking the request of an erasure back.

use domain::account::values::Role;
use serde_json::json;
use tests::both_modes;

both_modes! {
    async fn who_takes_it_back_stays(world: &mut World) {
        let alice = world.registers("alice").await;
        alice.delete("/v1/me").await.ok(202);
        assert!(alice.get("/v1/me").await.ok(200)["erases_at"].is_string());
        alice.post("/v1/me/erasure/cancel", json!({})).await.ok(204);
        assert!(alice.get("/v1/me").await.ok(200).get("erases_at").is_none());
        let head = world.head();
        alice.post("/v1/me/erasure/cancel", json!({})).await.ok(204);
        assert_eq!(world.head(), head, "already so");
        world.clock.advance(31 * 24 * 60 * 60);
        let alice = alice.signs_in().await;
        assert_eq!(alice.get("/v1/me").await.ok(200)["username"], "alice");
    }

    async fn what_an_administrator_ordered_stays(world: &mut World) {
        let (alice, bob) = (world.registers("alice").await, world.registers("bob").await);
        let path = format!("/v1/admin/accounts/{}/erasure", alice.id);
        bob.post(&path, json!({"reason": "a ruling"})).await.problem(403, "ROLE_REQUIRED");
        world.grants(&bob, Role::Admin).await;
        bob.post(&path, json!({})).await.invalid("/reason");
        bob.post(&path, json!({"reason": "a ruling"})).await.ok(202);
        alice.post("/v1/me/erasure/cancel", json!({})).await.problem(403, "NOT_PERMITTED");
    }
}
