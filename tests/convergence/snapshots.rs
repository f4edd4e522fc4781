//! An old snapshot, the frames since, and a fresh snapshot to compare with.

use crate::convergence::acts::{ACTS, Scene};
use tests::both_modes;
use tests::person::Person;
use tests::reducer::Screen;

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

/// Something that only this person sees, after everything else: the id of a story of their own.
async fn mark(person: &Person) -> String {
    person.posts_story("the end of the act").await["id"].as_str().expect("an id").to_owned()
}
