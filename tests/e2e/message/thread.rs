//! The replies to a message.

use serde_json::{Value, json};
use tests::both_modes;
use tests::matchers::texts;
use tests::person::Person;
use tests::room::Said;

async fn thread(who: &Person, root: &Said, query: &str) -> Value {
    who.get(&root.path(&format!("/thread{query}"))).await.ok(200)
}

fn said(page: &Value) -> Vec<Option<&str>> {
    texts(page["items"].as_array().expect("items"))
}

both_modes! {
    async fn replies_are_gathered_and_counted(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let root = alice.sends("who comes?", &room).await;
        bob.replies("me", &root, &room).await;
        alice.sends("something else", &room).await;
        let reply = bob.replies("and you?", &root, &room).await;
        alice.replies("me too", &reply, &room).await;
        let seen = thread(&alice, &root, "").await;
        assert_eq!(said(&seen), [Some("me"), Some("and you?")], "the root is not among them, nor the reply to a reply");
        assert_eq!((&seen["found_oldest"], &seen["found_newest"]), (&json!(true), &json!(true)));
        assert_eq!(said(&thread(&bob, &reply, "").await), [Some("me too")]);
        assert_eq!(alice.get(&root.path("")).await.ok(200)["reply_count"], 2);
        assert_eq!(said(&thread(&bob, &alice.sends("alone", &room).await, "").await), Vec::<Option<&str>>::new());
    }

    async fn it_is_paged_as_the_timeline_is(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let root = alice.sends("count", &room).await;
        let mut replies = Vec::new();
        for number in 1..=5 {
            replies.push(bob.replies(&number.to_string(), &root, &room).await);
            alice.sends("between", &room).await;
        }
        let middle = replies[2].seq;
        for (query, expected, oldest, newest) in [
            ("?limit=2".to_owned(), vec!["4", "5"], false, true),
            (format!("?before={middle}&limit=2"), vec!["1", "2"], true, false),
            (format!("?after={middle}&limit=1"), vec!["4"], false, false),
            ("?after=0&limit=3".to_owned(), vec!["1", "2", "3"], true, false),
            (format!("?around={middle}&limit=3"), vec!["2", "3", "4"], false, false),
            (format!("?after={}", replies[4].seq), vec![], false, true),
        ] {
            let page = thread(&alice, &root, &query).await;
            assert_eq!(said(&page), expected.into_iter().map(Some).collect::<Vec<_>>(), "{query}");
            assert_eq!((&page["found_oldest"], &page["found_newest"]), (&json!(oldest), &json!(newest)), "{query}");
        }
        for bad in ["limit=0", "limit=101", "before=0", "before=1&after=2", "cursor=x"] {
            alice.get(&root.path(&format!("/thread?{bad}"))).await.problem(422, "VALIDATION_FAILED");
        }
    }

    async fn tombstones_keep_their_replies_and_their_place(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let root = alice.sends("who comes?", &room).await;
        let first = bob.replies("me", &root, &room).await;
        bob.replies("really", &root, &room).await;
        bob.deletes(&first).await.ok(204);
        alice.deletes(&root).await.ok(204);
        assert_eq!(said(&thread(&bob, &root, "").await), [None, Some("really")]);
        let tombstone = bob.get(&root.path("")).await.ok(200);
        assert_eq!((&tombstone["text"], &tombstone["reply_count"]), (&json!(null), &json!(2)));
        bob.replies("still", &root, &room).await;
        assert_eq!(said(&thread(&alice, &root, "").await), [None, Some("really"), Some("still")]);
    }

    async fn who_left_sees_the_replies_up_to_then_and_strangers_nothing(world: &mut World) {
        let (alice, bob, carol, room) = world.three_in_a_room().await;
        let root = alice.sends("who comes?", &room).await;
        bob.replies("me", &root, &room).await;
        carol.removes(&carol, &room).await.ok(204);
        bob.replies("too late for carol", &root, &room).await;
        assert_eq!(said(&thread(&carol, &root, "").await), [Some("me")]);
        assert_eq!(said(&thread(&alice, &root, "").await).len(), 2);
        let eve = world.registers("eve").await;
        eve.get(&root.path("/thread")).await.problem(404, "NOT_FOUND");
        alice.get(&format!("/v1/messages/{}-99/thread", room.id)).await.problem(404, "NOT_FOUND");
    }
}
