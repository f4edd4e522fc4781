//! Deleting a message.

use domain::account::values::Role;
use domain::event::{Event, EventType};
use domain::ids::Position;
use domain::source::{Direction, Filter};
use domain::words::open_one;
use serde_json::json;
use tests::both_modes;
use tests::matchers::{assert_time, texts};

both_modes! {
    async fn a_tombstone_without_text_stays(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let said = alice.sends("oops", &room).await;
        alice.edits(&said, "oops, edited").await.ok(200);
        alice.deletes(&said).await.ok(204);
        bob.sends("what was it?", &room).await;
        let timeline = bob.timeline(&room).await;
        assert_eq!(texts(&timeline), [None, Some("what was it?")]);
        assert_eq!((&timeline[0]["seq"], &timeline[0]["sender_id"]), (&json!(1), &json!(alice.id)));
        assert_time(&timeline[0]["deleted_at"]);
        assert_eq!(bob.get(&said.path("")).await.ok(200)["text"], json!(null));
    }

    async fn it_is_seen_live_by_the_other(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let said = alice.sends("oops", &room).await;
        let mut feed = bob.feed().await;
        alice.deletes(&said).await.ok(204);
        let frame = feed.event("message.deleted").await;
        assert_eq!((&frame["id"], &frame["seq"], &frame["conversation_id"]), (&json!(said.id), &json!(1), &json!(room.id)));
        assert_time(&frame["deleted_at"]);
        feed.closes().await;
    }

    async fn deleting_again_is_already_so(world: &mut World) {
        let (alice, _, room) = world.two_in_a_room().await;
        let said = alice.sends("oops", &room).await;
        alice.deletes(&said).await.ok(204);
        let head = world.head();
        alice.deletes(&said).await.ok(204);
        assert_eq!(world.head(), head);
    }

    async fn its_author_may_for_fifteen_minutes_and_the_owner_always(world: &mut World) {
        let (alice, bob, carol, room) = world.three_in_a_room().await;
        let said = bob.sends("his", &room).await;
        carol.deletes(&said).await.problem(403, "NOT_PERMITTED");
        world.registers("mallory").await.deletes(&said).await.problem(404, "NOT_FOUND");
        world.clock.advance(15 * 60 + 1);
        bob.signs_in().await.deletes(&said).await.problem(409, "EDIT_WINDOW_CLOSED");
        alice.signs_in().await.deletes(&said).await.ok(204);
    }

    async fn it_is_deleted_only_as_the_client_has_seen_it(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let said = alice.sends("one", &room).await;
        let delete = |tag: &str| alice.ask("DELETE", &said.path("")).header("if-match", tag).send();
        let untouched = bob.get(&said.path("")).await;
        assert_eq!(untouched.header("etag"), Some("\"r-\""), "nothing has happened to it");
        bob.reacts("👍", &said).await.ok(201);
        delete("\"r-\"").await.problem(412, "PRECONDITION_FAILED");
        delete("\"r1\"").await.problem(412, "PRECONDITION_FAILED");
        delete("\"r1\", \"r-\"").await.problem(412, "PRECONDITION_FAILED");
        delete("r0").await.problem(400, "BAD_HEADER");
        assert_eq!(texts(&bob.timeline(&room).await), [Some("one")]);
        delete("\"r7\", \"r0\"").await.ok(204);
        assert_eq!(texts(&bob.timeline(&room).await), [None]);
        let other = alice.sends("two", &room).await;
        alice.ask("DELETE", &other.path("")).header("if-match", "*").send().await.ok(204);
    }

    async fn a_moderator_deletes_anywhere_with_a_reason_that_is_kept(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let said = alice.sends("spam", &room).await;
        let mallory = world.registers("mallory").await;
        world.grants(&mallory, Role::Moderator).await;
        let mut feed = bob.feed().await;
        mallory.deletes(&said).await.problem(422, "REASON_REQUIRED");
        let with_reason = || mallory.ask("DELETE", &said.path("")).header("tidings-reason", "it is spam");
        with_reason().send().await.ok(204);
        assert_eq!(feed.event("message.deleted").await["id"], said.id.as_str());
        let head = world.head();
        with_reason().send().await.ok(204);
        assert_eq!(world.head(), head, "already so");
        let other = alice.sends("more spam", &room).await;
        mallory.ask("DELETE", &other.path("")).json(&json!({"reason": "more of it"})).send().await.ok(204);

        let filter = Filter { types: vec![EventType::MessageDeleted], ..Filter::default() };
        let deleted = world.app().log.read_all(Position::START, Direction::Forward, 10, &filter).await.unwrap().events;
        let mut reasons = Vec::new();
        for recorded in &deleted {
            let Event::MessageDeleted(event) = &recorded.event else { panic!("{recorded:?}") };
            assert_eq!(event.deleted_by.to_string(), mallory.id);
            let opened = open_one(&*world.app().words, event.reason.as_ref().expect("a reason")).await.unwrap();
            reasons.extend(opened.present().map(|words| words.reason));
        }
        assert_eq!(reasons, ["it is spam", "more of it"]);
        feed.closes().await;
    }
}
