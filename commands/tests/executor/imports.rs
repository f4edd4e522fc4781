//! Imports: original times, lifted rules, and nothing twice.

use crate::house::{CAROL, DAVE, House, ROOM, say};
use commands::command::{Command, Envelope, Import};
use commands::conversation::join_conversation::JoinConversation;
use commands::execute::{Done, Failure};
use commands::message::edit_message::EditMessage;
use domain::clock::Time;
use domain::event::EventType;
use domain::ids::{AccountId, Hash16, MessageId};
use domain::stream::StreamName;
use domain::values::MessageText;

async fn import(house: &House, actor: AccountId, at: i64, step: u64, command: impl Command) -> Result<Done, Failure> {
    let stream = StreamName::import(Hash16([7; 16]));
    let import = Some(Import { stream, at: Time::from_micros(at), step });
    house.executor.execute(command, Envelope { actor: Some(actor), import, ..Envelope::default() }).await
}

#[tokio::test]
async fn an_import_keeps_the_times_and_a_repeat_adds_nothing() {
    let house = House::with_group().await;
    for run in 0..2 {
        // The second run is another process.
        let house = house.restarted();
        let joined = import(&house, DAVE, 50, 0, JoinConversation { conversation: ROOM }).await.unwrap();
        let first = import(&house, DAVE, 50, 1, say("one")).await.unwrap();
        let second = import(&house, CAROL, 60, 0, say("two")).await.unwrap();
        let content = MessageText::parse("one").unwrap().into();
        let message = MessageId { conversation: ROOM, seq: 1 };
        let unchanged = EditMessage { message, content, mentions: vec![], all_max_members: 100 };
        let edited = import(&house, CAROL, 70, 0, unchanged).await.unwrap();
        let counts = [joined, first, second, edited].map(|done| done.events.len());
        assert_eq!(counts, if run == 0 { [2; 4] } else { [0; 4] });
    }
    let messages = house.messages().await;
    let times: Vec<_> = messages.iter().map(|message| message.occurred_at.micros()).collect();
    assert_eq!(times, [50, 60]);
    assert!(messages[0].recorded_at > messages[0].occurred_at);
    let advanced = |event: &&std::sync::Arc<domain::recorded::Recorded>| {
        event.event.event_type() == EventType::ImportAdvanced && event.occurred_at.micros() <= 70
    };
    assert_eq!(house.everything().await.iter().filter(advanced).count(), 4);
}

#[tokio::test]
async fn what_is_refused_does_not_advance_the_import() {
    let house = House::with_group().await;
    let reply = commands::message::send_message::SendMessage { reply_to: Some(9), ..say("late") };
    assert!(matches!(import(&house, CAROL, 50, 0, reply).await, Err(Failure::Refused(..))));
    assert_eq!(import(&house, CAROL, 50, 0, say("late")).await.unwrap().events.len(), 2);
}
