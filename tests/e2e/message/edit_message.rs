//! Changing a message.

use futures_util::future::join_all;
use serde_json::json;
use tests::both_modes;
use tests::matchers::{assert_time, texts};

both_modes! {
    async fn everybody_reads_the_new_text(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let said = alice.sends("helo", &room).await;
        let edited = alice.edits(&said, "hello").await.ok(200);
        assert_eq!((&edited["text"], &edited["seq"], &edited["sent_at"]), (&json!("hello"), &json!(1), &said.json["sent_at"]));
        assert_time(&edited["edited_at"]);
        assert_eq!(texts(&bob.timeline(&room).await), [Some("hello")]);
        assert_eq!(bob.sees(&room).await["last_message"]["text"], "hello");
        assert_eq!(bob.get(&said.path("")).await.ok(200)["edited_at"], edited["edited_at"]);
    }

    async fn it_is_seen_live_by_the_other(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let said = alice.sends("helo", &room).await;
        let mut feed = bob.feed().await;
        let edited = alice.edits(&said, "hello").await.ok(200);
        let frame = feed.event("message.edited").await;
        let expected = [("id", json!(said.id)), ("conversation_id", json!(room.id)), ("seq", json!(1)),
            ("text", json!("hello")), ("mentions", json!([])), ("edited_at", edited["edited_at"].clone())];
        for (field, value) in expected {
            assert_eq!(frame[field], value, "{field}");
        }
        feed.closes().await;
    }

    async fn the_same_text_again_is_already_so(world: &mut World) {
        let (alice, _, room) = world.two_in_a_room().await;
        let said = alice.sends("hello", &room).await;
        alice.edits(&said, "hello, you").await.ok(200);
        let head = world.head();
        assert_eq!(alice.edits(&said, "hello, you").await.ok(200)["text"], "hello, you");
        assert_eq!(world.head(), head);
    }

    async fn the_same_edit_twice_at_once_shows_the_new_text_twice(world: &mut World) {
        let (alice, _, room) = world.two_in_a_room().await;
        for round in 0..20 {
            let said = alice.sends("hello", &room).await;
            let text = format!("hello {round}");
            let (one, other) = tokio::join!(alice.edits(&said, &text), alice.edits(&said, &text));
            let (one, other) = (one.ok(200), other.ok(200));
            assert_eq!((&one["text"], &other["text"]), (&json!(text), &json!(text)));
            assert_eq!(one["edited_at"], other["edited_at"]);
        }
    }

    async fn each_of_several_edits_at_once_is_answered_with_its_words_and_a_tag_of_its_own(world: &mut World) {
        let (alice, _, room) = world.two_in_a_room().await;
        let texts = ["one", "two", "three", "four"];
        for _ in 0..10 {
            let said = alice.sends("hello", &room).await;
            let mut tags = Vec::new();
            for (text, reply) in texts.iter().zip(join_all(texts.map(|text| alice.edits(&said, text))).await) {
                assert_eq!(reply.ok(200)["text"], *text);
                tags.push(reply.header("etag").expect("an entity tag").to_owned());
            }
            tags.sort_unstable();
            tags.dedup();
            assert_eq!(tags.len(), texts.len(), "{tags:?}");
        }
    }

    async fn only_its_author_may_and_a_stranger_does_not_know_it(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let said = alice.sends("mine", &room).await;
        bob.edits(&said, "his").await.problem(403, "NOT_PERMITTED");
        world.registers("mallory").await.edits(&said, "hers").await.problem(404, "NOT_FOUND");
        assert_eq!(texts(&alice.timeline(&room).await), [Some("mine")]);
    }

    async fn after_fifteen_minutes_it_is_refused(world: &mut World) {
        let (alice, _, room) = world.two_in_a_room().await;
        let said = alice.sends("early", &room).await;
        world.clock.advance(15 * 60 - 20);
        alice.signs_in().await.edits(&said, "in time").await.ok(200);
        world.clock.advance(40);
        alice.signs_in().await.edits(&said, "too late").await.problem(409, "EDIT_WINDOW_CLOSED");
    }

    async fn a_deleted_message_cannot_be_changed(world: &mut World) {
        let (alice, _, room) = world.two_in_a_room().await;
        let said = alice.sends("gone", &room).await;
        alice.deletes(&said).await.ok(204);
        alice.edits(&said, "back").await.problem(409, "MESSAGE_DELETED");
    }

    async fn it_changes_only_what_the_client_has_seen(world: &mut World) {
        let (alice, _, room) = world.two_in_a_room().await;
        let said = alice.sends("one", &room).await;
        let tag = |reply: &tests::reply::Reply| reply.header("etag").expect("an ETag").to_owned();
        let before = tag(&alice.get(&said.path("")).await);
        let edit = |text: &str, tag: &str| {
            alice.ask("PUT", &said.path("")).header("if-match", tag).json(&json!({"text": text})).send()
        };
        edit("two", &before).await.ok(200);
        edit("three", &before).await.problem(412, "PRECONDITION_FAILED");
        let after = tag(&alice.get(&said.path("")).await);
        assert_ne!(before, after);
        edit("three", &after).await.ok(200);
        assert_eq!(texts(&alice.timeline(&room).await), [Some("three")]);
    }

    async fn texts_that_do_not_fit_are_refused(world: &mut World) {
        let (alice, _, room) = world.two_in_a_room().await;
        let said = alice.sends("fits", &room).await;
        for bad in ["", &"x".repeat(10_001)] {
            alice.edits(&said, bad).await.invalid("/text");
        }
        assert_eq!(texts(&alice.timeline(&room).await), [Some("fits")]);
    }
}
