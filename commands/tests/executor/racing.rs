//! Commands at the same instant from several processes: who is removed speaks before leaving or not at all; the last
//! places of a group are given once; a deleted message is not pinned.

use crate::house::{ALICE, BOB, CAROL, House, ROOM, another_process_appends, person, say};
use commands::conversation::add_member::AddMember;
use commands::conversation::pin_message::PinMessage;
use commands::conversation::remove_member::RemoveMember;
use commands::execute::Failure;
use commands::message::delete_message::DeleteMessage;
use commands::refusal::Refusal;
use domain::conversation::event::MemberJoined;
use domain::conversation::values::MemberRole;
use domain::event::Event;
use domain::ids::MessageId;
use domain::limits::GROUP_MAX_MEMBERS;
use domain::stream::StreamName;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::BTreeSet;

const ROUNDS: usize = 300;

#[expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a random run prints its seed, and SEED puts it back"
)]
fn seeded() -> StdRng {
    let given = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = given.unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().0);
    println!("SEED={seed}");
    StdRng::seed_from_u64(seed)
}

async fn dawdle(turns: usize) {
    for _ in 0..turns {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_speaks_after_leaving() {
    let mut rng = seeded();
    let house = House::with_group().await;
    let (mut sent, mut refused) = (0, 0);
    for _ in 0..ROUNDS {
        let add = AddMember { conversation: ROOM, account: CAROL, role: MemberRole::Member };
        house.does(ALICE, add).await.unwrap();
        let senders: Vec<_> = (0..4)
            .map(|_| {
                // Half of them come from another process, whose cache knows nothing of this one.
                let house = if rng.random() { house.clone() } else { house.restarted() };
                let turns = rng.random_range(0..20);
                house.tracker.clone().spawn(async move {
                    dawdle(turns).await;
                    house.does(CAROL, say("hi")).await
                })
            })
            .collect();
        dawdle(rng.random_range(0..20)).await;
        let remove = RemoveMember { conversation: ROOM, account: CAROL };
        house.does(ALICE, remove).await.unwrap();
        for sender in senders {
            match sender.await.unwrap() {
                Ok(_) => sent += 1,
                Err(Failure::Refused(..)) => refused += 1,
                Err(failure) => panic!("{failure:?}"),
            }
        }
    }
    let mut is_member = true;
    for recorded in house.everything().await {
        match &recorded.event {
            Event::MemberJoined(e) if e.account == CAROL => is_member = true,
            Event::MemberLeft(e) if e.account == CAROL => is_member = false,
            Event::MessageSent(_) => assert!(is_member, "spoke at {} after leaving", recorded.position),
            _ => {}
        }
    }
    let messages = house.messages().await;
    assert_eq!(messages.len(), sent);
    assert!(messages.iter().enumerate().all(|(n, message)| message.revision == n as u64));
    assert!(sent > 0 && refused > 0, "the race was never close: {sent} sent, {refused} refused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_last_two_places_of_a_group_are_given_to_two() {
    let mut rng = seeded();
    let house = House::with_group().await;
    let newcomers = 40_u128;
    for n in 0..newcomers {
        house.register(person(0x1000 + n), &format!("new_{n}")).await;
    }
    for n in 3..GROUP_MAX_MEMBERS as u128 - 2 {
        let joined = MemberJoined { account: person(0x2000 + n), role: MemberRole::Member };
        another_process_appends(&house.log.inner, StreamName::conversation(ROOM), joined);
    }
    let others: Vec<_> = (0..4).map(|_| house.restarted()).collect();
    let adds: Vec<_> = (0..newcomers)
        .map(|n| {
            let (house, turns) = (others[n as usize % others.len()].clone(), rng.random_range(0..20));
            house.tracker.clone().spawn(async move {
                dawdle(turns).await;
                let add = AddMember { conversation: ROOM, account: person(0x1000 + n), role: MemberRole::Member };
                house.does(ALICE, add).await
            })
        })
        .collect();
    let mut added = 0;
    for add in adds {
        match add.await.unwrap() {
            Ok(_) => added += 1,
            Err(Failure::Refused(Refusal::GroupFull, _)) => {}
            Err(failure) => panic!("{failure:?}"),
        }
    }
    let (mut members, mut most) = (BTreeSet::new(), 0);
    for recorded in house.everything().await {
        match &recorded.event {
            Event::MemberJoined(e) => drop(members.insert(e.account)),
            Event::MemberLeft(e) => drop(members.remove(&e.account)),
            _ => {}
        }
        most = most.max(members.len());
    }
    assert_eq!((added, members.len(), most), (2, GROUP_MAX_MEMBERS, GROUP_MAX_MEMBERS));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_message_that_is_pinned_as_it_is_deleted_is_not_pinned_in_the_end() {
    let mut rng = seeded();
    let house = House::with_group().await;
    let (mut pinned_first, mut deleted_first) = (0, 0);
    for seq in 1..=ROUNDS as u64 {
        house.does(CAROL, say("hi")).await.unwrap();
        let message = MessageId { conversation: ROOM, seq };
        let (other, turns) = (house.restarted(), rng.random_range(0..30));
        let pins = house.tracker.spawn(async move {
            dawdle(turns).await;
            other.does(BOB, PinMessage { message }).await
        });
        dawdle(rng.random_range(0..30)).await;
        house.does(ALICE, DeleteMessage { message, reason: None }).await.unwrap();
        match pins.await.unwrap() {
            Ok(_) => pinned_first += 1,
            Err(Failure::Refused(Refusal::MessageDeleted, _)) => deleted_first += 1,
            Err(failure) => panic!("{failure:?}"),
        }
    }
    let mut pins = BTreeSet::new();
    for recorded in house.everything().await {
        match &recorded.event {
            Event::MessagePinned(e) => drop(pins.insert(e.seq)),
            Event::MessageUnpinned(e) => drop(pins.remove(&e.seq)),
            _ => {}
        }
    }
    assert!(pins.is_empty(), "{pins:?} are deleted and pinned");
    assert!(pinned_first > 0 && deleted_first > 0, "the race was never close: {pinned_first} {deleted_first}");
}
