//! Visibility folded from the tail, joining at a position, and resumes against sockets that never dropped.

use super::world::{World, account, conversation, everything, short, taken};
use crate::live::frame::Reset;
use crate::live::index::Index;
use crate::live::membership::complete_len;
use crate::live::outbox::Standing;
use crate::live::replay::LOOKED_UP_EVENTS;
use domain::account::event::{AccountErased, ErasureCancelled, ErasureRequested};
use domain::clock::Clock;
use domain::event::Event;
use domain::ids::{AccountId, Hash16, MessageId, Position, StoryId};
use domain::limits::{FEED_QUEUE_MAX_BYTES, RESUME_MAX_FRAMES, STORY_LIFE_SECONDS};
use domain::message::event::MessageSent;
use domain::proto::message::v1::MessageWords;
use domain::relationship::event::{
    AccountFollowed, AccountUnfollowed, CloseFriendAdded, CloseFriendRemoved, StoriesHidden, StoriesShown,
};
use domain::story::event::{StoryDeleted, StoryPrivacyChanged, StoryViewed};
use domain::story::values::StoryPrivacy;
use domain::stream::StreamName;
use domain::words::Field;
use std::collections::HashSet;

#[tokio::test]
async fn the_first_members_see_the_creation_and_all_joins() {
    let world = World::new();
    let (ann, bob, eve) = (account(1), account(2), account(3));
    let (of_bob, of_eve) = (world.connects(bob).await.unwrap(), world.connects(eve).await.unwrap());
    world.create(conversation(1), &[ann, bob]).await;
    world.catch_up(&world.live).await;
    assert_eq!(short(&taken(&of_bob)), ["conversation.created@1", "member.joined@2", "member.joined@3"]);
    assert!(taken(&of_eve).is_empty());
}

#[tokio::test]
async fn a_new_member_sees_their_own_joining_first_and_their_own_leaving_last() {
    let world = World::new();
    let (room, ann, bob) = (conversation(1), account(1), account(2));
    let of_bob = world.connects(bob).await.unwrap();
    world.create(room, &[ann]).await;
    world.send(room, ann, "before").await;
    world.join(room, bob).await;
    world.send(room, ann, "within").await;
    world.leave(room, bob).await;
    world.send(room, ann, "after").await;
    world.catch_up(&world.live).await;
    let frames = taken(&of_bob);
    assert_eq!(short(&frames), ["member.joined@4", "message.sent@5", "member.left@6"]);
    assert_eq!(frames[0]["data"]["last_seq"], 1);
    assert_eq!(frames[2]["data"]["last_seq"], 2);
}

#[tokio::test]
async fn the_newest_message_before_a_join_is_found_however_many_came_after() {
    let world = World::new();
    let (room, ann, bob) = (conversation(1), account(1), account(2));
    world.create(room, &[ann]).await;
    for _ in 0..70 {
        world.send(room, ann, "before").await;
    }
    world.join(room, bob).await;
    for _ in 0..50 {
        world.send(room, ann, "after").await;
    }
    let node = world.another_node();
    let (frames, _) = world.resume(&node, bob, Position::START).await;
    assert_eq!(frames[0]["data"]["last_seq"], 70);
}

/// The mutant that it kills: the first look-up is taken for all of them.
#[tokio::test]
async fn what_takes_several_look_ups_comes_once_and_in_order() {
    let world = World::new();
    let (room, ann, bob) = (conversation(1), account(1), account(2));
    world.create(room, &[ann, bob]).await;
    let messages = 2 * LOOKED_UP_EVENTS as u64 + 7;
    for _ in 0..messages {
        world.send(room, ann, "while bob was away").await;
    }
    let node = world.another_node();
    let (frames, _) = world.resume(&node, bob, Position(3)).await;
    let seqs: Vec<_> = frames.iter().filter_map(|frame| frame["data"]["seq"].as_u64()).collect();
    assert_eq!(seqs, (1..=messages).collect::<Vec<_>>());
}

#[tokio::test]
async fn read_marks_go_to_the_own_devices_only() {
    let world = World::new();
    let (room, ann, bob) = (conversation(1), account(1), account(2));
    world.create(room, &[ann, bob]).await;
    world.catch_up(&world.live).await;
    let (of_ann, of_bob) = (world.connects(ann).await.unwrap(), world.connects(bob).await.unwrap());
    world.read(room, ann, 7).await;
    world.catch_up(&world.live).await;
    assert_eq!(short(&taken(&of_ann)), ["read.moved@4"]);
    assert!(taken(&of_bob).is_empty());
}

#[tokio::test]
async fn a_socket_joins_where_the_tail_stands_though_the_index_is_behind() {
    let world = World::new();
    let (room, ann, bob) = (conversation(1), account(1), account(2));
    world.create(room, &[ann]).await;
    world.join(room, bob).await;
    world.catch_up(&world.live).await;
    // The tail has seen that Bob joined, the index not yet.
    world.index_stands_at(Some(Position(1)));
    let of_bob = world.connects(bob).await.unwrap();
    assert_eq!(of_bob.position, Position(3));
    // A tail that started later does not remember it, and finds it in the log.
    let node = world.another_node();
    let elsewhere = world.connects_to(&node, bob).await.unwrap();
    world.send(room, ann, "hi").await;
    world.catch_up(&world.live).await;
    world.catch_up(&node).await;
    assert_eq!(short(&taken(&of_bob)), ["message.sent@4"]);
    assert_eq!(short(&taken(&elsewhere)), ["message.sent@4"]);
}

#[tokio::test]
async fn a_socket_waits_for_a_tail_that_is_behind_the_index() {
    let world = World::new();
    let (room, ann) = (conversation(1), account(1));
    world.create(room, &[ann]).await;
    let joining = world.connects(ann);
    tokio::pin!(joining);
    assert!(futures_util::poll!(&mut joining).is_pending());
    world.catch_up(&world.live).await;
    assert_eq!(joining.await.unwrap().position, Position(2));
}

#[tokio::test]
async fn a_second_socket_of_an_account_gets_the_same_and_outlives_the_first() {
    let world = World::new();
    let (room, ann) = (conversation(1), account(1));
    world.create(room, &[ann]).await;
    world.catch_up(&world.live).await;
    let first = world.connects(ann).await.unwrap();
    let second = world.connects(ann).await.unwrap();
    world.send(room, ann, "one").await;
    world.catch_up(&world.live).await;
    assert_eq!(taken(&first), taken(&second));
    drop(first);
    world.send(room, ann, "two").await;
    world.catch_up(&world.live).await;
    assert_eq!(short(&taken(&second)), ["message.sent@4"]);
}

#[tokio::test]
async fn an_account_has_a_limited_number_of_sockets() {
    let world = World::new();
    let mut sockets = Vec::new();
    for _ in 0..100 {
        sockets.push(world.connects(account(1)).await.unwrap());
    }
    assert!(world.connects(account(1)).await.is_err());
    sockets.pop();
    assert!(world.connects(account(1)).await.is_ok());
}

/// Whatever the index knew when the socket came back, and wherever it had stopped.
#[tokio::test]
async fn a_resume_sends_what_a_socket_that_never_dropped_was_sent() {
    let world = World::new();
    let (ann, bob, cat) = (account(1), account(2), account(3));
    let mut sockets = Vec::new();
    for who in [ann, bob, cat] {
        sockets.push((who, world.connects(who).await.unwrap()));
    }
    let (one, two) = (conversation(1), conversation(2));
    world.create(one, &[ann, bob]).await;
    world.send(one, ann, "first").await;
    world.join(one, cat).await;
    world.send(one, cat, "second").await;
    world.create(two, &[cat, bob, ann]).await;
    world.edit(MessageId { conversation: one, seq: 2 }, cat, "second, better").await;
    world.leave(one, bob).await;
    world.send(one, ann, "third").await;
    world.send(two, bob, "elsewhere").await;
    world.join(one, bob).await;
    world.send(one, bob, "fourth").await;
    world.catch_up(&world.live).await;
    let head = everything(&world.log).await.len() as u64;

    for (who, socket) in &sockets {
        let never_dropped = taken(socket);
        for from in 0..=head {
            let expected: Vec<_> = never_dropped
                .iter()
                .filter(|frame| frame["position"].as_str().unwrap().parse::<u64>().unwrap() > from)
                .cloned()
                .collect();
            for index in 0..=head {
                world.index_stands_at(Some(Position(index)));
                let (frames, _) = world.resume(&world.live, *who, Position(from)).await;
                assert_eq!(short(&frames), short(&expected), "{who} from {from} with an index at {index}");
                assert_eq!(frames, expected, "{who} from {from} with an index at {index}");
            }
        }
    }
}

#[tokio::test]
async fn words_that_were_deleted_since_are_null_in_a_resume() {
    let world = World::new();
    let (room, ann, bob) = (conversation(1), account(1), account(2));
    world.create(room, &[ann, bob]).await;
    world.send(room, ann, "stays").await;
    world.send(room, ann, "goes").await;
    let gone = MessageId { conversation: room, seq: 2 };
    world.edit(gone, ann, "goes, too").await;
    world.leave(room, bob).await;
    world.delete(gone, ann).await;
    let node = world.another_node();
    // Bob left before the deletion and is told nothing of it, but the words are gone for him, too.
    let (frames, _) = world.resume(&node, bob, Position(3)).await;
    assert_eq!(short(&frames), ["message.sent@4", "message.sent@5", "message.edited@6", "member.left@7"]);
    let texts: Vec<_> = frames.iter().map(|frame| frame["data"]["text"].as_str()).collect();
    assert_eq!(texts, [Some("stays"), None, None, None]);
}

#[tokio::test]
async fn how_far_one_has_read_is_sent_once_after_a_resume_and_is_no_place_to_resume_from() {
    let world = World::new();
    let (room, ann) = (conversation(1), account(1));
    world.create(room, &[ann]).await;
    world.read(room, ann, 1).await;
    world.read(room, ann, 2).await;
    let node = world.another_node();
    for (from, index) in [(2, 0), (2, 2), (2, 4), (4, 4)] {
        world.index_stands_at(Some(Position(index)));
        let (frames, _) = world.resume(&node, ann, Position(from)).await;
        assert_eq!(short(&frames), ["read.moved@4"]);
        assert_eq!((&frames[0]["data"]["seq"], &frames[0]["last"]), (&2.into(), &false.into()));
    }
}

#[tokio::test]
async fn a_creation_waits_for_joins_that_may_still_come() {
    let world = World::new();
    let events = world.create(conversation(1), &[account(1), account(2)]).await;
    assert_eq!(complete_len(&events[..1]), 0);
    assert_eq!(complete_len(&events[..2]), 0);
    assert_eq!(complete_len(&events), 0, "more may follow");
    let sent = world.send(conversation(1), account(1), "hi").await;
    let all: Vec<_> = events.into_iter().chain([sent]).collect();
    assert_eq!(complete_len(&all), 4);
    assert_eq!(complete_len(&[]), 0);
}

/// Whoever was connected, and whoever comes back, wherever the index stands.
#[tokio::test]
async fn everybody_is_told_of_an_erasure_and_only_its_own_devices_of_its_request() {
    let world = World::new();
    let (ann, bob) = (account(1), account(2));
    let (hers, his) = (world.connects(ann).await.unwrap(), world.connects(bob).await.unwrap());
    let stream = StreamName::account(ann);
    let erases_at = world.clock.now();
    world.happens(stream.clone(), ErasureRequested { erases_at, reason: None }).await; // 1
    world.happens(stream.clone(), ErasureCancelled {}).await; // 2
    world.happens(stream, AccountErased { account: ann }).await; // 3
    world.catch_up(&world.live).await;
    assert_eq!(short(&taken(&hers)), ["account.updated@1", "account.updated@2", "account.erased@3"]);
    assert_eq!(short(&taken(&his)), ["account.erased@3"]);
    for index in [0, 2, 3] {
        world.index_stands_at(Some(Position(index)));
        let (frames, _) = world.resume(&world.live, bob, Position(0)).await;
        assert_eq!(short(&frames), ["account.erased@3"], "with an index at {index}");
    }
}

#[tokio::test]
async fn public_stories_come_to_their_author_and_not_to_strangers() {
    let world = World::new();
    let (of_ann, of_bob) = (world.connects(account(1)).await.unwrap(), world.connects(account(2)).await.unwrap());
    let story = world.post_story(account(1)).await;
    world.expire_story(story).await;
    world.catch_up(&world.live).await;
    assert_eq!(short(&taken(&of_ann)), ["story.posted@1", "story.expired@2"]);
    assert!(taken(&of_bob).is_empty());
}

/// The mutant that it kills: counting only what the index knows.
#[tokio::test]
async fn an_index_that_is_too_far_behind_makes_a_reset_and_not_an_end() {
    let world = World::new();
    let (room, ann) = (conversation(1), account(1));
    world.create(room, &[ann]).await;
    let sent = || {
        let words = Field::Clear(MessageWords { text: "hi".into(), ..MessageWords::default() });
        (
            StreamName::timeline(room),
            Event::from(MessageSent { sender: ann, reply_to: None, words, mentions: vec![], period: None }),
        )
    };
    world.append((0..RESUME_MAX_FRAMES).map(|_| sent()).collect()).await;
    world.catch_up(&world.live).await;
    world.index_stands_at(Some(Position(2)));
    let reset = |from| world.live.reset(ann, Position(from), None);
    assert_eq!(reset(2).await.unwrap(), None, "one hundred thousand frames are sent");
    world.send(room, ann, "one more").await;
    assert_eq!(reset(2).await.unwrap(), Some(Reset::TooFar));
    assert_eq!(reset(3).await.unwrap(), None);
}

#[tokio::test]
async fn a_full_queue_goes_on_from_the_log_where_it_ended_and_misses_nothing() {
    let world = World::new();
    let (room, ann) = (conversation(1), account(1));
    world.create(room, &[ann]).await;
    world.catch_up(&world.live).await;
    let socket = world.connects(ann).await.unwrap();
    for _ in 0..10 {
        world.send(room, ann, &"x".repeat(40_000)).await;
    }
    world.catch_up(&world.live).await;
    assert!(socket.outbox.bytes() <= FEED_QUEUE_MAX_BYTES);
    let queued = short(&taken(&socket));
    assert_eq!(queued, ["message.sent@3", "message.sent@4", "message.sent@5"]);
    let Standing::Lagging(from) = socket.outbox.standing() else { panic!("it lags") };
    assert_eq!(from, Position(5));
    drop(socket);
    let (frames, _) = world.resume(&world.live, ann, from).await;
    assert_eq!(frames.len(), 7);
    assert_eq!(short(&frames)[0], "message.sent@6");
}

/// What an account is to Ann when her story changes hands decides what it is shown.
#[tokio::test]
async fn who_loses_sight_of_a_story_is_shown_a_deletion() {
    let world = World::new();
    let (ann, bob, cat, dan) = (account(1), account(2), account(3), account(4));
    let mut sockets = Vec::new();
    for who in [ann, bob, cat, dan] {
        sockets.push(world.connects(who).await.unwrap());
    }
    world.happens(StreamName::relationship(bob), AccountFollowed { account: ann }).await; // 1
    world.happens(StreamName::relationship(ann), CloseFriendAdded { account: cat }).await; // 2
    let story = world.post_story_for(ann, StoryPrivacy::Followers).await; // 3
    let stream = StreamName::story(story);
    let turn = |previous, privacy| StoryPrivacyChanged { privacy, previous };
    world.happens(stream.clone(), turn(StoryPrivacy::Followers, StoryPrivacy::CloseFriends)).await; // 4
    world.happens(stream.clone(), turn(StoryPrivacy::CloseFriends, StoryPrivacy::Public)).await; // 5
    let viewed = StoryViewed { story, author: ann, viewer: bob, duration_ms: None };
    world.happens(StreamName::view(Hash16([1; 16])), viewed).await; // 6
    world.happens(stream, StoryDeleted { deleted_by: ann, reason: None }).await; // 7
    world.catch_up(&world.live).await;
    let expected: [&[&str]; 4] = [
        &[
            "relationship.changed@2",
            "story.posted@3",
            "story.privacy_changed@4",
            "story.privacy_changed@5",
            "story.viewed@6",
            "story.deleted@7",
        ],
        &["relationship.changed@1", "story.posted@3", "story.deleted@4", "story.privacy_changed@5", "story.deleted@7"],
        &["story.privacy_changed@4", "story.privacy_changed@5", "story.deleted@7"],
        &[],
    ];
    for ((who, socket), expected) in [ann, bob, cat, dan].iter().zip(&sockets).zip(expected) {
        let frames = taken(socket);
        assert_eq!(short(&frames), expected, "{who}");
        let deletions = frames.iter().filter(|frame| frame["type"] == "story.deleted");
        let data: Vec<_> = deletions.map(|frame| frame["data"].to_string()).collect();
        assert!(data.windows(2).all(|pair| pair[0] == pair[1]), "a loss of sight looks like a deletion: {data:?}");
    }
}

/// Nobody limits how many authors count somebody as a close friend: a socket holds no list of them.
#[tokio::test]
async fn whose_close_friend_one_is_is_looked_up_when_a_story_comes_and_held_by_nobody() {
    let world = World::new();
    let bob = account(2);
    for author in 100..400 {
        world.happens(StreamName::relationship(account(author)), CloseFriendAdded { account: bob }).await;
    }
    world.happens(StreamName::relationship(account(101)), CloseFriendRemoved { account: bob }).await; // 301
    world.catch_up(&world.live).await;
    let early = world.connects(bob).await.unwrap();
    let node = world.another_node();
    let late = world.connects_to(&node, bob).await.unwrap();
    assert_eq!(world.index.seen_by(bob).await.unwrap().sight.places().count(), 0);
    for author in [100, 101, 399] {
        world.post_story_for(account(author), StoryPrivacy::CloseFriends).await; // 302 to 304
    }
    world.happens(StreamName::relationship(account(399)), CloseFriendRemoved { account: bob }).await; // 305
    world.happens(StreamName::relationship(account(101)), CloseFriendAdded { account: bob }).await; // 306
    for author in [399, 101] {
        world.post_story_for(account(author), StoryPrivacy::CloseFriends).await; // 307, 308
    }
    world.catch_up(&world.live).await;
    world.catch_up(&node).await;
    let expected = ["story.posted@302", "story.posted@304", "story.posted@308"];
    assert_eq!(short(&taken(&early)), expected);
    assert_eq!(short(&taken(&late)), expected);
    assert_eq!(world.live.circles.lock().await.known(), 3);
    for index in [0, 303, 306, 308] {
        world.index_stands_at(Some(Position(index)));
        let (frames, _) = world.resume(&world.live, bob, Position(301)).await;
        assert_eq!(short(&frames), expected, "with an index at {index}");
    }
}

#[tokio::test]
async fn a_resume_shows_no_words_of_a_story_that_is_over() {
    let world = World::new();
    let (ann, bob) = (account(1), account(2));
    world.happens(StreamName::relationship(bob), AccountFollowed { account: ann }).await; // 1
    let gone = world.post_story(ann).await; // 2
    world.post_story(ann).await; // 3
    world.happens(StreamName::story(gone), StoryDeleted { deleted_by: ann, reason: None }).await; // 4
    let node = world.another_node();
    let texts = |frames: &[serde_json::Value]| {
        frames.iter().map(|frame| frame["data"]["text"].as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    let (frames, _) = world.resume(&node, bob, Position(1)).await;
    assert_eq!(short(&frames), ["story.posted@2", "story.posted@3", "story.deleted@4"]);
    assert_eq!(texts(&frames), [None, Some("look".to_owned()), None]);
    world.clock.advance_seconds(STORY_LIFE_SECONDS - 1);
    let (frames, _) = world.resume(&node, bob, Position(1)).await;
    assert_eq!(texts(&frames), [None, Some("look".to_owned()), None]);
    world.clock.advance_seconds(1);
    let (frames, _) = world.resume(&node, bob, Position(1)).await;
    assert_eq!(texts(&frames), [None, None, None]);
}

/// Random follows, close friends, hidden stories, tiers and ends: wherever a socket had stopped and whatever the index knew.
#[tokio::test]
async fn a_resume_shows_stories_as_a_socket_that_never_dropped_was_shown_them() {
    const TIERS: [StoryPrivacy; 3] = [StoryPrivacy::Public, StoryPrivacy::Followers, StoryPrivacy::CloseFriends];
    for seed in 1..=6_u64 {
        let world = World::new();
        let people = [account(1), account(2), account(3)];
        let mut sockets = Vec::new();
        for who in people {
            sockets.push((who, world.connects(who).await.unwrap()));
        }
        let mut random = seed;
        let mut dice = move |sides: usize| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) as usize % sides
        };
        let (mut follows, mut friends, mut hides) = (HashSet::new(), HashSet::new(), HashSet::new());
        let mut running: Vec<(StoryId, StoryPrivacy, AccountId)> = Vec::new();
        for step in 0..45_u8 {
            let (one, other) = (dice(3), dice(3));
            let pair = (people[one], people[(one + 1 + other % 2) % 3]);
            let ties = StreamName::relationship(pair.0);
            let at = dice(running.len().max(1));
            match dice(9) {
                8 if hides.insert(pair) => drop(world.happens(ties, StoriesHidden { account: pair.1 }).await),
                8 => {
                    hides.remove(&pair);
                    world.happens(ties, StoriesShown { account: pair.1 }).await;
                }
                0 | 1 if follows.insert(pair) => drop(world.happens(ties, AccountFollowed { account: pair.1 }).await),
                0 | 1 => {
                    follows.remove(&pair);
                    world.happens(ties, AccountUnfollowed { account: pair.1 }).await;
                }
                2 | 3 if friends.insert(pair) => drop(world.happens(ties, CloseFriendAdded { account: pair.1 }).await),
                2 | 3 => {
                    friends.remove(&pair);
                    world.happens(ties, CloseFriendRemoved { account: pair.1 }).await;
                }
                4 | 5 if running.len() < 4 => {
                    let privacy = TIERS[dice(3)];
                    running.push((world.post_story_for(people[one], privacy).await, privacy, people[one]));
                }
                6 if !running.is_empty() => {
                    let (story, previous, _) = running[at];
                    let privacy = TIERS[(previous as usize + 1 + dice(2)) % 3];
                    running[at].1 = privacy;
                    world.happens(StreamName::story(story), StoryPrivacyChanged { privacy, previous }).await;
                }
                7 if !running.is_empty() => {
                    let (story, _, author) = running.swap_remove(at);
                    if dice(2) == 0 {
                        world.expire_story(story).await;
                    } else {
                        world
                            .happens(StreamName::story(story), StoryDeleted { deleted_by: author, reason: None })
                            .await;
                    }
                }
                _ if !running.is_empty() => {
                    let (story, _, author) = running[at];
                    let viewed = StoryViewed { story, author, viewer: people[one], duration_ms: None };
                    world.happens(StreamName::view(Hash16([step; 16])), viewed).await;
                }
                _ => {}
            }
        }
        world.catch_up(&world.live).await;
        let head = everything(&world.log).await.len() as u64;
        let mut shown = 0;
        for (who, socket) in &sockets {
            let never_dropped = taken(socket);
            shown += never_dropped.len();
            for from in (0..=head).step_by(3) {
                let after =
                    |frame: &&serde_json::Value| frame["position"].as_str().unwrap().parse::<u64>().unwrap() > from;
                // Of a story that is over the words are gone; all else is the same.
                let shape = |frame: &serde_json::Value| {
                    let mut frame = frame.clone();
                    frame["data"]["text"] = serde_json::Value::Null;
                    frame
                };
                let expected: Vec<_> = never_dropped.iter().filter(after).map(shape).collect();
                for index in (0..=head).step_by(4).chain([head]) {
                    world.index_stands_at(Some(Position(index)));
                    let (frames, _) = world.resume(&world.live, *who, Position(from)).await;
                    let frames: Vec<_> = frames.iter().map(shape).collect();
                    assert_eq!(frames, expected, "seed {seed}: {who} from {from} with an index at {index}");
                }
            }
        }
        assert!(shown > 10, "seed {seed}: only {shown} frames were compared");
    }
}
