//! Whenever a story is due, then expire it.

use crate::house::{ALICE, House};
use commands::policies::whenever_a_story_is_due_then_expire_it::{DueFault, DueStory, DueWork, run};
use commands::story::post_story::PostStory;
use domain::clock::{Clock, Time};
use domain::event::EventType;
use domain::ids::StoryId;
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
