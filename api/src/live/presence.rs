//! Who is there: told to those who share a small conversation and are not apart, when it changes and when they come to
//! share one.

use crate::live::ephemeral::{Waiting, frame};
use crate::live::notification::Notices;
use crate::live::outbox::Outbox;
use crate::live::render::reader;
use crate::live::router::{Live, Routes};
use crate::live::sizes::SIZE_UNKNOWN;
use crate::live::story::Stories;
use crate::live::tail::Routed;
use crate::live::wire::Wire;
use domain::event::Event;
use domain::ids::{AccountId, ConversationId};
use domain::limits::{EPHEMERAL_MAX_MEMBERS, PRESENCE_MAX_ACCOUNTS};
use domain::recorded::Recorded;
use projections::account::settings::Signals;
use serde::Serialize;
use std::collections::HashSet;
use std::sync::Arc;
use tokio::task::yield_now;
use tokio::time::Instant;

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
    /// Some left, or block others.
    Parted(Parting),
    /// One of the two does not block the other any more.
    Reunited(AccountId, AccountId),
    /// One was small and may be so no more.
    Outgrown(Outgrown),
}

/// A conversation that was small before somebody joined.
#[derive(Debug)]
pub struct Outgrown {
    conversation: ConversationId,
    /// Who had a socket there.
    members: Vec<AccountId>,
    /// Of whom they may have been told that they are there.
    told: Vec<AccountId>,
}

/// What those who are parted are owed: to each other they are offline.
#[derive(Debug)]
pub struct Parting {
    /// What they shared until then.
    through: HashSet<ConversationId>,
    /// It was told there only if there are no more members afterwards.
    members_max: usize,
    /// Who was told that somebody is there, and of whom.
    owed: Vec<(AccountId, AccountId)>,
}

impl Tie {
    /// Takes over what another one brings, if that makes no difference.
    pub fn absorb(&mut self, other: &Tie) -> bool {
        match (self, other) {
            (Tie::Joined(conversation, accounts), Tie::Joined(same, more)) if conversation == same => {
                accounts.extend(more);
                true
            }
            (Tie::Joined(..) | Tie::Parted(_) | Tie::Reunited(..) | Tie::Outgrown(_), _) => false,
        }
    }

    /// How many people it is about.
    pub fn people(&self) -> usize {
        match self {
            Tie::Joined(_, accounts) => accounts.len(),
            Tie::Parted(parting) => parting.owed.len(),
            Tie::Reunited(..) => 2,
            Tie::Outgrown(outgrown) => outgrown.members.len() + outgrown.told.len(),
        }
    }
}

impl Live {
    /// Routes events, and takes from them what is to be told of people: in one step, so that whoever tells of a presence
    /// never sees one without the other.
    pub(in crate::live) fn take_over(
        &self,
        events: &[Arc<Recorded>],
        stories: &Stories,
        notices: &Notices,
    ) -> (Vec<Routed>, bool) {
        let mut waiting = self.ephemerals.hold();
        let mut routes = self.routes.lock();
        let partings: Vec<_> = events.iter().filter_map(|event| self.parting(event, &routes, &waiting)).collect();
        let outgrown: Vec<_> = events.iter().filter_map(|event| self.outgrown(event, &routes, &waiting)).collect();
        let routed = routes.route(events, stories, notices);
        let meetings = events.iter().filter_map(|event| meeting(event, &routes));
        // What has grown first: the others ask how large it is.
        let ties = outgrown.into_iter().map(Tie::Outgrown).chain(partings.into_iter().map(Tie::Parted)).chain(meetings);
        for tie in ties {
            self.wait_for(&mut waiting, tie);
        }
        events.iter().for_each(|event| self.note(event, &mut waiting));
        (routed, !waiting.is_empty())
    }

    fn wait_for(&self, waiting: &mut Waiting, tie: Tie) {
        let people = tie.people();
        if !waiting.tie(tie) {
            self.meters.ephemerals_dropped.increment(people as u64);
        }
    }

    fn note(&self, event: &Recorded, waiting: &mut Waiting) {
        match &event.event {
            Event::ReadMoved(e) => {
                if let Some((account, conversation)) = reader(&event.stream) {
                    waiting.read(conversation, account, e.seq);
                }
            }
            Event::SettingsChanged(e) => {
                if let Some(account) = event.stream.account_id() {
                    let signals = Signals { read_receipts: e.read_receipts, presence: e.presence };
                    self.ephemerals.chose(account, signals, event.position);
                    waiting.change(account, HashSet::new(), Instant::now());
                }
            }
            _ => {}
        }
    }

    /// What may be a small conversation no more after an event, before the routes know of it.
    fn outgrown(&self, event: &Recorded, routes: &Routes, waiting: &Waiting) -> Option<Outgrown> {
        let Event::MemberJoined(_) = &event.event else { return None };
        let conversation = event.stream.conversation_id()?;
        // Each member joined in an event of this stream, and the first of its events is none of these.
        if !self.ephemerals.sizes.joined(conversation, event.revision, event.position) {
            return None;
        }
        let members: Vec<_> = routes.places.members(conversation).collect();
        let all_told = self.ephemerals.told.lock();
        let there: HashSet<_> = members.iter().copied().chain(waiting.gone_out_of(conversation)).collect();
        let told: Vec<_> = there.into_iter().filter(|account| all_told.contains_key(account)).collect();
        (!members.is_empty() && !told.is_empty()).then_some(Outgrown { conversation, members, told })
    }

    /// What an event parts, before the routes know of it.
    fn parting(&self, event: &Recorded, routes: &Routes, waiting: &Waiting) -> Option<Parting> {
        let owed = |one: AccountId, others: HashSet<AccountId>| -> Vec<_> {
            let told = self.ephemerals.told.lock();
            let pairs = others.into_iter().flat_map(|other| [(one, other), (other, one)]);
            pairs.filter(|(_, of)| told.contains_key(of)).collect()
        };
        let parting = match &event.event {
            Event::MemberLeft(e) => {
                let conversation = event.stream.conversation_id().filter(|id| routes.is_member(e.account, *id))?;
                let others = routes.company(e.account, &HashSet::new(), [conversation], EPHEMERAL_MAX_MEMBERS);
                // Whoever leaves was a member, too.
                let members_max = EPHEMERAL_MAX_MEMBERS - 1;
                Parting { through: HashSet::from([conversation]), members_max, owed: owed(e.account, others) }
            }
            Event::AccountBlocked(e) => {
                let owner = event.stream.relationship_id()?;
                let of = |account| {
                    let mut conversations = routes.presence(account).1;
                    conversations.extend(waiting.gone_from(account));
                    conversations
                };
                let through = of(owner).intersection(&of(e.account)).copied().collect();
                Parting { through, members_max: EPHEMERAL_MAX_MEMBERS, owed: owed(owner, HashSet::from([e.account])) }
            }
            _ => return None,
        };
        (!parting.owed.is_empty() && !parting.through.is_empty()).then_some(parting)
    }

    /// Tells the others that somebody came, looks away or is gone.
    pub(in crate::live) async fn tell_presence(&self, account: AccountId, gone_from: HashSet<ConversationId>) {
        let (_, mut conversations) = self.routes.lock().presence(account);
        conversations.extend(gone_from);
        let shows = self.signals(account).await.presence;
        let small = self.small_ones(conversations).await;
        let blocks = self.blocks_elsewhere(account).await;
        let (status, sockets) = {
            // Who is told, and that they were, in one step: see `take_over`.
            let routes = self.routes.lock();
            let status = if shows { routes.presence(account).0 } else { Presence::Offline };
            let mut told = self.ephemerals.told.lock();
            let before = match status {
                Presence::Offline => told.remove(&account),
                Presence::Online | Presence::Away => told.insert(account, status),
            };
            if before.unwrap_or(Presence::Offline) == status {
                return;
            }
            let Some(blocks) = blocks else { return };
            let others = routes.company(account, &blocks, small, PRESENCE_MAX_ACCOUNTS);
            let sockets: Vec<_> = others.iter().flat_map(|other| routes.outboxes(*other).cloned()).collect();
            (status, sockets)
        };
        let frame = PresenceChanged::wire(account, status);
        sockets.iter().for_each(|socket| socket.push_ephemeral(&frame));
    }

    pub(in crate::live) async fn tell_of(&self, tie: Tie) {
        match tie {
            Tie::Joined(conversation, accounts) => self.tell_of_joining(conversation, &accounts).await,
            Tie::Parted(parting) => self.tell_of_parting(parting).await,
            Tie::Reunited(one, other) => {
                if self.are_near(one, other).await {
                    self.tell_one(one, other);
                    self.tell_one(other, one);
                }
            }
            Tie::Outgrown(conversation) => self.tell_of_outgrowing(conversation).await,
        }
    }

    /// Nothing more is told in a large conversation, so what was told there would stay for ever.
    async fn tell_of_outgrowing(&self, outgrown: Outgrown) {
        match self.size(outgrown.conversation).await {
            // Looked at again with what is told next, until it is known.
            SIZE_UNKNOWN => return self.wait_for(&mut self.ephemerals.hold(), Tie::Outgrown(outgrown)),
            0..=EPHEMERAL_MAX_MEMBERS => return,
            _ => {}
        }
        for of in outgrown.told {
            let Some(blocks) = self.blocks_elsewhere(of).await else { continue };
            // Who has just gone may come back at once, which is no news.
            let gone_from = self.ephemerals.hold().gone_from(of);
            let offline = PresenceChanged::wire(of, Presence::Offline);
            for account in outgrown.members.iter().copied() {
                let is_told = account != of && !blocks.contains(&account) && !self.routes.lock().are_apart(account, of);
                if is_told && !self.are_near(account, of).await && !self.shares_one_of(account, &gone_from).await {
                    self.push_to(account, &offline);
                }
            }
            yield_now().await;
        }
    }

    /// Whether an account is a member of one of these that is small.
    async fn shares_one_of(&self, account: AccountId, conversations: &HashSet<ConversationId>) -> bool {
        let shared = self.routes.lock().presence(account).1.intersection(conversations).copied().collect();
        self.has_one_of_at_most(shared, EPHEMERAL_MAX_MEMBERS).await
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
                self.tell_one(*newcomer, other);
                if !newcomers.contains(&other) {
                    self.tell_one(other, *newcomer);
                }
            }
            yield_now().await;
        }
    }

    /// Offline are those who are not near by another way.
    async fn tell_of_parting(&self, Parting { through, members_max, owed }: Parting) {
        if !self.has_one_of_at_most(through, members_max).await {
            return;
        }
        for (account, of) in owed {
            if !self.are_near(account, of).await {
                self.push_to(account, &PresenceChanged::wire(of, Presence::Offline));
            }
        }
    }

    /// Whether two connected accounts share a small conversation and neither blocks the other.
    async fn are_near(&self, one: AccountId, other: AccountId) -> bool {
        let shared = {
            let routes = self.routes.lock();
            if routes.are_apart(one, other) {
                return false;
            }
            routes.shared(one, other)
        };
        self.has_one_of_at_most(shared, EPHEMERAL_MAX_MEMBERS).await
    }

    /// Whether one of some conversations is known to have no more members.
    async fn has_one_of_at_most(&self, conversations: HashSet<ConversationId>, members: usize) -> bool {
        for conversation in conversations {
            if self.has_at_most(conversation, members).await {
                return true;
            }
        }
        false
    }

    /// Of whom nothing was told, nothing changes.
    fn tell_one(&self, account: AccountId, of: AccountId) {
        let told = self.ephemerals.told.lock().get(&of).copied();
        if let Some(status) = told {
            self.push_to(account, &PresenceChanged::wire(of, status));
        }
    }

    fn push_to(&self, account: AccountId, frame: &Wire) {
        let sockets: Vec<_> = self.routes.lock().outboxes(account).cloned().collect();
        sockets.iter().for_each(|socket| socket.push_ephemeral(frame));
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

/// Who an event brings together, once the routes know of it.
fn meeting(event: &Recorded, routes: &Routes) -> Option<Tie> {
    match &event.event {
        Event::MemberJoined(e) if routes.is_connected(e.account) => {
            Some(Tie::Joined(event.stream.conversation_id()?, HashSet::from([e.account])))
        }
        Event::AccountUnblocked(e) => Some(Tie::Reunited(event.stream.relationship_id()?, e.account)),
        _ => None,
    }
}
