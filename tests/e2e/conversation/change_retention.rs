//! For how long messages are kept, and how they go: the rows, what is found, what was told, and the words themselves.

use commands::log::{Expected, NewEvent, Unit, Write};
use domain::account::values::Role;
use domain::conversation::event::{MessagesPurged, RetentionChanged};
use domain::event::{Event, EventType};
use domain::ids::{AccountId, ConversationId, EventId, MessageId, Position};
use domain::message::event::{MessageEdited, MessageSent};
use domain::source::{Direction, Filter};
use domain::state::State;
use domain::stream::StreamName;
use domain::words::{Content, Subject, open_one};
use projections::projection::MESSAGING;
use projections::search::port::Search;
use rand::RngExt;
use serde_json::{Value, json};
use std::time::{Duration, Instant, SystemTime};
use tests::both_modes;
use tests::chance::seeded;
use tests::person::Person;
use tests::remains::{assert_nowhere, canary};
use tests::replay::assert_replays;
use tests::room::{Room, Said};
use tests::wait::{PATIENCE, eventually};
use tests::world::World;
use uuid::Uuid;

const DAY: i64 = 24 * 60 * 60;

/// Events of a type, all that there are.
async fn events(world: &World, kind: EventType) -> Vec<Event> {
    let filter = Filter { types: vec![kind], ..Filter::default() };
    let slice = world.app().log.read_all(Position::START, Direction::Forward, 1_000, &filter).await.expect("the log");
    slice.events.iter().map(|recorded| recorded.event.clone()).collect()
}

/// How far the messages of a conversation are gone, by the log; waits until it is so far.
async fn until_purged(world: &World, through: u64) {
    eventually("the messages are purged", || async {
        let purges = events(world, EventType::MessagesPurged).await;
        purges.iter().any(|event| matches!(event, Event::MessagesPurged(e) if e.through_seq == through)).then_some(())
    })
    .await;
    let app = world.app();
    app.projections.wait(MESSAGING, app.log.head(), PATIENCE).await.expect("the rows are gone");
    app.search.wait(app.log.head(), PATIENCE).await.expect("the index follows");
}

/// What the log still says of each message of a conversation, in the order of the log; none where the words are erased.
async fn words_in_log(world: &World, room: &Room) -> Vec<Option<String>> {
    let conversation: ConversationId = room.id.parse().expect("an id");
    let filter = Filter { types: vec![EventType::MessageSent, EventType::MessageEdited], ..Filter::default() };
    let slice = world.app().log.read_all(Position::START, Direction::Forward, 1_000, &filter).await.expect("the log");
    let mut said = Vec::new();
    for recorded in slice.events.iter().filter(|recorded| recorded.stream.conversation_id() == Some(conversation)) {
        let (Event::MessageSent(MessageSent { words, .. }) | Event::MessageEdited(MessageEdited { words, .. })) =
            &recorded.event
        else {
            continue;
        };
        said.push(match open_one(&*world.app().words, words).await.expect("the keys") {
            Content::Present(words) => Some(words.text),
            Content::Erased => None,
        });
    }
    said
}

/// The same person with a token of now.
async fn again(people: &[&Person]) -> Vec<Person> {
    let mut signed_in = Vec::new();
    for person in people {
        signed_in.push(person.signs_in().await);
    }
    signed_in
}

/// Fails unless a message is there for nobody.
async fn assert_gone(person: &Person, said: &Said, room: &Room) {
    person.get(&said.path("")).await.problem(404, "NOT_FOUND");
    for part in ["/history", "/thread", "/reactions"] {
        person.get(&said.path(part)).await.problem(404, "NOT_FOUND");
    }
    person.edits(said, "once more").await.problem(404, "NOT_FOUND");
    person.deletes(said).await.problem(404, "NOT_FOUND");
    person.reacts("🎉", said).await.problem(404, "NOT_FOUND");
    person.takes_back("👍", said).await.problem(404, "NOT_FOUND");
    let body = json!({"text": "an answer", "reply_to": said.seq});
    let errors = person.post(&room.path("/messages"), body).await.problem(422, "VALIDATION_FAILED")["errors"].clone();
    assert_eq!((&errors[0]["pointer"], &errors[0]["code"]), (&json!("/reply_to"), &json!("NO_SUCH_MESSAGE")));
}

both_modes! {
    async fn messages_over_age_are_gone_everywhere(world: &mut World) {
        let (alice, bob, carol, room) = world.three_in_a_room().await;
        let (word, since) = (canary(), SystemTime::now());
        assert_eq!(bob.get(&room.path("/retention")).await.ok(200), json!({"days": null}));
        assert_eq!(alice.keeps_messages(&room, Some(1)).await.ok(200), json!({"days": 1}));
        assert_eq!(bob.get(&room.path("/retention")).await.ok(200), json!({"days": 1}));
        let key = Uuid::new_v4().to_string();
        let body = json!({"text": format!("{word} first, @bob"), "client_ref": "c-1"});
        let send = || alice.ask("POST", &room.path("/messages")).key(&key).json(&body).send();
        let first = Said::from_json(send().await.ok(201));
        alice.edits(&first, &format!("{word} edited, @bob")).await.ok(200);
        let second = bob.replies(&format!("{word} second"), &first, &room).await;
        carol.reacts("👍", &second).await.ok(201);
        for said in [&first, &second] {
            alice.pins(said, &room).await.ok(204);
        }
        alice.deletes(&first).await.ok(204);
        let query = format!("/v1/search/messages?q={word}");
        assert_eq!(bob.get(&query).await.ok(200)["total"], 1);
        let position = bob.feed().await.position;

        world.clock.advance(DAY - 300);
        let [alice, bob, carol] = &again(&[&alice, &bob, &carol]).await[..] else { panic!("three people") };
        let third = alice.sends("third", &room).await;
        alice.reacts("👍", &third).await.ok(201);
        assert!(bob.all("/v1/notifications?limit=10").await.len() > 1);
        let mut feed = carol.feed().await;
        let metadata = bob.get(&room.path("/metadata")).await.ok(200);
        world.clock.advance(301);
        let purged = feed.event("messages.purged").await;
        assert_eq!(purged, json!({"conversation_id": room.id, "through_seq": 2, "count": 2}));
        feed.closes().await;
        until_purged(world, 2).await;

        for said in [&first, &second] {
            assert_gone(bob, said, &room).await;
            alice.pins(said, &room).await.problem(404, "NOT_FOUND");
        }
        assert_eq!(bob.all(&room.path("/pins")).await, Vec::<Value>::new());
        let page = bob.get(&room.path("/messages?after=0&limit=1")).await.ok(200);
        assert_eq!((&page["items"][0]["seq"], &page["found_oldest"]), (&json!(3), &json!(true)));
        // That he was added to the group is told still; of the messages nothing is.
        let told = bob.all("/v1/notifications?limit=10").await;
        assert_eq!(told.iter().map(|told| &told["kind"]).collect::<Vec<_>>(), [&json!("added")]);
        assert_eq!(bob.get("/v1/notifications/count").await.ok(200)["unread"], 1);
        let seen = carol.sees(&room).await;
        assert_eq!((&seen["unread_count"], &seen["last_read_seq"]), (&json!(1), &json!(2)));
        assert_eq!(seen["last_message"]["seq"], 3);
        assert_eq!(bob.get(&room.path("/metadata")).await.ok(200)["message_count"], metadata["message_count"]);
        assert_eq!(bob.get(&query).await.ok(200)["total"], 0);
        // A repeat of the send is answered as the first time, with what the request brings.
        let repeat = alice.ask("POST", &room.path("/messages")).key(&key).json(&body).send().await.ok(201);
        assert_eq!((&repeat["id"], &repeat["seq"]), (&json!(first.id), &json!(1)));
        let frames = bob.resumes(&position).await.catches_up().await;
        let sent: Vec<_> = frames.iter().filter(|frame| frame["type"] == "message.sent").collect();
        assert_eq!(sent.iter().map(|frame| &frame["data"]["text"]).collect::<Vec<_>>(), [&json!("third")]);
        assert!(!json!(frames).to_string().contains("canary"), "{frames:?}");
        let all = carol.resumes("0").await.catches_up().await;
        let sent: Vec<_> = all.iter().filter(|frame| frame["type"] == "message.sent").collect();
        assert_eq!(sent.iter().map(|f| &f["data"]["text"]).collect::<Vec<_>>(), [&Value::Null, &Value::Null, &json!("third")]);

        eventually("the words cannot be opened", || async {
            let said = words_in_log(world, &room).await;
            (said == [None, None, None, Some("third".to_owned())]).then_some(())
        })
        .await;
        let destroyed = events(world, EventType::KeyDestroyed).await;
        let subject = Subject::Messages(room.id.parse().expect("an id"));
        assert!(matches!(&destroyed[..], [Event::KeyDestroyed(e)] if e.key.subject == subject), "{destroyed:?}");
        assert_replays(world).await;
        world.app().search.purge().await.expect("purged");
        assert_nowhere(world, (&word, since)).await;

        // The last message takes its key along; the next one is in a period of its own.
        world.clock.advance(DAY);
        until_purged(world, 3).await;
        let [bob] = &again(&[bob]).await[..] else { panic!("one person") };
        let seen = bob.sees(&room).await;
        assert_eq!((&seen["last_message"], &seen["unread_count"]), (&Value::Null, &json!(0)));
        let page = bob.get(&room.path("/messages")).await.ok(200);
        assert_eq!(page, json!({"items": [], "found_oldest": true, "found_newest": true}));
        eventually("no words can be opened", || async {
            words_in_log(world, &room).await.iter().all(Option::is_none).then_some(())
        })
        .await;
        let fourth = bob.sends("fourth", &room).await;
        assert_eq!((fourth.seq, words_in_log(world, &room).await.pop()), (4, Some(Some("fourth".to_owned()))));
        world.restarts().await;
        let bob = Person { http: world.http.clone(), ..bob.clone() };
        assert_eq!(bob.timeline(&room).await.len(), 1);
        assert_eq!(events(world, EventType::MessagesPurged).await.len(), 2, "each once");
    }

    async fn words_of_before_the_retention_go_at_once_and_their_key_with_its_period(world: &mut World) {
        let (alice, bob, _, room) = world.three_in_a_room().await;
        alice.sends("before there was one", &room).await;
        world.clock.advance(2 * DAY);
        let [alice, bob] = &again(&[&alice, &bob]).await[..] else { panic!("two people") };
        let second = alice.sends("in the same thirty days", &room).await;
        let mut feed = bob.feed().await;
        alice.keeps_messages(&room, Some(1)).await.ok(200);
        let told = feed.event("conversation.retention_changed").await;
        assert_eq!(told, json!({"conversation_id": room.id, "days": 1}));
        assert_eq!(feed.event("messages.purged").await["through_seq"], 1);
        feed.closes().await;
        until_purged(world, 1).await;
        assert_eq!(bob.timeline(&room).await.len(), 1);
        let sent: Vec<Option<u32>> = events(world, EventType::MessageSent)
            .await
            .iter()
            .map(|event| if let Event::MessageSent(e) = event { e.period } else { None })
            .collect();
        let destroyed = events(world, EventType::KeyDestroyed).await;
        // Unless thirty days began just between the two.
        assert_eq!(destroyed.len(), usize::from(sent[0] != sent[1]), "{sent:?} {destroyed:?}");
        // Of what is gone a resumed feed says nothing, also while its key is there.
        let frames = bob.resumes("0").await.catches_up().await;
        let first = frames.iter().find(|frame| frame["type"] == "message.sent").expect("the first message");
        assert_eq!((&first["data"]["seq"], &first["data"]["text"]), (&json!(1), &Value::Null));
        let third = alice.sends("in a day of its own", &room).await;
        world.clock.advance(DAY + 1);
        until_purged(world, third.seq).await;
        assert_eq!(second.seq + 1, third.seq);
        eventually("no words can be opened", || async {
            words_in_log(world, &room).await.iter().all(Option::is_none).then_some(())
        })
        .await;
    }

    async fn the_owner_and_administrators_say_how_long_messages_are_kept(world: &mut World) {
        let (alice, bob, _, room) = world.three_in_a_room().await;
        let (stranger, admin) = (world.registers("stranger").await, world.registers("the_admin").await);
        world.grants(&admin, Role::Admin).await;
        alice.keeps_messages(&room, Some(7)).await.ok(200);
        alice.keeps_messages(&room, Some(7)).await.ok(200);
        bob.keeps_messages(&room, Some(9)).await.problem(403, "NOT_PERMITTED");
        stranger.keeps_messages(&room, Some(9)).await.problem(404, "NOT_FOUND");
        stranger.get(&room.path("/retention")).await.problem(404, "NOT_FOUND");
        for days in [json!(0), json!(3_651), json!(-1), json!("7")] {
            alice.put(&room.path("/retention"), json!({"days": days})).await.invalid("/days");
        }
        alice.put(&room.path("/retention"), json!({})).await.invalid("/days");
        admin.keeps_messages(&room, Some(9)).await.problem(422, "REASON_REQUIRED");
        let because = json!({"days": 9, "reason": "a ruling"});
        admin.put(&room.path("/retention"), because.clone()).await.ok(200);
        assert_eq!(admin.get(&room.path("/retention")).await.ok(200), json!({"days": 9}));
        let direct = alice.meets(&bob).await;
        alice.keeps_messages(&direct, Some(1)).await.problem(409, "GROUP_ONLY");
        let header = admin.ask("PUT", &direct.path("/retention")).header("tidings-reason", "a ruling");
        header.json(&json!({"days": 1})).send().await.ok(200);
        assert_eq!(bob.get(&direct.path("/retention")).await.ok(200), json!({"days": 1}));
        let reasons: Vec<bool> = events(world, EventType::RetentionChanged)
            .await
            .iter()
            .map(|event| matches!(event, Event::RetentionChanged(e) if e.reason.is_some()))
            .collect();
        assert_eq!(reasons, [false, true, true]);

        bob.removes(&bob, &room).await.ok(204);
        bob.get(&room.path("/retention")).await.problem(404, "NOT_FOUND");
        alice.closes(&room).await.ok(204);
        alice.keeps_messages(&room, Some(1)).await.ok(200);
        let said = events(world, EventType::MessageSent).await.len();
        assert_eq!(said, 0);
    }

    async fn messages_of_a_closed_group_go_too_and_no_role_reads_them(world: &mut World) {
        let (alice, bob, _, room) = world.three_in_a_room().await;
        let (moderator, auditor) = (world.registers("moderator").await, world.registers("auditor").await);
        world.grants(&moderator, Role::Moderator).await;
        world.grants(&auditor, Role::Auditor).await;
        let said = alice.sends("before it was closed", &room).await;
        alice.keeps_messages(&room, Some(1)).await.ok(200);
        alice.closes(&room).await.ok(204);
        let read = async |who: &Person, path: String| who.ask("GET", &path).header("tidings-reason", "a case").send().await;
        read(&moderator, said.path("")).await.ok(200);
        assert_eq!(read(&auditor, said.path("/history")).await.ok(200)["items"][0]["text"], "before it was closed");
        world.clock.advance(DAY + 1);
        until_purged(world, 1).await;
        let [bob, moderator, auditor] = &again(&[&bob, &moderator, &auditor]).await[..] else { panic!("three people") };
        assert!(bob.timeline(&room).await.is_empty());
        eventually("the moderator reads it no more", || async {
            (read(moderator, said.path("")).await.status == 404).then_some(())
        })
        .await;
        read(auditor, said.path("/history")).await.problem(404, "NOT_FOUND");
        let delete = moderator.ask("DELETE", &said.path("")).header("tidings-reason", "a case").send().await;
        delete.problem(404, "NOT_FOUND");
    }

    async fn purging_equals_replaying_the_log(world: &mut World) {
        let (_, mut chance) = seeded("purging equals replaying");
        let (alice, bob, carol, room) = world.three_in_a_room().await;
        let direct = alice.meets(&bob).await;
        alice.keeps_messages(&room, Some(2)).await.ok(200);
        let mut people = vec![alice, bob, carol];
        let mut said: Vec<Said> = Vec::new();
        for day in 0..5 {
            for step in 0..8 {
                let who = &people[chance.random_range(0..3)];
                let message = (!said.is_empty()).then(|| &said[chance.random_range(0..said.len())]);
                // What somebody may not do is refused, and that is fine.
                match (chance.random_range(0..8), message) {
                    (0, _) => drop(people[0].sends(&format!("whispered on day {day}"), &direct).await),
                    (1, Some(message)) => drop(who.edits(message, &format!("edited in step {step}")).await),
                    (2, Some(message)) => drop(who.deletes(message).await),
                    (3, Some(message)) => drop(who.reacts("👍", message).await),
                    (4, Some(message)) => drop(who.pins(message, &room).await),
                    (5, Some(message)) => drop(who.reads(&room, message.seq).await),
                    _ => said.push(who.sends(&format!("said in step {step} of day {day}, @bob"), &room).await),
                }
            }
            world.clock.advance(DAY);
            people = again(&people.iter().collect::<Vec<_>>()).await;
        }
        let over = said.len() as u64;
        world.clock.advance(2 * DAY);
        until_purged(world, over).await;
        assert_replays(world).await;
        eventually("no words of the room can be opened", || async {
            words_in_log(world, &room).await.iter().all(Option::is_none).then_some(())
        })
        .await;
        assert!(words_in_log(world, &direct).await.iter().all(Option::is_some), "others' words stay");
        let id: MessageId = said[0].id.parse().expect("an id");
        assert_eq!(id.conversation.to_string(), room.id);
    }

    async fn a_conversation_of_ten_years_of_purges_is_loaded_in_a_moment(world: &mut World) {
        let (_, _, _, room) = world.three_in_a_room().await;
        let stream = StreamName::conversation(room.id.parse().expect("an id"));
        let event = |n: u32| match n % 2 {
            0 => Event::from(RetentionChanged { days: Some(1 + n % 9), changed_by: AccountId::new(Uuid::nil()), reason: None }),
            _ => MessagesPurged { through_seq: u64::from(n), count: 2, through_period: n }.into(),
        };
        for units in (0..3_000).collect::<Vec<u32>>().chunks(100) {
            let events = units.iter().map(|n| NewEvent {
                id: EventId::new(Uuid::now_v7()),
                occurred_at: None,
                actor: None,
                correlation_id: Uuid::nil(),
                causation_id: None,
                fingerprint: None,
                event: event(*n),
            });
            let write = Write { stream: stream.clone(), expected: Expected::Any, events: events.collect() };
            world.app().log.append(vec![Unit { writes: vec![write], checks: vec![] }]).await.expect("appended");
        }
        world.restarts().await;
        let begun = Instant::now();
        let state = world.app().executor.current(&stream).await.expect("the log");
        let took = begun.elapsed();
        println!("3,000 events of one conversation were loaded in {took:?}");
        let State::Conversation(conversation) = &*state else { panic!("{state:?}") };
        assert_eq!(conversation.kept().through_seq, 2_999);
        assert!(took < Duration::from_secs(2), "{took:?}");
    }
}
