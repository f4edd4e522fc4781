//! What the actor saw must still be so.

use crate::house::{ALICE, CAROL, House, ROOM, everybody_waits, say};
use commands::command::Envelope;
use commands::execute::{Done, Failure};
use commands::log::Expected;
use commands::message::edit_message::EditMessage;
use commands::refusal::Refusal;
use domain::ids::{AccountId, MessageId};
use domain::values::MessageText;
use uuid::Uuid;

async fn edit(house: &House, who: AccountId, expected: Expected, text: &str) -> Result<Done, Failure> {
    let message = MessageId { conversation: ROOM, seq: 1 };
    let content = MessageText::parse(text).unwrap().into();
    let envelope = Envelope { expected: Some(expected), ..Envelope::of(who, Uuid::nil()) };
    house.executor.execute(EditMessage { message, content, mentions: vec![], all_max_members: 100 }, envelope).await
}

fn is_overtaken(result: &Result<Done, Failure>) -> bool {
    matches!(result, Err(Failure::Refused(Refusal::Overtaken, _)))
}

#[tokio::test]
async fn a_command_on_another_revision_than_the_actor_saw_is_refused() {
    let house = House::with_group().await;
    house.does(CAROL, say("one")).await.unwrap();
    edit(&house, CAROL, Expected::NoStream, "two").await.unwrap();
    assert!(is_overtaken(&edit(&house, CAROL, Expected::NoStream, "three").await));
    edit(&house, CAROL, Expected::Exactly(0), "three").await.unwrap();
    let stranger = edit(&house, ALICE, Expected::NoStream, "four").await;
    assert!(matches!(stranger, Err(Failure::Refused(Refusal::NotPermitted, _))), "who may not do it learns no more");
}

#[tokio::test]
async fn of_two_who_saw_the_same_one_is_first() {
    let house = House::with_group().await;
    house.does(CAROL, say("one")).await.unwrap();
    house.log.hold();
    let both = ["two", "three", "four"].map(|text| {
        let house = house.clone();
        house.tracker.clone().spawn(async move { edit(&house, CAROL, Expected::NoStream, text).await })
    });
    everybody_waits().await;
    house.log.release();
    let mut overtaken = 0;
    for one in both {
        overtaken += usize::from(is_overtaken(&one.await.unwrap()));
    }
    assert_eq!(overtaken, 2);
}
