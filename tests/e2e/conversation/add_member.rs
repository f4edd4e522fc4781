//! Adding somebody to a group.

use serde_json::json;
use tests::both_modes;
use tests::matchers::texts;

both_modes! {
    async fn a_new_member_reads_earlier_history_and_has_nothing_unread(world: &mut World) {
        let (alice, bob, _, room) = world.three_in_a_room().await;
        alice.sends("before", &room).await;
        let dave = world.registers("dave").await;
        let member = alice.adds(&dave, &room).await.ok(201);
        assert_eq!((&member["account_id"], &member["role"]), (&json!(dave.id), &json!("member")));
        assert_eq!(texts(&dave.timeline(&room).await), [Some("before")]);
        assert_eq!(dave.sees(&room).await["unread_count"], 0);
        bob.sends("after", &room).await;
        assert_eq!(texts(&dave.timeline(&room).await), [Some("before"), Some("after")]);
        assert_eq!((&dave.sees(&room).await["unread_count"], &dave.sees(&room).await["member_count"]), (&json!(1), &json!(4)));
    }

    async fn joining_is_seen_live_by_the_others_and_by_the_new_one(world: &mut World) {
        let (alice, bob, _, room) = world.three_in_a_room().await;
        let said = alice.sends("before", &room).await;
        let dave = world.registers("dave").await;
        let (mut old, mut new) = (bob.feed().await, dave.feed().await);
        alice.adds(&dave, &room).await.ok(201);
        for feed in [&mut old, &mut new] {
            let joined = feed.event("member.joined").await;
            assert_eq!((&joined["account_id"], &joined["role"]), (&json!(dave.id), &json!("member")));
            assert_eq!(joined["last_seq"], said.seq);
        }
        alice.sends("hello dave", &room).await;
        assert_eq!(new.event("message.sent").await["text"], "hello dave");
        old.closes().await;
        new.closes().await;
    }

    async fn adding_a_member_again_is_already_so(world: &mut World) {
        let (alice, bob, _, room) = world.three_in_a_room().await;
        let head = world.head();
        let reply = alice.adds(&bob, &room).await;
        assert!(reply.status < 300, "{}", reply.text());
        assert_eq!(world.head(), head);
        assert_eq!(alice.sees(&room).await["member_count"], 3);
    }

    async fn only_who_manages_members_may_add(world: &mut World) {
        let (alice, bob, carol, room) = world.three_in_a_room().await;
        let (dave, mallory) = (world.registers("dave").await, world.registers("mallory").await);
        bob.adds(&dave, &room).await.problem(403, "NOT_PERMITTED");
        mallory.adds(&dave, &room).await.problem(404, "NOT_FOUND");
        let admin = json!({"account_id": dave.id, "role": "admin"});
        alice.post(&room.path("/members"), admin).await.ok(201);
        dave.adds(&mallory, &room).await.ok(201);
        dave.removes(&mallory, &room).await.ok(204);
        dave.removes(&carol, &room).await.ok(204);
        dave.removes(&alice, &room).await.problem(403, "NOT_PERMITTED");
    }

    async fn what_cannot_be_meant_is_refused(world: &mut World) {
        let (alice, bob, _, room) = world.three_in_a_room().await;
        let dave = world.registers("dave").await;
        let nobody = json!({"account_id": "00000000-0000-7000-8000-000000000000"});
        alice.post(&room.path("/members"), nobody).await.invalid("/account_id");
        let king = json!({"account_id": dave.id, "role": "king"});
        alice.post(&room.path("/members"), king).await.invalid("/role");
        let direct = alice.meets(&bob).await;
        alice.adds(&dave, &direct).await.problem(409, "DIRECT_MEMBERS_FIXED");
    }
}
