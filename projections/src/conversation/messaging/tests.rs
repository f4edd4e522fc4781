//! What members, strangers and those who left see.

use super::views::{Body, InboxQuery, MessageView, ReactionCount, Window};
use crate::testing::script::{Script, account, conversation, message, time_of};
use crate::testing::world::{Place, World};
use domain::conversation::values::{MemberRole, MembershipSettings, Mute, Notify};
use domain::ids::Position;
use domain::source::EventSource;
use domain::words::{Content, Subject};

fn text(view: &MessageView) -> &str {
    match &view.body {
        Body::Text(text) => text,
        Body::Ciphertext(_) => "(ciphertext)",
        Body::Erased => "(erased)",
        Body::Deleted => "(deleted)",
    }
}

/// A group of Ada (1), Ben (2) and Cleo (3) with three messages.
fn talk() -> Script {
    let mut script = Script::default();
    script.group(1, &[1, 2, 3]);
    script.sends(1, 1, "one", None);
    script.sends(1, 2, "two", Some(1));
    script.sends(1, 1, "three", Some(1));
    script
}

const NEWEST: InboxQuery = InboxQuery { left: false, archived: false, pinned: false, after: None, limit: 10 };

#[tokio::test]
async fn a_member_reads_the_timeline_with_edits_replies_and_reactions() {
    for place in Place::all("timeline") {
        let mut script = talk();
        let edited = script.edits(1, 1, 1, "one!");
        script.reacts(1, 2, 3, "👍");
        script.reacts(1, 2, 1, "🎉");
        script.reacts(1, 2, 2, "👍");
        script.takes_back(1, 2, 3, "👍");
        script.deletes(1, 3, 1);
        let world = World::caught_up(&place, &script.events, 1000).await;
        let reader = world.projections.messaging();

        let page = reader.page(account(2), conversation(1), Window::Newest, 50).await.unwrap();
        assert_eq!(page.position, world.source.head());
        let page = page.value.unwrap();
        assert_eq!(page.items.iter().map(text).collect::<Vec<_>>(), ["one!", "two", "(deleted)"]);
        assert!(page.found_oldest && page.found_newest);
        let [one, two, three] = &page.items[..] else { panic!("three messages") };
        assert_eq!((one.edited_at, one.reply_count, one.revision), (Some(time_of(edited.0)), 2, Some(0)));
        assert_eq!(one.client_ref.as_deref(), Some("ref one"));
        assert_eq!((two.reply_to, two.revision, two.edited_at), (Some(1), Some(3), None));
        let counted = [
            ReactionCount { emoji: "🎉".into(), count: 1, reacted: false },
            ReactionCount { emoji: "👍".into(), count: 1, reacted: true },
        ];
        assert_eq!(two.reactions, counted);
        assert!(three.deleted_at.is_some() && three.client_ref.is_none());
        assert_eq!(*world.words.calls.lock().unwrap(), 1, "words are opened in one call");

        assert_eq!(reader.message(account(3), message(1, 2)).await.unwrap().value.as_ref().map(text), Some("two"));
        let reactions = reader.reactions(account(3), message(1, 2)).await.unwrap().value.unwrap();
        assert_eq!(reactions[1].accounts, [account(2)]);
        let some = reader.messages(account(3), &[message(1, 3), message(9, 1), message(1, 1)]).await.unwrap().value;
        assert_eq!(
            some.iter().map(|m| m.as_ref().map(text)).collect::<Vec<_>>(),
            [Some("(deleted)"), None, Some("one!")]
        );
        world.stop().await;
        place.clean().await;
    }
}

#[tokio::test]
async fn a_stranger_sees_nothing() {
    for place in Place::all("stranger") {
        let world = World::caught_up(&place, &talk().events, 1000).await;
        let (reader, stranger) = (world.projections.messaging(), account(99));
        assert_eq!(reader.conversation(stranger, conversation(1)).await.unwrap().value, None);
        assert_eq!(reader.members(stranger, conversation(1), Position::START, 10).await.unwrap().value, None);
        assert_eq!(reader.page(stranger, conversation(1), Window::Newest, 10).await.unwrap().value, None);
        assert_eq!(reader.message(stranger, message(1, 1)).await.unwrap().value, None);
        assert_eq!(reader.reactions(stranger, message(1, 1)).await.unwrap().value, None);
        assert!(reader.inbox(stranger, &NEWEST).await.unwrap().value.items.is_empty());
        world.stop().await;
        place.clean().await;
    }
}

#[tokio::test]
async fn who_left_reads_up_to_the_leave_in_the_current_form_and_nothing_after() {
    for place in Place::all("left") {
        let mut script = talk();
        let left = script.leaves(1, 3);
        script.sends(1, 1, "four", None);
        script.edits(1, 1, 1, "one, edited later");
        script.joins(1, 4);
        for batch in [1, 1000] {
            let place = if batch == 1 { Place::sqlite() } else { place.again() };
            let world = World::caught_up(&place, &script.events, batch).await;
            let reader = world.projections.messaging();
            let page = reader.page(account(3), conversation(1), Window::Newest, 50).await.unwrap().value.unwrap();
            assert_eq!(page.items.iter().map(text).collect::<Vec<_>>(), ["one, edited later", "two", "three"]);
            assert!(page.found_newest);
            assert_eq!(reader.message(account(3), message(1, 4)).await.unwrap().value, None);
            assert_eq!(reader.reactions(account(3), message(1, 4)).await.unwrap().value, None);
            assert!(reader.inbox(account(3), &NEWEST).await.unwrap().value.items.is_empty());

            let with_left = InboxQuery { left: true, ..NEWEST };
            let inbox = reader.inbox(account(3), &with_left).await.unwrap().value;
            let [seen] = &inbox.items[..] else { panic!("the conversation that was left") };
            assert!(seen.left);
            assert_eq!((seen.unread_count, seen.member_count), (3, 2));
            assert_eq!(seen.last_message.as_ref().map(text), Some("three"));
            assert_eq!(seen.last_activity, time_of(left.0));
            let members = reader.members(account(3), conversation(1), Position::START, 10).await.unwrap();
            let members: Vec<_> = members.value.unwrap().items.iter().map(|member| member.account).collect();
            assert_eq!(members, [account(1), account(2)]);
            world.stop().await;
        }
        place.clean().await;
    }
}

#[tokio::test]
async fn who_left_knows_the_members_and_roles_of_then() {
    for place in Place::all("members_then") {
        let mut script = talk();
        script.joins(1, 4);
        script.makes(1, 4, MemberRole::Admin);
        script.leaves(1, 2);
        script.joins(1, 5);
        script.leaves(1, 3);
        // What comes later: somebody new, somebody back, roles handed on, somebody who goes and comes twice.
        script.joins(1, 6);
        script.joins(1, 2);
        script.makes(1, 1, MemberRole::Admin);
        script.makes(1, 4, MemberRole::Owner);
        script.makes(1, 4, MemberRole::Member);
        for _ in 0..2 {
            script.leaves(1, 5);
            script.joins(1, 5);
        }
        script.leaves(1, 4);
        use MemberRole::{Admin, Member, Owner};
        let expected: [(u128, &[(u128, MemberRole)]); 3] = [
            (1, &[(1, Admin), (6, Member), (2, Member), (5, Member)]),
            (3, &[(1, Owner), (4, Admin), (5, Member)]),
            (4, &[(1, Admin), (6, Member), (2, Member), (5, Member)]),
        ];
        for batch in [1, 3, 1000] {
            let place = if batch == 1000 { place.again() } else { Place::sqlite() };
            let world = World::caught_up(&place, &script.events, batch).await;
            let reader = world.projections.messaging();
            for (viewer, expected) in expected {
                let mut listed = Vec::new();
                let mut after = Position::START;
                loop {
                    let page = reader.members(account(viewer), conversation(1), after, 2).await.unwrap();
                    let page = page.value.unwrap();
                    listed.extend(page.items.iter().map(|member| (member.account, member.role)));
                    after = page.items.last().map_or(after, |member| member.cursor);
                    if !page.has_more {
                        break;
                    }
                }
                let expected: Vec<_> = expected.iter().map(|(number, role)| (account(*number), *role)).collect();
                assert_eq!(listed, expected, "as {viewer} sees it");
                let view = reader.conversation(account(viewer), conversation(1)).await.unwrap().value.unwrap();
                assert_eq!(view.member_count, expected.len() as u64, "as {viewer} sees it");
            }
            world.stop().await;
        }
        place.clean().await;
    }
}

#[tokio::test]
async fn unread_is_what_came_after_the_watermark() {
    for place in Place::all("unread") {
        let mut script = talk();
        script.joins(1, 4);
        script.reads(1, 3, 2);
        script.sends(1, 2, "four", None);
        // Reads are merged for a moment: Ben's comes after his own message, which has moved him further.
        script.reads(1, 2, 2);
        for batch in [1, 1000] {
            let place = if batch == 1 { Place::sqlite() } else { place.again() };
            let world = World::caught_up(&place, &script.events, batch).await;
            let reader = world.projections.messaging();
            let mut seen = Vec::new();
            for member in 1..=4 {
                let view = reader.conversation(account(member), conversation(1)).await.unwrap().value.unwrap();
                seen.push((view.last_read_seq, view.unread_count));
            }
            // Ada sent the third, Ben the fourth, Cleo read two, the newcomer's history is not unread.
            assert_eq!(seen, [(3, 1), (4, 0), (2, 2), (3, 1)]);
            world.stop().await;
        }
        place.clean().await;
    }
}

#[tokio::test]
async fn the_inbox_is_ordered_by_activity_and_its_cursor_is_stable() {
    for place in Place::all("inbox") {
        let mut script = Script::default();
        for number in 1..=5 {
            script.group(number, &[1, 2, 3]);
        }
        script.sends(2, 2, "hello", None);
        let world = World::caught_up(&place, &script.events, 1000).await;
        let reader = world.projections.messaging();
        let first = reader.inbox(account(1), &InboxQuery { limit: 2, ..NEWEST }).await.unwrap().value;
        assert_eq!(first.items.iter().map(|view| view.id).collect::<Vec<_>>(), [conversation(2), conversation(5)]);

        // Something happens in a conversation of a later page: it moves before the cursor; nothing comes twice.
        script.sends(1, 2, "late", None);
        world.source.set(&script.events);
        world.catches_up().await;
        let second = InboxQuery { after: first.next, limit: 2, ..NEWEST };
        let second = reader.inbox(account(1), &second).await.unwrap().value;
        assert_eq!(second.items.iter().map(|view| view.id).collect::<Vec<_>>(), [conversation(4), conversation(3)]);
        assert_eq!(second.next, None);
        let names = first.items[0].names.clone().unwrap().map(|names| names.name);
        assert_eq!(names, Content::Present("group 2".into()));
        world.stop().await;
        place.clean().await;
    }
}

#[tokio::test]
async fn erased_words_are_told_from_deleted_ones() {
    let place = Place::sqlite();
    let world = World::caught_up(&place, &talk().events, 1000).await;
    world.words.destroy(Subject::Account(account(1)));
    let reader = world.projections.messaging();
    let page = reader.page(account(2), conversation(1), Window::Newest, 50).await.unwrap().value.unwrap();
    assert_eq!(page.items.iter().map(text).collect::<Vec<_>>(), ["(erased)", "two", "(erased)"]);
    assert_eq!(page.items[0].client_ref, None);
    world.words.destroy(Subject::Conversation(conversation(1)));
    let view = reader.conversation(account(2), conversation(1)).await.unwrap().value.unwrap();
    assert_eq!(view.names, Some(Content::Erased));
    assert_eq!(view.last_message.unwrap().body, Body::Erased);
    world.stop().await;
}

#[tokio::test]
async fn members_are_listed_from_the_longest_in_pages() {
    for place in Place::all("members") {
        let mut script = talk();
        script.joins(1, 4);
        script.leaves(1, 2);
        script.joins(1, 2);
        let world = World::caught_up(&place, &script.events, 1000).await;
        let reader = world.projections.messaging();
        let first = reader.members(account(4), conversation(1), Position::START, 2).await.unwrap().value.unwrap();
        assert_eq!(first.items.iter().map(|m| m.account).collect::<Vec<_>>(), [account(1), account(3)]);
        assert_eq!(first.items[0].role, MemberRole::Owner);
        assert!(first.has_more);
        let after = first.items[1].cursor;
        let rest = reader.members(account(4), conversation(1), after, 2).await.unwrap().value.unwrap();
        assert_eq!(rest.items.iter().map(|m| m.account).collect::<Vec<_>>(), [account(4), account(2)]);
        assert!(!rest.has_more);
        let view = reader.conversation(account(2), conversation(1)).await.unwrap().value.unwrap();
        assert_eq!((view.member_count, view.left), (4, false));
        world.stop().await;
        place.clean().await;
    }
}

#[tokio::test]
async fn a_group_is_called_closed_and_kept_as_its_newest_events_say() {
    for place in Place::all("groups") {
        let mut script = talk();
        let kept = MembershipSettings {
            mute: Mute::Until(time_of(999)),
            pinned: true,
            archived: true,
            notify: Notify::Mentions,
        };
        script.keeps(1, 1, MembershipSettings { pinned: false, ..kept });
        script.renames(1, "two");
        script.pins(1, 1, 1);
        let second = script.pins(1, 2, 1);
        script.leaves(1, 3);
        script.renames(1, "three");
        script.keeps(1, 1, kept);
        script.unpins(1, 1);
        script.pins(1, 3, 2);
        let closed = script.closes(1, 1);
        for batch in [1, 5, 1000] {
            let place = if batch == 1000 { place.again() } else { Place::sqlite() };
            let world = World::caught_up(&place, &script.events, batch).await;
            let reader = world.projections.messaging();
            let of = async |who: u128| reader.conversation(account(who), conversation(1)).await.unwrap().value.unwrap();
            let name = |view: &super::views::ConversationView| match view.names.clone() {
                Some(Content::Present(names)) => names.name,
                other => panic!("{other:?}"),
            };
            let view = of(1).await;
            assert_eq!((name(&view).as_str(), view.closed_at), ("three", Some(time_of(closed.0))));
            assert_eq!((view.settings, view.revision), (kept, 11));
            let ben = of(2).await;
            assert_eq!(ben.settings, MembershipSettings::default());
            let cleo = of(3).await;
            assert_eq!((name(&cleo).as_str(), cleo.closed_at), ("two", None), "as it was when she left");

            let pins = async |who: u128| reader.pins(account(who), conversation(1)).await.unwrap().value;
            let seqs = |pins: Option<Vec<super::views::PinView>>| {
                pins.map(|pins| pins.iter().map(|pin| pin.message.id.seq).collect::<Vec<_>>())
            };
            assert_eq!(seqs(pins(1).await), Some(vec![3, 2]));
            assert_eq!(seqs(pins(3).await), Some(vec![2]));
            assert_eq!(seqs(pins(99).await), None);
            let pin = pins(3).await.unwrap().remove(0);
            assert_eq!((pin.pinned_by, pin.pinned_at), (account(1), time_of(second.0)));

            let inbox = async |who: u128, archived, pinned| {
                let query = InboxQuery { archived, pinned, ..NEWEST };
                reader.inbox(account(who), &query).await.unwrap().value.items.len()
            };
            assert_eq!(
                (inbox(1, false, false).await, inbox(1, true, false).await, inbox(1, true, true).await),
                (0, 1, 1)
            );
            assert_eq!(
                (inbox(2, false, false).await, inbox(2, false, true).await, inbox(2, true, false).await),
                (1, 0, 0)
            );
            world.stop().await;
        }
        place.clean().await;
    }
}
