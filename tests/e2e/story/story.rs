//! Who sees which story: every tier and everybody that somebody can be to its author, over HTTP and over the feed.

use serde_json::{Value, json};
use std::collections::BTreeSet;
use tests::both_modes;
use tests::person::Person;
use tests::world::World;

/// What somebody is to Alice, and which tiers they see.
const KINDS: [(&str, &[&str]); 7] = [
    ("author", &["public", "followers", "close_friends"]),
    ("follower", &["public", "followers"]),
    ("friend", &["public", "close_friends"]),
    ("both", &["public", "followers", "close_friends"]),
    ("stranger", &["public"]),
    ("former_follower", &["public"]),
    ("former_friend", &["public"]),
];

/// One of each kind; the first is Alice, the author.
async fn everybody(world: &World) -> Vec<Person> {
    let mut people = Vec::new();
    for (kind, _) in KINDS {
        people.push(world.registers(kind).await);
    }
    let alice = &people[0];
    for index in [1, 3, 5] {
        people[index].follows(alice).await.ok(204);
    }
    for index in [2, 3, 6] {
        alice.befriends(&people[index]).await.ok(204);
    }
    people[5].unfollows(alice).await.ok(204);
    alice.unfriends(&people[6]).await.ok(204);
    people
}

fn id(story: &Value) -> String {
    story["id"].as_str().expect("an id").to_owned()
}

/// The tiers of Alice's stories among these.
fn tiers<'a>(stories: impl IntoIterator<Item = &'a Value>) -> BTreeSet<String> {
    stories.into_iter().map(|story| story["privacy"].as_str().expect("a tier").to_owned()).collect()
}

fn expected(seen: &[&str]) -> BTreeSet<String> {
    seen.iter().map(|tier| (*tier).to_owned()).collect()
}

/// The tiers of Alice's stories that somebody's feed of stories shows.
async fn in_feed(person: &Person, alice: &Person) -> BTreeSet<String> {
    let authors = person.all("/v1/stories/feed?limit=10").await;
    let hers = authors.iter().filter(|of| of["author_id"] == alice.id.as_str());
    tiers(hers.flat_map(|of| of["stories"].as_array().expect("stories")))
}

both_modes! {
    async fn every_kind_of_viewer_sees_what_is_for_them_over_http(world: &mut World) {
        let people = everybody(world).await;
        let alice = &people[0];
        let mut stories = Vec::new();
        for tier in ["public", "followers", "close_friends"] {
            stories.push(alice.posts_story_for("look", tier).await);
        }
        for (person, (kind, seen)) in people.iter().zip(KINDS) {
            for story in &stories {
                let tier = story["privacy"].as_str().unwrap();
                let (path, views) = (format!("/v1/stories/{}", id(story)), format!("/v1/stories/{}/views", id(story)));
                if seen.contains(&tier) {
                    assert_eq!(person.get(&path).await.ok(200)["text"], "look", "{kind} {tier}");
                    person.ask("POST", &views).send().await.ok(204);
                } else {
                    person.get(&path).await.problem(404, "NOT_FOUND");
                    person.ask("POST", &views).send().await.problem(404, "NOT_FOUND");
                    person.get(&views).await.problem(404, "NOT_FOUND");
                    person.delete(&path).await.problem(404, "NOT_FOUND");
                    person.put(&format!("{path}/privacy"), json!({"privacy": "public"})).await.problem(404, "NOT_FOUND");
                }
            }
            let shelf = person.all(&format!("/v1/accounts/{}/stories?limit=2", alice.id)).await;
            assert_eq!(tiers(&shelf), expected(seen), "{kind}");
            let comes_by_itself = !["stranger", "former_follower", "former_friend"].contains(&kind);
            let by_itself = if comes_by_itself { expected(seen) } else { BTreeSet::new() };
            assert_eq!(in_feed(person, alice).await, by_itself, "{kind}");
        }
    }

    async fn every_kind_of_viewer_is_shown_what_is_for_them_live_and_after_a_resume(world: &mut World) {
        let people = everybody(world).await;
        let alice = &people[0];
        let mut feeds = Vec::new();
        for person in &people {
            let feed = person.feed().await;
            feeds.push((feed.position.clone(), feed));
        }
        for tier in ["public", "followers", "close_friends"] {
            alice.posts_story_for("look", tier).await;
        }
        for ((person, (position, mut feed)), (kind, seen)) in people.iter().zip(feeds).zip(KINDS) {
            let mark = person.posts_story("the end").await;
            let is_mark = |frame: &Value| frame["data"]["id"] == mark["id"];
            let live = feed.events_until(is_mark).await;
            let is_hers = |frame: &&Value| frame["data"]["author_id"] == alice.id.as_str() && !is_mark(frame);
            let shown = tiers(live.iter().filter(is_hers).map(|frame| &frame["data"]));
            let comes_by_itself = !["stranger", "former_follower", "former_friend"].contains(&kind);
            let by_itself = if comes_by_itself { expected(seen) } else { BTreeSet::new() };
            assert_eq!(shown, by_itself, "{kind}");
            let mut again = person.resumes(&position).await;
            let missed = again.catches_up().await;
            let up_to_mark = missed.iter().position(is_mark).expect("the mark");
            assert_eq!(&missed[..=up_to_mark], live, "{kind}");
            feed.closes().await;
            again.closes().await;
        }
    }

    async fn every_tier_is_over_after_24_hours_exactly(world: &mut World) {
        let people = everybody(world).await;
        let mut stories = Vec::new();
        for tier in ["public", "followers", "close_friends"] {
            stories.push(people[0].posts_story_for("look", tier).await);
        }
        let position = world.head();
        world.clock.advance(24 * 60 * 60 - 30);
        let both = people[3].signs_in().await;
        for story in &stories {
            both.get(&format!("/v1/stories/{}", id(story))).await.ok(200);
        }
        world.clock.advance(31);
        for person in [&people[0].signs_in().await, &both] {
            for story in &stories {
                let path = format!("/v1/stories/{}", id(story));
                person.get(&path).await.problem(404, "NOT_FOUND");
                person.ask("POST", &format!("{path}/views")).send().await.problem(404, "NOT_FOUND");
                person.get(&format!("{path}/views")).await.problem(404, "NOT_FOUND");
                person.put(&format!("{path}/privacy"), json!({"privacy": "public"})).await.problem(404, "NOT_FOUND");
                person.delete(&path).await.problem(404, "NOT_FOUND");
            }
            assert_eq!(in_feed(person, &people[0]).await, BTreeSet::new());
            assert!(person.all(&format!("/v1/accounts/{}/stories?limit=10", people[0].id)).await.is_empty());
            // Who comes back now is told that there were stories, and not what they said.
            let mut feed = person.resumes(&(position - 3).to_string()).await;
            let missed = feed.catches_up().await;
            let posted: Vec<_> = missed.iter().filter(|frame| frame["type"] == "story.posted").collect();
            assert_eq!(posted.len(), 3);
            assert!(posted.iter().all(|frame| frame["data"]["text"].is_null()));
            feed.closes().await;
        }
    }
}
