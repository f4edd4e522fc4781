//! Who is there: told to those who share a small conversation and are not apart, when it changes and when they come to
//! share one.

use crate::live::ephemeral::frame;
use crate::live::outbox::Outbox;
use crate::live::render::reader;
use crate::live::router::Live;
use crate::live::wire::Wire;
use domain::event::Event;
use domain::ids::{AccountId, ConversationId};
use domain::limits::PRESENCE_MAX_ACCOUNTS;
use domain::recorded::Recorded;
use projections::account::settings::Signals;
use serde::Serialize;
use std::collections::HashSet;
use tokio::task::yield_now;

/// Whether somebody is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// Looks at it on some device.
    Online,
    /// Has it open, but looks elsewhere.
    Away,
    /// Has it open nowhere.
    Offline,
}

/// `presence`.
#[derive(Serialize)]
pub struct PresenceChanged {
    /// Who.
    pub account_id: AccountId,
    /// Since now.
    pub status: Presence,
}

impl PresenceChanged {
    fn wire(account_id: AccountId, status: Presence) -> Wire {
        frame("presence", &PresenceChanged { account_id, status })
    }
}

/// What brings people together or parts them.
#[derive(Debug)]
pub enum Tie {
    /// These came into a conversation, one after the other.
    Joined(ConversationId, HashSet<AccountId>),
    /// Somebody left one.
    Left(ConversationId, AccountId),
    /// One of the two blocks the other.
    Parted(AccountId, AccountId),
    /// One of the two does not any more.
    Reunited(AccountId, AccountId),
}

impl Tie {
    /// Takes over what another one brings, if that makes no difference.
    pub fn absorb(&mut self, other: &Tie) -> bool {
        match (self, other) {
            (Tie::Joined(conversation, accounts), Tie::Joined(same, more)) if conversation == same => {
                accounts.extend(more);
                true
            }
            (Tie::Joined(..) | Tie::Left(..) | Tie::Parted(..) | Tie::Reunited(..), _) => false,
        }
    }
}

impl Live {
    /// Takes from an event what is to be told of it, once the routes have taken it over.
    pub(in crate::live) fn note(&self, event: &Recorded) {
        let ephemerals = &self.ephemerals;
        match &event.event {
            Event::ReadMoved(e) => {
                if let Some((account, conversation)) = reader(&event.stream) {
                    ephemerals.read(conversation, account, e.seq);
                }
            }
            Event::AccountBlocked(e) => {
                if let Some(owner) = event.stream.relationship_id() {
                    ephemerals.tied(Tie::Parted(owner, e.account));
                }
            }
            Event::AccountUnblocked(e) => {
                if let Some(owner) = event.stream.relationship_id() {
                    ephemerals.tied(Tie::Reunited(owner, e.account));
                }
            }
            Event::SettingsChanged(e) => {
                if let Some(account) = event.stream.account_id() {
                    let signals = Signals { read_receipts: e.read_receipts, presence: e.presence };
                    ephemerals.chose(account, signals);
                }
            }
            Event::MemberJoined(e) => {
                if let Some(conversation) = event.stream.conversation_id() {
                    // Each member joined in an event of this stream, and the first of its events is none of these.
                    ephemerals.counted(conversation, event.revision);
                    if self.routes.lock().is_connected(e.account) {
                        ephemerals.tied(Tie::Joined(conversation, HashSet::from([e.account])));
                    }
                }
            }
            Event::MemberLeft(e) => {
                if let Some(conversation) = event.stream.conversation_id()
                    && self.routes.lock().is_connected(e.account)
                {
                    ephemerals.tied(Tie::Left(conversation, e.account));
                }
            }
            _ => {}
        }
    }

    pub(in crate::live) async fn tell_presence(&self, account: AccountId, gone_from: HashSet<ConversationId>) {
        let (presence, mut conversations) = self.routes.lock().presence(account);
        conversations.extend(gone_from);
        let status = if self.signals(account).await.presence { presence } else { Presence::Offline };
        let before = match status {
            Presence::Offline => self.ephemerals.told.lock().remove(&account),
            Presence::Online | Presence::Away => self.ephemerals.told.lock().insert(account, status),
        };
        if before.unwrap_or(Presence::Offline) != status {
            let frame = PresenceChanged::wire(account, status);
            let small = self.small_ones(conversations).await;
            let Some(blocks) = self.blocks_elsewhere(account).await else { return };
            self.tell_members(small, account, &blocks, &frame);
        }
    }

    pub(in crate::live) async fn tell_of(&self, tie: Tie) {
        match tie {
            Tie::Joined(conversation, accounts) => self.tell_of_joining(conversation, &accounts).await,
            Tie::Left(conversation, account) => self.tell_of_leaving(conversation, account).await,
            Tie::Parted(one, other) => {
                if self.share_a_small_one(one, other).await {
                    self.tell_each_other(one, other, |_| Presence::Offline);
                }
            }
            Tie::Reunited(one, other) => {
                if !self.routes.lock().are_apart(one, other) && self.share_a_small_one(one, other).await {
                    self.tell_each_other(one, other, |status| status);
                }
            }
        }
    }

    /// Newcomers are told who is there, and the others that they are.
    async fn tell_of_joining(&self, conversation: ConversationId, newcomers: &HashSet<AccountId>) {
        if !self.is_small(conversation).await {
            return;
        }
        for newcomer in newcomers {
            let others = {
                let routes = self.routes.lock();
                if !routes.is_member(*newcomer, conversation) {
                    continue;
                }
                routes.company(*newcomer, &HashSet::new(), [conversation], PRESENCE_MAX_ACCOUNTS)
            };
            for other in others {
                self.tell_one(*newcomer, other, |status| status);
                if !newcomers.contains(&other) {
                    self.tell_one(other, *newcomer, |status| status);
                }
            }
            yield_now().await;
        }
    }

    /// Those with whom nothing small is shared any more are offline from now on.
    async fn tell_of_leaving(&self, conversation: ConversationId, account: AccountId) {
        if !self.is_small(conversation).await {
            return;
        }
        let others = self.routes.lock().company(account, &HashSet::new(), [conversation], PRESENCE_MAX_ACCOUNTS);
        for other in others {
            if !self.share_a_small_one(account, other).await {
                self.tell_each_other(account, other, |_| Presence::Offline);
            }
        }
    }

    async fn share_a_small_one(&self, one: AccountId, other: AccountId) -> bool {
        let shared = self.routes.lock().shared(one, other);
        !self.small_ones(shared).await.is_empty()
    }

    fn tell_each_other(&self, one: AccountId, other: AccountId, shown: impl Fn(Presence) -> Presence) {
        self.tell_one(one, other, &shown);
        self.tell_one(other, one, &shown);
    }

    /// Of whom nothing was told, nothing changes.
    fn tell_one(&self, account: AccountId, of: AccountId, shown: impl Fn(Presence) -> Presence) {
        let told = self.ephemerals.told.lock().get(&of).copied();
        if let Some(status) = told {
            let frame = PresenceChanged::wire(of, shown(status));
            let sockets: Vec<_> = self.routes.lock().outboxes(account).cloned().collect();
            sockets.iter().for_each(|socket| socket.push_ephemeral(&frame));
        }
    }

    /// Who else is there is told to a socket that came.
    pub(in crate::live) async fn tell_who_is_there(&self, account: AccountId, socket: &Outbox) {
        let (_, conversations) = self.routes.lock().presence(account);
        let small = self.small_ones(conversations).await;
        let others = self.routes.lock().company(account, &HashSet::new(), small, PRESENCE_MAX_ACCOUNTS);
        for other in others {
            let told = self.ephemerals.told.lock().get(&other).copied();
            if let Some(status) = told {
                socket.push_ephemeral(&PresenceChanged::wire(other, status));
            }
        }
    }
}
