//! Finding messages by their words.

use domain::source::EventSource;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
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

    async fn filters_combine_in_every_way(world: &mut World) {
        let (alice, bob, _, garden) = world.three_in_a_room().await;
        let house = alice.founds("House", &[&bob, &world.registers("dave").await]).await;
        let (mut people, mut all, mut days) = ([alice.clone(), bob.clone()], Vec::new(), Vec::new());
        for day in 0..3 {
            for (sender, person) in people.iter().enumerate() {
                for room in [&garden, &house] {
                    // Everything but who, where and when: a link, a mention, a reaction.
                    for kind in 0..4 {
                        let more = ["", " https://example.org", " @bob", ""][kind];
                        let said = person.sends(&format!("word {}{more}", all.len()), room).await;
                        if kind == 3 {
                            people[1].reacts("👍", &said).await.ok(201);
                        }
                        days.push(said.json["sent_at"].as_str().expect("a time")[..10].to_owned());
                        all.push((said.id, sender, room.id.clone(), day, kind));
                    }
                }
            }
            world.clock.advance(24 * 60 * 60);
            people = [alice.signs_in().await, bob.signs_in().await];
        }
        days.dedup();
        // Midnight may have passed while this ran; then the days are not those that are meant here.
        if days.len() != 3 {
            return;
        }
        let kinds = [None, Some((1, "link")), Some((2, "mention")), Some((3, "reaction"))];
        for choice in 0..2 * 2 * 2 * 2 * kinds.len() {
            let [by_bob, in_house, since, until] = [1, 2, 4, 8].map(|bit| choice & bit != 0);
            let kind = kinds[choice / 16];
            let expected: BTreeSet<&str> = all.iter().filter(|(_, sender, room, day, of)| {
                (!by_bob || *sender == 1) && (!in_house || *room == house.id) && (!since || *day >= 1) && (!until || *day <= 1)
                    && kind.is_none_or(|(number, _)| *of == number)
            }).map(|(id, ..)| id.as_str()).collect();
            let (mut typed, mut more) = ("word".to_owned(), String::new());
            let mut add = |is_so: bool, operator: String, parameter: String| {
                if is_so {
                    typed.push_str(&format!(" {operator}"));
                    more.push_str(&format!("&{parameter}"));
                }
            };
            add(by_bob, "from:bob".into(), format!("sender_id={}", bob.id));
            add(in_house, "in:house".into(), format!("conversation_id={}", house.id));
            add(since, format!("after:{}", days[0]), format!("date_from={}", days[1]));
            add(until, format!("before:{}", days[2]), format!("date_to={}", days[1]));
            let name = kind.map_or("", |(_, name)| name);
            add(kind.is_some(), format!("has:{name}"), format!("has={name}"));
            for (query, more) in [(typed.as_str(), ""), ("word", more.as_str())] {
                for sort in ["recent", "relevance"] {
                    let page = page(&people[0], query, &format!("{more}&limit=100&sort={sort}")).await;
                    let items = page["items"].as_array().expect("items");
                    let found: BTreeSet<&str> = items.iter().map(|item| item["message"]["id"].as_str().expect("an id")).collect();
                    assert_eq!((&found, &page["total"]), (&expected, &json!(expected.len())), "{query} {more}");
                }
            }
        }
        let no_mention = page(&people[0], "word -has:mention -has:link -has:reaction", "&limit=100").await;
        assert_eq!(no_mention["total"], 12);
    }

    async fn a_change_is_out_of_what_is_found_within_a_second(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let mut took = Vec::new();
        for number in 0..10 {
            let word = format!("mark{number}x");
            let said = alice.sends(&word, &room).await;
            assert_eq!(found(&bob, &word).await, [word.as_str()]);
            if number % 2 == 0 {
                alice.edits(&said, "other words").await.ok(200);
            } else {
                alice.deletes(&said).await.ok(204);
            }
            let began = Instant::now();
            // Without saying what the answer must know of: nobody makes the index hurry.
            let path = format!("/v1/search/messages?q={word}");
            let gone = || async { (bob.ask("GET", &path).at_once().send().await.ok(200)["total"] == 0).then_some(()) };
            eventually("it is found no more", gone).await;
            took.push(began.elapsed());
        }
        took.sort_unstable();
        assert!(took[took.len() / 2] <= Duration::from_secs(1), "{took:?}");
    }

    async fn ones_direct_conversation_with_somebody_is_found_by_their_name(world: &mut World) {
        let (alice, bob, carol, garden) = world.three_in_a_room().await;
        let (with_bob, with_carol) = (alice.meets(&bob).await, alice.meets(&carol).await);
        let of_others = bob.meets(&carol).await;
        let club = alice.founds("Bob", &[&bob, &carol]).await;
        for (author, text, room) in [(&alice, "tea in the garden", &garden), (&alice, "tea with bob", &with_bob),
            (&bob, "tea with alice", &with_bob), (&carol, "tea with carol", &with_carol), (&bob, "tea of others", &of_others),
            (&carol, "tea in the club", &club)] {
            author.sends(text, room).await;
        }
        let (his, all) = (["tea with alice", "tea with bob"], ["tea in the club", "tea with carol", "tea with alice", "tea with bob",
            "tea in the garden"]);
        let cases: [(&str, Vec<&str>); 9] = [
            ("in:@bob tea", his.to_vec()),
            ("in:@BOB", his.to_vec()),
            // A group of that name, too.
            ("in:bob tea", vec!["tea in the club", his[0], his[1]]),
            ("in:carol tea", vec!["tea with carol"]),
            ("in:@bob in:@carol tea", vec!["tea with carol", his[0], his[1]]),
            ("in:@bob from:alice", vec![his[1]]),
            ("tea -in:@bob", vec![all[0], all[1], all[4]]),
            ("in:@nobody_here tea", vec![]),
            ("in:@alice tea", vec![]),
        ];
        for (query, expected) in cases {
            assert_eq!(found(&alice, query).await, expected, "{query}");
        }
        assert_eq!(found(&bob, "in:@carol tea").await, ["tea of others"]);
        assert!(found(&world.registers("mallory").await, "in:@bob tea").await.is_empty());
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
        let old = world.directory().join("search/v2_0");
        assert!(old.exists(), "the index that is rebuilt");
        let source: Arc<dyn EventSource> = world.app().log.clone();
        let rebuilt = world.app().search.rebuild(source, &watch::Sender::default()).await.expect("rebuilt");
        assert!(rebuilt.is_switched && rebuilt.name == "search");
        let alice = Person { http: world.http.clone(), ..alice };
        alice.sends("kept since", &room).await;
        assert_eq!(found(&bob, "kept").await, ["kept since", "kept for long"]);
        let of_old = || async { (!old.exists()).then_some(()) };
        eventually("the old index is removed", of_old).await;
        assert_eq!(world.app().search.purge().await.expect("purged"), 0, "nothing deleted is left in the new one");
    }
}
