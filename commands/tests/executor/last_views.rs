//! Views that are under way when a story's time is over: each is refused or stands in the final count.

use crate::house::{ALICE, House, everybody_waits, person};
use commands::execute::{Done, Failure};
use commands::policies::whenever_a_story_is_due_then_expire_it::{DueFault, DueStory, DueWork, run};
use commands::refusal::Refusal;
use commands::story::post_story::PostStory;
use commands::story::view_story::ViewStory;
use domain::clock::{Clock, Time};
use domain::event::Event;
use domain::ids::StoryId;
use domain::limits::STORY_LIFE_SECONDS;
use domain::source::BoxFuture;
use domain::story::values::StoryPrivacy;
use domain::values::StoryText;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const STORY: StoryId = StoryId::new(Uuid::from_u128(77));
const HISTORIES: u64 = 12;
/// For how long appends may be held up, by the clock: longer, and nobody waits for their answers any more.
const HELD_MAX_MILLIS: i64 = 1_500;

/// A schedule and a count as read models give them: of the log as it stood at the question, told a while later.
struct Counted {
    house: House,
    end: Time,
}

impl Counted {
    async fn views(&self) -> u64 {
        let events = self.house.everything().await;
        events.iter().filter(|event| matches!(event.event, Event::StoryViewed(_))).count() as u64
    }
}

impl DueWork for Counted {
    fn due_stories(&self, now: Time, _limit: usize) -> BoxFuture<'_, Result<Vec<DueStory>, DueFault>> {
        Box::pin(async move {
            if now < self.end || final_count(&self.house).await.is_some() {
                return Ok(vec![]);
            }
            let view_count = self.views().await;
            // Whatever can go on meanwhile does.
            self.house.log.release();
            everybody_waits().await;
            Ok(vec![DueStory { story: STORY, view_count }])
        })
    }
}

async fn final_count(house: &House) -> Option<u64> {
    house.everything().await.iter().find_map(|event| match &event.event {
        Event::StoryExpired(expired) => Some(expired.view_count),
        _ => None,
    })
}

/// Somebody's look, and whether the story's time was over when it began.
type Look = (bool, JoinHandle<Result<Done, Failure>>);

async fn a_history(seed: u64) -> (u64, u64) {
    let mut chance = StdRng::seed_from_u64(seed);
    let house = House::empty();
    let text = StoryText::parse("sun").unwrap();
    house.does(ALICE, PostStory { story: STORY, text, caption: None, privacy: StoryPrivacy::Public }).await.unwrap();
    let end = house.clock.now().plus_seconds(STORY_LIFE_SECONDS);
    house.clock.set(end.plus_seconds(-2));
    let stop = CancellationToken::new();
    let work = Arc::new(Counted { house: house.clone(), end });
    let policy = house.tracker.spawn(run(house.executor.clone(), work, stop.clone()));
    let (mut looks, mut held_millis) = (Vec::<Look>::new(), None);
    for viewer in 1..=40_u128 {
        if chance.random_bool(0.3) {
            house.log.hold();
            held_millis.get_or_insert(0);
        }
        for twice in 0..chance.random_range(1..=2) {
            let is_over = house.clock.now() >= end;
            let view = ViewStory { story: STORY, duration_ms: Some(twice) };
            looks.push((is_over, house.begins(person(1_000 + viewer), view)));
        }
        if chance.random_bool(0.7) {
            everybody_waits().await;
        }
        let millis = if chance.random_bool(0.1) { 400 } else { chance.random_range(0..120) };
        house.clock.set(Time::from_micros(house.clock.now().micros() + millis * 1_000));
        held_millis = held_millis.map(|held: i64| held + millis);
        if held_millis.is_some_and(|held| held + 400 > HELD_MAX_MILLIS) || chance.random_bool(0.2) {
            house.log.release();
            held_millis = None;
            everybody_waits().await;
        }
        // The policy has its own time.
        tokio::time::advance(Duration::from_millis(chance.random_range(0..600))).await;
    }
    house.log.release();
    everybody_waits().await;
    house.clock.set(end.plus_seconds(5));
    while final_count(&house).await.is_none() {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let (mut acknowledged, mut refused) = (0, 0);
    for (was_over, look) in looks {
        match look.await.unwrap() {
            Ok(done) => {
                assert!(!was_over, "seed {seed}: a look that began after the end was acknowledged");
                acknowledged += done.events.len() as u64;
            }
            Err(Failure::Refused(Refusal::NotFound(_), _)) => refused += 1,
            Err(failure) => panic!("seed {seed}: {failure:?}"),
        }
    }
    assert_eq!(
        final_count(&house).await,
        Some(acknowledged),
        "seed {seed}: the final count is of what was acknowledged"
    );
    stop.cancel();
    policy.await.unwrap();
    (acknowledged, refused)
}

#[tokio::test(start_paused = true)]
async fn a_look_that_is_under_way_at_the_end_of_a_story_is_refused_or_counted() {
    let (mut acknowledged, mut refused) = (0, 0);
    for seed in 0..HISTORIES {
        let (more, fewer) = a_history(seed).await;
        acknowledged += more;
        refused += fewer;
    }
    assert!(acknowledged > 20 * HISTORIES / 4 && refused > HISTORIES, "{acknowledged} acknowledged, {refused} refused");
}
