//! What a feed has missed.

use crate::feed::feed_index::Reader;
use crate::feed::topic::Topic;
use crate::testing::script::{Script, account, conversation, time_of};
use crate::testing::words::OpenWords;
use crate::testing::world::{Place, World};
use domain::account::event::{AccountErased, ErasureCancelled, ErasureRequested};
use domain::ids::Position;
use domain::stream::StreamName;

const END: Position = Position(1_000_000);

async fn missed(reader: &Reader, who: u128, after: u64) -> Vec<u64> {
    let missed = reader.missed(account(who), Position(after), END, 1_000).await.unwrap().value;
    let count = reader.missed_count(account(who), Position(after), END, 1_000).await.unwrap().value;
    assert_eq!(count, missed.len());
    missed.into_iter().map(|missed| missed.position.0).collect()
}

#[tokio::test]
async fn members_see_from_their_join_to_their_leave_and_the_first_ones_from_the_creation() {
    for place in Place::all("intervals") {
        let mut script = Script::default();
        script.group(1, &[1, 2, 3]); // positions 1 to 4
        script.sends(1, 1, "one", None); // 5
        script.joins(1, 4); // 6
        script.sends(1, 2, "two", None); // 7
        script.leaves(1, 3); // 8
        script.sends(1, 1, "three", None); // 9
        script.reads(1, 2, 3); // 10
        script.joins(1, 3); // 11
        script.reacts(1, 1, 2, "👍"); // 12
        for batch in [1, 2, 1000] {
            let place = if batch == 1000 { place.again() } else { Place::sqlite() };
            let world = World::caught_up(&place, &script.events, batch).await;
            let reader = world.projections.feed_index();
            assert_eq!(missed(&reader, 1, 0).await, [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12]);
            assert_eq!(missed(&reader, 3, 0).await, [1, 2, 3, 4, 5, 6, 7, 8, 11, 12]);
            assert_eq!(missed(&reader, 4, 0).await, [6, 7, 8, 9, 11, 12]);
            assert_eq!(missed(&reader, 4, 7).await, [8, 9, 11, 12]);
            assert_eq!(missed(&reader, 99, 0).await, [0; 0]);
            let some = reader.missed(account(1), Position(4), Position(9), 2).await.unwrap();
            assert_eq!(some.position, Position(12));
            assert_eq!(some.value.iter().map(|m| m.position.0).collect::<Vec<_>>(), [5, 6]);
            let topics = reader.topics_of(account(4)).await.unwrap().value;
            let own = [Topic::Account(account(4)), Topic::Author(account(4)), Topic::Conversation(conversation(1))];
            assert_eq!(topics, own);
            world.stop().await;
        }
        place.clean().await;
    }
}

#[tokio::test]
async fn a_join_after_something_else_does_not_see_the_creation() {
    let mut script = Script::default();
    script.group(1, &[1, 2, 3]); // 1 to 4
    let creation = script.correlation;
    script.group(2, &[5, 6, 7]); // 5 to 8
    script.joins(1, 4); // 9, of the same import, say
    let last = script.events.len() - 1;
    let mut late = (*script.events[last]).clone();
    late.correlation_id = uuid::Uuid::from_u128(creation);
    script.events[last] = late.into();
    for batch in [1, 4, 8, 1000] {
        let place = Place::sqlite();
        let world = World::caught_up(&place, &script.events, batch).await;
        assert_eq!(missed(&world.projections.feed_index(), 4, 0).await, [9], "batches of {batch}");
        world.stop().await;
    }
}

#[tokio::test]
async fn ones_own_account_and_stories_are_ones_own_topics() {
    for place in Place::all("own_topics") {
        let mut script = Script::default();
        script.registers(1, "ada", &OpenWords::default()); // 1
        script.registers(2, "ben", &OpenWords::default()); // 2
        script.posts(1, 1); // 3
        script.posts(2, 2); // 4
        script.expires(1); // 5
        let (of_ben, ben) = (StreamName::account(account(2)), account(2));
        script.record(of_ben.clone(), ErasureRequested { erases_at: time_of(9), reason: None }); // 6
        script.record(of_ben.clone(), ErasureCancelled {}); // 7
        script.record(of_ben, AccountErased { account: ben }); // 8
        let world = World::caught_up(&place, &script.events, 4).await;
        let reader = world.projections.feed_index();
        assert_eq!(missed(&reader, 1, 0).await, [1, 3, 5, 8]);
        assert_eq!(missed(&reader, 2, 2).await, [4, 6, 7, 8]);
        assert_eq!(missed(&reader, 3, 0).await, [8], "everybody is told of an erasure");
        assert_eq!(missed(&reader, 3, 8).await, [0; 0]);
        world.stop().await;
        place.clean().await;
    }
}

#[tokio::test]
async fn stories_are_seen_by_who_may_see_them_at_that_moment() {
    use domain::story::values::StoryPrivacy::{CloseFriends, Followers, Public};
    for place in Place::all("story_intervals") {
        let mut script = Script::default();
        script.follows(2, 1); // 1
        script.befriends(1, 3); // 2
        script.posts_for(1, 1, Public); // 3
        script.posts_for(2, 1, Followers); // 4
        script.posts_for(3, 1, CloseFriends); // 5
        script.turns(1, Public, Followers); // 6
        script.turns(1, Followers, CloseFriends); // 7
        script.unfollows(2, 1); // 8
        script.deletes_story(2, 1); // 9
        script.unfriends(1, 3); // 10
        script.expires(3); // 11
        script.views(1, 1, 3); // 12
        script.follows(2, 1); // 13
        script.turns(1, CloseFriends, Public); // 14
        for batch in [1, 3, 1000] {
            let place = if batch == 1000 { place.again() } else { Place::sqlite() };
            let world = World::caught_up(&place, &script.events, batch).await;
            let reader = world.projections.feed_index();
            assert_eq!(missed(&reader, 1, 0).await, [2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 14]);
            assert_eq!(missed(&reader, 2, 0).await, [1, 3, 4, 6, 7, 8, 13, 14]);
            assert_eq!(missed(&reader, 3, 0).await, [3, 5, 6, 7]);
            assert_eq!(missed(&reader, 4, 0).await, [0; 0]);
            let ties: Vec<_> = reader.missed(account(2), Position(2), END, 10).await.unwrap().value;
            assert!(ties[0].ties.follows && !ties[0].ties.is_close_friend && !ties[0].ties.is_author);
            world.stop().await;
        }
        place.clean().await;
    }
}

#[tokio::test]
async fn hidden_stories_are_not_seen_while_they_are_hidden_and_blocks_are_known_as_they_stand() {
    use domain::story::values::StoryPrivacy::{Followers, Public};
    for place in Place::all("hidden_intervals") {
        let mut script = Script::default();
        script.follows(2, 1); // 1
        script.befriends(1, 2); // 2
        script.posts_for(1, 1, Public); // 3
        script.hides(1, 2); // 4
        script.posts_for(2, 1, Public); // 5
        script.turns(1, Public, Followers); // 6
        script.shows(1, 2); // 7
        script.posts_for(3, 1, Followers); // 8
        script.hides(1, 2); // 9
        script.expires(3); // 10
        script.blocks(3, 4); // 11
        script.blocks(3, 5); // 12
        script.unblocks(3, 4); // 13
        for batch in [1, 3, 1000] {
            let place = if batch == 1000 { place.again() } else { Place::sqlite() };
            let world = World::caught_up(&place, &script.events, batch).await;
            let reader = world.projections.feed_index();
            assert_eq!(missed(&reader, 1, 0).await, [2, 3, 4, 5, 6, 7, 8, 9, 10]);
            assert_eq!(missed(&reader, 2, 0).await, [1, 3, 8]);
            assert_eq!(missed(&reader, 3, 0).await, [11, 12, 13]);
            let blocked = reader.blocked_by(account(3)).await.unwrap().value;
            assert_eq!(blocked.into_iter().collect::<Vec<_>>(), [account(5)]);
            assert!(reader.topics_of(account(3)).await.unwrap().value.contains(&Topic::Blocked(account(5))));
            let hidden = Topic::HiddenStories(account(1));
            assert!(!reader.topics_of(account(2)).await.unwrap().value.contains(&hidden));
            world.stop().await;
        }
        place.clean().await;
    }
}
