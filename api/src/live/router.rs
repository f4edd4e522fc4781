//! Who is connected and what each may see, as of one position of the log.

use crate::live::close::Close;
use crate::live::index::{Index, ProjectedIndex, Seen};
use crate::live::membership::{Authors, Change, Changes, Topic, initial_joins, topic_of};
use crate::live::outbox::Outbox;
use crate::live::render::Renderer;
use crate::live::tail;
use crate::traces::Traces;
use domain::clock::Clock;
use domain::event::Event;
use domain::ids::{AccountId, ConversationId, LogId, Position};
use domain::recorded::Recorded;
use domain::source::EventSource;
use domain::words::Words;
use parking_lot::Mutex;
use projections::projections::Projections;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Sockets of one account on one node, at most.
const SOCKETS_PER_ACCOUNT_MAX: usize = 100;

/// The live feed of this node.
pub struct Live {
    /// Renders events; holds the log and the words.
    pub(in crate::live) renderer: Renderer,
    /// What sockets missed.
    pub(in crate::live) index: Arc<dyn Index>,
    /// The time, for `hello`.
    pub(in crate::live) clock: Arc<dyn Clock>,
    /// Makes traces.
    pub(in crate::live) traces: Traces,
    /// Who is connected.
    pub(in crate::live) routes: Mutex<Routes>,
    /// How far the tail has come; the same as in the routes.
    pub(in crate::live) position: watch::Sender<Position>,
    /// Fires when the sockets are to close.
    pub(in crate::live) closing: CancellationToken,
    /// One token for each open socket.
    pub(in crate::live) sockets: TaskTracker,
}

impl Live {
    /// A feed that nobody is connected to. `source` is where the tail comes from.
    pub fn new(
        source: Arc<dyn EventSource>,
        words: Arc<dyn Words>,
        projections: Projections,
        clock: Arc<dyn Clock>,
        traces: Traces,
    ) -> Arc<Self> {
        Self::over(source, words, Arc::new(ProjectedIndex::new(projections)), clock, traces)
    }

    /// The same over any index.
    pub(in crate::live) fn over(
        source: Arc<dyn EventSource>,
        words: Arc<dyn Words>,
        index: Arc<dyn Index>,
        clock: Arc<dyn Clock>,
        traces: Traces,
    ) -> Arc<Self> {
        let position = source.head();
        Arc::new(Self {
            renderer: Renderer { source, words },
            index,
            clock,
            traces,
            routes: Mutex::new(Routes::at(position)),
            position: watch::Sender::new(position),
            closing: CancellationToken::new(),
            sockets: TaskTracker::new(),
        })
    }

    /// Starts the task that follows the tail of the log until `stop` fires.
    pub fn run(self: &Arc<Self>, tracker: &TaskTracker, stop: CancellationToken) {
        tracker.spawn(tail::follow(Arc::clone(self), stop));
    }

    /// Says goodbye to every socket and waits until all are gone. New ones are turned away from now on.
    pub async fn close(&self) {
        self.closing.cancel();
        self.sockets.close();
        self.sockets.wait().await;
    }

    /// Which log this is the feed of.
    pub fn log_id(&self) -> LogId {
        self.renderer.source.log_id()
    }

    /// How far the tail has come.
    pub fn position(&self) -> Position {
        *self.position.borrow()
    }
}

struct Connected {
    conversations: HashSet<ConversationId>,
    sockets: Vec<Arc<Outbox>>,
}

/// An event and the sockets that are to get it.
pub struct Routed {
    /// The event.
    pub event: Arc<Recorded>,
    /// At least one.
    pub sockets: Vec<Arc<Outbox>>,
}

/// What came of trying to connect a socket.
#[derive(Debug, PartialEq, Eq)]
pub enum Connection {
    /// Everything after this position comes to the socket.
    At(Position),
    /// What happened since the account's memberships were looked up is no more known here: look them up as of this
    /// position, from the log.
    Unknown(Position),
}

/// The connected accounts and their conversations, as of a position.
pub struct Routes {
    position: Position,
    accounts: HashMap<AccountId, Connected>,
    members: HashMap<ConversationId, Vec<AccountId>>,
    changes: Changes,
}

impl Routes {
    /// Nobody, as of a position.
    pub fn at(position: Position) -> Self {
        Self { position, accounts: HashMap::new(), members: HashMap::new(), changes: Changes::after(position) }
    }

    /// Connects a socket of an account whose memberships are known as of a position that was reached here.
    ///
    /// # Errors
    /// When the account has too many sockets.
    pub fn connect(&mut self, account: AccountId, known: &Seen, socket: &Arc<Outbox>) -> Result<Connection, Close> {
        if let Some(connected) = self.accounts.get_mut(&account) {
            if connected.sockets.len() >= SOCKETS_PER_ACCOUNT_MAX {
                return Err(Close::TooMany);
            }
            connected.sockets.push(Arc::clone(socket));
            return Ok(Connection::At(self.position));
        }
        let mut conversations = known.conversations.clone();
        if known.position > self.position || !self.changes.apply(account, known.position, &mut conversations) {
            return Ok(Connection::Unknown(self.position));
        }
        for conversation in &conversations {
            self.members.entry(*conversation).or_default().push(account);
        }
        self.accounts.insert(account, Connected { conversations, sockets: vec![Arc::clone(socket)] });
        Ok(Connection::At(self.position))
    }

    /// Takes a socket out again.
    pub fn disconnect(&mut self, account: AccountId, socket: &Arc<Outbox>) {
        let Some(connected) = self.accounts.get_mut(&account) else { return };
        connected.sockets.retain(|other| !Arc::ptr_eq(other, socket));
        if !connected.sockets.is_empty() {
            return;
        }
        let gone = self.accounts.remove(&account);
        for conversation in gone.into_iter().flat_map(|connected| connected.conversations) {
            self.remove_member(conversation, account);
        }
    }

    /// Takes over the events that follow, and says who is to get each. Nothing is said of events that nobody gets.
    pub fn route(&mut self, events: &[Arc<Recorded>], authors: &Authors) -> Vec<Routed> {
        let mut routed = Vec::new();
        for (at, event) in events.iter().enumerate() {
            if matches!(event.event, Event::ConversationCreated(_)) {
                // The first members see the creation, too: they are known before it is handed on.
                let following = &events[at + 1..];
                let initial = &following[..initial_joins(event, following)];
                initial.iter().filter_map(|event| Change::of(event)).for_each(|join| self.join(&join));
            }
            let change = Change::of(event);
            if let Some(change) = change {
                self.changes.push(change);
                if change.joined {
                    self.join(&change);
                }
            }
            let sockets = topic_of(event, authors).map(|topic| self.sockets_of(topic)).unwrap_or_default();
            if !sockets.is_empty() {
                routed.push(Routed { event: Arc::clone(event), sockets });
            }
            // Who leaves gets that as the last of it.
            if let Some(change) = change.filter(|change| !change.joined) {
                self.leave(&change);
            }
            self.position = event.position;
        }
        routed
    }

    fn sockets_of(&self, topic: Topic) -> Vec<Arc<Outbox>> {
        let of = |account: &AccountId| self.accounts.get(account).into_iter().flat_map(|of| of.sockets.iter().cloned());
        match topic {
            Topic::Conversation(conversation) => {
                self.members.get(&conversation).into_iter().flatten().flat_map(of).collect()
            }
            Topic::Account(account) | Topic::Author(account) => of(&account).collect(),
        }
    }

    fn join(&mut self, change: &Change) {
        let Some(connected) = self.accounts.get_mut(&change.account) else { return };
        if connected.conversations.insert(change.conversation) {
            self.members.entry(change.conversation).or_default().push(change.account);
        }
    }

    fn leave(&mut self, change: &Change) {
        let Some(connected) = self.accounts.get_mut(&change.account) else { return };
        if connected.conversations.remove(&change.conversation) {
            self.remove_member(change.conversation, change.account);
        }
    }

    fn remove_member(&mut self, conversation: ConversationId, account: AccountId) {
        if let Some(members) = self.members.get_mut(&conversation) {
            members.retain(|member| *member != account);
            if members.is_empty() {
                self.members.remove(&conversation);
            }
        }
    }
}
