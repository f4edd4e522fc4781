//! Leaving a group, and being removed.

use rand::RngExt;
use serde_json::json;
use tests::both_modes;
use tests::chance::seeded;
use tests::matchers::{assert_gapless, texts};

both_modes! {
    async fn who_left_reads_what_was_said_until_then_and_nothing_after(world: &mut World) {
        let (alice, bob, _, room) = world.three_in_a_room().await;
        let said = alice.sends("before", &room).await;
        bob.removes(&bob, &room).await.ok(204);
        alice.sends("after", &room).await;
        alice.edits(&said, "before, in its current form").await.ok(200);
        assert_eq!(texts(&bob.timeline(&room).await), [Some("before, in its current form")]);
        assert!(bob.inbox().await.is_empty());
        assert_eq!(bob.all("/v1/conversations?left=true&limit=10").await.len(), 1);
        assert_eq!(alice.sees(&room).await["member_count"], 2);
        bob.post(&room.path("/messages"), json!({"text": "still here?"})).await.any_problem();
        assert_eq!(texts(&alice.timeline(&room).await).len(), 2);
    }

    async fn the_last_frame_of_who_is_removed_is_their_own_leaving(world: &mut World) {
        let (alice, bob, carol, room) = world.three_in_a_room().await;
        let (mut his, mut hers) = (bob.feed().await, carol.feed().await);
        alice.removes(&bob, &room).await.ok(204);
        for feed in [&mut his, &mut hers] {
            let left = feed.event("member.left").await;
            assert_eq!((&left["conversation_id"], &left["account_id"]), (&json!(room.id), &json!(bob.id)));
        }
        alice.sends("without bob", &room).await;
        assert_eq!(hers.event("message.sent").await["text"], "without bob");
        let other = alice.meets(&bob).await;
        alice.sends("for bob", &other).await;
        assert_eq!(his.event("message.sent").await["text"], "for bob", "the first message that he still sees");
        his.closes().await;
        hers.closes().await;
    }

    async fn who_comes_back_sees_everything_again(world: &mut World) {
        let (alice, bob, _, room) = world.three_in_a_room().await;
        alice.removes(&bob, &room).await.ok(204);
        alice.sends("in between", &room).await;
        alice.adds(&bob, &room).await.ok(201);
        assert_eq!(texts(&bob.timeline(&room).await), [Some("in between")]);
        bob.sends("back", &room).await;
    }

    async fn the_last_owner_must_hand_over_unless_alone(world: &mut World) {
        let (alice, bob, carol, room) = world.three_in_a_room().await;
        alice.removes(&alice, &room).await.problem(409, "OWNER_MUST_HAND_OVER");
        bob.removes(&bob, &room).await.ok(204);
        carol.removes(&carol, &room).await.ok(204);
        alice.removes(&alice, &room).await.ok(204);
        assert!(alice.inbox().await.is_empty());
    }

    async fn one_removes_only_whom_one_may(world: &mut World) {
        let (alice, bob, carol, room) = world.three_in_a_room().await;
        let mallory = world.registers("mallory").await;
        bob.removes(&carol, &room).await.problem(403, "NOT_PERMITTED");
        mallory.removes(&carol, &room).await.problem(404, "NOT_FOUND");
        alice.removes(&mallory, &room).await.problem(404, "NOT_FOUND");
        let direct = alice.meets(&bob).await;
        alice.removes(&alice, &direct).await.problem(409, "DIRECT_MEMBERS_FIXED");
        assert_eq!(alice.sees(&room).await["member_count"], 3);
    }

    async fn who_is_out_is_removed_already(world: &mut World) {
        let (alice, bob, carol, room) = world.three_in_a_room().await;
        alice.removes(&bob, &room).await.ok(204);
        carol.removes(&carol, &room).await.ok(204);
        let head = world.head();
        alice.removes(&bob, &room).await.ok(204);
        carol.removes(&carol, &room).await.ok(204);
        assert_eq!(world.head(), head);
        bob.removes(&carol, &room).await.problem(404, "NOT_FOUND");
    }

    async fn who_left_sees_the_members_and_roles_of_then(world: &mut World) {
        let (alice, bob, carol, room) = world.three_in_a_room().await;
        let dave = world.registers("dave").await;
        alice.adds(&dave, &room).await.ok(201);
        bob.removes(&bob, &room).await.ok(204);
        let then = bob.all(&room.path("/members?limit=10")).await;
        let ids: Vec<_> = then.iter().map(|member| member["account_id"].clone()).collect();
        assert_eq!(ids, [json!(alice.id), json!(carol.id), json!(dave.id)]);
        alice.put(&room.path(&format!("/members/{}", carol.id)), json!({"role": "admin"})).await.ok(200);
        alice.removes(&dave, &room).await.ok(204);
        alice.adds(&dave, &room).await.ok(201);
        alice.put(&room.path(&format!("/members/{}", carol.id)), json!({"role": "owner"})).await.ok(200);
        assert_eq!(bob.all(&room.path("/members?limit=2")).await, then);
        assert_eq!(bob.sees(&room).await["member_count"], 3);
        let now = dave.all(&room.path("/members?limit=10")).await;
        let roles: Vec<_> = now.iter().map(|member| member["role"].clone()).collect();
        assert_eq!(roles, ["admin", "owner", "member"]);
    }

    async fn the_history_of_who_left_is_as_of_now_and_ends_with_the_leaving(world: &mut World) {
        let (alice, bob, carol, room) = world.three_in_a_room().await;
        let (one, two) = (alice.sends("one", &room).await, alice.sends("two", &room).await);
        let mut feed = bob.feed().await;
        bob.removes(&bob, &room).await.ok(204);
        let after = alice.sends("after", &room).await;
        alice.edits(&one, "one, edited").await.ok(200);
        carol.reacts("👍", &one).await.ok(201);
        alice.deletes(&two).await.ok(204);
        let dave = world.registers("dave").await;
        alice.adds(&dave, &room).await.ok(201);

        assert_eq!(texts(&bob.timeline(&room).await), [Some("one, edited"), None]);
        assert_eq!(bob.timeline(&room).await[0]["reactions"][0]["count"], 1);
        assert_eq!(bob.get(&one.path("/reactions")).await.ok(200)[0]["count"], 1);
        bob.get(&after.path("")).await.problem(404, "NOT_FOUND");
        bob.get(&after.path("/reactions")).await.problem(404, "NOT_FOUND");
        let page = bob.get(&room.path("/messages?around=3&limit=10")).await.ok(200);
        assert_eq!((page["items"].as_array().unwrap().len(), &page["found_newest"]), (2, &json!(true)));
        let seen = bob.sees(&room).await;
        assert_eq!((&seen["left"], &seen["member_count"]), (&json!(true), &json!(2)));
        assert_eq!(seen["last_message"]["seq"], 2);
        assert_eq!(bob.all(&room.path("/members?limit=10")).await.len(), 2);
        assert_eq!(bob.get(&room.path("")).await.header("etag"), None, "nor does a tag tell that something goes on");

        // The feed, live and resumed, ends with the leaving, too.
        let elsewhere = alice.meets(&bob).await;
        alice.sends("for bob", &elsewhere).await;
        let live = feed.events_until(|frame| frame["type"] == "message.sent").await;
        let kinds = |frames: &[serde_json::Value]| frames.iter().map(|f| f["type"].clone()).collect::<Vec<_>>();
        let expected = ["member.left", "conversation.created", "member.joined", "member.joined", "message.sent"];
        assert_eq!(kinds(&live), expected);
        let start = feed.ready["position"].as_str().expect("a position").to_owned();
        feed.closes().await;
        let mut feed = bob.resumes(&start).await;
        assert_eq!(kinds(&feed.catches_up().await), expected);
        feed.closes().await;

        // Back again, everything in between is there.
        alice.adds(&bob, &room).await.ok(201);
        assert_eq!(texts(&bob.timeline(&room).await), [Some("one, edited"), None, Some("after")]);
        let seen = bob.sees(&room).await;
        let expected = (&json!(false), &json!(0), &json!(4));
        assert_eq!((&seen["left"], &seen["unread_count"], &seen["member_count"]), expected);
    }

    async fn a_message_of_somebody_who_is_removed_stands_before_the_leaving_or_is_refused(world: &mut World) {
        let (alice, bob, _, room) = world.three_in_a_room().await;
        let (_, mut chance) = seeded("removed while sending");
        for round in 0..15 {
            if round > 0 {
                alice.adds(&bob, &room).await.ok(201);
            }
            let path = room.path("/messages");
            let sends = async {
                let mut replies = Vec::new();
                for number in 0..6 {
                    replies.push(bob.post(&path, json!({"text": format!("{round}.{number}")})).await);
                }
                replies
            };
            let turns = chance.random_range(0..40);
            let removes = async {
                for _ in 0..turns {
                    tokio::task::yield_now().await;
                }
                alice.removes(&bob, &room).await
            };
            let (replies, removed) = tokio::join!(sends, removes);
            removed.ok(204);
            let left = removed.position().expect("a position");
            for reply in replies {
                match reply.status {
                    201 => assert!(reply.position().expect("a position") < left, "sent after he had left"),
                    _ => drop(reply.problem(404, "NOT_FOUND")),
                }
            }
        }
        assert_gapless(&alice.timeline(&room).await);
    }

    async fn a_tag_of_before_is_refused_for_members_too(world: &mut World) {
        let (alice, bob, _, room) = world.three_in_a_room().await;
        let tag = || async { alice.get(&room.path("")).await.header("etag").expect("an entity tag").to_owned() };
        let before = tag().await;
        alice.changes(&room, json!({"name": "Shed"})).await.ok(200);
        let path = room.path(&format!("/members/{}", bob.id));
        let promotes = |tag| alice.ask("PUT", &path).header("if-match", tag).json(&json!({"role": "admin"})).send();
        let removes = |tag| alice.ask("DELETE", &path).header("if-match", tag).send();
        promotes(before.clone()).await.problem(412, "PRECONDITION_FAILED");
        removes(before).await.problem(412, "PRECONDITION_FAILED");
        promotes(tag().await).await.ok(200);
        removes(tag().await).await.ok(204);
    }
}
