//! The exact text of frames.

use super::world::{World, account, conversation, text_of};
use crate::live::close::Close;
use crate::live::frame::{Frame, Reset};
use crate::live::render::When;
use domain::account::event::{AccountErased, ErasureCancelled, ErasureRequested};
use domain::clock::Time;
use domain::conversation::event::{
    ConversationChanged, ConversationClosed, MemberRoleChanged, MembershipChanged, MessagePinned, MessageUnpinned,
    MessagesPurged, RetentionChanged,
};
use domain::conversation::values::{MemberRole, MembershipSettings, Mute};
use domain::event::Event;
use domain::ids::{Hash16, LogId, MessageId, Position, SessionId, StoryId};
use domain::message::event::{ReactionAdded, ReactionRemoved};
use domain::proto::conversation::v1::ConversationWords;
use domain::proto::story::v1::StoryWords;
use domain::recorded::Recorded;
use domain::relationship::event::{
    AccountBlocked, AccountFollowed, AccountUnblocked, AccountUnfollowed, CloseFriendAdded, CloseFriendRemoved,
    StoriesHidden, StoriesMuted, StoriesShown, StoriesUnmuted,
};
use domain::story::event::{StoryDeleted, StoryExpired, StoryPosted, StoryPrivacyChanged, StoryViewed};
use domain::story::values::StoryPrivacy;
use domain::stream::StreamName;
use domain::words::Field;
use std::sync::Arc;
use uuid::Uuid;

const ROOM: &str = "00000000-0000-00c0-0000-000000000001";
const ANN: &str = "00000000-0000-0000-0000-000000000001";
const AT: &str = "2020-09-13T12:26:40.000Z";

async fn text(world: &World, event: Arc<Recorded>) -> String {
    let frame = world.live.renderer.render(&[event], When::Live).await.unwrap().remove(0);
    text_of(&frame.unwrap())
}

/// What clients are told of the feed.
const PAGE: &str = include_str!("../../../../docs/feed.md");

fn event(position: u64, kind: &str, data: &str) -> String {
    assert!(PAGE.contains(&format!("`{kind}`")), "docs/feed.md does not name {kind}");
    let data = data.replace("ROOM", ROOM).replace("ANN", ANN).replace("AT", AT);
    format!(r#"{{"op":"event","position":"{position}","last":true,"type":"{kind}","data":{data}}}"#)
}

#[tokio::test]
async fn events_of_conversations() {
    let world = World::new();
    let (room, ann) = (conversation(1), account(1));
    let mut created = world.create(room, &[ann]).await;
    let joined = created.pop().unwrap();
    let expected = r#"{"id":"ROOM","type":"group","name":"Room","description":null,"privacy_mode":"searchable","created_by":"ANN","created_at":"AT","closed_at":null}"#;
    assert_eq!(text(&world, created.remove(0)).await, event(1, "conversation.created", expected));
    let expected = r#"{"conversation_id":"ROOM","account_id":"ANN","role":"member","last_seq":0}"#;
    assert_eq!(text(&world, joined).await, event(2, "member.joined", expected));
    let changed = MemberRoleChanged { account: ann, role: MemberRole::Owner };
    let changed = world.append(vec![(StreamName::conversation(room), changed.into())]).await.remove(0);
    let expected = r#"{"conversation_id":"ROOM","account_id":"ANN","role":"owner"}"#;
    assert_eq!(text(&world, changed).await, event(3, "member.role_changed", expected));
    let left = world.leave(room, ann).await;
    let expected = r#"{"conversation_id":"ROOM","account_id":"ANN","last_seq":0}"#;
    assert_eq!(text(&world, left).await, event(4, "member.left", expected));
    let read = world.read(room, ann, 3).await;
    let expected = r#"{"conversation_id":"ROOM","account_id":"ANN","seq":3}"#;
    assert_eq!(text(&world, read).await, event(5, "read.moved", expected));
}

#[tokio::test]
async fn events_of_a_conversation_as_a_whole() {
    let world = World::new();
    let (room, ann) = (conversation(1), account(1));
    let stream = StreamName::conversation(room);
    world.create(room, &[ann]).await;
    let words = ConversationWords { name: "Shed".into(), description: Some("tools".into()) };
    let settings = MembershipSettings {
        mute: Mute::Until(Time::from_micros(4_000_000_000_000_000)),
        pinned: true,
        ..MembershipSettings::default()
    };
    let called = r#"{"id":"ROOM","type":"group","name":"Shed","description":"tools","privacy_mode":"searchable","created_by":"ANN","created_at":"AT","closed_at":null}"#;
    let closed = called.replace(r#""closed_at":null"#, r#""closed_at":"AT""#);
    let cases: [(Event, StreamName, &str, &str); 7] = [
        (ConversationChanged { words: Field::Clear(words) }.into(), stream.clone(), "conversation.updated", called),
        (
            MessagePinned { seq: 7, pinned_by: ann }.into(),
            stream.clone(),
            "message.pinned",
            r#"{"conversation_id":"ROOM","seq":7,"pinned_by":"ANN","pinned_at":"AT"}"#,
        ),
        (
            MessageUnpinned { seq: 7 }.into(),
            stream.clone(),
            "message.unpinned",
            r#"{"conversation_id":"ROOM","seq":7}"#,
        ),
        (
            MembershipChanged { settings }.into(),
            StreamName::membership(room, ann),
            "conversation.settings_changed",
            r#"{"conversation_id":"ROOM","muted":true,"mute_until":"2096-10-02T07:06:40.000Z","pinned":true,"archived":false,"notify":"all"}"#,
        ),
        (
            RetentionChanged { days: Some(7), changed_by: ann, reason: None }.into(),
            stream.clone(),
            "conversation.retention_changed",
            r#"{"conversation_id":"ROOM","days":7}"#,
        ),
        (
            MessagesPurged { through_seq: 300, count: 200, through_period: 5 }.into(),
            stream.clone(),
            "messages.purged",
            r#"{"conversation_id":"ROOM","through_seq":300,"count":200}"#,
        ),
        (ConversationClosed { closed_by: ann }.into(), stream, "conversation.deleted", &closed),
    ];
    for (position, (happened, stream, kind, expected)) in (3..).zip(cases) {
        let recorded = world.append(vec![(stream, happened)]).await.remove(0);
        assert_eq!(text(&world, recorded).await, event(position, kind, expected));
    }
}

#[tokio::test]
async fn events_of_messages() {
    let world = World::new();
    let (room, ann) = (conversation(1), account(1));
    let id = MessageId { conversation: room, seq: 1 };
    let sent = world.send(room, ann, "hi \"there\"").await;
    let expected = r#"{"id":"ROOM-1","conversation_id":"ROOM","seq":1,"sender_id":"ANN","text":"hi \"there\"","reply_to":null,"reply_count":0,"mentions":[],"media":[],"client_ref":null,"sent_at":"AT","edited_at":null,"deleted_at":null,"reactions":[],"position":"1"}"#;
    assert_eq!(text(&world, sent).await, event(1, "message.sent", expected));
    let edited = world.edit(id, ann, "ho").await;
    let expected = r#"{"id":"ROOM-1","conversation_id":"ROOM","seq":1,"text":"ho","mentions":[],"edited_at":"AT"}"#;
    assert_eq!(text(&world, edited).await, event(2, "message.edited", expected));
    for (position, kind, reaction) in [
        (3, "reaction.added", ReactionAdded { account: ann, emoji: "👍".into() }.into()),
        (4, "reaction.removed", ReactionRemoved { account: ann, emoji: "👍".into() }.into()),
    ] {
        let reaction = world.append(vec![(StreamName::message(id), reaction)]).await.remove(0);
        let expected = r#"{"message_id":"ROOM-1","conversation_id":"ROOM","emoji":"👍","account_id":"ANN"}"#;
        assert_eq!(text(&world, reaction).await, event(position, kind, expected));
    }
    let deleted = world.delete(id, ann).await;
    let expected = r#"{"id":"ROOM-1","conversation_id":"ROOM","seq":1,"deleted_at":"AT"}"#;
    assert_eq!(text(&world, deleted).await, event(5, "message.deleted", expected));
}

#[tokio::test]
async fn events_of_stories() {
    let world = World::new();
    let story = StoryId::new(Uuid::from_u128(1));
    let posted = StoryPosted {
        story,
        author: account(1),
        privacy: StoryPrivacy::Public,
        expires_at: Time::from_micros(1_600_000_000_000_000).plus_seconds(86_400),
        words: Field::Clear(StoryWords { text: "look".into(), caption: Some("here".into()) }),
    };
    let posted = world.append(vec![(StreamName::story(story), posted.into())]).await.remove(0);
    let expected = r#"{"id":"ANN","author_id":"ANN","content_type":"text","media":null,"text":"look","caption":"here","privacy":"public","posted_at":"AT","expires_at":"2020-09-14T12:26:40.000Z"}"#;
    assert_eq!(text(&world, posted).await, event(1, "story.posted", expected));
    let expired = StoryExpired { view_count: 0, reaction_count: 0 };
    let expired = world.append(vec![(StreamName::story(story), expired.into())]).await.remove(0);
    assert_eq!(text(&world, expired).await, event(2, "story.expired", r#"{"id":"ANN","author_id":"ANN"}"#));
    let changed = StoryPrivacyChanged { privacy: StoryPrivacy::Followers, previous: StoryPrivacy::Public };
    let changed = world.happens(StreamName::story(story), changed).await;
    let expected = r#"{"id":"ANN","author_id":"ANN","privacy":"followers"}"#;
    assert_eq!(text(&world, changed).await, event(3, "story.privacy_changed", expected));
    let deleted = world.happens(StreamName::story(story), StoryDeleted { deleted_by: account(1), reason: None }).await;
    assert_eq!(text(&world, deleted).await, event(4, "story.deleted", r#"{"id":"ANN","author_id":"ANN"}"#));
    let viewed = StoryViewed { story, author: account(1), viewer: account(1), duration_ms: Some(7) };
    let viewed = world.happens(StreamName::view(Hash16([1; 16])), viewed).await;
    let expected = r#"{"story_id":"ANN","account_id":"ANN","viewed_at":"AT","duration_ms":7}"#;
    assert_eq!(text(&world, viewed).await, event(5, "story.viewed", expected));
}

#[tokio::test]
async fn events_of_an_erasure() {
    let world = World::new();
    let (stream, ann) = (StreamName::account(account(1)), account(1));
    let erases_at = Time::from_micros(1_600_000_000_000_000).plus_seconds(86_400);
    let requested = world.happens(stream.clone(), ErasureRequested { erases_at, reason: None }).await;
    let expected = r#"{"id":"ANN","erases_at":"2020-09-14T12:26:40.000Z"}"#;
    assert_eq!(text(&world, requested).await, event(1, "account.updated", expected));
    let cancelled = world.happens(stream.clone(), ErasureCancelled {}).await;
    assert_eq!(text(&world, cancelled).await, event(2, "account.updated", r#"{"id":"ANN","erases_at":null}"#));
    let erased = world.happens(stream, AccountErased { account: ann }).await;
    assert_eq!(text(&world, erased).await, event(3, "account.erased", r#"{"id":"ANN"}"#));
}

#[tokio::test]
async fn events_between_accounts() {
    let world = World::new();
    let (ties, ann) = (StreamName::relationship(account(2)), account(1));
    let events: [(Event, &str, bool); 10] = [
        (AccountFollowed { account: ann }.into(), "following", true),
        (AccountUnfollowed { account: ann }.into(), "following", false),
        (CloseFriendAdded { account: ann }.into(), "close_friend", true),
        (CloseFriendRemoved { account: ann }.into(), "close_friend", false),
        (AccountBlocked { account: ann }.into(), "blocked", true),
        (AccountUnblocked { account: ann }.into(), "blocked", false),
        (StoriesMuted { account: ann }.into(), "story_muted", true),
        (StoriesUnmuted { account: ann }.into(), "story_muted", false),
        (StoriesHidden { account: ann }.into(), "story_hidden", true),
        (StoriesShown { account: ann }.into(), "story_hidden", false),
    ];
    for (position, (change, relation, active)) in (1..).zip(events) {
        let expected = format!(r#"{{"account_id":"ANN","relation":"{relation}","active":{active}}}"#);
        let changed = world.happens(ties.clone(), change).await;
        assert_eq!(text(&world, changed).await, event(position, "relationship.changed", &expected));
    }
}

#[test]
fn frames_of_the_protocol() {
    let frame = Frame::Hello { heartbeat_ms: 30_000, server_time: Time::from_micros(0) };
    assert_eq!(
        frame.wire().texts().next().unwrap(),
        r#"{"op":"hello","heartbeat_ms":30000,"server_time":"1970-01-01T00:00:00.000Z"}"#
    );
    let frame = Frame::Ready {
        session_id: SessionId::new(Uuid::from_u128(2)),
        account_id: account(1),
        log_id: LogId::new(Uuid::from_u128(3)),
        position: Position(9),
    };
    assert_eq!(
        frame.wire().texts().next().unwrap(),
        r#"{"op":"ready","session_id":"00000000-0000-0000-0000-000000000002","account_id":"00000000-0000-0000-0000-000000000001","log_id":"00000000-0000-0000-0000-000000000003","position":"9"}"#
    );
    assert_eq!(Frame::Resumed { from: Position(7) }.wire().texts().next().unwrap(), r#"{"op":"resumed","from":"7"}"#);
    for (reason, name) in
        [(Reset::TooFar, "too_far"), (Reset::LogChanged, "log_changed"), (Reset::BeyondHead, "beyond_head")]
    {
        assert_eq!(
            Frame::Reset { reason }.wire().texts().next().unwrap(),
            format!(r#"{{"op":"reset","reason":"{name}"}}"#)
        );
    }
    let frame = Frame::CaughtUp { position: Position(9), replayed: 2 };
    assert_eq!(frame.wire().texts().next().unwrap(), r#"{"op":"caught_up","position":"9","replayed":2}"#);
    assert_eq!(Frame::HeartbeatAck.wire().texts().next().unwrap(), r#"{"op":"heartbeat_ack"}"#);
    let frame = Frame::Ack { reference: "r", position: Position(9), status: 204, data: None };
    assert_eq!(
        frame.wire().texts().next().unwrap(),
        r#"{"op":"ack","ref":"r","position":"9","status":204,"data":null}"#
    );
    let bye = r#"{"op":"bye","code":3501,"reason":"not a valid frame","reconnect":false}"#;
    assert_eq!(Frame::bye(Close::BadFrame).wire().texts().next().unwrap(), bye);
    let closes = [
        Close::Shutdown,
        Close::TokenWithdrawn,
        Close::TooSlow,
        Close::Unavailable,
        Close::HeartbeatMissed,
        Close::TooMany,
        Close::BadToken,
        Close::BadFrame,
        Close::SessionRevoked,
    ];
    for close in closes {
        assert!(PAGE.contains(&format!("| {} | ", close.code())), "docs/feed.md does not name {close:?}");
    }
    assert!(Close::Shutdown.reconnect() && Close::TooSlow.reconnect() && !Close::BadToken.reconnect());
}
