//! Reacting to a message.

use futures_util::future::join_all;
use serde_json::json;
use std::collections::BTreeSet;
use tests::both_modes;
use tests::matchers::every;

both_modes! {
    async fn reactions_are_counted_by_emoji(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let said = alice.sends("news", &room).await;
        for (person, emoji) in [(&alice, "👍"), (&bob, "👍"), (&bob, ":parrot:")] {
            person.reacts(emoji, &said).await.ok(201);
        }
        let message = alice.get(&said.path("")).await.ok(200);
        let mut reactions = message["reactions"].as_array().unwrap().clone();
        reactions.sort_by_key(|reaction| reaction["emoji"].to_string());
        assert_eq!(reactions, [
            json!({"emoji": ":parrot:", "count": 1, "reacted": false}),
            json!({"emoji": "👍", "count": 2, "reacted": true}),
        ]);
        let who = bob.get(&said.path("/reactions")).await.ok(200);
        let items = who.as_array().or_else(|| who["items"].as_array()).unwrap();
        let thumbs = items.iter().find(|reaction| reaction["emoji"] == "👍").unwrap();
        let mut ids: Vec<&str> = thumbs["account_ids"].as_array().unwrap().iter().filter_map(|id| id.as_str()).collect();
        ids.sort_unstable();
        let mut expected = [alice.id.as_str(), bob.id.as_str()];
        expected.sort_unstable();
        assert_eq!((ids.as_slice(), &thumbs["count"]), (expected.as_slice(), &json!(2)));
    }

    async fn a_hundred_people_who_react_at_once_are_all_counted(world: &mut World) {
        let names: Vec<String> = (0..100).map(|number| format!("person_{number}")).collect();
        let crowd = join_all(names.iter().map(|name| world.registers(name))).await;
        let room = crowd[0].founds("Crowd", &crowd[1..].iter().collect::<Vec<_>>()).await;
        let said = crowd[0].sends("news", &room).await;
        let mut feed = crowd[0].feed().await;
        join_all(crowd.iter().map(async |one| drop(one.reacts("👍", &said).await.ok(201)))).await;
        let counted = async || crowd[7].get(&said.path("")).await.ok(200)["reactions"].clone();
        assert_eq!(counted().await, json!([{"emoji": "👍", "count": 100, "reacted": true}]));
        let mut told = BTreeSet::new();
        for _ in 0..100 {
            told.insert(feed.event("reaction.added").await["account_id"].to_string());
        }
        assert_eq!(told.len(), 100, "each is told once");
        join_all(crowd[..50].iter().map(async |one| drop(one.takes_back("👍", &said).await.ok(204)))).await;
        assert_eq!(counted().await, json!([{"emoji": "👍", "count": 50, "reacted": false}]));
        feed.closes().await;
    }

    async fn it_is_seen_live_by_the_other(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let said = alice.sends("news", &room).await;
        let mut feed = alice.feed().await;
        bob.reacts("🎉", &said).await.ok(201);
        let expected = json!({"message_id": said.id, "conversation_id": room.id, "emoji": "🎉", "account_id": bob.id});
        assert_eq!(feed.event("reaction.added").await, expected);
        feed.closes().await;
    }

    async fn the_same_reaction_again_is_already_so(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let said = alice.sends("news", &room).await;
        bob.reacts("👍", &said).await.ok(201);
        let head = world.head();
        bob.reacts("👍", &said).await.ok(200);
        assert_eq!(world.head(), head);
        assert_eq!(every(bob.get(&said.path("")).await.ok(200)["reactions"].as_array().unwrap(), "count"), [&json!(1)]);
    }

    async fn anything_but_one_emoji_is_refused(world: &mut World) {
        let (alice, _, room) = world.two_in_a_room().await;
        let said = alice.sends("news", &room).await;
        for bad in ["", "a", "👍👍", ":Parrot:", "::", "hello"] {
            alice.reacts(bad, &said).await.invalid("/emoji");
        }
    }

    async fn a_stranger_does_not_know_the_message_and_a_deleted_one_takes_none(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let said = alice.sends("news", &room).await;
        let mallory = world.registers("mallory").await;
        mallory.reacts("👍", &said).await.problem(404, "NOT_FOUND");
        mallory.get(&said.path("/reactions")).await.problem(404, "NOT_FOUND");
        alice.deletes(&said).await.ok(204);
        bob.reacts("👍", &said).await.problem(409, "MESSAGE_DELETED");
    }

    async fn a_message_has_at_most_a_hundred_different_emoji(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let said = alice.sends("popular", &room).await;
        for number in 0..100 {
            alice.reacts(&format!(":own_{number}:"), &said).await.ok(201);
        }
        bob.reacts(":one_more:", &said).await.problem(409, "EMOJI_LIMIT_REACHED");
        bob.reacts(":own_7:", &said).await.ok(201);
    }
}
