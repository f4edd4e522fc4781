//! What is kept of notifications, and what goes.

use crate::testing::script::{Script, account, message};
use crate::testing::world::{Place, World};
use domain::account::event::AccountErased;
use domain::conversation::values::{MembershipSettings, Mute, Notify};
use domain::limits::NOTIFICATIONS_PER_ACCOUNT_MAX;
use domain::notification::values::NotificationKind;
use domain::stream::StreamName;

async fn kinds(world: &World, who: u128) -> Vec<NotificationKind> {
    let page = world.projections.notifications().page(account(who), None, 100).await.unwrap().value;
    page.items.iter().map(|told| told.kind).collect()
}

/// A group of Ada (1), Ben (2) and Cleo (3), to which Ada adds Dora (4).
fn talk() -> Script {
    let mut script = Script::default();
    script.group(1, &[1, 2, 3]);
    script.adds(1, 1, 4);
    script.sends(1, 1, "one", None);
    script.sends(1, 2, "two", Some(1));
    script.sends(1, 3, "three", Some(2));
    script.mentioning(&[2, 4, 9]);
    script.reacts(1, 1, 2, "x");
    script
}

#[tokio::test]
async fn everybody_is_notified_once_however_the_log_is_cut() {
    use NotificationKind::{Added, Mention, Reaction, Reply};
    for place in Place::all("notified") {
        for batch in [1, 3, 1000] {
            let place = if batch == 1000 { place.again() } else { Place::sqlite() };
            let world = World::caught_up(&place, &talk().events, batch).await;
            assert_eq!(kinds(&world, 1).await, [Reaction, Reply]);
            assert_eq!(kinds(&world, 2).await, [Mention], "an answer that mentions");
            assert_eq!(kinds(&world, 4).await, [Mention, Added]);
            for nobody in [3, 9] {
                assert!(kinds(&world, nobody).await.is_empty(), "{nobody}");
            }
            let reader = world.projections.notifications();
            let newest = &reader.page(account(1), None, 1).await.unwrap().value;
            assert!(newest.has_more);
            let told = &newest.items[0];
            assert_eq!((told.message, told.actor, told.emoji.as_deref()), (Some(message(1, 1)), account(2), Some("x")));
            let older = reader.page(account(1), Some(told.position), 1).await.unwrap().value;
            assert_eq!((older.items[0].kind, older.has_more), (Reply, false));
            assert_eq!(reader.unread(account(1)).await.unwrap().value, 2);
            world.stop().await;
        }
        place.clean().await;
    }
}

#[tokio::test]
async fn what_is_gone_is_withdrawn_in_the_same_batch_and_later() {
    for place in Place::all("withdrawn") {
        let mut script = talk();
        let before = script.events.len();
        script.takes_back(1, 1, 2, "x");
        script.deletes(1, 3, 3);
        script.leaves(1, 4);
        for batch in [1, 1000] {
            let place = if batch == 1000 { place.again() } else { Place::sqlite() };
            let world = World::caught_up(&place, &script.events[..before], batch).await;
            world.source.set(&script.events);
            world.catches_up().await;
            assert_eq!(kinds(&world, 1).await, [NotificationKind::Reply]);
            assert!(kinds(&world, 2).await.is_empty() && kinds(&world, 4).await.is_empty());
            let at_once = World::caught_up(&Place::sqlite(), &script.events, batch).await;
            assert_eq!(at_once.hashes().await, world.hashes().await);
            at_once.stop().await;
            world.stop().await;
        }
        place.clean().await;
    }
}

#[tokio::test]
async fn a_block_parts_both_as_of_each_moment_and_clears_the_list_of_who_blocks() {
    use NotificationKind::{Added, Mention, Reaction, Reply};
    for place in Place::all("blocked_notified") {
        let mut script = talk();
        script.blocks(1, 2);
        script.reacts(1, 1, 2, "apart");
        script.reacts(1, 2, 1, "apart");
        script.sends(1, 1, "apart", Some(2));
        script.group(2, &[2, 5, 6]);
        script.adds(2, 2, 1);
        script.blocks(2, 1);
        script.unblocks(1, 2);
        script.reacts(1, 1, 2, "apart still");
        let apart = script.events.len();
        script.unblocks(2, 1);
        script.reacts(1, 1, 2, "again");
        script.sends(1, 1, "again", Some(2));
        for batch in [1, 2, 5, 1000] {
            let place = if batch == 1000 { place.again() } else { Place::sqlite() };
            let world = World::caught_up(&place, &script.events[..apart], batch).await;
            assert!(kinds(&world, 1).await.is_empty(), "who blocks keeps nothing of the other");
            assert_eq!(kinds(&world, 2).await, [Mention], "it was carol's");
            assert_eq!(world.projections.notifications().unread(account(1)).await.unwrap().value, 0);
            world.source.set(&script.events);
            world.catches_up().await;
            assert_eq!(kinds(&world, 1).await, [Reaction]);
            assert_eq!(kinds(&world, 2).await, [Reply, Mention]);
            assert_eq!(kinds(&world, 4).await, [Mention, Added], "nobody else is touched");
            let at_once = World::caught_up(&Place::sqlite(), &script.events, 1000).await;
            assert_eq!(at_once.hashes().await, world.hashes().await);
            at_once.stop().await;
            world.stop().await;
        }
        place.clean().await;
    }
}

#[tokio::test]
async fn what_was_imported_notifies_nobody_however_young_it_is() {
    let mut script = talk();
    for (event, later) in script.events.iter_mut().zip(1_i64..) {
        let event = std::sync::Arc::make_mut(event);
        event.recorded_at = domain::clock::Time::from_micros(event.occurred_at.micros() + later);
    }
    let place = Place::sqlite();
    let world = World::caught_up(&place, &script.events, 1000).await;
    for who in 1..5 {
        assert!(kinds(&world, who).await.is_empty(), "{who}");
    }
    world.stop().await;
}

#[tokio::test]
async fn an_erased_account_leaves_no_notification_behind() {
    for place in Place::all("erased_notified") {
        let mut script = talk();
        script.has_read(2, domain::ids::Position(3));
        let before = script.events.len();
        script.record(StreamName::account(account(2)), AccountErased { account: account(2) });
        let world = World::caught_up(&place, &script.events[..before], 10).await;
        world.source.set(&script.events);
        world.catches_up().await;
        assert!(kinds(&world, 1).await.is_empty() && kinds(&world, 2).await.is_empty());
        let at_once = World::caught_up(&Place::sqlite(), &script.events, 1000).await;
        assert_eq!(at_once.hashes().await, world.hashes().await);
        at_once.stop().await;
        world.stop().await;
        place.clean().await;
    }
}

#[tokio::test]
async fn settings_count_as_they_are_at_that_moment() {
    let mut script = talk();
    let quiet = MembershipSettings { notify: Notify::None, ..MembershipSettings::default() };
    script.keeps(1, 1, quiet);
    script.reacts(1, 1, 3, "y");
    script.keeps(1, 1, MembershipSettings { mute: Mute::Always, ..MembershipSettings::default() });
    script.reacts(1, 1, 3, "z");
    script.keeps(1, 1, MembershipSettings::default());
    script.reacts(1, 1, 4, "y");
    for batch in [1, 1000] {
        let world = World::caught_up(&Place::sqlite(), &script.events, batch).await;
        use NotificationKind::{Reaction, Reply};
        assert_eq!(kinds(&world, 1).await, [Reaction, Reaction, Reply]);
        world.stop().await;
    }
}

#[tokio::test]
async fn the_newest_thousand_are_kept_whatever_was_withdrawn() {
    let mut script = talk();
    for n in 0..NOTIFICATIONS_PER_ACCOUNT_MAX + 20 {
        script.sends(1, 2, "again", Some(1));
        if n % 7 == 0 {
            script.deletes(1, n + 4, 2);
        }
    }
    let mut hashes = Vec::new();
    for batch in [7, 300, 100_000] {
        let world = World::caught_up(&Place::sqlite(), &script.events, batch).await;
        let reader = world.projections.notifications();
        let kept = NOTIFICATIONS_PER_ACCOUNT_MAX
            - (0..NOTIFICATIONS_PER_ACCOUNT_MAX + 20).skip(20).filter(|n| n % 7 == 0).count() as u64;
        assert_eq!(reader.unread(account(1)).await.unwrap().value, kept);
        hashes.push(world.hashes().await);
        world.stop().await;
    }
    assert!(hashes.windows(2).all(|pair| pair[0] == pair[1]));
}
