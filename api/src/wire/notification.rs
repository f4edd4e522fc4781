//! Notifications. They hold no words, only ids: the client asks for the message.

use domain::clock::Time;
use domain::ids::{AccountId, ConversationId, MessageId, Position};
use domain::notification::values::{Cause, NotificationKind};
use domain::recorded::Recorded;
use projections::notification::reader::NotificationView;
use serde::Serialize;
use utoipa::ToSchema;

/// A notification.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Notification {
    /// Its id, which says how new it is.
    #[schema(value_type = String)]
    pub id: Position,
    /// `mention`, `reply` (to a message of one's own), `reaction` (to one), or `added` (to a group).
    #[schema(value_type = String)]
    pub kind: NotificationKind,
    /// Where.
    #[schema(value_type = uuid::Uuid)]
    pub conversation_id: ConversationId,
    /// The message that mentions or answers, or that was reacted to; null for an addition.
    #[schema(value_type = Option<String>)]
    pub message_id: Option<MessageId>,
    /// Its place in the conversation.
    pub seq: Option<u64>,
    /// Who did it.
    #[schema(value_type = uuid::Uuid)]
    pub actor_id: AccountId,
    /// With what somebody reacted.
    pub emoji: Option<String>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Time,
    /// Whether it was read.
    pub read: bool,
}

impl Notification {
    /// Of an event, for everybody whom it notifies of this; none where it notifies nobody.
    pub fn of(recorded: &Recorded, kind: NotificationKind) -> Option<Self> {
        let cause = Cause::of(recorded)?;
        Some(Self {
            id: recorded.position,
            kind,
            conversation_id: cause.conversation,
            message_id: cause.message,
            seq: cause.message.map(|id| id.seq),
            actor_id: cause.actor,
            emoji: cause.emoji.map(ToOwned::to_owned),
            created_at: recorded.occurred_at,
            read: false,
        })
    }
}

impl From<NotificationView> for Notification {
    fn from(view: NotificationView) -> Self {
        Self {
            id: view.position,
            kind: view.kind,
            conversation_id: view.conversation,
            message_id: view.message,
            seq: view.message.map(|id| id.seq),
            actor_id: view.actor,
            emoji: view.emoji,
            created_at: view.at,
            read: view.is_read,
        }
    }
}

/// How many notifications are not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct NotificationCount {
    /// Of the newest 1,000.
    pub unread: u64,
}
