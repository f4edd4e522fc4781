//! The end of a group.

use serde_json::json;
use tests::both_modes;
use tests::matchers::{assert_time, texts};

both_modes! {
    async fn history_stays_readable_and_nothing_is_added(world: &mut World) {
        let (alice, bob, carol, room) = world.three_in_a_room().await;
        let dave = world.registers("dave").await;
        let said = bob.sends("before", &room).await;
        alice.reacts("👍", &said).await.ok(201);
        alice.pins(&said, &room).await.ok(204);
        alice.closes(&room).await.ok(204);
        let head = world.head();
        alice.closes(&room).await.ok(204);
        let refused = [
            bob.post(&room.path("/messages"), json!({"text": "after"})).await,
            bob.edits(&said, "changed").await,
            bob.deletes(&said).await,
            alice.deletes(&said).await,
            carol.reacts("🎉", &said).await,
            alice.takes_back("👍", &said).await,
            alice.adds(&dave, &room).await,
            alice.removes(&bob, &room).await,
            bob.removes(&bob, &room).await,
            alice.makes(&bob, "owner", &room).await,
            alice.changes(&room, json!({"name": "Open"})).await,
            alice.pins(&said, &room).await,
            alice.unpins(&said, &room).await,
        ];
        for reply in &refused {
            reply.problem(409, "CONVERSATION_CLOSED");
        }
        bob.closes(&room).await.problem(403, "NOT_PERMITTED");
        for path in ["/messages", "/settings", ""] {
            dave.put(&room.path(path), json!({})).await.any_problem();
        }
        dave.post(&room.path("/messages"), json!({"text": "after"})).await.problem(404, "NOT_FOUND");
        assert_eq!(world.head(), head, "nothing was appended");
        for person in [&alice, &bob, &carol] {
            assert_eq!(texts(&person.timeline(&room).await), [Some("before")]);
            assert_time(&person.sees(&room).await["closed_at"]);
            assert_eq!(person.all(&room.path("/members?limit=10")).await.len(), 3);
            assert_eq!(person.all(&room.path("/pins")).await.len(), 1);
        }
    }

    async fn it_stays_in_the_inbox_until_one_puts_it_away(world: &mut World) {
        let (alice, bob, carol, room) = world.three_in_a_room().await;
        let said = alice.sends("before", &room).await;
        carol.removes(&carol, &room).await.ok(204);
        alice.closes(&room).await.ok(204);
        let inbox = bob.inbox().await;
        assert_eq!(inbox.len(), 1);
        assert_time(&inbox[0]["closed_at"]);
        assert_eq!((&inbox[0]["unread_count"], &inbox[0]["left"]), (&json!(1), &json!(false)));
        bob.reads(&room, said.seq).await.ok(204);
        bob.keeps(&room, json!({"archived": true})).await.ok(200);
        assert!(bob.inbox().await.is_empty());
        assert_eq!(bob.all("/v1/conversations?archived=true&limit=10").await[0]["unread_count"], 0);
        assert_eq!(carol.sees(&room).await["closed_at"], json!(null), "who left before is not told");
    }

    async fn it_is_seen_live_with_the_last_name(world: &mut World) {
        let (alice, bob, _, room) = world.three_in_a_room().await;
        alice.changes(&room, json!({"name": "Shed"})).await.ok(200);
        let mut feed = bob.feed().await;
        alice.closes(&room).await.ok(204);
        let deleted = feed.event("conversation.deleted").await;
        assert_eq!((&deleted["id"], &deleted["name"], &deleted["type"]), (&json!(room.id), &json!("Shed"), &json!("group")));
        assert_time(&deleted["closed_at"]);
        feed.closes().await;
    }

    async fn only_the_owner_of_a_group_closes_it(world: &mut World) {
        let (alice, bob, carol, room) = world.three_in_a_room().await;
        alice.makes(&bob, "admin", &room).await.ok(200);
        let mallory = world.registers("mallory").await;
        bob.closes(&room).await.problem(403, "NOT_PERMITTED");
        carol.closes(&room).await.problem(403, "NOT_PERMITTED");
        mallory.closes(&room).await.problem(404, "NOT_FOUND");
        let direct = alice.meets(&bob).await;
        alice.closes(&direct).await.problem(409, "GROUP_ONLY");
    }

    async fn a_message_stands_before_the_end_or_is_refused(world: &mut World) {
        let (alice, bob, carol, _) = world.three_in_a_room().await;
        for round in 0..8 {
            let room = alice.founds(&format!("Room {round}"), &[&bob, &carol]).await;
            let path = room.path("/messages");
            let sends = async {
                let mut replies = Vec::new();
                for number in 0..6 {
                    replies.push(bob.post(&path, json!({"text": number.to_string()})).await);
                }
                replies
            };
            let (replies, closed) = tokio::join!(sends, alice.closes(&room));
            closed.ok(204);
            let end = closed.position().expect("a position");
            for reply in replies {
                match reply.status {
                    201 => assert!(reply.position().expect("a position") < end, "sent after the end"),
                    _ => drop(reply.problem(409, "CONVERSATION_CLOSED")),
                }
            }
        }
    }
}
