//! Several devices of one account.

use serde_json::{Value, json};
use tests::both_modes;
use tests::feed::{Feed, number};

both_modes! {
    async fn five_devices_get_everything_also_when_one_drops_and_comes_back(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        alice.sees(&room).await;
        let mut devices = Vec::new();
        for _ in 0..5 {
            devices.push(alice.feed().await);
        }
        alice.sends("own messages, too", &room).await;
        bob.sends("hello", &room).await;
        for device in &mut devices {
            assert_eq!(device.event("message.sent").await["text"], "own messages, too");
            assert_eq!(device.event("message.sent").await["text"], "hello");
        }
        let dropped = devices.pop().expect("five");
        let from = dropped.position.clone();
        dropped.closes().await;
        bob.sends("while one is away", &room).await;
        alice.ask("PUT", &room.path("/read")).json(&json!({"seq": 3})).send().await.ok(204);
        let last = bob.sends("the end", &room).await;
        let mut again = alice.resumes(&from).await;
        let texts: Vec<_> = again.catches_up().await.into_iter().filter(|frame| frame["type"] == "message.sent").collect();
        let texts: Vec<_> = texts.iter().map(|frame| frame["data"]["text"].as_str().expect("a text")).collect();
        assert_eq!(texts, ["while one is away", "the end"]);
        for device in &mut devices {
            let events = device.events_to(number(&last.json["position"])).await;
            let kinds: Vec<_> = events.iter().map(|event| event["type"].as_str().expect("a type")).collect();
            assert_eq!(kinds, ["message.sent", "read.moved", "message.sent"]);
        }
        devices.push(again);
        for device in devices {
            device.closes().await;
        }
    }

    async fn two_devices_go_on_from_where_each_was(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        alice.sends("before", &room).await;
        let (phone, laptop) = (bob.feed().await, bob.feed().await);
        let from = phone.position.clone();
        phone.closes().await;
        laptop.closes().await;
        alice.sends("one", &room).await;
        let mut laptop = bob.resumes(&from).await;
        let missed = async |feed: &mut Feed| -> Vec<(String, String)> {
            let frames = feed.catches_up().await.into_iter().filter(|frame| frame["type"] == "message.sent");
            let text = |value: &Value| value.as_str().expect("a text").to_owned();
            frames.map(|frame| (text(&frame["data"]["text"]), text(&frame["position"]))).collect()
        };
        let seen = missed(&mut laptop).await;
        assert_eq!(seen.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>(), ["one"]);
        laptop.closes().await;
        let two = alice.sends("two", &room).await.json["position"].as_str().expect("a position").to_owned();
        // What one has seen moves nothing for the other.
        for (position, expected) in [(&from, vec!["one", "two"]), (&seen[0].1, vec!["two"]), (&two, vec![])] {
            let mut feed = bob.resumes(position).await;
            assert_eq!(missed(&mut feed).await.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>(), expected);
            feed.closes().await;
        }
    }

    async fn one_account_has_so_many_sockets_and_no_more(world: &mut World) {
        let alice = world.registers("alice").await;
        let mut devices = Vec::new();
        for _ in 0..100 {
            devices.push(alice.feed().await);
        }
        let mut refused = tests::feed::Feed::connects(&alice).await;
        refused.send(&json!({"op": "identify"})).await;
        let bye = refused.next().await;
        assert_eq!((&bye["op"], &bye["code"], &bye["reconnect"]), (&json!("bye"), &json!(3013), &json!(true)), "{bye}");
        assert_eq!(refused.is_closed().await.0, 3013);
        for device in devices {
            device.closes().await;
        }
    }
}
