//! Whom a message mentions.

use serde_json::json;
use tests::both_modes;
use tests::person::Person;

both_modes! {
    async fn names_of_members_in_a_text_mention_them(world: &mut World) {
        let (alice, bob) = (world.registers("alice").await, world.registers("bob").await);
        let (carol, _dave) = (world.registers("carol").await, world.registers("dave").await);
        let room = alice.founds("team", &[&bob, &carol]).await;
        let mut feed = bob.feed().await;
        let said = alice.sends("@BOB and @carol, not @dave, `@alice`, carol@example.org or @nobody_here", &room).await;
        assert_eq!(said.json["mentions"], json!([bob.id, carol.id]));
        assert_eq!(feed.event("message.sent").await["mentions"], json!([bob.id, carol.id]));
        assert_eq!(bob.timeline(&room).await[0]["mentions"], json!([bob.id, carol.id]));
        feed.closes().await;
    }

    async fn an_edit_mentions_whom_the_new_text_names(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let said = alice.sends(&format!("hi @{}", bob.username), &room).await;
        assert_eq!(said.json["mentions"], json!([bob.id]));
        assert_eq!(alice.edits(&said, "hi").await.ok(200)["mentions"], json!([]));
        assert_eq!(bob.get(&said.path("")).await.ok(200)["mentions"], json!([]));
        assert_eq!(alice.edits(&said, &format!("hi @{}", alice.username)).await.ok(200)["mentions"], json!([alice.id]));
    }

    async fn only_admins_mention_all_and_not_in_too_large_groups(world: &mut World) {
        let (alice, bob, carol) = (world.registers("alice").await, world.registers("bob").await, world.registers("carol").await);
        let room = alice.founds("team", &[&bob, &carol]).await;
        let mentioned = |said: tests::room::Said| {
            let mut ids: Vec<_> = said.json["mentions"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect();
            ids.sort_unstable();
            ids
        };
        let mut others = vec![bob.id.clone(), carol.id.clone()];
        others.sort_unstable();
        assert_eq!(mentioned(alice.sends("@all lunch", &room).await), others);
        assert!(mentioned(bob.sends("@all lunch", &room).await).is_empty());
        world.restarts_with(|config| config.limits.mention_all_members = 2).await;
        let alice = Person { http: world.http.clone(), ..alice };
        assert!(mentioned(alice.sends("@all lunch", &room).await).is_empty());
    }
}
