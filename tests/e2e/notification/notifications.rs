//! What people are notified of.

use serde_json::{Value, json};
use tests::both_modes;
use tests::matchers::every;
use tests::person::{DEVICE, Person};
use tests::room::Said;

const LIST: &str = "/v1/notifications?limit=100";

async fn kinds(person: &Person) -> Vec<String> {
    let list = person.all(LIST).await;
    list.iter().map(|told| told["kind"].as_str().expect("a kind").to_owned()).collect()
}

both_modes! {
    async fn a_mention_a_reply_a_reaction_and_an_addition_are_told_once_each(world: &mut World) {
        let (alice, bob, carol) = (world.registers("alice").await, world.registers("bob").await, world.registers("carol").await);
        let mut feed = bob.feed().await;
        let room = alice.founds("team", &[&bob, &carol]).await;
        let added = feed.event("notification.created").await;
        assert_eq!((&added["kind"], &added["conversation_id"], &added["actor_id"], &added["message_id"]),
            (&json!("added"), &json!(room.id), &json!(alice.id), &Value::Null));
        let his = bob.sends("his", &room).await;
        let mention = carol.sends("@bob look", &room).await;
        let told = feed.event("notification.created").await;
        assert_eq!((&told["kind"], &told["message_id"], &told["seq"]), (&json!("mention"), &json!(mention.id), &json!(mention.seq)));
        assert_eq!(feed.event("message.sent").await["id"], mention.json["id"], "the event follows its notification");
        let reply = carol.replies("an answer", &his, &room).await;
        assert_eq!(feed.event("notification.created").await["message_id"], json!(reply.id));
        alice.reacts("👍", &his).await.ok(201);
        let reacted = feed.event("notification.created").await;
        assert_eq!((&reacted["kind"], &reacted["emoji"], &reacted["message_id"]), (&json!("reaction"), &json!("👍"), &json!(his.id)));
        let list = bob.all(LIST).await;
        assert_eq!(list, [reacted, list[1].clone(), told, added]);
        assert_eq!(every(&list, "kind"), ["reaction", "reply", "mention", "added"].map(|kind| json!(kind)).iter().collect::<Vec<_>>());
        assert!(!Value::from(list).to_string().contains("answer"), "words in a notification");
        feed.closes().await;
    }

    async fn nobody_is_told_of_what_they_did_themselves(world: &mut World) {
        let (alice, _, room) = world.two_in_a_room().await;
        let said = alice.sends("@alice", &room).await;
        alice.replies("to myself", &said, &room).await;
        alice.reacts("👍", &said).await.ok(201);
        assert!(alice.all(LIST).await.is_empty());
    }

    async fn who_is_mentioned_in_an_answer_is_told_once(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let his = bob.sends("his", &room).await;
        alice.replies("@bob @BOB", &his, &room).await;
        assert_eq!(kinds(&bob).await, ["mention"]);
    }

    async fn the_level_and_a_mute_are_respected(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let his = bob.sends("his", &room).await;
        for (how, expected) in [
            (json!({"notify": "mentions"}), vec!["mention"]),
            (json!({"notify": "none"}), vec![]),
            (json!({"notify": "all", "muted": true}), vec![]),
            (json!({"muted": false}), vec!["mention", "reply"]),
        ] {
            bob.keeps(&room, how.clone()).await.ok(200);
            let before = bob.all(LIST).await.len();
            alice.replies("an answer", &his, &room).await;
            alice.sends("@bob", &room).await;
            let all = kinds(&bob).await;
            assert_eq!(all[..all.len() - before], expected, "{how}");
        }
    }

    async fn what_is_gone_is_withdrawn(world: &mut World) {
        let (alice, bob, carol) = (world.registers("alice").await, world.registers("bob").await, world.registers("carol").await);
        let room = alice.founds("team", &[&bob, &carol]).await;
        let his = bob.sends("his", &room).await;
        let mention = carol.sends("@bob", &room).await;
        carol.reacts("👍", &his).await.ok(201);
        carol.reacts("🎉", &his).await.ok(201);
        assert_eq!(kinds(&bob).await, ["reaction", "reaction", "mention", "added"]);
        carol.takes_back("👍", &his).await.ok(204);
        carol.deletes(&mention).await.ok(204);
        assert_eq!(kinds(&bob).await, ["reaction", "added"]);
        bob.removes(&bob, &room).await.ok(204);
        assert!(bob.all(LIST).await.is_empty());
        assert_eq!(bob.get("/v1/notifications/count").await.ok(200), json!({"unread": 0}));
    }

    async fn of_two_who_are_apart_neither_is_told_of_the_other_whoever_blocks(world: &mut World) {
        let (alice, bob, carol, room) = world.three_in_a_room().await;
        let (hers, his) = (alice.sends("hers", &room).await, bob.sends("his", &room).await);
        for (owner, other) in [(&alice, &bob), (&bob, &alice)] {
            let mut feeds = Vec::new();
            for (one, said) in [(&alice, &hers), (&bob, &his)] {
                let told = one.all(LIST).await;
                feeds.push((one, said, one.feed().await, told));
            }
            owner.blocks(other).await.ok(204);
            for (one, theirs) in [(&alice, &his), (&bob, &hers)] {
                one.replies("an answer", theirs, &room).await;
                one.reacts("👍", theirs).await.ok(201);
                one.takes_back("👍", theirs).await.ok(204);
                one.reacts("🎉", theirs).await.any(&[200, 201]);
            }
            let shed = alice.founds("shed", &[&bob, &carol]).await;
            for (one, said, mut feed, before) in feeds {
                carol.reacts("👍", said).await.ok(201);
                let from = feed.position.clone();
                let live = feed.event("notification.created").await;
                assert_eq!(live["actor_id"], json!(carol.id), "{} is told of carol alone", one.username);
                let mut again = one.resumes(&from).await;
                let missed = again.catches_up().await;
                let created = missed.iter().filter(|frame| frame["type"] == "notification.created");
                assert_eq!(created.map(|frame| &frame["data"]).collect::<Vec<_>>(), [&live]);
                // Who blocks loses what stood.
                let is_kept = |told: &Value| one.id != owner.id || told["actor_id"] != other.id.as_str();
                let kept: Vec<Value> = before.into_iter().filter(is_kept).collect();
                assert_eq!(one.all(LIST).await, [vec![live], kept].concat());
                carol.takes_back("👍", said).await.ok(204);
                for feed in [feed, again] {
                    feed.closes().await;
                }
            }
            bob.removes(&bob, &shed).await.ok(204);
            owner.unblocks(other).await.ok(204);
            for (one, theirs) in [(&alice, &his), (&bob, &hers)] {
                one.takes_back("🎉", theirs).await.ok(204);
            }
        }
        alice.reacts("🎉", &his).await.ok(201);
        assert_eq!(kinds(&bob).await[0], "reaction", "both are told again");
    }

    async fn who_blocks_keeps_no_notification_of_whom_they_block_and_the_other_keeps_theirs(world: &mut World) {
        let (alice, bob, carol, room) = world.three_in_a_room().await;
        let (hers, his) = (alice.sends("hers", &room).await, bob.sends("his", &room).await);
        alice.replies("@bob", &his, &room).await;
        alice.reacts("👍", &his).await.ok(201);
        carol.reacts("👍", &his).await.ok(201);
        bob.reacts("👍", &hers).await.ok(201);
        assert_eq!(kinds(&bob).await, ["reaction", "reaction", "mention", "added"]);
        bob.blocks(&alice).await.ok(204);
        assert_eq!(every(&bob.all(LIST).await, "actor_id"), [&json!(carol.id)], "the addition was alice's, too");
        assert_eq!(bob.get("/v1/notifications/count").await.ok(200), json!({"unread": 1}));
        assert_eq!(kinds(&alice).await, ["reaction"], "nothing changes for who is blocked");
        bob.unblocks(&alice).await.ok(204);
        assert_eq!(kinds(&bob).await, ["reaction"], "what is gone does not come back");
    }

    async fn in_a_strict_conversation_they_hold_ids_only(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_strict_room().await;
        let key = alice.publishes(DEVICE, "AAAA").await;
        let body = json!({"ciphertext": "AQID", "nonce": "BBBB", "scheme": "mls-1", "sender_key_id": key["key_id"], "mentions": [bob.id]});
        let sent = Said::from_json(alice.post(&room.path("/messages"), body).await.ok(201));
        let list = bob.all(LIST).await;
        assert_eq!((list.len(), &list[0]["kind"], &list[0]["message_id"]), (1, &json!("mention"), &json!(sent.id)));
        assert!(!list[0].to_string().contains("AQID"));
    }

    async fn who_was_away_is_sent_them_in_their_place(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let his = bob.sends("his", &room).await;
        let feed = bob.feed().await;
        let from = feed.position.clone();
        feed.closes().await;
        alice.replies("an answer", &his, &room).await;
        alice.sends("plain", &room).await;
        alice.sends("@bob", &room).await;
        bob.keeps(&room, json!({"notify": "none"})).await.ok(200);
        alice.sends("@bob", &room).await;
        let mut feed = bob.resumes(&from).await;
        let missed = feed.catches_up().await;
        let types: Vec<_> = missed.iter().map(|frame| frame["type"].as_str().unwrap()).collect();
        assert_eq!(types, ["notification.created", "message.sent", "message.sent", "notification.created", "message.sent",
            "conversation.settings_changed", "message.sent"]);
        assert_eq!((&missed[0]["last"], &missed[1]["last"]), (&json!(false), &json!(true)));
        assert_eq!(missed[0]["position"], missed[1]["position"]);
        feed.closes().await;
    }
}
