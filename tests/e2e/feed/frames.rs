//! Frames that are not as they should be, and how a socket ends.

use serde_json::json;
use tests::both_modes;
use tests::feed::Feed;
use tokio_tungstenite::tungstenite::Message;

both_modes! {
    async fn a_heartbeat_is_answered(world: &mut World) {
        let alice = world.registers("alice").await;
        let mut feed = alice.feed().await;
        assert_eq!(feed.ready["account_id"], alice.id.as_str());
        feed.send(&json!({"op": "heartbeat"})).await;
        assert_eq!(feed.next().await["op"], "heartbeat_ack");
        feed.closes().await;
    }

    async fn a_token_may_come_with_identify(world: &mut World) {
        let alice = world.registers("alice").await;
        let mut feed = Feed::connects_to(&world.http, None).await;
        feed.send(&json!({"op": "identify", "token": alice.token})).await;
        feed.is_ready().await;
        assert_eq!(feed.ready["account_id"], alice.id.as_str());
        feed.closes().await;
    }

    async fn a_bad_token_closes_for_good(world: &mut World) {
        for identify in [json!({"op": "identify", "token": "bad"}), json!({"op": "identify"})] {
            let mut feed = Feed::connects_to(&world.http, None).await;
            feed.send(&identify).await;
            assert_eq!(feed.is_closed().await.0, 3500);
        }
    }

    async fn a_bad_frame_closes_for_good_and_changes_nothing(world: &mut World) {
        let (alice, _, room) = world.two_in_a_room().await;
        let head = world.head();
        let frames = [
            Message::text("not json"),
            Message::text("[]"),
            Message::text("null"),
            Message::text("{}"),
            Message::text(r#"{"op":"explode"}"#),
            Message::text(r#"{"op":7}"#),
            Message::text(r#"{"op":"identify"}"#),
            Message::text(r#"{"op":"heartbeat","extra":1}"#),
            Message::text(r#"{"op":"command","ref":1,"name":"SendMessage","body":{}}"#),
            Message::text(r#"{"op":"command","ref":"r","name":"SendMessage","body":[]}"#),
            Message::text(r#"{"op":"command","ref":"r","name":"SendMessage"}"#),
            Message::text(format!(r#"{{"op":"heartbeat","x":"{}"}}"#, "x".repeat(70_000))),
            Feed::not_text(),
        ];
        for frame in frames {
            let shown = format!("{frame:?}");
            let mut feed = alice.feed().await;
            feed.send_raw(frame).await;
            let (code, reason) = feed.is_closed().await;
            assert!(code == 3501 || code == 1009, "{code} {reason} for {}", shown.chars().take(80).collect::<String>());
        }
        assert_eq!(world.head(), head);
        alice.sends("still well", &room).await;
    }

    async fn a_first_frame_that_is_no_identify_closes(world: &mut World) {
        let alice = world.registers("alice").await;
        for position in [json!("-1"), json!("x"), json!(5), json!(null)] {
            let mut feed = Feed::connects(&alice).await;
            feed.send(&json!({"op": "resume", "position": position})).await;
            assert_eq!(feed.is_closed().await.0, 3501, "{position}");
        }
        let mut feed = Feed::connects(&alice).await;
        feed.send(&json!({"op": "heartbeat"})).await;
        let (code, _) = feed.is_closed().await;
        assert!([3500, 3501].contains(&code), "{code}");
    }

    async fn typing_and_focus_are_no_events(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let head = world.head();
        let (mut hers, mut his) = (alice.feed().await, bob.feed().await);
        hers.send(&json!({"op": "typing", "conversation_id": room.id})).await;
        hers.send(&json!({"op": "focus", "visible": true})).await;
        hers.send(&json!({"op": "heartbeat"})).await;
        assert_eq!(hers.next().await["op"], "heartbeat_ack");
        assert_eq!(world.head(), head);
        alice.sends("typed", &room).await;
        his.event("message.sent").await;
        hers.closes().await;
        his.closes().await;
    }
}
