//! A member is removed at the same instant as he sends: his message stands before his leaving or not at all.

use crate::house::{ALICE, CAROL, House, ROOM, say};
use commands::conversation::add_member::AddMember;
use commands::conversation::remove_member::RemoveMember;
use commands::execute::Failure;
use domain::conversation::values::MemberRole;
use domain::event::Event;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

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
                Err(Failure::Refused(_)) => refused += 1,
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
