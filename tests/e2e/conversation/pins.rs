//! The pins of a conversation.

use tests::both_modes;
use tests::matchers::every;

both_modes! {
    async fn who_left_sees_the_pins_of_then_that_still_stand(world: &mut World) {
        let (alice, bob, _, room) = world.three_in_a_room().await;
        let (one, two) = (alice.sends("one", &room).await, alice.sends("two", &room).await);
        alice.pins(&one, &room).await.ok(204);
        alice.pins(&two, &room).await.ok(204);
        let three = alice.sends("three", &room).await;
        bob.removes(&bob, &room).await.ok(204);
        alice.pins(&three, &room).await.ok(204);
        alice.unpins(&one, &room).await.ok(204);
        let after = alice.sends("four", &room).await;
        alice.pins(&after, &room).await.ok(204);
        let pins = bob.all(&room.path("/pins")).await;
        let messages: Vec<_> = pins.iter().map(|pin| pin["message"].clone()).collect();
        assert_eq!(every(&messages, "text"), ["two"]);
        assert_eq!(alice.all(&room.path("/pins")).await.len(), 3);
        alice.edits(&two, "two, edited").await.ok(200);
        assert_eq!(bob.all(&room.path("/pins")).await[0]["message"]["text"], "two, edited");
        world.registers("mallory").await.get(&room.path("/pins")).await.problem(404, "NOT_FOUND");
    }
}
