//! Who sees which story until when.

use crate::testing::script::{Script, account, story, time_of};
use crate::testing::world::{Place, World};
use domain::limits::STORY_LIFE_SECONDS;
use domain::words::Subject;

#[tokio::test]
async fn a_story_is_seen_for_exactly_its_life_and_due_from_then_on() {
    for place in Place::all("story_life") {
        let mut script = Script::default();
        let posted = script.posts(1, 1);
        let world = World::caught_up(&place, &script.events, 10).await;
        let end = time_of(posted.0).plus_seconds(STORY_LIFE_SECONDS);
        let (stories, expiry) = (world.projections.stories(), world.projections.story_expiry());
        let before = domain::clock::Time::from_micros(end.micros() - 1);
        assert!(stories.story(account(9), story(1), before).await.unwrap().value.is_some());
        assert!(stories.story(account(9), story(1), end).await.unwrap().value.is_none());
        assert!(stories.story(account(1), story(1), end).await.unwrap().value.is_none());
        assert_eq!(expiry.due(before, 10).await.unwrap().value, []);
        assert_eq!(expiry.due(end, 10).await.unwrap().value, [story(1)]);

        script.expires(1);
        world.source.set(&script.events);
        world.catches_up().await;
        assert_eq!(expiry.due(end, 10).await.unwrap().value, []);
        assert!(stories.story(account(9), story(1), before).await.unwrap().value.is_none());
        world.stop().await;
        place.clean().await;
    }
}

#[tokio::test]
async fn the_feed_is_grouped_by_author_newest_first_in_pages() {
    for place in Place::all("story_feed") {
        let mut script = Script::default();
        for (number, author) in [(1, 1), (2, 2), (3, 1), (4, 3)] {
            script.posts(number, author);
        }
        let world = World::caught_up(&place, &script.events, 10).await;
        let (reader, now) = (world.projections.stories(), time_of(10));
        let first = reader.feed(account(9), now, None, 2).await.unwrap().value;
        let shown: Vec<_> =
            first.authors.iter().map(|a| (a.author, a.stories.iter().map(|s| s.id).collect::<Vec<_>>())).collect();
        assert_eq!(shown, [(account(3), vec![story(4)]), (account(1), vec![story(3), story(1)])]);
        let second = reader.feed(account(9), now, first.next, 2).await.unwrap().value;
        assert_eq!(second.authors.iter().map(|a| a.author).collect::<Vec<_>>(), [account(2)]);
        assert_eq!(second.next, None);
        let of_one = reader.of_author(account(9), account(1), now, 10).await.unwrap().value;
        assert_eq!(of_one.iter().map(|s| s.id).collect::<Vec<_>>(), [story(3), story(1)]);
        world.stop().await;
        place.clean().await;
    }
}

#[tokio::test]
async fn an_erased_story_has_no_words() {
    let place = Place::sqlite();
    let mut script = Script::default();
    script.posts(1, 1);
    script.posts(2, 1);
    let world = World::caught_up(&place, &script.events, 10).await;
    world.words.destroy(Subject::Story(story(1)));
    let reader = world.projections.stories();
    let seen = reader.of_author(account(9), account(1), time_of(3), 10).await.unwrap().value;
    let texts: Vec<_> = seen.into_iter().map(|s| s.words.present().map(|words| words.text)).collect();
    assert_eq!(texts, [Some("story 2".into()), None]);
    world.stop().await;
}
