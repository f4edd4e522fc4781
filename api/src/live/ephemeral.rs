//! What is told once and kept nowhere: who types, who is there ([`crate::live::presence`]), how far others have read. Never an event, never in the
//! log; dropped before anything else where a reader is slow; off in conversations above
//! [`EPHEMERAL_MAX_MEMBERS`]. Every process that serves sockets tells what its own sockets do.

use crate::live::frame::{Frame, raw};
use crate::live::outbox::Outbox;
use crate::live::presence::{Presence, Tie};
use crate::live::router::Live;
use crate::live::wire::Wire;
use domain::ids::{AccountId, ConversationId};
use domain::limits::{EPHEMERAL_MAX_MEMBERS, PRESENCE_MAX_ACCOUNTS};
use lru::LruCache;
use parking_lot::Mutex;
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
const BELIEVED: Duration = Duration::from_secs(5);
/// How long to wait until read models know a conversation that the feed knows.
pub(in crate::live) const NEW_CONVERSATION_PATIENCE: Duration = Duration::from_secs(1);
/// Conversations and accounts of which that is remembered, at most.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(8_192).unwrap();
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
    small: Mutex<LruCache<ConversationId, (bool, Instant)>>,
    /// Until then nobody waits for the size of a new conversation: the last who did waited in vain.
    hurried_until: Mutex<Option<Instant>>,
    signals: Mutex<LruCache<AccountId, (Signals, Instant)>>,
}

#[derive(Default)]
struct Waiting {
    receipts: BTreeMap<(ConversationId, AccountId), u64>,
    presences: HashMap<AccountId, Changed>,
    newcomers: Vec<(AccountId, Weak<Outbox>)>,
    /// In the order of the log.
    ties: Vec<Tie>,
}

struct Changed {
    due: Instant,
    /// Where whoever is gone was a member.
    gone_from: HashSet<ConversationId>,
}

impl Default for Ephemerals {
    fn default() -> Self {
        Self {
            waiting: Mutex::default(),
            filled: Notify::new(),
            told: Mutex::default(),
            small: Mutex::new(LruCache::new(REMEMBERED)),
            hurried_until: Mutex::default(),
            signals: Mutex::new(LruCache::new(REMEMBERED)),
        }
    }
}

impl Ephemerals {
    /// Somebody has read.
    pub fn read(&self, conversation: ConversationId, account: AccountId, seq: u64) {
        let mut waiting = self.waiting.lock();
        if waiting.receipts.len() < WAITING_MAX || waiting.receipts.contains_key(&(conversation, account)) {
            waiting.receipts.insert((conversation, account), seq);
            drop(waiting);
            self.filled.notify_one();
        }
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

    /// Who shares what with whom is another now.
    pub fn tied(&self, tie: Tie) {
        let mut waiting = self.waiting.lock();
        if !waiting.ties.last_mut().is_some_and(|last| last.absorb(&tie)) && waiting.ties.len() < WAITING_MAX {
            waiting.ties.push(tie);
        }
        drop(waiting);
        self.filled.notify_one();
    }

    /// What somebody lets others know from now on.
    pub fn chose(&self, account: AccountId, signals: Signals) {
        self.signals.lock().put(account, (signals, Instant::now() + BELIEVED));
        self.changed(account, HashSet::new(), Instant::now());
    }

    /// A conversation has this many members at most.
    pub fn counted(&self, conversation: ConversationId, at_most: u64) {
        let mut small = self.small.lock();
        if at_most <= EPHEMERAL_MAX_MEMBERS as u64 {
            small.put(conversation, (true, Instant::now() + BELIEVED));
        } else {
            small.pop(&conversation);
        }
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
        let mut waiting = self.waiting.lock();
        if let Some(changed) = waiting.presences.get_mut(&account) {
            changed.gone_from.extend(gone_from);
            changed.due = changed.due.min(due);
        } else if waiting.presences.len() < WAITING_MAX {
            waiting.presences.insert(account, Changed { due, gone_from });
        }
        drop(waiting);
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
        let now = Instant::now();
        let (receipts, due, newcomers, ties) = {
            let mut waiting = self.ephemerals.waiting.lock();
            let due: Vec<_> = waiting.presences.extract_if(|_, changed| changed.due <= now).collect();
            let (newcomers, ties) = (std::mem::take(&mut waiting.newcomers), std::mem::take(&mut waiting.ties));
            (std::mem::take(&mut waiting.receipts), due, newcomers, ties)
        };
        // After each, others get their turn: each may go to hundreds of sockets, and all come at once after a restart.
        for (account, changed) in due {
            self.tell_presence(account, changed.gone_from).await;
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
        for tie in ties {
            self.tell_of(tie).await;
            yield_now().await;
        }
        let waiting = self.ephemerals.waiting.lock();
        !waiting.presences.is_empty()
            || !waiting.receipts.is_empty()
            || !waiting.newcomers.is_empty()
            || !waiting.ties.is_empty()
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

    /// Whether ephemeral frames go to the members of a conversation. If that cannot be known, they do not.
    pub(in crate::live) async fn is_small(&self, conversation: ConversationId) -> bool {
        let now = Instant::now();
        let believed = self.ephemerals.small.lock().get(&conversation).copied();
        if let Some((is_small, _)) = believed.filter(|(_, until)| *until > now) {
            return is_small;
        }
        // While read models are late each new conversation would hold up whatever else is to be told.
        let is_hurried = self.ephemerals.hurried_until.lock().is_some_and(|until| until > now);
        let patience = if is_hurried { Duration::ZERO } else { NEW_CONVERSATION_PATIENCE };
        let count = known(self.index.member_count(conversation, self.position(), patience).await).flatten();
        if count.is_none() && !is_hurried {
            *self.ephemerals.hurried_until.lock() = Some(Instant::now() + BELIEVED);
        }
        let is_small = count.is_some_and(|count| count <= EPHEMERAL_MAX_MEMBERS);
        self.ephemerals.small.lock().put(conversation, (is_small, Instant::now() + BELIEVED));
        is_small
    }

    /// What an account lets others know. If that cannot be known, nothing.
    pub(in crate::live) async fn signals(&self, account: AccountId) -> Signals {
        let now = Instant::now();
        let believed = self.ephemerals.signals.lock().get(&account).copied();
        if let Some((signals, _)) = believed.filter(|(_, until)| *until > now) {
            return signals;
        }
        let nothing = Signals { read_receipts: false, presence: false };
        let signals = known(self.index.signals(account).await).unwrap_or(nothing);
        let mut chosen = self.ephemerals.signals.lock();
        // What was chosen meanwhile is newer.
        if let Some((newer, _)) = chosen.peek(&account).filter(|(_, until)| *until > now) {
            return *newer;
        }
        chosen.put(account, (signals, now + BELIEVED));
        signals
    }
}

fn known<T>(answer: Result<T, ReadFault>) -> Option<T> {
    answer.inspect_err(|fault| tracing::debug!(error = %fault, "an ephemeral frame was not told")).ok()
}
