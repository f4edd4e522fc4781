//! Keeping messages in view.

use serde_json::{Value, json};
use tests::both_modes;
use tests::matchers::assert_time;
use tests::person::Person;
use tests::room::Room;

async fn pinned(person: &Person, room: &Room) -> Vec<Value> {
    person.all(&room.path("/pins")).await.iter().map(|pin| pin["message"]["seq"].clone()).collect()
}

both_modes! {
    async fn admins_pin_and_everybody_sees_it(world: &mut World) {
        let (alice, bob, carol, room) = world.three_in_a_room().await;
        let (one, two) = (bob.sends("one", &room).await, carol.sends("two", &room).await);
        let mut feed = bob.feed().await;
        carol.pins(&one, &room).await.problem(403, "NOT_PERMITTED");
        let reply = alice.pins(&one, &room).await;
        reply.ok(204);
        assert_eq!(alice.pins(&one, &room).await.position(), reply.position(), "is so already");
        alice.pins(&two, &room).await.ok(204);
        let pins = carol.all(&room.path("/pins")).await;
        assert_eq!((&pins[0]["message"], &pins[1]["message"]["text"]), (&two.json, &json!("one")));
        assert_eq!(pins[1]["pinned_by"], alice.id.as_str());
        let frame = feed.event("message.pinned").await;
        let expected = json!({"conversation_id": room.id, "seq": one.seq, "pinned_by": alice.id,
            "pinned_at": pins[1]["pinned_at"]});
        assert_eq!(frame, expected);
        assert_time(&frame["pinned_at"]);
        alice.unpins(&one, &room).await.ok(204);
        assert_eq!(feed.event("message.unpinned").await, json!({"conversation_id": room.id, "seq": one.seq}));
        let head = world.head();
        alice.unpins(&one, &room).await.ok(204);
        assert_eq!(world.head(), head);
        assert_eq!(pinned(&bob, &room).await, [2]);
        feed.closes().await;
    }

    async fn both_pin_in_a_direct_conversation(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let said = alice.sends("one", &room).await;
        bob.pins(&said, &room).await.ok(204);
        assert_eq!(pinned(&alice, &room).await, [1]);
        alice.unpins(&said, &room).await.ok(204);
        assert!(pinned(&bob, &room).await.is_empty());
    }

    async fn the_fifty_first_is_refused(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let mut said = Vec::new();
        for number in 0..51 {
            said.push(alice.sends(&number.to_string(), &room).await);
        }
        let (last, fifty) = said.split_last().expect("messages");
        for message in fifty {
            alice.pins(message, &room).await.ok(204);
        }
        bob.pins(last, &room).await.problem(409, "PIN_LIMIT_REACHED");
        assert_eq!(pinned(&bob, &room).await.len(), 50);
        bob.unpins(&fifty[3], &room).await.ok(204);
        let (one, other) = tokio::join!(bob.pins(last, &room), alice.pins(&fifty[3], &room));
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 409], "only one of two at once finds the last place");
        assert_eq!(pinned(&bob, &room).await.len(), 50);
    }

    async fn a_deleted_message_loses_its_pin_and_gets_none(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let said = alice.sends("one", &room).await;
        bob.pins(&said, &room).await.ok(204);
        let mut feed = bob.feed().await;
        alice.deletes(&said).await.ok(204);
        feed.event("message.deleted").await;
        assert_eq!(feed.event("message.unpinned").await["seq"], 1);
        assert!(pinned(&bob, &room).await.is_empty());
        bob.pins(&said, &room).await.problem(409, "MESSAGE_DELETED");
        feed.closes().await;
    }

    async fn pinning_and_deleting_at_once_leave_no_pin(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        for _ in 0..20 {
            let said = alice.sends("now", &room).await;
            let (deleted, pins) = tokio::join!(alice.deletes(&said), bob.pins(&said, &room));
            deleted.ok(204);
            assert!([204, 409].contains(&pins.status), "{}", pins.text());
        }
        assert!(pinned(&bob, &room).await.is_empty());
    }

    async fn strangers_and_lost_messages_are_not_found(world: &mut World) {
        let (alice, _, room) = world.two_in_a_room().await;
        let said = alice.sends("one", &room).await;
        let mallory = world.registers("mallory").await;
        mallory.pins(&said, &room).await.problem(404, "NOT_FOUND");
        mallory.unpins(&said, &room).await.problem(404, "NOT_FOUND");
        for bad in ["2", "0", "x", "-1", "01", "9007199254740992"] {
            let path = room.path(&format!("/pins/{bad}"));
            alice.ask("POST", &path).send().await.problem(404, "NOT_FOUND");
        }
        let mut feed = alice.feed().await;
        let ack = feed.command("PinMessage", None, json!({"id": room.id, "seq": "1"})).await;
        assert_eq!((&ack["op"], &ack["status"]), (&json!("ack"), &json!(204)));
        feed.closes().await;
    }
}
