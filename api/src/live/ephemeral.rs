//! What is told once and kept nowhere: who types, who is there ([`crate::live::presence`]), how far others have read. Never an event, never in the
//! log; dropped before anything else where a reader is slow; off in conversations that are not
//! small ([`crate::live::sizes`]). Every process that serves sockets tells what its own sockets do.

use crate::live::frame::{Frame, raw};
use crate::live::outbox::Outbox;
use crate::live::presence::{Presence, Tie};
use crate::live::router::Live;
use crate::live::sizes::Sizes;
use crate::live::wire::Wire;
use domain::ids::{AccountId, ConversationId, Position};
use domain::limits::PRESENCE_MAX_ACCOUNTS;
use lru::LruCache;
use parking_lot::{Mutex, MutexGuard};
use projections::account::settings::Signals;
use projections::reader::ReadFault;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::num::NonZeroUsize;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long receipts are gathered: of several of one reader only the last is told.
const GATHER: Duration = Duration::from_millis(250);
/// How long a presence must last before it is told, so that a socket that comes back at once is no news.
const SETTLE: Duration = Duration::from_secs(1);
/// How long the size of a conversation or the settings of an account are believed.
pub(in crate::live) const BELIEVED: Duration = Duration::from_secs(5);
/// Conversations and accounts of which that is remembered, at most.
pub(in crate::live) const REMEMBERED: NonZeroUsize = NonZeroUsize::new(8_192).unwrap();
/// Receipts and changes of presence that wait, at most; more are not told.
const WAITING_MAX: usize = 16_384;

/// `typing`.
#[derive(Serialize)]
pub struct Typing {
    /// Where.
    pub conversation_id: ConversationId,
    /// Who.
    pub account_id: AccountId,
}

/// `read`: how far another member has read.
#[derive(Serialize)]
pub struct Read {
    /// Where.
    pub conversation_id: ConversationId,
    /// Who.
    pub account_id: AccountId,
    /// The last message that was read.
    pub seq: u64,
}

/// An ephemeral frame.
pub fn frame(kind: &'static str, data: &impl Serialize) -> Wire {
    Frame::Ephemeral { kind, data: raw(data) }.wire()
}

/// What is to be told, and what was.
pub struct Ephemerals {
    waiting: Mutex<Waiting>,
    filled: Notify,
    /// Who is known to be online or away, as it was told.
    pub(in crate::live) told: Mutex<HashMap<AccountId, Presence>>,
    pub(in crate::live) sizes: Sizes,
    signals: Mutex<LruCache<AccountId, Known>>,
}

/// What an account lets others know.
#[derive(Clone, Copy)]
struct Known {
    signals: Signals,
    /// Believed until then.
    until: Instant,
    /// Of the event in which the account chose it; the start where the read model said so.
    chosen_at: Position,
}

/// What waits to be told.
#[derive(Default)]
pub(in crate::live) struct Waiting {
    receipts: BTreeMap<(ConversationId, AccountId), u64>,
    presences: HashMap<AccountId, Changed>,
    /// Whose presence is just being told, and where they were members.
    telling: HashMap<AccountId, HashSet<ConversationId>>,
    newcomers: Vec<(AccountId, Weak<Outbox>)>,
    /// In the order of the log.
    ties: Vec<Tie>,
    /// People whom they are about, each once for each tie.
    tied: usize,
}

struct Changed {
    due: Instant,
    /// Where whoever is gone was a member.
    gone_from: HashSet<ConversationId>,
}

impl Waiting {
    /// Somebody has read.
    pub(in crate::live) fn read(&mut self, conversation: ConversationId, account: AccountId, seq: u64) {
        if self.receipts.len() < WAITING_MAX || self.receipts.contains_key(&(conversation, account)) {
            self.receipts.insert((conversation, account), seq);
        }
    }

    /// Who shares what with whom is another now. False if too much waits.
    pub(in crate::live) fn tie(&mut self, tie: Tie) -> bool {
        self.tied += tie.people();
        if self.tied > WAITING_MAX {
            self.tied -= tie.people();
            return false;
        }
        if !self.ties.last_mut().is_some_and(|last| last.absorb(&tie)) {
            self.ties.push(tie);
        }
        true
    }

    /// Presence may have changed.
    pub(in crate::live) fn change(&mut self, account: AccountId, gone_from: HashSet<ConversationId>, due: Instant) {
        if let Some(changed) = self.presences.get_mut(&account) {
            changed.gone_from.extend(gone_from);
            changed.due = changed.due.min(due);
        } else if self.presences.len() < WAITING_MAX {
            self.presences.insert(account, Changed { due, gone_from });
        }
    }

    /// Whose presence is to be told now. Each stays known until that is done.
    fn begin_telling(&mut self, now: Instant) -> Vec<(AccountId, HashSet<ConversationId>)> {
        let due = self.presences.extract_if(|_, changed| changed.due <= now);
        let due: Vec<_> = due.map(|(account, changed)| (account, changed.gone_from)).collect();
        self.telling.extend(due.iter().cloned());
        due
    }

    /// Where somebody was a member whose last socket is gone, until that is told.
    pub(in crate::live) fn gone_from(&self, account: AccountId) -> HashSet<ConversationId> {
        let waiting = self.presences.get(&account).map(|changed| &changed.gone_from);
        waiting.into_iter().chain(self.telling.get(&account)).flatten().copied().collect()
    }

    /// Whose last socket is gone and who was a member there, until that is told.
    pub(in crate::live) fn gone_out_of(&self, conversation: ConversationId) -> impl Iterator<Item = AccountId> {
        let waiting = self.presences.iter().map(|(account, changed)| (account, &changed.gone_from));
        let gone = waiting.chain(&self.telling).filter(move |(_, from)| from.contains(&conversation));
        gone.map(|(account, _)| *account)
    }

    pub(in crate::live) fn is_empty(&self) -> bool {
        self.presences.is_empty() && self.receipts.is_empty() && self.newcomers.is_empty() && self.ties.is_empty()
    }
}

impl Default for Ephemerals {
    fn default() -> Self {
        Self {
            waiting: Mutex::default(),
            filled: Notify::new(),
            told: Mutex::default(),
            sizes: Sizes::default(),
            signals: Mutex::new(LruCache::new(REMEMBERED)),
        }
    }
}

impl Ephemerals {
    /// What waits, for whoever takes over events: nobody is told anything between these and what comes of them.
    pub(in crate::live) fn hold(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock()
    }

    /// Something waits.
    pub(in crate::live) fn call(&self) {
        self.filled.notify_one();
    }

    /// A socket came and wants to know who is there.
    pub fn came(&self, account: AccountId, socket: &Arc<Outbox>) {
        let mut waiting = self.waiting.lock();
        if waiting.newcomers.len() < WAITING_MAX {
            waiting.newcomers.push((account, Arc::downgrade(socket)));
        }
        drop(waiting);
        self.looked(account);
    }

    /// What somebody lets others know since a position.
    pub(in crate::live) fn chose(&self, account: AccountId, signals: Signals, at: Position) {
        let known = Known { signals, until: Instant::now() + BELIEVED, chosen_at: at };
        self.signals.lock().put(account, known);
    }

    /// Somebody looked here or away.
    pub fn looked(&self, account: AccountId) {
        self.changed(account, HashSet::new(), Instant::now() + SETTLE);
    }

    /// The last socket of somebody is gone.
    pub fn gone(&self, account: AccountId, from: HashSet<ConversationId>) {
        self.changed(account, from, Instant::now() + SETTLE);
    }

    fn changed(&self, account: AccountId, gone_from: HashSet<ConversationId>, due: Instant) {
        self.waiting.lock().change(account, gone_from, due);
        self.filled.notify_one();
    }
}

/// Tells what waits, until `stop` fires.
pub async fn follow(live: Arc<Live>, stop: CancellationToken) {
    let telling = async {
        loop {
            live.ephemerals.filled.notified().await;
            while live.tell_ephemerals().await {
                tokio::time::sleep(GATHER).await;
            }
        }
    };
    tokio::select! {
        () = telling => {}
        () = stop.cancelled() => {}
    }
}

impl Live {
    /// Tells the other members that somebody types, if they may know.
    pub async fn typing(&self, account: AccountId, conversation: ConversationId) {
        // Whether it exists is nobody's business who is no member.
        if self.routes.lock().is_member(account, conversation) && self.is_small(conversation).await {
            let frame = frame("typing", &Typing { conversation_id: conversation, account_id: account });
            // Who types here has a socket, so the routes know whom they block.
            self.tell_members([conversation], account, &HashSet::new(), &frame);
        }
    }

    /// Notes which device is looked at.
    pub fn focus(&self, account: AccountId, socket: &Outbox, visible: bool) {
        socket.look(visible);
        self.ephemerals.looked(account);
    }

    /// Tells what is due. Gives whether something waits that is not.
    pub(in crate::live) async fn tell_ephemerals(&self) -> bool {
        let ties = {
            let mut waiting = self.ephemerals.waiting.lock();
            waiting.tied = 0;
            std::mem::take(&mut waiting.ties)
        };
        for tie in ties {
            self.tell_of(tie).await;
            yield_now().await;
        }
        let (receipts, due, newcomers) = {
            let (mut waiting, now) = (self.ephemerals.waiting.lock(), Instant::now());
            let due = waiting.begin_telling(now);
            (std::mem::take(&mut waiting.receipts), due, std::mem::take(&mut waiting.newcomers))
        };
        // After each, others get their turn: each may go to hundreds of sockets, and all come at once after a restart.
        for (account, gone_from) in due {
            self.tell_presence(account, gone_from).await;
            self.ephemerals.waiting.lock().telling.remove(&account);
            yield_now().await;
        }
        for (account, socket) in newcomers {
            if let Some(socket) = socket.upgrade() {
                self.tell_who_is_there(account, &socket).await;
                yield_now().await;
            }
        }
        for ((conversation, account), seq) in receipts {
            self.tell_receipt(conversation, account, seq).await;
            yield_now().await;
        }
        !self.ephemerals.waiting.lock().is_empty()
    }

    async fn tell_receipt(&self, conversation: ConversationId, account: AccountId, seq: u64) {
        let others_are_there = self.routes.lock().has_others(conversation, account);
        if others_are_there && self.signals(account).await.read_receipts && self.is_small(conversation).await {
            let Some(blocks) = self.blocks_elsewhere(account).await else { return };
            let frame = frame("read", &Read { conversation_id: conversation, account_id: account, seq });
            self.tell_members([conversation], account, &blocks, &frame);
        }
    }

    /// Whom an account blocks that has no socket here; of those who have one, the routes know it. Nothing if it cannot be
    /// known: then nothing is told.
    pub(in crate::live) async fn blocks_elsewhere(&self, account: AccountId) -> Option<HashSet<AccountId>> {
        if self.routes.lock().is_connected(account) {
            return Some(HashSet::new());
        }
        known(self.index.blocked_by(account).await)
    }

    /// Tells the others of some conversations what somebody does, but for those who block them or whom they block.
    pub(in crate::live) fn tell_members(
        &self,
        conversations: impl IntoIterator<Item = ConversationId>,
        who: AccountId,
        blocks_elsewhere: &HashSet<AccountId>,
        frame: &Wire,
    ) {
        let sockets: Vec<Arc<Outbox>> = {
            let routes = self.routes.lock();
            let others = routes.company(who, blocks_elsewhere, conversations, PRESENCE_MAX_ACCOUNTS);
            others.iter().flat_map(|other| routes.outboxes(*other).cloned()).collect()
        };
        sockets.iter().for_each(|socket| socket.push_ephemeral(frame));
    }

    pub(in crate::live) async fn small_ones(&self, conversations: HashSet<ConversationId>) -> Vec<ConversationId> {
        let mut small = Vec::new();
        for conversation in conversations {
            let others_may_be_there = self.routes.lock().is_known(conversation);
            if others_may_be_there && self.is_small(conversation).await {
                small.push(conversation);
            }
        }
        small
    }

    /// What an account lets others know. If that cannot be known, nothing.
    pub(in crate::live) async fn signals(&self, account: AccountId) -> Signals {
        let believed = self.ephemerals.signals.lock().get(&account).copied();
        if let Some(known) = believed.filter(|known| known.until > Instant::now()) {
            return known.signals;
        }
        let nothing = (Signals { read_receipts: false, presence: false }, Position::START);
        let (signals, position) = known(self.index.signals(account).await).unwrap_or(nothing);
        let mut read = Known { signals, until: Instant::now() + BELIEVED, chosen_at: Position::START };
        let mut all = self.ephemerals.signals.lock();
        // What the account chose may be newer than what the read model knows.
        if let Some(chosen) = all.peek(&account).filter(|chosen| chosen.chosen_at > position) {
            read = Known { until: read.until, ..*chosen };
        }
        all.put(account, read);
        read.signals
    }
}

pub(in crate::live) fn known<T>(answer: Result<T, ReadFault>) -> Option<T> {
    answer.inspect_err(|fault| tracing::debug!(error = %fault, "an ephemeral frame was not told")).ok()
}
