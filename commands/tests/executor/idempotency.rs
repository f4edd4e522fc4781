//! A repeat of a command is the same command.

use crate::house::{ALICE, BOB, CAROL, DAVE, House, ROOM, everybody_waits, person, say};
use commands::conversation::add_member::AddMember;
use commands::conversation::create_conversation::CreateGroup;
use commands::execute::Failure;
use domain::conversation::values::{MemberRole, PrivacyMode};
use domain::ids::ConversationId;
use domain::values::ConversationName;
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_key_fifty_times_at_once_is_one_message_and_forty_nine_replays() {
    let house = House::with_group().await;
    let all: Vec<_> = (0..50).map(|_| house.begins_with_key(CAROL)).collect();
    let mut replays = 0;
    for one in all {
        let done = one.await.unwrap().unwrap();
        assert_eq!((done.events.len(), done.events[0].revision), (1, 0));
        assert_eq!(done.position, done.events[0].position);
        replays += usize::from(done.replayed);
    }
    assert_eq!((replays, house.messages().await.len()), (49, 1));
}

#[tokio::test]
async fn a_repeat_after_a_restart_is_answered_from_the_log() {
    let house = House::with_group().await;
    let first = house.with_key(CAROL, "k", "hi", say("hi")).await.unwrap();
    let again = house.restarted().with_key(CAROL, "k", "hi", say("hi")).await.unwrap();
    assert!(!first.replayed && again.replayed);
    assert_eq!(first.events, again.events);
    assert!(first.events[0].fingerprint.is_some());
}

#[tokio::test]
async fn the_same_key_with_another_body_is_refused() {
    let house = House::with_group().await;
    house.with_key(CAROL, "k", "hi", say("hi")).await.unwrap();
    assert!(matches!(house.with_key(CAROL, "k", "ho", say("ho")).await, Err(Failure::KeyReused(_))));
    assert_eq!(house.messages().await.len(), 1);
}

#[tokio::test]
async fn a_key_belongs_to_one_account_and_one_command() {
    let house = House::with_group().await;
    assert!(!house.with_key(CAROL, "k", "hi", say("hi")).await.unwrap().replayed);
    assert!(!house.with_key(BOB, "k", "hi", say("hi")).await.unwrap().replayed);
    let add = AddMember { conversation: ROOM, account: DAVE, role: MemberRole::Member };
    assert!(!house.with_key(BOB, "k", "hi", add).await.unwrap().replayed);
}

#[tokio::test]
async fn all_events_of_a_unit_are_replayed() {
    let house = House::with_group().await;
    let members: Vec<_> = (1000..1030).map(person).collect();
    for (n, member) in members.iter().enumerate() {
        house.register(*member, &format!("person{n}")).await;
    }
    let group = |id| CreateGroup {
        conversation: ConversationId::new(Uuid::from_u128(id)),
        name: ConversationName::parse("Big").unwrap(),
        description: None,
        members: members.clone(),
        privacy_mode: PrivacyMode::Searchable,
    };
    let first = house.with_key(ALICE, "k", "big", group(1)).await.unwrap();
    // The repeat comes with another fresh id, as a repeat over HTTP does.
    let again = house.with_key(ALICE, "k", "big", group(2)).await.unwrap();
    assert_eq!((first.events.len(), again.replayed), (32, true));
    assert_eq!((first.events, first.position), (again.events, again.position));
}

#[tokio::test]
async fn a_refusal_is_not_remembered() {
    let house = House::with_group().await;
    assert!(matches!(house.with_key(DAVE, "k", "hi", say("hi")).await, Err(Failure::Refused(..))));
    let add = AddMember { conversation: ROOM, account: DAVE, role: MemberRole::Member };
    house.does(BOB, add).await.unwrap();
    assert!(!house.with_key(DAVE, "k", "hi", say("hi")).await.unwrap().replayed);
}

#[tokio::test]
async fn who_waited_for_a_command_that_failed_goes_first_himself() {
    let house = House::with_group().await;
    house.log.hold();
    let both: Vec<_> = (0..2).map(|_| house.begins_with_key(CAROL)).collect();
    everybody_waits().await;
    house.log.fail_next(commands::log::LogFault::Full);
    house.log.release();
    let mut answers = vec![];
    for one in both {
        answers.push(one.await.unwrap());
    }
    assert!(matches!(&answers[0], Err(Failure::Log(_))));
    assert!(matches!(&answers[1], Ok(done) if !done.replayed));
    assert_eq!(house.messages().await.len(), 1);
}

#[tokio::test]
async fn a_key_stays_claimed_when_its_caller_goes_away() {
    let house = House::with_group().await;
    house.log.hold();
    let first = house.begins_with_key(CAROL);
    everybody_waits().await;
    first.abort();
    everybody_waits().await;
    let second = house.begins_with_key(CAROL);
    everybody_waits().await;
    house.log.release();
    assert!(second.await.unwrap().unwrap().replayed);
    assert_eq!(house.messages().await.len(), 1);
}
