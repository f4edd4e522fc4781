//! How many conversations an account can be in.

use serde_json::json;
use tests::both_modes;

both_modes! {
    async fn who_is_in_as_many_conversations_as_one_can_be_comes_into_no_further_one(world: &mut World) {
        let (alice, bob, carol, first) = world.three_in_a_room().await;
        let dave = world.registers("dave").await;
        world.restarts_with(|config| config.limits.conversations = 3).await;
        let again = |person: &tests::person::Person| tests::person::Person { http: world.http.clone(), ..person.clone() };
        let (alice, bob, carol, dave) = (again(&alice), again(&bob), again(&carol), again(&dave));
        alice.founds("Shed", &[&bob, &carol]).await;
        let direct = alice.meets(&bob).await;
        assert_eq!(alice.inbox().await.len(), 3, "and the read model knows");

        let group = json!({"type": "group", "name": "Barn", "member_ids": [carol.id, dave.id]});
        alice.post("/v1/conversations", group.clone()).await.problem(409, "CONVERSATION_LIMIT_REACHED");
        let with = |other: &str| json!({"type": "direct", "participant_id": other});
        alice.post("/v1/conversations", with(&dave.id)).await.problem(409, "CONVERSATION_LIMIT_REACHED");
        dave.post("/v1/conversations", with(&alice.id)).await.problem(409, "CONVERSATION_LIMIT_REACHED");
        assert_eq!(alice.post("/v1/conversations", with(&bob.id)).await.ok(200)["id"], direct.id.as_str());

        let others = json!({"type": "group", "name": "Barn", "member_ids": [alice.id, dave.id]});
        carol.post("/v1/conversations", others).await.problem(409, "CONVERSATION_LIMIT_REACHED");
        let erin = world.registers("erin").await;
        let barn = dave.founds("Barn", &[&carol, &erin]).await;
        assert_eq!(carol.inbox().await.len(), 3);
        dave.adds(&alice, &barn).await.problem(409, "CONVERSATION_LIMIT_REACHED");
        dave.adds(&carol, &barn).await.ok(200);

        // What was left does not count.
        alice.removes(&bob, &first).await.ok(204);
        assert_eq!(bob.inbox().await.len(), 2);
        dave.adds(&bob, &barn).await.ok(201);
        assert_eq!(bob.inbox().await.len(), 3);
        dave.post("/v1/conversations", with(&bob.id)).await.problem(409, "CONVERSATION_LIMIT_REACHED");
    }

    async fn a_repeat_is_answered_as_before_whatever_the_limit_says_by_then(world: &mut World) {
        world.restarts_with(|config| config.limits.conversations = 1).await;
        let (alice, bob, carol) =
            (world.registers("alice").await, world.registers("bob").await, world.registers("carol").await);
        let body = json!({"type": "group", "name": "Garden", "member_ids": [bob.id, carol.id]});
        let found = || async {
            let ask = alice.http.ask("POST", "/v1/conversations").token(&alice.token).json(&body);
            ask.header("idempotency-key", "once").send().await
        };
        let first = found().await.ok(201);
        assert_eq!(alice.inbox().await.len(), 1);
        let again = found().await;
        assert!(again.is_replay());
        assert_eq!(again.ok(201)["id"], first["id"]);
        alice.post("/v1/conversations", body.clone()).await.problem(409, "CONVERSATION_LIMIT_REACHED");
    }
}
