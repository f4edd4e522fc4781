//! Finding messages by their words.

use domain::source::EventSource;
use serde_json::{Value, json};
use std::sync::Arc;
use tests::both_modes;
use tests::person::{Person, percent_encoded};
use tests::room::Room;
use tests::wait::eventually;
use tokio::sync::watch;

/// The first page of what somebody finds, with parameters beside it.
async fn page(person: &Person, query: &str, more: &str) -> Value {
    person.get(&format!("/v1/search/messages?q={}{more}", percent_encoded(query))).await.ok(200)
}

/// The texts that somebody finds, the newest first.
async fn found(person: &Person, query: &str) -> Vec<String> {
    let page = page(person, query, "&sort=recent").await;
    let items = page["items"].as_array().expect("items");
    assert_eq!(page["total"].as_u64().expect("a total"), items.len() as u64, "{page}");
    items.iter().map(|item| item["message"]["text"].as_str().expect("a text").to_owned()).collect()
}

async fn strict_room(alice: &Person, bob: &Person) -> Room {
    let body = json!({"type": "direct", "participant_id": bob.id, "privacy_mode": "strict_e2e"});
    Room::from_json(alice.post("/v1/conversations", body).await.ok(201))
}

both_modes! {
    async fn a_message_is_found_by_its_words_and_only_by_who_may_read_it(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let said = alice.sends("The Gärtner planted old roses", &room).await;
        bob.sends("roses are red", &room).await;
        assert_eq!(found(&bob, "gartner ROSES").await, ["The Gärtner planted old roses"]);
        assert_eq!(found(&alice, "roses").await, ["roses are red", "The Gärtner planted old roses"]);
        assert!(found(&world.registers("mallory").await, "roses").await.is_empty());
        let page = page(&bob, "planted old", "").await;
        let hit = &page["items"][0];
        assert_eq!(hit["message"], bob.get(&said.path("")).await.ok(200));
        assert_eq!(hit["conversation"], json!({"id": room.id, "name": room.json["name"]}));
        assert_eq!(hit["highlights"], json!([{"from": 12, "to": 19}, {"from": 20, "to": 23}]));
        assert!(hit["score"].as_f64().expect("a score") > 0.0);
        assert_eq!((&page["total"], &page["total_is_exact"], &page["next_cursor"]), (&json!(1), &json!(true), &Value::Null));
    }

    async fn every_operator_means_what_it_says(world: &mut World) {
        let (alice, bob, carol, garden) = world.three_in_a_room().await;
        let house = alice.founds("The Big House", &[&bob, &carol]).await;
        let link = alice.sends("tea see https://tea.example.org/a_b?x=1 now", &garden).await;
        bob.sends("tea for two", &garden).await;
        let pot = carol.sends("teapot on the table", &house).await;
        bob.reacts("👍", &pot).await.ok(201);
        let cases: [(&str, &[&str]); 22] = [
            ("tea", &["tea for two", "tea see https://tea.example.org/a_b?x=1 now"]),
            ("tea*", &["teapot on the table", "tea for two", "tea see https://tea.example.org/a_b?x=1 now"]),
            ("tea -two", &["tea see https://tea.example.org/a_b?x=1 now"]),
            ("\"for two\"", &["tea for two"]),
            ("\"two for\"", &[]),
            ("\"on the tab*\"", &["teapot on the table"]),
            ("tea -\"for two\"", &["tea see https://tea.example.org/a_b?x=1 now"]),
            ("from:bob", &["tea for two"]),
            ("from:BOB from:carol tea*", &["teapot on the table", "tea for two"]),
            ("tea* -from:bob", &["teapot on the table", "tea see https://tea.example.org/a_b?x=1 now"]),
            ("from:nobody tea", &[]),
            ("in:\"the big house\"", &["teapot on the table"]),
            ("tea* -in:\"the big house\"", &["tea for two", "tea see https://tea.example.org/a_b?x=1 now"]),
            ("in:nowhere tea", &[]),
            ("has:link", &["tea see https://tea.example.org/a_b?x=1 now"]),
            ("has:reaction", &["teapot on the table"]),
            ("tea* -has:link -has:reaction", &["tea for two"]),
            ("https://tea.example.org/a_b?x=1", &["tea see https://tea.example.org/a_b?x=1 now"]),
            ("tea.example.org", &["tea see https://tea.example.org/a_b?x=1 now"]),
            ("after:2001-01-01 before:2001-01-02 tea", &[]),
            ("has:media", &[]),
            ("!!!", &[]),
        ];
        for (query, expected) in cases {
            assert_eq!(found(&alice, query).await, expected, "{query}");
        }
        assert_eq!(found(&bob, "from:me").await, ["tea for two"]);
        let day = &link.json["sent_at"].as_str().expect("a time")[..10];
        assert_eq!(page(&alice, "tea", &format!("&date_from={day}&date_to={day}")).await["total"], 2);
        for (query, count) in [(format!("tea after:{day}"), 0), (format!("tea before:{day}"), 0)] {
            assert_eq!(page(&alice, &query, "").await["total"], count, "{query}");
        }
        for (more, count) in [(format!("&sender_id={}", bob.id), 1), (format!("&conversation_id={}", house.id), 1),
            ("&has=link".to_owned(), 1), ("&has=link,reaction".to_owned(), 0)] {
            assert_eq!(page(&alice, "tea*", &more).await["total"], count, "{more}");
        }
        bob.takes_back("👍", &pot).await.ok(204);
        assert!(found(&alice, "has:reaction").await.is_empty());
    }

    async fn every_script_and_emoji_can_be_found(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let texts = ["明日は東京タワーへ行きます", "한국어를 배워요", "ไปเที่ยวกรุงเทพ", "Straße nach Ålesund", "well done 👍🏽🎉",
            "Привет, Ёлка"];
        for text in texts {
            alice.sends(text, &room).await;
        }
        for (query, text) in [("東京", 0), ("タワー", 0), ("行", 0), ("배워", 1), ("กรุงเทพ", 2), ("STRASSE alesund", 3), ("🎉", 4),
            ("👍", 4), ("👍🏿", 4), ("привет елка", 5)] {
            assert_eq!(found(&bob, query).await, [texts[text]], "{query}");
        }
        assert!(found(&bob, "京東").await.is_empty());
    }

    async fn edits_deletions_and_leaving_change_what_is_found(world: &mut World) {
        let (alice, bob, carol, room) = world.three_in_a_room().await;
        let said = alice.sends("first words", &room).await;
        let other = alice.sends("other words", &room).await;
        alice.edits(&said, "second words").await.ok(200);
        assert!(found(&bob, "first").await.is_empty());
        assert_eq!(found(&bob, "second").await, ["second words"]);
        alice.deletes(&other).await.ok(204);
        assert_eq!(found(&bob, "words").await, ["second words"]);
        carol.removes(&carol, &room).await.ok(204);
        alice.sends("later words", &room).await;
        assert_eq!(found(&carol, "words").await, ["second words"]);
        assert_eq!(found(&bob, "words").await, ["later words", "second words"]);
        alice.edits(&said, "third words").await.ok(200);
        assert_eq!(found(&carol, "words").await, ["third words"], "in its current form");
        alice.adds(&carol, &room).await.any(&[200, 201]);
        assert_eq!(found(&carol, "words").await, ["later words", "third words"]);
    }

    async fn each_of_a_hundred_messages_is_found_soon_without_anybody_waiting_for_the_index(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        for number in 0..100 {
            alice.sends(&format!("mark{number}x of a hundred"), &room).await;
        }
        // Without saying what the answer must know of: nobody makes the index hurry.
        let path = "/v1/search/messages?q=hundred&limit=100";
        let all = || async { (bob.ask("GET", path).at_once().send().await.ok(200)["total"] == 100).then_some(()) };
        eventually("all are found", all).await;
        for number in [0, 50, 99] {
            assert_eq!(found(&bob, &format!("mark{number}x")).await, [format!("mark{number}x of a hundred")]);
        }
    }

    async fn what_is_encrypted_never_enters(world: &mut World) {
        let (alice, bob) = (world.registers("alice").await, world.registers("bob").await);
        let room = strict_room(&alice, &bob).await;
        let key = alice.publishes(tests::person::DEVICE, "AAAA").await;
        alice.sends_encrypted("c2VjcmV0", &key, &room).await.ok(201);
        for query in ["secret", "c2VjcmV0", "from:alice", &format!("in:{}", room.id)] {
            assert!(found(&bob, query).await.is_empty(), "{query}");
        }
    }

    async fn pages_hold_each_message_once_whatever_comes_meanwhile(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        for number in 0..30 {
            let text = format!("word {} {number}", "word ".repeat(number % 5));
            alice.sends(&text, &room).await;
        }
        for sort in ["relevance", "recent"] {
            let whole = page(&bob, "word", &format!("&sort={sort}&limit=100")).await;
            let ids = |page: &Value| -> Vec<Value> {
                page["items"].as_array().expect("items").iter().map(|item| item["message"]["id"].clone()).collect()
            };
            let (expected, mut seen, mut cursor) = (ids(&whole), Vec::new(), String::new());
            loop {
                let page = page(&bob, "word", &format!("&sort={sort}&limit=7{cursor}")).await;
                assert_eq!(page["total"], expected.len());
                seen.extend(ids(&page));
                let Some(next) = page["next_cursor"].as_str() else { break };
                cursor = format!("&cursor={next}");
                bob.sends("word word word, and others that change how rare it is", &room).await;
                bob.sends("nothing of it", &room).await;
            }
            assert_eq!(seen, expected, "{sort}");
        }
        let first = page(&bob, "word", "&limit=1").await;
        let next = first["next_cursor"].as_str().expect("a cursor").to_owned();
        let cursor = format!("&limit=1&cursor={next}");
        bob.get(&format!("/v1/search/messages?q=other{cursor}")).await.problem(400, "BAD_CURSOR");
        bob.get(&format!("/v1/search/messages?q=word&sort=recent{cursor}")).await.problem(400, "BAD_CURSOR");
        alice.get(&format!("/v1/search/messages?q=word{cursor}")).await.problem(400, "BAD_CURSOR");
    }

    async fn what_is_newer_comes_first_where_both_fit_as_well(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        alice.sends("fits well", &room).await;
        world.clock.advance(90 * 24 * 60 * 60);
        let (alice, bob) = (alice.signs_in().await, bob.signs_in().await);
        alice.sends("fits well", &room).await;
        alice.sends("fits, but in the middle of many other words that nobody asked for at all", &room).await;
        let page = page(&bob, "fits", "").await;
        let seqs: Vec<u64> = (0..3).map(|at| page["items"][at]["message"]["seq"].as_u64().expect("a seq")).collect();
        assert_eq!(seqs[0], 2, "{page}");
    }

    async fn it_is_found_again_after_a_restart_and_after_a_rebuild(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let gone = alice.sends("kept and gone", &room).await;
        alice.sends("kept for long", &room).await;
        alice.deletes(&gone).await.ok(204);
        assert_eq!(found(&bob, "kept").await, ["kept for long"]);
        world.restarts().await;
        let bob = Person { http: world.http.clone(), ..bob };
        assert_eq!(found(&bob, "kept").await, ["kept for long"]);
        let source: Arc<dyn EventSource> = world.app().log.clone();
        let rebuilt = world.app().search.rebuild(source, &watch::Sender::default()).await.expect("rebuilt");
        assert!(rebuilt.is_switched && rebuilt.name == "search");
        let alice = Person { http: world.http.clone(), ..alice };
        alice.sends("kept since", &room).await;
        assert_eq!(found(&bob, "kept").await, ["kept since", "kept for long"]);
        let of_old = || async { (!world.directory().join("search/v1_0").exists()).then_some(()) };
        eventually("the old index is removed", of_old).await;
        assert_eq!(world.app().search.purge().await.expect("purged"), 0, "nothing deleted is left in the new one");
    }
}
