//! From events to changes of the index.

use super::entry::{Draft, open};
use super::index::{Change, Index};
use super::port::SearchFault;
use domain::event::Event;
use domain::ids::{AccountId, ConversationId, MessageId};
use domain::recorded::Recorded;
use domain::source::{EventSource, SourceFault};
use domain::words::{Subject, Words, WordsFault};
use futures_util::{StreamExt, TryStreamExt};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// Messages that are read from the log at the same time.
const LOADED_AT_ONCE: usize = 16;

/// Why events could not be taken over.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApplyFault {
    /// The log did not give a message.
    #[error("the log could not be read")]
    Source(#[from] SourceFault),
    /// Words did not open.
    #[error("words could not be opened")]
    Words(#[from] WordsFault),
    /// The index failed.
    #[error(transparent)]
    Index(#[from] SearchFault),
}

impl ApplyFault {
    /// Whether trying again can help.
    pub(super) fn is_passing(&self) -> bool {
        matches!(self, ApplyFault::Source(SourceFault::Unavailable(_)) | ApplyFault::Words(WordsFault::Store(_)))
    }
}

/// What an event changes of what can be found.
enum Touch {
    Sent,
    Happened(MessageId),
    ErasedBy(AccountId),
    ErasedIn(ConversationId),
    PurgedThrough(MessageId),
    Nothing,
}

fn touch(recorded: &Recorded) -> Touch {
    match &recorded.event {
        Event::MessageSent(_) => Touch::Sent,
        Event::MessageEdited(_) | Event::MessageDeleted(_) | Event::ReactionAdded(_) | Event::ReactionRemoved(_) => {
            recorded.stream.message_id().map_or(Touch::Nothing, Touch::Happened)
        }
        Event::AccountErased(event) => Touch::ErasedBy(event.account),
        Event::KeyDestroyed(event) => match event.key.subject {
            Subject::Account(account) => Touch::ErasedBy(account),
            Subject::Conversation(conversation) => Touch::ErasedIn(conversation),
            // Messages go with the purge that destroyed the key of their period.
            Subject::Messages(_) | Subject::Story(_) | Subject::Deployment => Touch::Nothing,
        },
        Event::MessagesPurged(event) => recorded.stream.conversation_id().map_or(Touch::Nothing, |conversation| {
            Touch::PurgedThrough(MessageId { conversation, seq: event.through_seq })
        }),
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
        | Event::ConversationChanged(_)
        | Event::ConversationClosed(_)
        | Event::ConversationCreated(_)
        | Event::DeviceKeyPublished(_)
        | Event::DeviceKeyRemoved(_)
        | Event::ErasureBegun(_)
        | Event::ErasureCancelled(_)
        | Event::ErasureRequested(_)
        | Event::ImportAdvanced(_)
        | Event::JobEnded(_)
        | Event::JobStarted(_)
        | Event::MemberJoined(_)
        | Event::MemberLeft(_)
        | Event::MemberRoleChanged(_)
        | Event::MembershipChanged(_)
        | Event::MessagePinned(_)
        | Event::MessageUnpinned(_)
        | Event::NotificationsRead(_)
        | Event::PasswordChanged(_)
        | Event::ProfileChanged(_)
        | Event::ReadMoved(_)
        | Event::RetentionChanged(_)
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
        | Event::UsernameReserved(_) => Touch::Nothing,
    }
}

/// Takes events over into one index.
pub(super) struct Applier {
    pub(super) index: Arc<Index>,
    pub(super) source: Arc<dyn EventSource>,
    pub(super) words: Arc<dyn Words>,
    /// Erased since this began: their words may still open for a moment, from a cache of keys.
    erased: HashSet<Subject>,
}

/// What a batch did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Applied {
    /// Changes of the index.
    pub(super) changes: usize,
    /// Whether words were erased or purged.
    pub(super) has_erased: bool,
}

impl Applier {
    pub(super) fn new(index: Arc<Index>, source: Arc<dyn EventSource>, words: Arc<dyn Words>) -> Self {
        Self { index, source, words, erased: HashSet::new() }
    }

    /// Takes a batch over: a message that was sent in it and left alone as it was sent, every other one that something
    /// happened to as the log has it now. Doing so again comes to the same.
    pub(super) async fn apply(&mut self, batch: &[Arc<Recorded>]) -> Result<Applied, ApplyFault> {
        let mut sent: BTreeMap<MessageId, Draft> = BTreeMap::new();
        let mut happened: Vec<MessageId> = Vec::new();
        let mut erasures: Vec<Change> = Vec::new();
        for recorded in batch {
            match touch(recorded) {
                Touch::Sent => sent.extend(Draft::sent(recorded).map(|draft| (draft.id(), draft))),
                Touch::Happened(id) => happened.push(id),
                Touch::ErasedBy(account) => {
                    self.erased.insert(Subject::Account(account));
                    erasures.push(Change::RemoveAllBy(account));
                }
                Touch::ErasedIn(conversation) => {
                    self.erased.insert(Subject::Conversation(conversation));
                    erasures.push(Change::RemoveAllIn(conversation));
                }
                Touch::PurgedThrough(last) => erasures.push(Change::RemoveThrough(last)),
                Touch::Nothing => {}
            }
        }
        if sent.is_empty() && happened.is_empty() && erasures.is_empty() {
            return Ok(Applied::default());
        }
        happened.sort_unstable();
        happened.dedup();
        let mut changes: Vec<Change> = happened.iter().map(|id| Change::Remove(*id)).collect();
        happened.iter().for_each(|id| drop(sent.remove(id)));
        let loads = happened.into_iter().map(|id| Draft::load(&*self.source, id));
        let loaded: Vec<Option<Draft>> =
            futures_util::stream::iter(loads).buffered(LOADED_AT_ONCE).try_collect().await?;
        let drafts = sent.into_values().chain(loaded.into_iter().flatten()).filter(|draft| !self.is_erased(draft));
        let entries = open(drafts.collect(), &*self.words).await?;
        changes.extend(entries.into_iter().map(|entry| Change::Add(Box::new(entry))));
        let applied = Applied { changes: changes.len() + erasures.len(), has_erased: !erasures.is_empty() };
        changes.append(&mut erasures);
        let index = self.index.clone();
        in_background(move || index.apply(changes)).await?;
        Ok(applied)
    }

    fn is_erased(&self, draft: &Draft) -> bool {
        self.erased.contains(&Subject::Account(draft.sender()))
            || self.erased.contains(&Subject::Conversation(draft.id().conversation))
    }
}

/// Does what waits for the disk or computes for long, apart from the tasks.
pub(super) async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, tantivy::TantivyError> + Send + 'static,
) -> Result<T, SearchFault> {
    Ok(tokio::task::spawn_blocking(work).await.map_err(|_| SearchFault::BrokenOff)??)
}
