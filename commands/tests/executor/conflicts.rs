//! Others change what a decision rests on.

use crate::house::{
    ALICE, BOB, CAROL, DAVE, House, ROOM, another_process_appends, another_process_appends_as, everybody_waits, say,
};
use commands::conversation::add_member::AddMember;
use commands::conversation::remove_member::RemoveMember;
use commands::execute::Failure;
use commands::log::LogFault;
use commands::refusal::{Missing, Refusal};
use domain::conversation::event::{MemberJoined, MemberLeft, MemberRoleChanged};
use domain::conversation::values::MemberRole;
use domain::ids::EventId;
use domain::limits::CONFLICT_MAX_RETRIES;
use domain::message::event::MessageSent;
use domain::proto::message::v1::MessageWords;
use domain::stream::StreamName;
use domain::words::{Field, Purpose, Words};

const NOT_FOUND: Refusal = Refusal::NotFound(Missing::Conversation);

fn room() -> StreamName {
    StreamName::conversation(ROOM)
}

fn somebody_said() -> MessageSent {
    MessageSent {
        sender: ALICE,
        reply_to: None,
        words: Field::Clear(MessageWords::default()),
        mentions: vec![],
        period: None,
    }
}

#[tokio::test]
async fn a_member_whom_another_process_removed_cannot_send() {
    let house = House::with_group().await;
    house.does(CAROL, say("hi")).await.unwrap();
    another_process_appends(&house.log.inner, room(), MemberLeft { account: CAROL });
    assert!(matches!(house.does(CAROL, say("hi")).await, Err(Failure::Refused(refusal, _)) if refusal == NOT_FOUND));
    assert_eq!(house.messages().await.len(), 1);
}

#[tokio::test]
async fn a_refusal_on_a_stale_state_is_decided_again() {
    let house = House::with_group().await;
    assert!(matches!(house.does(DAVE, say("hi")).await, Err(Failure::Refused(..))));
    another_process_appends(&house.log.inner, room(), MemberJoined { account: DAVE, role: MemberRole::Member });
    house.does(DAVE, say("hi")).await.unwrap();
}

#[tokio::test]
async fn already_so_on_a_stale_state_is_decided_again() {
    let house = House::with_group().await;
    let add = || AddMember { conversation: ROOM, account: CAROL, role: MemberRole::Member };
    assert!(house.does(ALICE, add()).await.unwrap().events.is_empty());
    another_process_appends(&house.log.inner, room(), MemberLeft { account: CAROL });
    assert_eq!(house.does(ALICE, add()).await.unwrap().events.len(), 1);
}

#[tokio::test]
async fn a_batch_that_another_process_overtook_is_decided_again_in_order() {
    let house = House::with_group().await;
    house.does(CAROL, say("one")).await.unwrap();
    house.log.hold();
    let first = house.begins(CAROL, say("held"));
    everybody_waits().await;
    let later: Vec<_> = (0..5).map(|n| house.begins(CAROL, say(&n.to_string()))).collect();
    everybody_waits().await;
    another_process_appends(&house.log.inner, StreamName::timeline(ROOM), somebody_said());
    house.log.release();
    assert_eq!(first.await.unwrap().unwrap().events[0].revision, 2);
    for (n, sent) in later.into_iter().enumerate() {
        assert_eq!(sent.await.unwrap().unwrap().events[0].revision, 3 + n as u64);
    }
}

#[tokio::test]
async fn after_a_unit_that_falls_those_before_it_stand_and_those_after_it_are_decided_again() {
    let house = House::with_group().await;
    house.log.hold();
    let held = house.begins(CAROL, say("held"));
    everybody_waits().await;
    let before = house.begins(CAROL, say("before"));
    everybody_waits().await;
    let keyed = house.begins_with_key(CAROL);
    everybody_waits().await;
    let after = house.begins(CAROL, say("after"));
    everybody_waits().await;
    // Another process is first with the same key, after this one has looked for it.
    let carol = CAROL.uuid();
    let parts: [&[u8]; 4] = [carol.as_bytes(), b"SendMessage", b"k", &0_u32.to_be_bytes()];
    let id = EventId::new(commands::log::clear_words::ClearWords.hash(Purpose::CommandEvent, &parts).uuid());
    another_process_appends_as(
        &house.log.inner,
        id,
        StreamName::story(domain::ids::StoryId::new(ROOM.uuid())),
        somebody_said(),
    );
    house.log.release();
    assert_eq!(held.await.unwrap().unwrap().events[0].revision, 0);
    assert_eq!(before.await.unwrap().unwrap().events[0].revision, 1);
    // That event has another fingerprint (none), so the key was used for something else.
    assert!(matches!(keyed.await.unwrap(), Err(Failure::KeyReused(_))));
    assert_eq!(after.await.unwrap().unwrap().events[0].revision, 2);
    assert_eq!(*house.log.calls.lock(), [1, 3, 1]);
}

#[tokio::test]
async fn who_is_overtaken_every_time_is_told_so() {
    let house = House::with_group().await;
    house.log.meddle(|log| another_process_appends(log, StreamName::timeline(ROOM), somebody_said()));
    assert!(matches!(house.does(CAROL, say("hi")).await, Err(Failure::Contended)));
    assert_eq!(house.log.calls.lock().len(), CONFLICT_MAX_RETRIES + 1);
}

fn remove_bob() -> RemoveMember {
    RemoveMember { conversation: ROOM, account: BOB }
}

fn add_dave() -> AddMember {
    AddMember { conversation: ROOM, account: DAVE, role: MemberRole::Member }
}

#[tokio::test]
async fn a_refusal_that_rests_on_a_pending_unit_stands_once_that_is_durable() {
    let house = House::with_group().await;
    house.log.hold();
    let held = house.begins(ALICE, RemoveMember { conversation: ROOM, account: CAROL });
    everybody_waits().await;
    let removed = house.begins(ALICE, remove_bob());
    everybody_waits().await;
    let added = house.begins(BOB, add_dave());
    everybody_waits().await;
    assert!(!added.is_finished());
    house.log.release();
    held.await.unwrap().unwrap();
    removed.await.unwrap().unwrap();
    assert!(matches!(added.await.unwrap(), Err(Failure::Refused(refusal, _)) if refusal == NOT_FOUND));
}

#[tokio::test]
async fn a_refusal_that_rests_on_a_unit_that_falls_is_decided_again() {
    let house = House::with_group().await;
    house.log.hold();
    let held = house.begins(ALICE, RemoveMember { conversation: ROOM, account: CAROL });
    everybody_waits().await;
    let removed = house.begins(ALICE, remove_bob());
    everybody_waits().await;
    let added = house.begins(BOB, add_dave());
    everybody_waits().await;
    // Bob is an owner by the time that Alice's removal is appended.
    another_process_appends(&house.log.inner, room(), MemberRoleChanged { account: BOB, role: MemberRole::Owner });
    house.log.release();
    held.await.unwrap().unwrap();
    assert!(matches!(removed.await.unwrap(), Err(Failure::Refused(Refusal::NotPermitted, _))));
    assert_eq!(added.await.unwrap().unwrap().events.len(), 1);
}

#[tokio::test]
async fn a_refusal_that_rests_on_a_unit_without_an_answer_has_none_either() {
    let house = House::with_group().await;
    house.log.hold();
    let held = house.begins(ALICE, RemoveMember { conversation: ROOM, account: CAROL });
    everybody_waits().await;
    let removed = house.begins(ALICE, remove_bob());
    everybody_waits().await;
    let added = house.begins(BOB, add_dave());
    everybody_waits().await;
    house.log.release();
    held.await.unwrap().unwrap();
    house.log.fail_next(LogFault::Full);
    assert!(matches!(removed.await.unwrap(), Err(Failure::Log(_))));
    assert!(matches!(added.await.unwrap(), Err(Failure::Log(_))));
    house.does(BOB, add_dave()).await.unwrap();
}
