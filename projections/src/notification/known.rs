//! What must be known to say whom a batch notifies: as it stood before the batch, and then as the batch changes it.

use super::tables::{FIND_AUTHORS, FIND_BLOCKS, FIND_GROUPS, FIND_INSIDE, FIND_SETTINGS};
use crate::conversation::messaging::inbox::settings;
use crate::database::value::Value;
use crate::projection::{ApplyFault, Step};
use domain::conversation::values::{ConversationKind, MembershipSettings};
use domain::event::Event;
use domain::ids::{AccountId, ConversationId, MessageId};
use domain::notification::values::{Cause, NotificationKind};
use domain::recorded::Recorded;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A member.
pub(super) type Key = (AccountId, ConversationId);

/// Members, settings, authors, groups and blocks, as far as the batch needs them.
#[derive(Default)]
pub(super) struct Known {
    /// Of the messages whose authors may be notified. An author never changes.
    authors: BTreeMap<MessageId, AccountId>,
    /// Groups that somebody is added to. What is one, stays one.
    groups: BTreeSet<ConversationId>,
    /// Whoever may be notified, and whether they are members.
    inside: BTreeMap<Key, bool>,
    settings: BTreeMap<Key, MembershipSettings>,
    /// Who blocks whom, among those who may be notified and whoever did something.
    blocks: BTreeSet<(AccountId, AccountId)>,
}

impl Known {
    /// Looks up what the events of this batch ask for, in five queries at most; in none when nothing may notify.
    pub(super) async fn gather(batch: &[Arc<Recorded>], step: &mut Step<'_>) -> Result<Self, ApplyFault> {
        let causes = batch.iter().filter_map(|recorded| Some((&**recorded, Cause::of(recorded)?)));
        let causes: Vec<(&Recorded, Cause<'_>)> = causes.collect();
        let mut known = Self::default();
        if causes.is_empty() {
            return Ok(known);
        }
        known.find_authors(batch, &causes, step).await?;
        known.find_groups(batch, &causes, step).await?;
        let mut pairs: BTreeSet<(AccountId, AccountId)> = BTreeSet::new();
        for (recorded, cause) in &causes {
            for (account, kind) in known.candidates(recorded, cause) {
                known.inside.insert((account, cause.conversation), false);
                if kind.asks_for_blocks() {
                    pairs.extend([(account, cause.actor), (cause.actor, account)]);
                }
            }
        }
        known.find_members(step).await?;
        known.find_blocks(pairs, step).await?;
        Ok(known)
    }

    async fn find_authors(
        &mut self,
        batch: &[Arc<Recorded>],
        causes: &[(&Recorded, Cause<'_>)],
        step: &mut Step<'_>,
    ) -> Result<(), ApplyFault> {
        let mut wanted: BTreeSet<MessageId> = causes.iter().filter_map(|(_, cause)| cause.authored).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        for recorded in batch {
            if let Event::MessageSent(e) = &recorded.event
                && let Some(conversation) = recorded.stream.conversation_id()
            {
                let id = MessageId { conversation, seq: recorded.revision + 1 };
                if wanted.remove(&id) {
                    self.authors.insert(id, e.sender);
                }
            }
        }
        let wanted = wanted.into_iter().flat_map(|id| [id.conversation.into(), Value::from(id.seq)]);
        for row in FIND_AUTHORS.fetch(step.tx().await?, wanted.collect()).await? {
            let mut columns = row.columns();
            let id = MessageId { conversation: columns.conversation()?, seq: columns.number()? };
            self.authors.insert(id, columns.account()?);
        }
        Ok(())
    }

    async fn find_groups(
        &mut self,
        batch: &[Arc<Recorded>],
        causes: &[(&Recorded, Cause<'_>)],
        step: &mut Step<'_>,
    ) -> Result<(), ApplyFault> {
        let joins = causes.iter().filter(|(recorded, _)| matches!(recorded.event, Event::MemberJoined(_)));
        let mut wanted: BTreeSet<ConversationId> = joins.map(|(_, cause)| cause.conversation).collect();
        for recorded in batch {
            if let Event::ConversationCreated(e) = &recorded.event
                && wanted.remove(&e.conversation)
                && e.kind == ConversationKind::Group
            {
                self.groups.insert(e.conversation);
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let wanted = wanted.into_iter().map(Value::from).collect();
        for row in FIND_GROUPS.fetch(step.tx().await?, wanted).await? {
            self.groups.insert(row.columns().conversation()?);
        }
        Ok(())
    }

    async fn find_members(&mut self, step: &mut Step<'_>) -> Result<(), ApplyFault> {
        if self.inside.is_empty() {
            return Ok(());
        }
        let keys = self.inside.keys().flat_map(|(account, conversation)| [(*account).into(), (*conversation).into()]);
        let keys: Vec<Value> = keys.collect();
        let tx = step.tx().await?;
        for row in FIND_INSIDE.fetch(tx, keys.clone()).await? {
            let mut columns = row.columns();
            self.inside.insert((columns.account()?, columns.conversation()?), true);
        }
        for row in FIND_SETTINGS.fetch(tx, keys).await? {
            let mut columns = row.columns();
            let key = (columns.account()?, columns.conversation()?);
            self.settings.insert(key, settings(&mut columns)?);
        }
        Ok(())
    }

    async fn find_blocks(
        &mut self,
        pairs: BTreeSet<(AccountId, AccountId)>,
        step: &mut Step<'_>,
    ) -> Result<(), ApplyFault> {
        if pairs.is_empty() {
            return Ok(());
        }
        let pairs = pairs.into_iter().flat_map(|(owner, account)| [owner.into(), Value::from(account)]);
        for row in FIND_BLOCKS.fetch(step.tx().await?, pairs.collect()).await? {
            let mut columns = row.columns();
            self.blocks.insert((columns.account()?, columns.account()?));
        }
        Ok(())
    }

    /// Takes over a change of members, of their settings or of who blocks whom.
    pub(super) fn take(&mut self, recorded: &Recorded) {
        match &recorded.event {
            Event::MemberJoined(e) => self.moves(e.account, recorded, true),
            Event::MemberLeft(e) => self.moves(e.account, recorded, false),
            Event::AccountBlocked(e) => {
                self.blocks.extend(recorded.stream.relationship_id().map(|owner| (owner, e.account)));
            }
            Event::AccountUnblocked(e) => {
                if let Some(owner) = recorded.stream.relationship_id() {
                    self.blocks.remove(&(owner, e.account));
                }
            }
            Event::MembershipChanged(e) => {
                if let Some((conversation, account)) = recorded.stream.member() {
                    self.settings.insert((account, conversation), e.settings);
                }
            }
            _ => {}
        }
    }

    fn moves(&mut self, account: AccountId, recorded: &Recorded, is_inside: bool) {
        let known = recorded.stream.conversation_id().and_then(|id| self.inside.get_mut(&(account, id)));
        if let Some(inside) = known {
            *inside = is_inside;
        }
    }

    fn candidates(&self, recorded: &Recorded, cause: &Cause<'_>) -> Vec<(AccountId, NotificationKind)> {
        let author = cause.authored.and_then(|id| self.authors.get(&id).copied());
        cause.candidates(&recorded.event, author, self.groups.contains(&cause.conversation))
    }

    /// Whom an event notifies, as things stand at this moment of the batch.
    pub(super) fn notified(&self, recorded: &Recorded, cause: &Cause<'_>) -> Vec<(AccountId, NotificationKind)> {
        let mut notified = self.candidates(recorded, cause);
        notified.retain(|(account, kind)| {
            let key = (*account, cause.conversation);
            let settings = self.settings.get(&key).copied().unwrap_or_default();
            let is_parted = kind.asks_for_blocks() && self.are_apart(*account, cause.actor);
            self.inside.get(&key) == Some(&true) && !is_parted && kind.is_wanted(settings, recorded.occurred_at)
        });
        notified
    }

    fn are_apart(&self, one: AccountId, other: AccountId) -> bool {
        self.blocks.contains(&(one, other)) || self.blocks.contains(&(other, one))
    }
}
