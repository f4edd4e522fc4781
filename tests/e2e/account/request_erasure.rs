//! The erasure of an account: requested, begun when it is due, and then for ever.

use domain::account::values::Role;
use domain::event::{Event, EventType};
use domain::ids::Position;
use domain::source::{Direction, Filter};
use rand::RngExt;
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};
use tests::both_modes;
use tests::chance::seeded;
use tests::person::{DEVICE, PASSWORD, Person};
use tests::reducer::Screen;
use tests::remains::{assert_nowhere, canary, files_with};
use tests::replay::assert_replays;
use tests::wait::eventually;
use tests::world::{Mode, World};

const DAY: i64 = 24 * 60 * 60;

async fn count(world: &World, kind: EventType) -> usize {
    let filter = Filter { types: vec![kind], ..Filter::default() };
    world.app().log.read_all(Position::START, Direction::Forward, 100, &filter).await.expect("the log").events.len()
}

/// Lets the waiting time pass, and everything happen.
async fn until_erased(world: &World) {
    world.clock.advance(30 * DAY + 1);
    eventually("the account is over", || async { (count(world, EventType::ErasureBegun).await == 1).then_some(()) })
        .await;
    assert_eq!(count(world, EventType::AccountErased).await, 0, "first everything settles");
    world.clock.advance(61);
    eventually("the account is erased", || async { (count(world, EventType::AccountErased).await == 1).then_some(()) })
        .await;
}

/// What bob is shown of alice's words once they are gone; asks until the keys store has followed.
async fn until_gone(bob: &Person, path: &str) -> Value {
    eventually("the words are gone", || async {
        let message = bob.get(path).await.ok(200);
        message["text"].is_null().then_some(message)
    })
    .await
}

/// Copies the files of a folder.
fn copy_files(from: &Path, to: &Path) {
    std::fs::create_dir(to).expect("a folder");
    std::fs::set_permissions(to, std::os::unix::fs::PermissionsExt::from_mode(0o700)).expect("private");
    for entry in std::fs::read_dir(from).expect("the folder").map(|entry| entry.expect("a file")) {
        std::fs::copy(entry.path(), to.join(entry.file_name())).expect("a copy");
    }
}

/// The account's key, wrapped, as a keys store in a file holds it.
async fn wrapped_key(keys: &Path, account: &str) -> Vec<u8> {
    let mut connection = SqliteConnectOptions::new().filename(keys).connect().await.expect("the keys");
    let subject = format!("%{}", account.replace('-', ""));
    let query = "SELECT wrapped FROM subject_keys WHERE replace(subject, '-', '') LIKE $1";
    let wrapped: Vec<u8> = sqlx::query_scalar(query).bind(subject).fetch_one(&mut connection).await.expect("a key");
    connection.close().await.expect("closed");
    assert!(wrapped.len() >= 32, "{} bytes", wrapped.len());
    wrapped
}

both_modes! {
    async fn what_an_erased_person_wrote_is_gone_everywhere(world: &mut World) {
        let (alice, bob, carol, room) = world.three_in_a_room().await;
        let direct = alice.meets(&bob).await;
        let (word, since) = (canary(), SystemTime::now());
        let said = alice.sends(&format!("{word} in the garden"), &room).await;
        alice.edits(&said, &format!("{word}, edited")).await.ok(200);
        let whispered = alice.sends(&format!("{word} between us"), &direct).await;
        let his = bob.sends("his own", &room).await;
        alice.publishes(DEVICE, "AAAA").await;
        alice.posts_story(&format!("{word} in a story")).await;
        alice.put("/v1/me", json!({"display_name": word, "bio": word})).await.ok(200);
        assert_eq!(bob.get(&format!("/v1/search/messages?q={word}")).await.ok(200)["total"], 2);
        let position = bob.feed().await.position;
        let erases_at = alice.delete("/v1/me").await.ok(202)["erases_at"].clone();
        assert_eq!(alice.delete("/v1/me").await.ok(202)["erases_at"], erases_at, "already so");
        alice.sends("still here", &room).await;

        until_erased(world).await;
        let (bob, carol) = (bob.signs_in().await, carol.signs_in().await);
        let shown = until_gone(&bob, &said.path("")).await;
        assert_eq!(bob.get(&format!("/v1/search/messages?q={word}")).await.ok(200)["total"], 0);
        assert_eq!((&shown["sender_id"], &shown["client_ref"]), (&json!(alice.id), &Value::Null));
        assert!(bob.get(&whispered.path("")).await.ok(200)["text"].is_null());
        assert_eq!(bob.get(&his.path("")).await.ok(200)["text"], "his own");
        let profile = bob.get(&format!("/v1/accounts/{}", alice.id)).await.ok(200);
        assert_eq!((&profile["username"], &profile["display_name"]), (&Value::Null, &Value::Null));
        assert!(profile["erased_at"].is_string());
        assert_eq!(bob.get("/v1/accounts?username=alice").await.ok(200)["items"], json!([]));
        assert!(bob.keys_of(&alice).await.is_empty());

        let members = carol.all(&room.path("/members?limit=10")).await;
        let roles: Vec<_> = members.iter().map(|member| (&member["account_id"], &member["role"])).collect();
        assert_eq!(roles, [(&json!(bob.id), &json!("owner")), (&json!(carol.id), &json!("member"))]);
        assert_eq!(bob.all(&direct.path("/members?limit=10")).await.len(), 1);
        let frames = bob.resumes(&position).await.catches_up().await;
        assert!(!json!(frames).to_string().contains("canary"), "{frames:?}");

        let sign_in = json!({"username": "alice", "password": PASSWORD});
        world.http.ask("POST", "/v1/sessions").json(&sign_in).send().await.problem(401, "INVALID_CREDENTIALS");
        let again = world.http.ask("POST", "/v1/accounts").json(&sign_in).send().await;
        again.problem(409, "USERNAME_TAKEN");
        let meet = json!({"type": "direct", "participant_id": alice.id});
        bob.post("/v1/conversations", meet).await.invalid("/participant_id");
        bob.adds(&alice, &room).await.invalid("/account_id");
        assert_replays(world).await;
        assert_nowhere(world, (&word, since)).await;

        world.restarts().await;
        let bob = Person { http: world.http.clone(), ..bob };
        assert!(bob.get(&said.path("")).await.ok(200)["text"].is_null());
        assert_eq!(count(world, EventType::AccountErased).await, 1);
    }

    async fn who_is_connected_or_comes_back_forgets_what_an_erased_person_wrote(world: &mut World) {
        let (alice, bob, carol, room) = world.three_in_a_room().await;
        let direct = alice.meets(&bob).await;
        let mut hers = alice.feed().await;
        alice.delete("/v1/me").await.ok(202);
        let told = hers.event("account.updated").await;
        assert_eq!((&told["id"], told["erases_at"].is_string()), (&json!(alice.id), true));
        alice.post("/v1/me/erasure/cancel", json!({})).await.any(&[200, 204]);
        assert_eq!(hers.event("account.updated").await, json!({"id": alice.id, "erases_at": null}));
        alice.delete("/v1/me").await.ok(202);
        hers.closes().await;

        // Shortly before its time.
        world.clock.advance(30 * DAY - 60);
        let (alice, bob, carol) = (alice.signs_in().await, bob.signs_in().await, carol.signs_in().await);
        bob.follows(&alice).await.ok(204);
        let word = canary();
        let said = alice.sends(&format!("{word} in the garden"), &room).await;
        alice.edits(&said, &format!("{word}, edited")).await.ok(200);
        bob.replies("his own", &said, &room).await;
        bob.reacts("👍", &said).await.ok(201);
        alice.sends(&format!("{word} between us"), &direct).await;
        alice.posts_story_for(&format!("{word} in a story"), "followers").await;
        alice.put("/v1/me", json!({"display_name": word})).await.ok(200);
        let mut devices = Vec::new();
        for person in [&bob, &carol] {
            let screen = Screen::fetched(person).await;
            assert!(format!("{screen:?}").contains(&word));
            devices.push((person, screen.clone(), screen, person.feed().await));
        }
        let positions = devices.iter().map(|(.., feed)| feed.position.clone()).collect::<Vec<_>>();

        world.clock.advance(61);
        eventually("the account is over", || async { (count(world, EventType::ErasureBegun).await == 1).then_some(()) }).await;
        world.clock.advance(61);
        for ((person, connected, away, mut feed), position) in devices.into_iter().zip(positions) {
            let missed = feed.events_until(|frame| frame["type"] == "account.erased").await;
            feed.closes().await;
            let mut back = person.resumes(&position).await;
            let caught_up = back.catches_up().await;
            back.closes().await;
            for (mut screen, frames) in [(connected, missed), (away, caught_up)] {
                for frame in &frames {
                    screen.apply(person, frame).await;
                }
                assert!(!format!("{screen:?}").contains("canary"), "{} still holds {screen:?}", person.username);
                eventually("the same as a fresh snapshot", || async {
                    (Screen::fetched(person).await == screen).then_some(())
                })
                .await;
            }
        }
    }

    async fn an_erased_persons_stories_vanish_at_its_begin_and_leave_nothing(world: &mut World) {
        let (alice, bob, carol) = (world.registers("alice").await, world.registers("bob").await, world.registers("carol").await);
        bob.follows(&alice).await.ok(204);
        alice.befriends(&carol).await.ok(204);
        alice.delete("/v1/me").await.ok(202);
        world.clock.advance(30 * DAY - 60);
        let (alice, bob, carol) = (alice.signs_in().await, bob.signs_in().await, carol.signs_in().await);
        let (word, since) = (canary(), SystemTime::now());
        let mut stories = Vec::new();
        for (privacy, viewer) in [("public", &bob), ("followers", &bob), ("close_friends", &carol)] {
            let story = alice.posts_story_for(&format!("{word} for {privacy}"), privacy).await;
            viewer.views_story(&story).await.ok(204);
            stories.push(format!("/v1/stories/{}", story["id"].as_str().expect("an id")));
        }
        let his = bob.posts_story("his own").await;
        for viewer in [&alice, &carol] {
            viewer.views_story(&his).await.ok(204);
        }
        let mut feed = bob.feed().await;

        world.clock.advance(61);
        eventually("the account is over", || async { (count(world, EventType::ErasureBegun).await == 1).then_some(()) }).await;
        let begun = Instant::now();
        eventually("its stories are seen no more", || async {
            for viewer in [&bob, &carol] {
                for story in &stories {
                    if viewer.get(story).await.status != 404 {
                        return None;
                    }
                }
                let shelf = viewer.all(&format!("/v1/accounts/{}/stories?limit=10", alice.id)).await;
                let circle = viewer.all("/v1/stories/feed?limit=10").await;
                if !shelf.is_empty() || circle.iter().any(|of| of["author_id"] == alice.id.as_str()) {
                    return None;
                }
            }
            Some(())
        })
        .await;
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(2), "{took:?}");
        for _ in 0..2 {
            assert_eq!(feed.event("story.deleted").await["author_id"], json!(alice.id));
        }
        feed.closes().await;

        world.clock.advance(61);
        eventually("the account is erased", || async { (count(world, EventType::AccountErased).await == 1).then_some(()) })
            .await;
        let path = format!("/v1/stories/{}", his["id"].as_str().expect("an id"));
        assert_eq!(bob.get(&path).await.ok(200)["view_count"], 2, "what it saw of others' stays counted there");
        assert_replays(world).await;
        assert_nowhere(world, (&word, since)).await;
    }

    async fn the_person_is_let_in_no_more_from_its_begin_on(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        alice.delete("/v1/me").await.ok(202);
        world.clock.advance(30 * DAY - 60);
        let alice = alice.signs_in().await;
        let mut feed = alice.feed().await;
        alice.sends("a last word", &room).await;
        world.clock.advance(61);
        let begun = Instant::now();
        assert_eq!(feed.is_closed().await.0, 3503);
        println!("the socket was closed after {:?}", begun.elapsed());
        eventually("the token is refused", || async {
            let reply = alice.ask("GET", "/v1/me").at_once().send().await;
            (reply.status == 401).then_some(())
        })
        .await;
        alice.post(&room.path("/messages"), json!({"text": "one more"})).await.problem(401, "UNAUTHENTICATED");
        let sign_in = json!({"username": "alice", "password": PASSWORD});
        world.http.ask("POST", "/v1/sessions").json(&sign_in).send().await.problem(401, "INVALID_CREDENTIALS");
        drop(bob);
    }

    async fn an_old_keys_store_revives_nothing(world: &mut World) {
        if world.mode != Mode::Embedded {
            return;
        }
        let (alice, bob, room) = world.two_in_a_room().await;
        let said = alice.sends("canary", &room).await;
        alice.delete("/v1/me").await.ok(202);
        world.stops_for_a_while(async |directory| {
            copy_files(&directory.join("keys"), &directory.join("keys.old"));
            copy_files(&directory.join("keys"), &directory.join("keys.read"));
        })
        .await;
        let key = wrapped_key(&world.directory().join("keys.read/keys.db"), &alice.id).await;
        assert_ne!(files_with(&world.directory().join("keys"), &key, SystemTime::UNIX_EPOCH).0.len(), 0, "the key is found where it is");
        until_erased(world).await;
        let bob = Person { http: world.http.clone(), ..bob }.signs_in().await;
        until_gone(&bob, &said.path("")).await;
        assert_eq!(files_with(&world.directory().join("keys"), &key, SystemTime::UNIX_EPOCH).0.len(), 0, "it is wiped");
        world.stops_for_a_while(async |directory| {
            std::fs::remove_dir_all(directory.join("keys")).expect("the new one is gone");
            std::fs::rename(directory.join("keys.old"), directory.join("keys")).expect("the old one is back");
        })
        .await;
        let bob = Person { http: world.http.clone(), ..bob };
        assert!(bob.get(&said.path("")).await.ok(200)["text"].is_null());
        assert_eq!(files_with(&world.directory().join("keys"), &key, SystemTime::UNIX_EPOCH).0.len(), 0, "it is wiped again");
    }

    async fn erasing_equals_replaying_the_erased_log(world: &mut World) {
        let (_, mut chance) = seeded("erasing equals replaying");
        let (alice, bob, carol, room) = world.three_in_a_room().await;
        let direct = alice.meets(&bob).await;
        let mut said = vec![alice.sends("first", &room).await];
        for step in 0..30 {
            let who = [&alice, &bob, &carol][chance.random_range(0..3)];
            let message = &said[chance.random_range(0..said.len())];
            // What somebody may not do is refused, and that is fine.
            match chance.random_range(0..10) {
                0..3 => said.push(who.sends(&format!("said in step {step}"), &room).await),
                3 => said.push(alice.sends(&format!("whispered in step {step}"), &direct).await),
                4 => drop(who.edits(message, &format!("edited in step {step}")).await),
                5 => drop(who.deletes(message).await),
                6 => drop(who.reacts(["👍", "🎉"][chance.random_range(0..2)], message).await),
                7 => drop(who.posts_story(&format!("a story of step {step}")).await),
                8 => drop(who.put("/v1/me", json!({"bio": format!("since step {step}")})).await),
                _ => drop(who.reads(&room, chance.random_range(1..3)).await),
            }
        }
        alice.delete("/v1/me").await.ok(202);
        until_erased(world).await;
        assert_replays(world).await;
    }

    async fn the_last_administrator_cannot_be_erased(world: &mut World) {
        let alice = world.registers("alice").await;
        world.grants(&alice, Role::Admin).await;
        let first = alice.get("/v1/accounts?username=admin").await.ok(200)["items"][0]["id"].as_str().unwrap().to_owned();
        let demote = json!({"role": "user", "reason": "as agreed"});
        alice.put(&format!("/v1/admin/accounts/{first}/role"), demote).await.ok(204);
        alice.delete("/v1/me").await.problem(409, "LAST_ADMIN");
        let nobody = "/v1/admin/accounts/00000000-0000-7000-8000-000000000000/erasure";
        alice.post(nobody, json!({"reason": "a ruling"})).await.problem(404, "NOT_FOUND");
        let path = format!("/v1/admin/accounts/{first}/erasure");
        alice.post(&path, json!({"reason": "a ruling"})).await.ok(202);
        let filter = Filter { types: vec![EventType::ErasureRequested], ..Filter::default() };
        let events = world.app().log.read_all(Position::START, Direction::Forward, 10, &filter).await.unwrap().events;
        let Event::ErasureRequested(requested) = &events[0].event else { panic!("{events:?}") };
        assert_eq!((events.len(), requested.reason.is_some()), (1, true));
    }

    async fn an_account_that_was_changed_meanwhile_is_not_erased(world: &mut World) {
        let alice = world.registers("alice").await;
        let tag = || async { alice.get("/v1/me").await.header("etag").expect("an entity tag").to_owned() };
        let before = tag().await;
        alice.put("/v1/me", json!({"bio": "changed"})).await.ok(200);
        let erases = |tag| alice.ask("DELETE", "/v1/me").header("if-match", tag).send();
        erases(before).await.problem(412, "PRECONDITION_FAILED");
        erases(tag().await).await.ok(202);
    }
}
