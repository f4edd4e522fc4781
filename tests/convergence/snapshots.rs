//! An old snapshot, the frames since, and a fresh snapshot to compare with.

use crate::convergence::acts::{ACTS, Scene};
use tests::both_modes;
use tests::person::Person;
use tests::reducer::Screen;
use tests::wait::eventually;

both_modes! {
    async fn an_old_snapshot_plus_live_frames_is_a_fresh_snapshot(world: &mut World) {
        for (number, act) in ACTS.iter().enumerate() {
            let scene = Scene::set(world, number).await;
            let mut watched = Vec::new();
            for person in scene.people() {
                watched.push((person.clone(), Screen::fetched(person).await, person.feed().await));
            }
            act(&scene).await;
            for (person, mut old, mut feed) in watched {
                let mark = mark(&person).await;
                for frame in feed.events_until(|frame| frame["data"]["id"] == mark.as_str()).await {
                    old.apply(&person, &frame).await;
                }
                let fresh = Screen::fetched(&person).await;
                assert_eq!(old, fresh, "act {number}, as {} sees it", person.username);
                feed.closes().await;
            }
        }
    }

    async fn an_old_snapshot_plus_missed_frames_is_a_fresh_snapshot(world: &mut World) {
        for (number, act) in ACTS.iter().enumerate() {
            let scene = Scene::set(world, number).await;
            let mut watched = Vec::new();
            for person in scene.people() {
                let feed = person.feed().await;
                watched.push((person.clone(), Screen::fetched(person).await, feed.position.clone()));
                feed.closes().await;
            }
            act(&scene).await;
            for (person, mut old, position) in watched {
                let mut feed = person.resumes(&position).await;
                let missed = feed.catches_up().await;
                for frame in &missed {
                    old.apply(&person, frame).await;
                }
                // Watermarks are transient: their current state comes once, before or after `caught_up`.
                let mark = mark(&person).await;
                for frame in feed.events_until(|frame| frame["data"]["id"] == mark.as_str()).await {
                    old.apply(&person, &frame).await;
                }
                assert_eq!(old, Screen::fetched(&person).await, "act {number}, as {} sees it", person.username);
                feed.closes().await;
            }
        }
    }
}

both_modes! {
    async fn an_old_snapshot_plus_the_frames_of_a_purge_is_a_fresh_snapshot(world: &mut World) {
        const DAY: i64 = 24 * 60 * 60;
        // Before the time of the oldest: long enough for a slow machine, shorter than tokens last.
        const MARGIN: i64 = 300;
        let (alice, bob, carol, room) = world.three_in_a_room().await;
        alice.keeps_messages(&room, Some(1)).await.ok(200);
        let first = alice.sends("first", &room).await;
        let second = bob.replies("second", &first, &room).await;
        carol.reacts("👍", &second).await.ok(201);
        for said in [&first, &second] {
            alice.pins(said, &room).await.ok(204);
        }
        // A second message that is young, and then none.
        for is_last in [false, true] {
            world.clock.advance(if is_last { DAY - 2 * MARGIN - 1 } else { DAY - MARGIN });
            let mut people = Vec::new();
            for person in [&alice, &bob, &carol] {
                people.push(person.signs_in().await);
            }
            let [alice, bob, _] = &people[..] else { panic!("three people") };
            if !is_last {
                let third = alice.sends("third", &room).await;
                bob.replies("fourth", &third, &room).await;
                alice.pins(&third, &room).await.ok(204);
            }
            let mut devices = Vec::new();
            for person in &people {
                let screen = Screen::fetched(person).await;
                devices.push((person, screen.clone(), screen, person.feed().await));
            }
            let positions: Vec<_> = devices.iter().map(|(.., feed)| feed.position.clone()).collect();
            world.clock.advance(MARGIN + 1);
            for ((person, connected, away, mut feed), position) in devices.into_iter().zip(positions) {
                let live = feed.events_until(|frame| frame["type"] == "messages.purged").await;
                feed.closes().await;
                let mut back = person.resumes(&position).await;
                let missed = back.catches_up().await;
                back.closes().await;
                for (mut screen, frames) in [(connected, live), (away, missed)] {
                    assert_eq!(frames.iter().filter(|frame| frame["type"] == "messages.purged").count(), 1);
                    for frame in &frames {
                        screen.apply(person, frame).await;
                    }
                    eventually("the same as a fresh snapshot", || async {
                        (Screen::fetched(person).await == screen).then_some(())
                    })
                    .await;
                }
                let left = person.timeline(&room).await;
                assert_eq!(left.len(), if is_last { 0 } else { 2 }, "{left:?}");
            }
        }
    }
}

/// Something that only this person sees, after everything else: the id of a story of their own.
async fn mark(person: &Person) -> String {
    person.posts_story("the end of the act").await["id"].as_str().expect("an id").to_owned()
}
