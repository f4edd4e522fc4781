//! Read watermarks are merged for two seconds.

use crate::house::{ALICE, CAROL, DAVE, House, ROOM, say};
use commands::command::Envelope;
use commands::conversation::mark_read::MarkRead;
use commands::conversation::read_marks::{MERGE_FOR, ReadMarks};
use commands::execute::{Done, Failure};
use domain::event::Event;
use domain::ids::AccountId;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

async fn talk(messages: usize) -> (House, Arc<ReadMarks>, CancellationToken) {
    let house = House::with_group().await;
    for _ in 0..messages {
        house.does(ALICE, say("hi")).await.unwrap();
    }
    let stop = CancellationToken::new();
    let marks = ReadMarks::new(house.executor.clone(), &house.tracker, stop.clone());
    (house, marks, stop)
}

async fn mark(marks: &ReadMarks, who: AccountId, seq: u64) -> Result<Done, Failure> {
    marks.mark(MarkRead { conversation: ROOM, seq }, Envelope::of(who, Uuid::nil())).await
}

async fn moves(house: &House) -> Vec<u64> {
    let moved = |event: &Event| if let Event::ReadMoved(e) = event { Some(e.seq) } else { None };
    house.everything().await.iter().filter_map(|recorded| moved(&recorded.event)).collect()
}

#[tokio::test(start_paused = true)]
async fn the_first_is_appended_at_once_and_later_ones_as_the_greatest() {
    let (house, marks, _stop) = talk(9).await;
    for seq in [1, 3, 7, 5] {
        mark(&marks, CAROL, seq).await.unwrap();
    }
    assert_eq!(moves(&house).await, [1]);
    tokio::time::sleep(MERGE_FOR * 2).await;
    assert_eq!(moves(&house).await, [1, 7]);
    tokio::time::sleep(MERGE_FOR * 2).await;
    mark(&marks, CAROL, 8).await.unwrap();
    assert_eq!(moves(&house).await, [1, 7, 8]);
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_appended_when_the_process_stops() {
    let (house, marks, stop) = talk(9).await;
    mark(&marks, CAROL, 1).await.unwrap();
    mark(&marks, CAROL, 9).await.unwrap();
    stop.cancel();
    house.tracker.close();
    house.tracker.wait().await;
    assert_eq!(moves(&house).await, [1, 9]);
    mark(&marks, ALICE, 3).await.unwrap();
    mark(&marks, ALICE, 4).await.unwrap();
    assert_eq!(moves(&house).await, [1, 9, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn what_is_merged_is_refused_at_once_when_it_must_be() {
    let (house, marks, _stop) = talk(2).await;
    mark(&marks, CAROL, 1).await.unwrap();
    assert!(matches!(mark(&marks, CAROL, 3).await, Err(Failure::Refused(..))));
    assert!(matches!(mark(&marks, DAVE, 1).await, Err(Failure::Refused(..))));
    assert!(matches!(mark(&marks, DAVE, 1).await, Err(Failure::Refused(..))));
    tokio::time::sleep(MERGE_FOR * 2).await;
    assert_eq!(moves(&house).await, [1]);
}

#[tokio::test(start_paused = true)]
async fn a_watermark_that_the_log_does_not_take_comes_again() {
    let (house, marks, _stop) = talk(2).await;
    mark(&marks, CAROL, 1).await.unwrap();
    mark(&marks, CAROL, 2).await.unwrap();
    house.log.fail_next(commands::log::LogFault::Full);
    tokio::time::sleep(MERGE_FOR + MERGE_FOR / 2).await;
    assert_eq!(moves(&house).await, [1]);
    tokio::time::sleep(MERGE_FOR).await;
    assert_eq!(moves(&house).await, [1, 2]);
}
