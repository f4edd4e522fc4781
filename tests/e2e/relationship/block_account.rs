//! Blocking somebody, and no longer.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::both_modes;
use tests::matchers::{assert_gapless, assert_time, every, texts};
use tests::room::Room;

const NOBODY: &str = "00000000-0000-7000-8000-000000000000";
const REFUSED: (u16, &str) = (403, "MESSAGING_NOT_ALLOWED");

/// A story's path.
fn path(story: &Value) -> String {
    format!("/v1/stories/{}", story["id"].as_str().expect("an id"))
}

both_modes! {
    async fn two_who_are_apart_do_not_message_each_other_whoever_blocks(world: &mut World) {
        let (alice, bob, carol) = (world.registers("alice").await, world.registers("bob").await, world.registers("carol").await);
        let room = alice.meets(&bob).await;
        let (hers, his) = (alice.sends("one", &room).await, bob.sends("two", &room).await);
        for (owner, other) in [(&alice, &bob), (&bob, &alice)] {
            owner.blocks(other).await.ok(204);
            owner.blocks(other).await.ok(204);
            let head = world.head();
            for (one, theirs, another, others) in [(&alice, &bob, &hers, &his), (&bob, &alice, &his, &hers)] {
                let direct = json!({"type": "direct", "participant_id": theirs.id});
                one.post("/v1/conversations", direct).await.problem(REFUSED.0, REFUSED.1);
                let send = one.post(&room.path("/messages"), json!({"text": "still there?"})).await;
                send.problem(REFUSED.0, REFUSED.1);
                one.edits(another, "changed").await.problem(REFUSED.0, REFUSED.1);
                one.reacts("👍", others).await.problem(REFUSED.0, REFUSED.1);
                // What was said stays.
                assert_eq!(texts(&one.timeline(&room).await), [Some("one"), Some("two")]);
                assert_eq!(one.sees(&room).await["id"], room.id.as_str());
            }
            assert_eq!(world.head(), head);
            carol.post("/v1/conversations", json!({"type": "direct", "participant_id": other.id})).await.any(&[200, 201]);
            owner.unblocks(other).await.ok(204);
            owner.unblocks(other).await.ok(204);
        }
        bob.sends("three", &room).await;
        let direct = json!({"type": "direct", "participant_id": carol.id});
        let fresh = Room::from_json(alice.post("/v1/conversations", direct).await.any(&[200, 201]));
        carol.blocks(&alice).await.ok(204);
        let mut feed = alice.feed().await;
        let rejected = feed.command("SendMessage", None, json!({"id": fresh.id, "text": "hello"})).await;
        assert_eq!(rejected["problem"]["code"], REFUSED.1);
        feed.closes().await;
    }

    async fn nothing_is_said_after_a_block_however_many_come_at_once(world: &mut World) {
        let (alice, bob) = (world.registers("alice").await, world.registers("bob").await);
        let room = alice.meets(&bob).await;
        let sending = async |number: usize| {
            let reply = bob.post(&room.path("/messages"), json!({"text": format!("message {number}")})).await;
            if reply.status == 201 {
                reply.position()
            } else {
                reply.problem(REFUSED.0, REFUSED.1);
                None
            }
        };
        let blocking = async {
            sending(99).await;
            alice.blocks(&bob).await
        };
        let (sent, blocked) = futures_util::future::join(join_all((0..20).map(sending)), blocking).await;
        blocked.ok(204);
        let end = blocked.position().expect("a position");
        assert!(sent.iter().flatten().all(|position| *position < end), "{sent:?} {end}");
        bob.post(&room.path("/messages"), json!({"text": "one more"})).await.problem(REFUSED.0, REFUSED.1);
        let timeline = alice.timeline(&room).await;
        assert_gapless(&timeline);
        assert_eq!(timeline.len(), sent.iter().flatten().count() + 1);
    }

    async fn stories_are_not_seen_either_way_and_follows_end_and_cannot_be_made(world: &mut World) {
        let (alice, bob) = (world.registers("alice").await, world.registers("bob").await);
        for (one, other) in [(&alice, &bob), (&bob, &alice)] {
            one.follows(other).await.ok(204);
            one.befriends(other).await.ok(204);
        }
        let stories = [alice.posts_story("hers").await, bob.posts_story("his").await];
        alice.blocks(&bob).await.ok(204);
        let head = world.head();
        for (one, other, theirs) in [(&alice, &bob, &stories[1]), (&bob, &alice, &stories[0])] {
            one.get(&path(theirs)).await.problem(404, "NOT_FOUND");
            one.views_story(theirs).await.problem(404, "NOT_FOUND");
            assert_eq!(one.all(&format!("/v1/accounts/{}/stories", other.id)).await, Vec::<Value>::new());
            let feed = one.all("/v1/stories/feed").await;
            assert_eq!(every(&feed, "author_id"), [&json!(one.id)]);
            one.follows(other).await.problem(404, "NOT_FOUND");
            one.befriends(other).await.problem(404, "NOT_FOUND");
            one.unfollows(other).await.ok(204);
            for list in ["followers", "following", "close-friends"] {
                assert_eq!(one.get(&format!("/v1/accounts/{}/{list}", one.id)).await.ok(200)["count"], 0, "{list}");
            }
            // As public as before.
            assert_eq!(one.get(&format!("/v1/accounts/{}", other.id)).await.ok(200)["username"], other.username.as_str());
        }
        assert_eq!(world.head(), head);
        alice.unblocks(&bob).await.ok(204);
        bob.get(&path(&stories[0])).await.ok(200);
        assert_eq!(every(&bob.all("/v1/stories/feed").await, "author_id"), [&json!(bob.id)], "a follow does not come back");
        bob.follows(&alice).await.ok(204);
    }

    async fn in_a_group_both_see_what_is_said_but_nothing_of_each_others_presence(world: &mut World) {
        let people = [world.registers("alice").await, world.registers("bob").await, world.registers("carol").await];
        let [alice, bob, carol] = &people;
        let room = alice.founds("Garden", &[bob, carol]).await;
        let (mut hers, mut his) = (alice.feed().await, bob.feed().await);
        carol.sees(&room).await;
        let offline = |who: &str| json!({"account_id": who, "status": "offline"});
        // Before the block each knows that the other is there.
        assert_eq!(hers.ephemeral("presence").await, json!({"account_id": bob.id, "status": "online"}));
        assert_eq!(his.ephemeral("presence").await, json!({"account_id": alice.id, "status": "online"}));
        bob.blocks(alice).await.ok(204);
        assert_eq!(hers.ephemeral("presence").await, offline(&bob.id));
        assert_eq!(his.ephemeral("presence").await, offline(&alice.id));
        let said = alice.sends("to all", &room).await;
        assert_eq!(his.event("message.sent").await["id"], said.id.as_str());
        alice.reacts("👍", &bob.sends("to all as well", &room).await).await.ok(201);
        assert_eq!(alice.timeline(&room).await.len(), 2);

        let mut carols = carol.feed().await;
        for feed in [&mut hers, &mut his] {
            feed.send(&json!({"op": "typing", "conversation_id": room.id})).await;
            feed.send(&json!({"op": "focus", "visible": false})).await;
        }
        let mut typing = [carols.ephemeral("typing").await, carols.ephemeral("typing").await];
        typing.sort_by_key(|typing| typing["account_id"] == bob.id.as_str());
        assert_eq!(every(&typing, "account_id"), [&json!(alice.id), &json!(bob.id)]);
        carol.sends("to all again", &room).await;
        alice.reads(&room, 3).await.any(&[200, 204]);
        bob.reads(&room, 3).await.any(&[200, 204]);
        let mut readers = [carols.ephemeral("read").await, carols.ephemeral("read").await];
        readers.sort_by_key(|read| read["account_id"] == bob.id.as_str());
        assert_eq!(every(&readers, "account_id"), [&json!(alice.id), &json!(bob.id)]);
        for feed in [&mut hers, &mut his] {
            // Carol was told of both, so both were told of what there was for them.
            assert!(!feed.was_told("typing").await && !feed.was_told("read").await);
            assert_eq!(feed.ephemeral("presence").await["account_id"], carol.id.as_str());
        }
        for feed in [hers, his, carols] {
            feed.closes().await;
        }
    }

    async fn ones_own_devices_are_told_and_the_other_is_not_live_and_after_a_resume(world: &mut World) {
        let (alice, bob) = (world.registers("alice").await, world.registers("bob").await);
        bob.follows(&alice).await.ok(204);
        let (mut hers, mut his) = (alice.feed().await, bob.feed().await);
        let (from, his_from) = (hers.position.clone(), his.position.clone());
        alice.blocks(&bob).await.ok(204);
        alice.posts_story("not for bob").await;
        alice.unblocks(&bob).await.ok(204);
        let changed = |active: bool| json!({"account_id": bob.id, "relation": "blocked", "active": active});
        for active in [true, false] {
            assert_eq!(hers.event("relationship.changed").await, changed(active));
        }
        let mark = bob.posts_story("the end").await;
        let told = his.events_until(|frame| frame["data"]["id"] == mark["id"]).await;
        let unfollowed = json!({"account_id": alice.id, "relation": "following", "active": false});
        assert_eq!(every(&told, "type"), ["relationship.changed", "story.posted"]);
        assert_eq!(told[0]["data"], unfollowed, "that a follow ended is all that is to be seen");
        let mut again = alice.resumes(&from).await;
        let missed = again.catches_up().await;
        assert_eq!(every(&missed, "type"), ["relationship.changed", "story.posted", "relationship.changed"]);
        let mut his_again = bob.resumes(&his_from).await;
        assert_eq!(his_again.catches_up().await, told);
        for feed in [hers, his, again, his_again] {
            feed.closes().await;
        }
    }

    async fn blocked_accounts_are_listed_for_their_owner_alone(world: &mut World) {
        let (alice, bob, carol) = (world.registers("alice").await, world.registers("bob").await, world.registers("carol").await);
        for blocked in [&bob, &carol] {
            alice.blocks(blocked).await.ok(204);
        }
        let list = alice.get("/v1/me/blocks").await.ok(200);
        assert_eq!(every(list["items"].as_array().unwrap(), "account_id"), [&json!(carol.id), &json!(bob.id)]);
        assert_time(&list["items"][0]["since"]);
        assert_eq!((&list["count"], &list["has_more"]), (&json!(2), &json!(false)));
        assert_eq!(alice.all("/v1/me/blocks?limit=1").await.len(), 2);
        assert_eq!(bob.get("/v1/me/blocks").await.ok(200)["count"], 0);
        alice.unblocks(&carol).await.ok(204);
        assert_eq!(alice.get("/v1/me/blocks?relation=blocked").await.ok(200)["count"], 1);
        alice.get("/v1/me/blocks?relation=other").await.invalid("/relation");
        alice.get("/v1/me/blocks?limit=0").await.invalid("/limit");
        alice.get("/v1/me/blocks?cursor=x").await.problem(400, "BAD_CURSOR");
        let first = alice.get("/v1/me/blocks?limit=1").await.ok(200);
        assert_eq!(first["next_cursor"], Value::Null);
    }

    async fn nobody_blocks_themself_or_somebody_who_is_not_there(world: &mut World) {
        let alice = world.registers("alice").await;
        let head = world.head();
        for way in ["block", "story-mute", "story-hide"] {
            alice.ask("PUT", &format!("/v1/accounts/{}/{way}", alice.id)).send().await.invalid("/id");
            for id in [NOBODY, "x"] {
                alice.ask("PUT", &format!("/v1/accounts/{id}/{way}")).send().await.problem(404, "NOT_FOUND");
                alice.delete(&format!("/v1/accounts/{id}/{way}")).await.problem(404, "NOT_FOUND");
            }
        }
        assert_eq!(world.head(), head);
    }

    async fn a_mention_of_somebody_who_is_apart_stays_plain(world: &mut World) {
        let people = [world.registers("alice").await, world.registers("bob").await, world.registers("carol").await];
        let [alice, bob, carol] = &people;
        let body = json!({"type": "group", "name": "Secret", "member_ids": [bob.id, carol.id], "privacy_mode": "strict_e2e"});
        let room = Room::from_json(alice.post("/v1/conversations", body).await.ok(201));
        let key = alice.publishes("00000000-0000-7000-8000-00000000000d", "AAAA").await;
        let mentioning = json!({"ciphertext": "AQID", "nonce": "AAAA", "scheme": "mls-1", "sender_key_id": key["key_id"],
            "mentions": [bob.id, carol.id]});
        let sent = alice.post(&room.path("/messages"), mentioning.clone()).await.ok(201);
        assert_eq!(sent["mentions"], json!([bob.id, carol.id]));
        bob.blocks(alice).await.ok(204);
        let sent = alice.post(&room.path("/messages"), mentioning).await.ok(201);
        assert_eq!(sent["mentions"], json!([carol.id]));
        let open = carol.founds("Open", &[alice, bob]).await;
        for (author, text, reached) in [(alice, "@bob @carol", carol), (bob, "@alice @carol", carol)] {
            assert_eq!(author.sends(text, &open).await.json["mentions"], json!([reached.id]));
        }
        bob.unblocks(alice).await.ok(204);
        assert_eq!(alice.sends("@bob", &open).await.json["mentions"], json!([bob.id]));
    }
}
