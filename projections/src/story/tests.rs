//! Who sees which story until when.

use crate::relationship::circles::Kept;
use crate::story::shown::Viewers;
use crate::testing::script::{Script, account, story, time_of};
use crate::testing::world::{Place, World};
use domain::account::event::AccountErased;
use domain::keys::event::KeyDestroyed;
use domain::limits::STORY_LIFE_SECONDS;
use domain::story::values::{StoryPrivacy, Ties};
use domain::stream::StreamName;
use domain::words::{KeyRef, Subject};

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

const TIERS: [StoryPrivacy; 3] = [StoryPrivacy::Public, StoryPrivacy::Followers, StoryPrivacy::CloseFriends];

/// The SQL says what `StoryPrivacy::admits` says, for every tier and everything that two can be to each other.
#[tokio::test]
async fn who_may_see_a_story_is_one_rule_in_both_languages() {
    for place in Place::all("story_tiers") {
        let mut script = Script::default();
        // Viewers 2 to 9: follows, is a friend, was either; 1 is the author.
        let kinds = [(false, false), (true, false), (false, true), (true, true)];
        for (index, (follows, is_friend)) in kinds.into_iter().enumerate() {
            let (is, was) = (2 + index as u128, 6 + index as u128);
            for viewer in [is, was] {
                follows.then(|| script.follows(viewer, 1));
                is_friend.then(|| script.befriends(1, viewer));
            }
            follows.then(|| script.unfollows(was, 1));
            is_friend.then(|| script.unfriends(1, was));
            // The other way round it is nothing.
            script.follows(1, is);
            script.befriends(is, 1);
        }
        for (number, privacy) in (1..).zip(TIERS) {
            script.posts_for(number, 1, privacy);
        }
        let world = World::caught_up(&place, &script.events, 3).await;
        let (reader, now) = (world.projections.stories(), time_of(60));
        for viewer in 1..=9_u128 {
            let kind = if viewer < 6 && viewer > 1 { kinds[viewer as usize - 2] } else { (false, false) };
            let ties = Ties { is_author: viewer == 1, follows: kind.0, is_close_friend: kind.1, is_kept_out: false };
            let shelf = reader.of_author(account(viewer), account(1), now, None, 10).await.unwrap().value.stories;
            let feed = reader.feed(account(viewer), now, None, 10).await.unwrap().value.authors;
            let of_author = feed.into_iter().find(|of| of.author == account(1));
            let in_feed: Vec<_> = of_author.into_iter().flat_map(|of| of.shelf.stories).map(|s| s.id).collect();
            for (number, privacy) in (1..).zip(TIERS) {
                let admitted = privacy.admits(ties);
                let one = reader.story(account(viewer), story(number), now).await.unwrap().value;
                assert_eq!(one.is_some(), admitted, "{viewer} {privacy:?}");
                assert_eq!(shelf.iter().any(|s| s.id == story(number)), admitted, "{viewer} {privacy:?}");
                assert_eq!(in_feed.contains(&story(number)), privacy.reaches(ties), "{viewer} {privacy:?}");
            }
        }
        world.stop().await;
        place.clean().await;
    }
}

#[tokio::test]
async fn the_feed_is_grouped_by_author_unseen_first_in_pages() {
    for place in Place::all("story_feed") {
        let mut script = Script::default();
        for whom in [1, 2, 3] {
            script.follows(9, whom);
        }
        for (number, author) in [(1, 1), (2, 2), (3, 1), (4, 3), (5, 4), (6, 9)] {
            script.posts(number, author);
        }
        // Everything of 3, and one of two of 1.
        script.views(4, 3, 9);
        script.views(3, 1, 9);
        let world = World::caught_up(&place, &script.events, 10).await;
        let (reader, now) = (world.projections.stories(), time_of(20));
        let mut place_in_feed = None;
        let mut shown = Vec::new();
        for _ in 0..4 {
            let page = reader.feed(account(9), now, place_in_feed, 1).await.unwrap().value;
            let of = &page.authors[0];
            shown.push((of.author, of.shelf.stories.iter().map(|s| (s.id, s.is_viewed)).collect::<Vec<_>>()));
            place_in_feed = page.next;
        }
        assert_eq!(place_in_feed, None);
        let expected = [
            (account(1), vec![(story(3), true), (story(1), false)]),
            (account(2), vec![(story(2), false)]),
            (account(9), vec![(story(6), false)]),
            (account(3), vec![(story(4), true)]),
        ];
        assert_eq!(shown, expected);
        world.stop().await;
        place.clean().await;
    }
}

#[tokio::test]
async fn a_shelf_is_read_in_pages_and_a_feed_shows_its_beginning() {
    let place = Place::sqlite();
    let mut script = Script::default();
    script.follows(9, 1);
    for number in 0..45 {
        script.posts(number, 1);
    }
    let world = World::caught_up(&place, &script.events, 10).await;
    let (reader, now) = (world.projections.stories(), time_of(60));
    let (mut before, mut ids) = (None, Vec::new());
    loop {
        let page = reader.of_author(account(9), account(1), now, before, 10).await.unwrap().value;
        ids.extend(page.stories.iter().map(|s| s.id));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(ids, (0..45).rev().map(story).collect::<Vec<_>>());
    let feed = reader.feed(account(9), now, None, 10).await.unwrap().value;
    let shelf = &feed.authors[0].shelf;
    assert_eq!(shelf.stories.len(), 20);
    assert_eq!(shelf.next, Some(shelf.stories[19].position));
    world.stop().await;
}

#[tokio::test]
async fn views_are_counted_and_listed_for_the_author_alone() {
    for place in Place::all("story_views") {
        let mut script = Script::default();
        script.posts(1, 1);
        for viewer in 2..7 {
            script.views(1, 1, viewer);
        }
        let world = World::caught_up(&place, &script.events, 2).await;
        let (reader, now) = (world.projections.stories(), time_of(20));
        let seen = reader.story(account(1), story(1), now).await.unwrap().value.unwrap();
        assert_eq!((seen.view_count, seen.is_viewed), (5, false));
        let seen = reader.story(account(3), story(1), now).await.unwrap().value.unwrap();
        assert!(seen.is_viewed);
        assert_eq!(reader.view_counts(&[story(1), story(2)]).await.unwrap().value, [(story(1), 5)].into());
        let (mut before, mut viewers) = (None, Vec::new());
        for _ in 0..3 {
            let answer = reader.viewers(account(1), story(1), now, before, 2).await.unwrap().value;
            let Viewers::Page { viewers: page, has_more } = answer else { panic!("{answer:?}") };
            assert_eq!(has_more, page.len() == 2);
            before = page.last().map(|last| last.position);
            viewers.extend(page.into_iter().map(|v| (v.viewer, v.duration_ms)));
        }
        assert_eq!(viewers, (2..7).rev().map(|viewer| (account(viewer), Some(900))).collect::<Vec<_>>());
        let other = reader.viewers(account(2), story(1), now, None, 2).await.unwrap().value;
        assert_eq!(other, Viewers::NotTheirs);
        let none = reader.viewers(account(2), story(9), now, None, 2).await.unwrap().value;
        assert_eq!(none, Viewers::Unknown);
        world.stop().await;
        place.clean().await;
    }
}

#[tokio::test]
async fn the_views_of_a_story_stay_until_it_is_purged() {
    let place = Place::sqlite();
    let mut script = Script::default();
    script.posts(1, 1);
    script.views(1, 1, 2);
    script.deletes_story(1, 1);
    let world = World::caught_up(&place, &script.events, 10).await;
    let rows = || async { world.projections.stories().view_rows().await };
    assert_eq!(rows().await, 1);
    let key = KeyRef { subject: Subject::Story(story(1)), generation: 1 };
    script.record(StreamName::keys(Subject::Story(story(1))), KeyDestroyed { key });
    world.source.set(&script.events);
    world.catches_up().await;
    assert_eq!(rows().await, 0);
    world.stop().await;
}

#[tokio::test]
async fn an_erased_account_leaves_no_viewers_of_its_stories() {
    for place in Place::all("erased_views") {
        let mut script = Script::default();
        script.posts(1, 1);
        script.posts(2, 3);
        script.views(1, 1, 2);
        script.views(2, 3, 1);
        script.deletes_story(1, 1);
        let erased = script.events.len();
        script.record(StreamName::account(account(1)), AccountErased { account: account(1) });
        let world = World::caught_up(&place, &script.events[..erased], 10).await;
        let rows = || async { world.projections.stories().view_rows().await };
        assert_eq!(rows().await, 2);
        world.source.set(&script.events);
        world.catches_up().await;
        assert_eq!(rows().await, 1, "what it saw of others' stays counted there");
        world.stop().await;
        // In one batch, too.
        let at_once = World::caught_up(&Place::sqlite(), &script.events, 10).await;
        assert_eq!(at_once.projections.stories().view_rows().await, 1);
        at_once.stop().await;
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
    let seen = reader.of_author(account(9), account(1), time_of(3), None, 10).await.unwrap().value.stories;
    let texts: Vec<_> = seen.into_iter().map(|s| s.words.present().map(|words| words.text)).collect();
    assert_eq!(texts, [Some("story 2".into()), None]);
    world.stop().await;
}

#[tokio::test]
async fn who_is_kept_out_sees_nothing_and_what_is_muted_stays_out_of_the_feed_alone() {
    for place in Place::all("story_kept_away") {
        let mut script = Script::default();
        // 2 is blocked by the author, 3 blocks the author, 4 is hidden from, 5 muted the author; 6 to 9 were, each.
        for viewer in 2..=9 {
            script.follows(viewer, 1);
            script.befriends(1, viewer);
        }
        for (first, is_over) in [(2, false), (6, true)] {
            script.blocks(1, first);
            script.blocks(first + 1, 1);
            script.hides(1, first + 2);
            script.mutes(first + 3, 1);
            if is_over {
                script.unblocks(1, first);
                script.unblocks(first + 1, 1);
                script.shows(1, first + 2);
                script.unmutes(first + 3, 1);
            }
        }
        for (number, privacy) in (1..).zip(TIERS) {
            script.posts_for(number, 1, privacy);
        }
        for batch in [1, 5, 1000] {
            let place = if batch == 1000 { place.again() } else { Place::sqlite() };
            let world = World::caught_up(&place, &script.events, batch).await;
            let (reader, circles, now) = (world.projections.stories(), world.projections.circles(), time_of(60));
            for viewer in 1..=9_u128 {
                let is_kept_out = (2..=4).contains(&viewer);
                let ties = Ties { is_author: viewer == 1, follows: true, is_close_friend: true, is_kept_out };
                let shelf = reader.of_author(account(viewer), account(1), now, None, 10).await.unwrap().value.stories;
                let feed = reader.feed(account(viewer), now, None, 10).await.unwrap().value.authors;
                assert_eq!(feed.is_empty(), is_kept_out || viewer == 5, "{viewer}");
                for (number, privacy) in (1..).zip(TIERS) {
                    let one = reader.story(account(viewer), story(number), now).await.unwrap().value;
                    assert_eq!(one.is_some(), privacy.admits(ties), "{viewer} {privacy:?}");
                    assert_eq!(
                        shelf.iter().any(|s| s.id == story(number)),
                        privacy.admits(ties),
                        "{viewer} {privacy:?}"
                    );
                }
            }
            for (kept, owner, whom) in [(Kept::Blocked, 1, 2), (Kept::StoryHidden, 1, 4), (Kept::StoryMuted, 5, 1)] {
                let list = circles.kept_away(kept, account(owner), None, 10).await.unwrap().value;
                assert_eq!((list.count, list.people[0].account), (1, account(whom)));
            }
            world.stop().await;
        }
        place.clean().await;
    }
}
