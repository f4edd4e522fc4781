//! What a purge leaves, however the log is cut into batches, and what is over age when.

use super::OverAge;
use crate::conversation::messaging::views::{MessagePage, Window};
use crate::testing::script::{Script, account, conversation, message, period_at, time_of};
use crate::testing::world::{Place, World};
use domain::ids::Position;

const DAY: i64 = 24 * 60 * 60;

/// Five messages, of which the first two go; something happened to each.
fn talk() -> Script {
    let mut script = Script::default();
    script.group(1, &[1, 2, 3]);
    script.sends(1, 1, "one", None);
    script.mentioning(&[2]);
    script.sends(1, 1, "two", Some(1));
    script.sends(1, 2, "three", Some(2));
    for seq in [1, 2, 3] {
        script.reacts(1, seq, 3, "👍");
        script.pins(1, seq, 1);
    }
    script.edits(1, 2, 1, "two, edited");
    script.deletes(1, 1, 1);
    script.leaves(1, 3);
    script.sends(1, 2, "four", Some(3));
    script.sends(1, 1, "five", None);
    script.keeps_for(1, Some(1));
    script
}

fn shown(page: Option<MessagePage>) -> Option<(Vec<u64>, bool, bool)> {
    page.map(|page| (page.items.iter().map(|m| m.id.seq).collect(), page.found_oldest, page.found_newest))
}

#[tokio::test]
async fn nothing_of_what_is_gone_is_left() {
    for place in Place::all("purged") {
        let mut script = talk();
        script.purges(1, 0, 2);
        let world = World::caught_up(&place, &script.events, 4).await;
        let reader = world.projections.messaging();
        let page =
            async |who, window| shown(reader.page(account(who), conversation(1), window, 2).await.unwrap().value);
        assert_eq!(page(2, Window::After(0)).await, Some((vec![3, 4], true, false)));
        assert_eq!(page(2, Window::Before(4)).await, Some((vec![3], true, false)));
        assert_eq!(page(2, Window::Around(1)).await, Some((vec![3, 4], true, false)));
        assert_eq!(page(2, Window::Newest).await, Some((vec![4, 5], false, true)));
        assert_eq!(page(3, Window::Newest).await, Some((vec![3], true, true)), "who left before the purge");
        for seq in [1, 2] {
            let id = message(1, seq);
            assert_eq!(reader.message(account(2), id).await.unwrap().value, None);
            assert_eq!(reader.searchable_message(account(9), id).await.unwrap().value, None);
            assert_eq!(reader.reactions(account(2), id).await.unwrap().value, None);
            assert_eq!(reader.thread(account(2), id, Window::Newest, 9).await.unwrap().value, None);
            assert_eq!(reader.history(account(2), id, 0, 9).await.unwrap().value, None);
            assert_eq!(reader.searchable_history(id, 0, 9).await.unwrap().value, None);
        }
        let three = reader.message(account(2), message(1, 3)).await.unwrap().value.unwrap();
        assert_eq!((three.reply_to, three.reply_count, three.reactions.len()), (Some(2), 1, 1));
        let pins = reader.pins(account(2), conversation(1)).await.unwrap().value.unwrap();
        assert_eq!(pins.iter().map(|pin| pin.message.id.seq).collect::<Vec<_>>(), [3]);
        // Bob was mentioned in the first; his own message, the third, was reacted to.
        let told = world.projections.notifications().page(account(2), None, 9).await.unwrap().value.items;
        assert_eq!(told.iter().map(|told| told.message).collect::<Vec<_>>(), [Some(message(1, 3))]);
        let view = reader.conversation(account(1), conversation(1)).await.unwrap().value.unwrap();
        assert_eq!((view.unread_count, view.last_read_seq, view.head_seq), (0, 5, 5));
        world.stop().await;
        place.clean().await;
    }
}

#[tokio::test]
async fn what_is_gone_counts_as_read() {
    for place in Place::all("purged_read") {
        let mut script = talk();
        script.joins(1, 4);
        script.sends(1, 1, "six", None);
        script.purges(1, 0, 4);
        let world = World::caught_up(&place, &script.events, 1000).await;
        let reader = world.projections.messaging();
        let of = async |who: u128| {
            let view = reader.conversation(account(who), conversation(1)).await.unwrap().value.unwrap();
            (view.last_read_seq, view.unread_count, view.last_message.map(|last| last.id.seq), view.head_seq)
        };
        assert_eq!(of(2).await, (4, 2, Some(6), 6));
        assert_eq!(of(4).await, (5, 1, Some(6), 6));
        assert_eq!(of(3).await, (4, 0, None, 3), "who left sees nothing of what there was");
        script.purges(1, 4, 6);
        world.source.set(&script.events);
        world.catches_up().await;
        assert_eq!(of(2).await, (6, 0, None, 6));
        let page = reader.page(account(2), conversation(1), Window::Newest, 9).await.unwrap().value;
        assert_eq!(shown(page), Some((vec![], true, true)));
        script.sends(1, 1, "seven", None);
        world.source.set(&script.events);
        world.catches_up().await;
        assert_eq!(of(2).await, (6, 1, Some(7), 7));
        world.stop().await;
        place.clean().await;
    }
}

#[tokio::test]
async fn the_oldest_messages_that_are_over_age_are_due_with_their_periods() {
    for place in Place::all("over_age") {
        let mut script = talk();
        let positions: Vec<Position> =
            script.events.iter().filter(|e| e.stream.as_str().starts_with("timeline")).map(|e| e.position).collect();
        let world = World::caught_up(&place, &script.events, 1000).await;
        let reader = world.projections.messaging();
        let at = |seq: usize| time_of(positions[seq - 1].0).plus_seconds(DAY);
        let due = async |now| reader.over_age(now, 10).await.unwrap().value;
        assert_eq!(due(at(1).plus_seconds(-1)).await, []);
        let through = |through_seq: u64, from: usize| {
            let mut periods: Vec<u32> =
                positions[from - 1..through_seq as usize].iter().map(|at| period_at(at.0)).collect();
            periods.dedup();
            vec![OverAge { conversation: conversation(1), through_seq, periods }]
        };
        assert_eq!(due(at(3)).await, through(3, 1));
        assert_eq!(due(at(5).plus_seconds(DAY)).await, through(5, 1));
        assert_eq!(reader.over_age(at(5), 0).await.unwrap().value, []);
        script.purges(1, 0, 3);
        world.source.set(&script.events);
        world.catches_up().await;
        assert_eq!(due(at(3)).await, []);
        assert_eq!(due(at(4)).await, through(4, 4));
        script.keeps_for(1, None);
        world.source.set(&script.events);
        world.catches_up().await;
        assert_eq!(due(at(5).plus_seconds(1_000 * DAY)).await, [], "kept for as long as the conversation");
        assert_eq!(reader.retention(account(2), conversation(1)).await.unwrap().value, Some(None));
        script.keeps_for(1, Some(9));
        script.closes(1, 1);
        world.source.set(&script.events);
        world.catches_up().await;
        assert_eq!(due(at(5).plus_seconds(9 * DAY)).await, through(5, 4), "also of a closed one");
        let days = async |who| reader.retention(account(who), conversation(1)).await.unwrap().value;
        assert_eq!((days(2).await, days(3).await, days(9).await), (Some(Some(9)), None, None));
        let of_any = async |number| reader.retention_of_any(conversation(number)).await.unwrap().value;
        assert_eq!((of_any(1).await, of_any(2).await), (Some(Some(9)), None));
        world.stop().await;
        place.clean().await;
    }
}
