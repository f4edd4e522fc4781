//! Whenever a story is due, then expire it; whenever messages are over age, then purge them.

use crate::house::{ALICE, BOB, House, ROOM, say};
use commands::conversation::change_retention::ChangeRetention;
use commands::conversation::purge_messages::PurgeMessages;
use commands::policies::whenever_a_story_is_due_then_expire_it::{DueFault, DueStory, DueWork, run};
use commands::policies::whenever_messages_are_over_age_then_purge_them as purge;
use commands::policies::whenever_messages_are_over_age_then_purge_them::{DueMessages, PurgeFault, PurgeWork};
use commands::story::post_story::PostStory;
use domain::clock::{Clock, Time};
use domain::conversation::values::RetentionDays;
use domain::event::{Event, EventType};
use domain::ids::{Position, StoryId};
use domain::limits::STORY_LIFE_SECONDS;
use domain::source::BoxFuture;
use domain::story::values::StoryPrivacy;
use domain::values::StoryText;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const STORY: StoryId = StoryId::new(Uuid::from_u128(77));

/// A schedule that is always behind: it names the story for ever, once it is due.
struct Behind(Time);

impl DueWork for Behind {
    fn due_stories(&self, now: Time, _limit: usize) -> BoxFuture<'_, Result<Vec<DueStory>, DueFault>> {
        let due = if now >= self.0 { vec![DueStory { story: STORY, view_count: 3 }] } else { vec![] };
        Box::pin(std::future::ready(Ok(due)))
    }
}

async fn ends(house: &House) -> usize {
    let is_end = |event: &&Arc<domain::recorded::Recorded>| event.event.event_type() == EventType::StoryExpired;
    house.everything().await.iter().filter(is_end).count()
}

#[tokio::test(start_paused = true)]
async fn a_due_story_expires_once_however_often_it_is_due() {
    let house = House::empty();
    let text = StoryText::parse("sun").unwrap();
    let post = PostStory { story: STORY, text, caption: None, privacy: StoryPrivacy::Public };
    house.does(ALICE, post).await.unwrap();
    let due = house.clock.now().plus_seconds(STORY_LIFE_SECONDS);
    let stop = CancellationToken::new();
    let policy = house.tracker.spawn(run(house.executor.clone(), Arc::new(Behind(due)), stop.clone()));
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(ends(&house).await, 0);
    house.clock.set(due.plus_seconds(1));
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(ends(&house).await, 0, "views of the last moment may still be on their way");
    house.clock.set(due.plus_seconds(2));
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(ends(&house).await, 1);
    stop.cancel();
    policy.await.unwrap();
}

/// A read model that is always behind: it names the same messages for ever.
struct Stuck(Vec<u32>);

impl PurgeWork for Stuck {
    fn over_age(&self, _: Time, _: Position, _: usize) -> BoxFuture<'_, Result<Vec<DueMessages>, PurgeFault>> {
        let due = DueMessages { conversation: ROOM, through_seq: 2, periods: self.0.clone() };
        Box::pin(std::future::ready(Ok(vec![due])))
    }
}

const DAY_SECONDS: i64 = 24 * 60 * 60;

/// Two messages in a group that keeps them for a day; gives their period.
async fn two_messages(house: &House) -> u32 {
    let days = Some(RetentionDays::parse(1).unwrap());
    house.does(ALICE, ChangeRetention { conversation: ROOM, days, reason: None }).await.unwrap();
    for text in ["one", "two"] {
        house.does(ALICE, say(text)).await.unwrap();
    }
    period_of(house, 0).await
}

async fn period_of(house: &House, index: usize) -> u32 {
    match &house.messages().await[index].event {
        Event::MessageSent(sent) => sent.period.unwrap(),
        other => panic!("{other:?}"),
    }
}

async fn purges(house: &House) -> Vec<Event> {
    let all = house.everything().await;
    let of_purges = all.iter().map(|event| event.event.clone());
    of_purges.filter(|event| matches!(event, Event::MessagesPurged(_) | Event::KeyDestroyed(_))).collect()
}

#[tokio::test(start_paused = true)]
async fn two_policies_at_once_purge_once_and_destroy_the_key_once() {
    let house = House::with_group().await;
    let period = two_messages(&house).await;
    let stop = CancellationToken::new();
    let both = [house.clone(), house.restarted()].map(|house| {
        let (executor, work) = (house.executor.clone(), Arc::new(Stuck(vec![period])));
        house.tracker.spawn(purge::run(executor, work, stop.clone()))
    });
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert!(purges(&house).await.is_empty(), "not yet over age");
    house.clock.set(house.clock.now().plus_seconds(DAY_SECONDS));
    tokio::time::sleep(Duration::from_secs(30)).await;
    let purged = purges(&house).await;
    let [Event::MessagesPurged(purged), Event::KeyDestroyed(destroyed)] = &purged[..] else { panic!("{purged:?}") };
    assert_eq!((purged.through_seq, purged.count, purged.through_period), (2, 2, period));
    assert_eq!(destroyed.key.generation, period);
    stop.cancel();
    for policy in both {
        policy.await.unwrap();
    }
    house.does(BOB, say("three")).await.unwrap();
    assert_eq!(period_of(&house, 2).await, period + 1, "a destroyed period is not used again");
}

/// The last message of all takes its period's key along only if no other is sent at the same moment.
#[tokio::test]
async fn a_message_that_is_sent_while_all_others_are_purged_keeps_its_key() {
    let house = House::with_group().await;
    let period = two_messages(&house).await;
    let sender = house.restarted();
    // Of the same day, as a clock that is behind says, but decided at the same moment.
    house.clock.set(house.clock.now().plus_seconds(DAY_SECONDS));
    let purge = PurgeMessages { conversation: ROOM, through_seq: 2, periods: vec![period] };
    let (purged, sent) = tokio::join!(house.does(ALICE, purge), sender.does(BOB, say("three")));
    purged.unwrap();
    sent.unwrap();
    let purges = purges(&house).await;
    let destroyed = purges.iter().filter_map(|event| match event {
        Event::KeyDestroyed(destroyed) => Some(destroyed.key.generation),
        _ => None,
    });
    assert!(destroyed.max() < Some(period_of(&house, 2).await));
}
