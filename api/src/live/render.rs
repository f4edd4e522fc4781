//! Events as frames: each is rendered once and the text is shared by everybody who may see it.
//!
//! A frame is a function of the event and of its own streams up to it, so a resumed socket is sent what one that never
//! dropped was sent, except that words which were deleted or erased since are null.

use crate::live::conversation::conversation;
use crate::live::data::{
    AccountErased, AccountUpdated, DeviceKeyChanged, ErasureChanged, MemberJoined, MemberLeft, MemberRoleChanged,
    MessagePinned, MessageUnpinned, MessagesPurged, NotificationsRead, ReadMoved, RetentionChanged, StoryViewed,
};
use crate::live::frame::{Frame, raw};
use crate::live::message::{message, reaction};
use crate::live::relationship;
use crate::live::wire::Wire;
use crate::wire::account::Settings;
use crate::wire::conversation::ConversationSettings;
use crate::wire::message::{Deleted, Edited, Said};
use bytes::Bytes;
use commands::execute::{Executor, Failure};
use commands::log::EventLog;
use domain::clock::Clock;
use domain::event::Event;
use domain::ids::{AccountId, ConversationId, MessageId, Position};
use domain::proto::account::v1::{ProfileWords, SettingsWords};
use domain::proto::conversation::v1::ConversationWords;
use domain::proto::message::v1::MessageWords;
use domain::recorded::Recorded;
use domain::source::{Direction, SourceFault};
use domain::stream::{Category, StreamName};
use domain::words::{Content, Field, SealedField, Words, WordsFault, decode_opened};
use serde_json::value::RawValue;
use std::collections::HashSet;
use std::sync::Arc;

/// Newest messages that are looked at for the one before a join or a leave, before the search halves its way.
const NEWEST_MESSAGES: usize = 16;

/// Why an event could not be rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderFault {
    /// The log did not answer.
    #[error("the log cannot be read")]
    Source(#[from] SourceFault),
    /// Words did not open.
    #[error("words cannot be opened")]
    Words(#[from] WordsFault),
    /// What is gone is not known.
    #[error("the state of a conversation cannot be read")]
    State(#[source] Box<Failure>),
}

/// When an event is rendered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// As it comes.
    Live,
    /// Afterwards: what was deleted or purged since is left out.
    Afterwards,
    /// To show how things stand: no place to resume from, because what was missed may stand before and after it.
    Standing,
}

/// Renders events. Cheap to clone.
#[derive(Clone)]
pub struct Renderer {
    /// The log.
    pub source: Arc<dyn EventLog>,
    /// Opens what is sealed.
    pub words: Arc<dyn Words>,
    /// Knows what is gone of a conversation.
    pub executor: Arc<Executor>,
    /// Tells whether a story's time is over.
    pub clock: Arc<dyn Clock>,
}

impl Renderer {
    /// The frame of each event, in their order; none where an event is not shown. Today an event makes one frame, and
    /// so each is its last.
    ///
    /// # Errors
    /// When the log or the words' keys do not answer.
    pub async fn render(&self, events: &[Arc<Recorded>], when: When) -> Result<Vec<Option<Wire>>, RenderFault> {
        let mut opened = self.open(events).await?.into_iter();
        let mut frames = Vec::with_capacity(events.len());
        let last = when != When::Standing;
        let gone = if when == When::Live { HashSet::new() } else { self.gone(events).await? };
        for event in events {
            let opened = if sealed(&event.event).is_some() { opened.next() } else { None };
            let shown = self.data(event, opened, &gone, when).await?;
            frames.push(shown.map(|(kind, data)| Frame::Event { position: event.position, last, kind, data }.wire()));
        }
        Ok(frames)
    }

    async fn open(&self, events: &[Arc<Recorded>]) -> Result<Vec<Content<Bytes>>, WordsFault> {
        let fields: Vec<SealedField> = events.iter().filter_map(|event| sealed(&event.event)).cloned().collect();
        if fields.is_empty() { Ok(Vec::new()) } else { self.words.open(&fields).await }
    }

    async fn data(
        &self,
        recorded: &Recorded,
        opened: Option<Content<Bytes>>,
        gone: &HashSet<MessageId>,
        when: When,
    ) -> Result<Option<(&'static str, Box<RawValue>)>, RenderFault> {
        let at = recorded.occurred_at;
        let conversation_id = || recorded.stream.conversation_id().ok_or_else(|| misplaced(recorded));
        let message_id = || recorded.stream.message_id().ok_or_else(|| misplaced(recorded));
        let account_id = || recorded.stream.account_id().ok_or_else(|| misplaced(recorded));
        Ok(Some(match &recorded.event {
            Event::ConversationCreated(e) => {
                let words = e.words.as_ref().map(|words| read::<ConversationWords>(words, opened)).transpose()?;
                ("conversation.created", raw(&conversation(e, at, words.and_then(Content::present), None)))
            }
            Event::ConversationChanged(e) => {
                let (created, created_at) = self.creation_of(recorded).await?;
                let words = read(&e.words, opened)?.present();
                ("conversation.updated", raw(&conversation(&created, created_at, words, None)))
            }
            Event::ConversationClosed(_) => {
                let (created, created_at) = self.creation_of(recorded).await?;
                let words = self.words_before(recorded).await?;
                ("conversation.deleted", raw(&conversation(&created, created_at, words, Some(at))))
            }
            Event::MembershipChanged(e) => {
                let (conversation_id, _) = recorded.stream.member().ok_or_else(|| misplaced(recorded))?;
                // As it was decided: when a mute is over is for the client's clock.
                let data = ConversationSettings::at(conversation_id, e.settings, at);
                ("conversation.settings_changed", raw(&data))
            }
            Event::MessagePinned(e) => {
                let (conversation_id, seq) = (conversation_id()?, e.seq);
                let data = MessagePinned { conversation_id, seq, pinned_by: e.pinned_by, pinned_at: at };
                ("message.pinned", raw(&data))
            }
            Event::MessageUnpinned(e) => {
                ("message.unpinned", raw(&MessageUnpinned { conversation_id: conversation_id()?, seq: e.seq }))
            }
            Event::RetentionChanged(e) => (
                "conversation.retention_changed",
                raw(&RetentionChanged { conversation_id: conversation_id()?, days: e.days }),
            ),
            Event::MessagesPurged(e) => {
                let (conversation_id, through_seq, count) = (conversation_id()?, e.through_seq, e.count);
                ("messages.purged", raw(&MessagesPurged { conversation_id, through_seq, count }))
            }
            Event::MemberJoined(e) => {
                let conversation_id = conversation_id()?;
                let last_seq = self.last_seq_before(conversation_id, recorded.position).await?;
                let data = MemberJoined { conversation_id, account_id: e.account, role: e.role, last_seq };
                ("member.joined", raw(&data))
            }
            Event::MemberLeft(e) => {
                let conversation_id = conversation_id()?;
                let last_seq = self.last_seq_before(conversation_id, recorded.position).await?;
                ("member.left", raw(&MemberLeft { conversation_id, account_id: e.account, last_seq }))
            }
            Event::MemberRoleChanged(e) => {
                let conversation_id = conversation_id()?;
                let data = MemberRoleChanged { conversation_id, account_id: e.account, role: e.role };
                ("member.role_changed", raw(&data))
            }
            Event::MessageSent(e) => {
                let id = MessageId { conversation: conversation_id()?, seq: recorded.revision + 1 };
                let words = message_words(&e.words, opened, id, gone)?;
                ("message.sent", raw(&message(recorded, e, id, words)))
            }
            Event::MessageEdited(e) => {
                let id = message_id()?;
                let words = message_words(&e.words, opened, id, gone)?;
                let mentions = if words.is_some() { e.mentions.clone() } else { Vec::new() };
                let Said { text, ciphertext, nonce, scheme, sender_key_id, recipients } =
                    words.map(Said::opened).unwrap_or_default();
                let data = Edited {
                    id,
                    conversation_id: id.conversation,
                    seq: id.seq,
                    text,
                    ciphertext,
                    nonce,
                    scheme,
                    sender_key_id,
                    recipients,
                    mentions,
                    edited_at: at,
                };
                ("message.edited", raw(&data))
            }
            Event::MessageDeleted(_) => {
                let id = message_id()?;
                let data = Deleted { id, conversation_id: id.conversation, seq: id.seq, deleted_at: at };
                ("message.deleted", raw(&data))
            }
            Event::ReactionAdded(e) => ("reaction.added", raw(&reaction(message_id()?, e.account, &e.emoji))),
            Event::ReactionRemoved(e) => ("reaction.removed", raw(&reaction(message_id()?, e.account, &e.emoji))),
            Event::NotificationsRead(e) => ("notifications.read", raw(&NotificationsRead { up_to: e.up_to })),
            Event::ReadMoved(e) => {
                let (account_id, conversation_id) = reader(&recorded.stream).ok_or_else(|| misplaced(recorded))?;
                ("read.moved", raw(&ReadMoved { conversation_id, account_id, seq: e.seq }))
            }
            Event::ProfileChanged(e) => {
                let id = account_id()?;
                let words = read::<ProfileWords>(&e.words, opened)?.present();
                let (display_name, bio) = words.map_or((None, None), |words| (Some(words.display_name), words.bio));
                ("account.updated", raw(&AccountUpdated { id, display_name, bio }))
            }
            Event::ErasureRequested(e) => {
                let id = account_id()?;
                ("account.updated", raw(&ErasureChanged { id, erases_at: Some(e.erases_at) }))
            }
            Event::ErasureCancelled(_) => {
                ("account.updated", raw(&ErasureChanged { id: account_id()?, erases_at: None }))
            }
            Event::SettingsChanged(e) => {
                let words = e.time_zone.as_ref().map(|words| read::<SettingsWords>(words, opened)).transpose()?;
                let time_zone = words.and_then(Content::present).map(|words| words.time_zone);
                let data = Settings { read_receipts: e.read_receipts, presence: e.presence, time_zone };
                ("account.settings_changed", raw(&data))
            }
            Event::StoryPosted(e) => {
                let words = read(&e.words, opened)?.present();
                ("story.posted", self.story_posted(recorded, e, words, when).await?)
            }
            Event::StoryExpired(_) => ("story.expired", self.story_ended(recorded).await?),
            Event::StoryDeleted(_) => ("story.deleted", self.story_ended(recorded).await?),
            Event::StoryPrivacyChanged(e) => ("story.privacy_changed", self.story_changed(recorded, e.privacy).await?),
            Event::StoryViewed(e) => {
                let data =
                    StoryViewed { story_id: e.story, account_id: e.viewer, viewed_at: at, duration_ms: e.duration_ms };
                ("story.viewed", raw(&data))
            }
            Event::AccountFollowed(e) => relationship::changed(e.account, "following", true),
            Event::AccountUnfollowed(e) => relationship::changed(e.account, "following", false),
            Event::CloseFriendAdded(e) => relationship::changed(e.account, "close_friend", true),
            Event::CloseFriendRemoved(e) => relationship::changed(e.account, "close_friend", false),
            Event::AccountBlocked(e) => relationship::changed(e.account, "blocked", true),
            Event::AccountUnblocked(e) => relationship::changed(e.account, "blocked", false),
            Event::StoriesMuted(e) => relationship::changed(e.account, "story_muted", true),
            Event::StoriesUnmuted(e) => relationship::changed(e.account, "story_muted", false),
            Event::StoriesHidden(e) => relationship::changed(e.account, "story_hidden", true),
            Event::StoriesShown(e) => relationship::changed(e.account, "story_hidden", false),
            Event::AccountErased(e) => ("account.erased", raw(&AccountErased { id: e.account })),
            Event::DeviceKeyPublished(e) => {
                let data = DeviceKeyChanged { account_id: account_id()?, device_id: e.device, key_id: Some(e.key) };
                ("device_key.changed", raw(&data))
            }
            Event::DeviceKeyRemoved(e) => {
                let data = DeviceKeyChanged { account_id: account_id()?, device_id: e.device, key_id: None };
                ("device_key.changed", raw(&data))
            }
            Event::AccountRegistered(_)
            | Event::AdminsChanged(_)
            | Event::ContentAccessed(_)
            | Event::ErasureBegun(_)
            | Event::ImportAdvanced(_)
            | Event::JobEnded(_)
            | Event::JobStarted(_)
            | Event::KeyDestroyed(_)
            | Event::PasswordChanged(_)
            | Event::RoleGranted(_)
            | Event::SessionOpened(_)
            | Event::SessionRefreshed(_)
            | Event::SessionRevoked(_)
            | Event::UsernameReserved(_) => return Ok(None),
        }))
    }

    /// The sequence number of the newest message before `position`; 0 for none.
    async fn last_seq_before(&self, conversation: ConversationId, position: Position) -> Result<u64, SourceFault> {
        let timeline = StreamName::timeline(conversation);
        let newest = self.source.read_stream(&timeline, u64::MAX, Direction::Backward, NEWEST_MESSAGES).await?;
        if let Some(last) = newest.events.iter().find(|event| event.position < position) {
            return Ok(last.revision + 1);
        }
        // All of `low` are before the position, none of `high` is; both count messages.
        let (mut low, mut high) = (0, newest.events.last().map_or(0, |oldest| oldest.revision));
        while low < high {
            let middle = low + (high - low) / 2;
            let slice = self.source.read_stream(&timeline, middle, Direction::Forward, 1).await?;
            let is_before = slice.events.first().is_some_and(|event| event.position < position);
            if is_before { low = middle + 1 } else { high = middle }
        }
        Ok(low)
    }
}

/// The sealed words that a frame of the event shows.
fn sealed(event: &Event) -> Option<&SealedField> {
    match event {
        Event::ConversationChanged(e) => e.words.sealed(),
        Event::ConversationCreated(e) => e.words.as_ref()?.sealed(),
        Event::MessageSent(e) => e.words.sealed(),
        Event::MessageEdited(e) => e.words.sealed(),
        Event::ProfileChanged(e) => e.words.sealed(),
        Event::SettingsChanged(e) => e.time_zone.as_ref()?.sealed(),
        Event::StoryPosted(e) => e.words.sealed(),
        Event::AccountErased(_)
        | Event::AccountFollowed(_)
        | Event::AccountRegistered(_)
        | Event::AccountUnfollowed(_)
        | Event::AdminsChanged(_)
        | Event::CloseFriendAdded(_)
        | Event::CloseFriendRemoved(_)
        | Event::AccountBlocked(_)
        | Event::AccountUnblocked(_)
        | Event::StoriesHidden(_)
        | Event::StoriesMuted(_)
        | Event::StoriesShown(_)
        | Event::StoriesUnmuted(_)
        | Event::ContentAccessed(_)
        | Event::ErasureBegun(_)
        | Event::ErasureCancelled(_)
        | Event::ErasureRequested(_)
        | Event::DeviceKeyPublished(_)
        | Event::DeviceKeyRemoved(_)
        | Event::ConversationClosed(_)
        | Event::ImportAdvanced(_)
        | Event::JobEnded(_)
        | Event::JobStarted(_)
        | Event::KeyDestroyed(_)
        | Event::MemberJoined(_)
        | Event::MemberLeft(_)
        | Event::MemberRoleChanged(_)
        | Event::MembershipChanged(_)
        | Event::MessageDeleted(_)
        | Event::MessagePinned(_)
        | Event::MessageUnpinned(_)
        | Event::MessagesPurged(_)
        | Event::NotificationsRead(_)
        | Event::PasswordChanged(_)
        | Event::ReactionAdded(_)
        | Event::ReactionRemoved(_)
        | Event::ReadMoved(_)
        | Event::RetentionChanged(_)
        | Event::RoleGranted(_)
        | Event::SessionOpened(_)
        | Event::SessionRefreshed(_)
        | Event::SessionRevoked(_)
        | Event::StoryDeleted(_)
        | Event::StoryExpired(_)
        | Event::StoryPrivacyChanged(_)
        | Event::StoryViewed(_)
        | Event::UsernameReserved(_) => None,
    }
}

/// The words of a field: those that were opened, or the ones that never were sealed (the in-memory twin of the log).
fn read<T>(field: &Field<T>, opened: Option<Content<Bytes>>) -> Result<Content<T>, WordsFault>
where
    T: prost::Message + Default + Clone,
{
    match (field, opened) {
        (Field::Clear(words), _) => Ok(Content::Present(words.clone())),
        (Field::Sealed(sealed), Some(opened)) => decode_opened(sealed, opened),
        (Field::Sealed(sealed), None) => Err(WordsFault::Damaged(sealed.event)),
    }
}

/// What a message says; none when it is erased or gone.
fn message_words(
    field: &Field<MessageWords>,
    opened: Option<Content<Bytes>>,
    id: MessageId,
    gone: &HashSet<MessageId>,
) -> Result<Option<MessageWords>, WordsFault> {
    if gone.contains(&id) { Ok(None) } else { Ok(read(field, opened)?.present()) }
}

/// The account and conversation of a `read-…` stream.
pub fn reader(stream: &StreamName) -> Option<(AccountId, ConversationId)> {
    let (account, conversation) =
        (stream.category() == Category::Read).then(|| stream.key().split_once('.')).flatten()?;
    Some((account.parse().ok()?, conversation.parse().ok()?))
}

/// An event in a stream where it cannot stand.
pub fn misplaced(recorded: &Recorded) -> SourceFault {
    SourceFault::Damaged(recorded.position, "the event does not belong into its stream".into())
}
