//! What a batch changes: folded in memory, so that each row is written once a batch.

use super::members::{Members, conversation_of};
use super::retention::Retentions;
use crate::projection::{ApplyFault, sealed};
use domain::clock::Time;
use domain::conversation::event::ConversationCreated;
use domain::conversation::values::MembershipSettings;
use domain::event::Event;
use domain::ids::{AccountId, ConversationId, MessageId, Position};
use domain::message::event::{MessageEdited, MessageSent};
use domain::recorded::Recorded;
use domain::stream::Category;
use std::collections::{BTreeMap, HashMap};

/// The newest message of a conversation.
#[derive(Clone, Copy)]
pub(super) struct Head {
    pub(super) seq: u64,
    pub(super) position: Position,
    pub(super) at: Time,
}

/// A conversation that is created in the batch.
pub(super) struct Created<'a> {
    pub(super) event: &'a ConversationCreated,
    pub(super) words: Option<Vec<u8>>,
    pub(super) at: Time,
}

/// What happens to a conversation as a whole.
#[derive(Default)]
pub(super) struct About {
    /// By how much the number of members changes.
    pub(super) members: i64,
    /// Of the newest event of its own stream.
    pub(super) revision: u64,
    pub(super) words: Option<Vec<u8>>,
    pub(super) closed_at: Option<Time>,
}

/// A pin that stands in the end.
pub(super) struct Pin {
    pub(super) by: AccountId,
    pub(super) at: Time,
    pub(super) position: Position,
}

/// A message that is sent in the batch.
pub(super) struct Sent {
    pub(super) id: MessageId,
    pub(super) position: Position,
    pub(super) sender: AccountId,
    pub(super) reply_to: Option<u64>,
    pub(super) at: Time,
    pub(super) words: Vec<u8>,
    pub(super) mentions: Option<Vec<u8>>,
    pub(super) period: Option<u32>,
    pub(super) later: Later,
}

/// The newest edit of a message.
pub(super) struct Edited {
    pub(super) words: Vec<u8>,
    pub(super) mentions: Option<Vec<u8>>,
    pub(super) at: Time,
}

/// What happens to a message after it was sent.
#[derive(Default)]
pub(super) struct Later {
    pub(super) edited: Option<Edited>,
    pub(super) deleted_at: Option<Time>,
    pub(super) revision: Option<u64>,
    pub(super) replies: u64,
}

/// An edit or the deletion of a message.
pub(super) struct Version {
    pub(super) id: MessageId,
    pub(super) revision: u64,
    pub(super) position: Position,
    pub(super) at: Time,
    pub(super) is_deletion: bool,
}

/// Emoji and account of a reaction to a message.
pub(super) type ReactionKey = (MessageId, String, AccountId);

/// Everything that a batch changes.
pub(super) struct Changes<'a> {
    pub(super) members: Members,
    pub(super) created: BTreeMap<ConversationId, Created<'a>>,
    pub(super) about: BTreeMap<ConversationId, About>,
    /// What groups are called from when on.
    pub(super) names: Vec<(ConversationId, Position, Vec<u8>)>,
    pub(super) settings: BTreeMap<(AccountId, ConversationId), MembershipSettings>,
    /// None for a pin that was taken out.
    pub(super) pins: BTreeMap<MessageId, Option<Pin>>,
    pub(super) heads: BTreeMap<ConversationId, Head>,
    pub(super) watermarks: BTreeMap<(AccountId, ConversationId), u64>,
    pub(super) sent: Vec<Sent>,
    sent_at: HashMap<MessageId, usize>,
    pub(super) later: BTreeMap<MessageId, Later>,
    pub(super) versions: Vec<Version>,
    /// The position of the reaction that stands in the end; none when it was taken back.
    pub(super) reactions: BTreeMap<ReactionKey, Option<Position>>,
    pub(super) retentions: Retentions,
}

impl<'a> Changes<'a> {
    pub(super) fn new(members: Members, events: usize) -> Self {
        Self {
            members,
            created: BTreeMap::new(),
            about: BTreeMap::new(),
            names: Vec::new(),
            settings: BTreeMap::new(),
            pins: BTreeMap::new(),
            heads: BTreeMap::new(),
            watermarks: BTreeMap::new(),
            sent: Vec::with_capacity(events),
            sent_at: HashMap::with_capacity(events),
            later: BTreeMap::new(),
            versions: Vec::new(),
            reactions: BTreeMap::new(),
            retentions: Retentions::default(),
        }
    }

    /// Takes over an event.
    pub(super) fn take(&mut self, recorded: &'a Recorded) -> Result<(), ApplyFault> {
        if recorded.stream.category() == Category::Conversation {
            self.about(conversation_of(recorded)?).revision = recorded.revision;
        }
        match &recorded.event {
            Event::ConversationCreated(e) => self.create(e, recorded)?,
            Event::ConversationChanged(e) => {
                let (conversation, words) = (conversation_of(recorded)?, sealed(&e.words, recorded.position)?);
                self.names.push((conversation, recorded.position, words.clone()));
                self.about(conversation).words = Some(words);
            }
            Event::ConversationClosed(_) => {
                self.about(conversation_of(recorded)?).closed_at = Some(recorded.occurred_at);
            }
            Event::MembershipChanged(e) => {
                let unfit = ApplyFault::Unfit(recorded.position, "its stream is no membership's");
                let (conversation, account) = recorded.stream.member().ok_or(unfit)?;
                self.settings.insert((account, conversation), e.settings);
            }
            Event::MessagePinned(e) => {
                let pin = Pin { by: e.pinned_by, at: recorded.occurred_at, position: recorded.position };
                self.pins.insert(MessageId { conversation: conversation_of(recorded)?, seq: e.seq }, Some(pin));
            }
            Event::MessageUnpinned(e) => {
                self.pins.insert(MessageId { conversation: conversation_of(recorded)?, seq: e.seq }, None);
            }
            Event::RetentionChanged(e) => {
                self.retentions.days.insert(conversation_of(recorded)?, e.days);
            }
            Event::MessagesPurged(e) => {
                self.retentions.purged.insert(conversation_of(recorded)?, e.through_seq);
            }
            Event::MemberJoined(e) => {
                let (key, head) = self.member(e.account, recorded)?;
                let change = self.members.join(key, e.role, recorded);
                self.about(key.1).members += change;
                // What was said before is history, which is not unread.
                if head > 0 {
                    self.read(key, head);
                }
            }
            Event::MemberLeft(e) => {
                let (key, head) = self.member(e.account, recorded)?;
                let change = self.members.leave(key, recorded, head)?;
                self.about(key.1).members += change;
            }
            Event::MemberRoleChanged(e) => {
                let (key, _) = self.member(e.account, recorded)?;
                self.members.change_role(key, e.role, recorded)?;
            }
            Event::MessageSent(e) => self.send(e, recorded)?,
            Event::MessageEdited(e) => self.edit(e, recorded)?,
            Event::MessageDeleted(_) => {
                let later = self.happens_to(recorded)?;
                later.deleted_at = Some(recorded.occurred_at);
                self.version(recorded, true)?;
            }
            Event::ReactionAdded(e) => self.react(recorded, &e.emoji, e.account, Some(recorded.position))?,
            Event::ReactionRemoved(e) => self.react(recorded, &e.emoji, e.account, None)?,
            Event::ReadMoved(e) => {
                let key = reader_of(recorded)?;
                self.read(key, e.seq);
            }
            Event::AccountFollowed(_)
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
            | Event::DeviceKeyPublished(_)
            | Event::DeviceKeyRemoved(_)
            | Event::AccountErased(_)
            | Event::ErasureBegun(_)
            | Event::ErasureCancelled(_)
            | Event::ErasureRequested(_)
            | Event::ImportAdvanced(_)
            | Event::JobEnded(_)
            | Event::JobStarted(_)
            | Event::KeyDestroyed(_)
            | Event::NotificationsRead(_)
            | Event::PasswordChanged(_)
            | Event::ProfileChanged(_)
            | Event::RoleGranted(_)
            | Event::SessionOpened(_)
            | Event::SessionRefreshed(_)
            | Event::SessionRevoked(_)
            | Event::SettingsChanged(_)
            | Event::StoryDeleted(_)
            | Event::StoryExpired(_)
            | Event::StoryPosted(_)
            | Event::StoryPrivacyChanged(_)
            | Event::StoryViewed(_)
            | Event::UsernameReserved(_) => {}
        }
        Ok(())
    }

    fn create(&mut self, event: &'a ConversationCreated, recorded: &Recorded) -> Result<(), ApplyFault> {
        let position = recorded.position;
        let words = event.words.as_ref().map(|words| sealed(words, position)).transpose()?;
        self.names.extend(words.clone().map(|words| (event.conversation, position, words)));
        self.heads.insert(event.conversation, Head { seq: 0, position, at: recorded.occurred_at });
        self.created.insert(event.conversation, Created { event, words, at: recorded.occurred_at });
        Ok(())
    }

    fn about(&mut self, conversation: ConversationId) -> &mut About {
        self.about.entry(conversation).or_default()
    }

    /// The membership that an event is about, and the newest message of its conversation at this moment.
    fn member(
        &self,
        account: AccountId,
        recorded: &Recorded,
    ) -> Result<((AccountId, ConversationId), u64), ApplyFault> {
        let conversation = conversation_of(recorded)?;
        let in_batch = self.heads.get(&conversation).map(|head| head.seq);
        Ok(((account, conversation), self.members.head(conversation, in_batch)))
    }

    fn send(&mut self, event: &MessageSent, recorded: &Recorded) -> Result<(), ApplyFault> {
        let conversation = conversation_of(recorded)?;
        let id = MessageId { conversation, seq: recorded.revision + 1 };
        let (position, at) = (recorded.position, recorded.occurred_at);
        let words = sealed(&event.words, position)?;
        self.heads.insert(conversation, Head { seq: id.seq, position, at });
        self.read((event.sender, conversation), id.seq);
        if let Some(seq) = event.reply_to {
            self.later(MessageId { conversation, seq }).replies += 1;
        }
        let later = Later::default();
        self.sent_at.insert(id, self.sent.len());
        let (sender, reply_to, mentions) = (event.sender, event.reply_to, ids_of(&event.mentions));
        let period = event.period;
        self.sent.push(Sent { id, position, sender, reply_to, at, words, mentions, period, later });
        Ok(())
    }

    fn edit(&mut self, event: &MessageEdited, recorded: &Recorded) -> Result<(), ApplyFault> {
        let words = sealed(&event.words, recorded.position)?;
        let mentions = ids_of(&event.mentions);
        self.happens_to(recorded)?.edited = Some(Edited { words, mentions, at: recorded.occurred_at });
        self.version(recorded, false)
    }

    fn version(&mut self, recorded: &Recorded, is_deletion: bool) -> Result<(), ApplyFault> {
        let (id, revision, position, at) =
            (message_of(recorded)?, recorded.revision, recorded.position, recorded.occurred_at);
        self.versions.push(Version { id, revision, position, at, is_deletion });
        Ok(())
    }

    fn react(
        &mut self,
        recorded: &Recorded,
        emoji: &str,
        account: AccountId,
        stands: Option<Position>,
    ) -> Result<(), ApplyFault> {
        self.happens_to(recorded)?;
        self.reactions.insert((message_of(recorded)?, emoji.to_owned(), account), stands);
        Ok(())
    }

    /// What happens to the message of the event's stream, whose revision moves with every event.
    fn happens_to(&mut self, recorded: &Recorded) -> Result<&mut Later, ApplyFault> {
        let later = self.later(message_of(recorded)?);
        later.revision = Some(recorded.revision);
        Ok(later)
    }

    /// Folded into the message itself when it is sent in this batch, too.
    fn later(&mut self, id: MessageId) -> &mut Later {
        match self.sent_at.get(&id) {
            Some(index) => &mut self.sent[*index].later,
            None => self.later.entry(id).or_default(),
        }
    }

    fn read(&mut self, key: (AccountId, ConversationId), seq: u64) {
        let watermark = self.watermarks.entry(key).or_default();
        *watermark = seq.max(*watermark);
    }
}

/// Ids as a column holds them, one after the other; none for nobody.
fn ids_of(accounts: &[AccountId]) -> Option<Vec<u8>> {
    (!accounts.is_empty()).then(|| accounts.iter().flat_map(|account| account.uuid().into_bytes()).collect())
}

fn message_of(recorded: &Recorded) -> Result<MessageId, ApplyFault> {
    recorded.stream.message_id().ok_or(ApplyFault::Unfit(recorded.position, "its stream is no message's"))
}

/// Reader and conversation of a `read-<account>.<conversation>` stream.
fn reader_of(recorded: &Recorded) -> Result<(AccountId, ConversationId), ApplyFault> {
    let parts = recorded.stream.key().split_once('.').filter(|_| recorded.stream.category() == Category::Read);
    parts
        .and_then(|(account, conversation)| Some((account.parse().ok()?, conversation.parse().ok()?)))
        .ok_or(ApplyFault::Unfit(recorded.position, "its stream is no reader's"))
}
