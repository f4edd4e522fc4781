//! Who is connected and what each may see, as of one position of the log.

use crate::live::circles::Circles;
use crate::live::ephemeral::{self, Ephemerals};
use crate::live::index::{Index, ProjectedIndex, Seen};
use crate::live::membership::{Change, Changes, Sight, Topic, initial_joins, topic_of};
use crate::live::meters::Meters;
use crate::live::notification::Notices;
use crate::live::outbox::Outbox;
use crate::live::places::Places;
use crate::live::presence::Presence;
use crate::live::render::Renderer;
use crate::live::story::{Stories, shown_to};
use crate::live::tail::{self, Routed};
use crate::live::tickets::Tickets;
use crate::traces::Traces;
use commands::execute::Executor;
use commands::log::EventLog;
use domain::clock::Clock;
use domain::event::Event;
use domain::ids::{AccountId, ConversationId, LogId, Position};
use domain::limits::FEED_SOCKETS_PER_ACCOUNT_MAX;
use domain::recorded::Recorded;
use domain::words::Words;
use parking_lot::Mutex;
use projections::projections::Projections;
use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;
use std::sync::Arc;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Pages of missed events that are read at the same time, at most: a restart brings everybody back at once.
const PAGES_READ_MAX: usize = 16;
/// Accounts whose circles are remembered: close friends, those whom stories are hidden from, the blocked.
const CIRCLES_MAX: NonZeroUsize = NonZeroUsize::new(1_024).unwrap();

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
    /// One task for each open socket.
    pub(in crate::live) sockets: TaskTracker,
    /// Missed frames that a resume sends, at most.
    pub(in crate::live) resume_max_frames: usize,
    /// One permit for each page of missed events.
    pub(in crate::live) pages: Semaphore,
    /// What is measured.
    pub(in crate::live) meters: Arc<Meters>,
    /// Tickets that were given.
    tickets: Tickets,
    /// What is told once.
    pub(in crate::live) ephemerals: Ephemerals,
    /// Of the authors of the newest stories.
    pub(in crate::live) circles: tokio::sync::Mutex<Circles>,
}

impl Live {
    /// A feed that nobody is connected to. `source` is where the tail comes from.
    pub fn new(
        source: Arc<dyn EventLog>,
        words: Arc<dyn Words>,
        executor: Arc<Executor>,
        projections: Projections,
        clock: Arc<dyn Clock>,
        traces: Traces,
        resume_max_frames: usize,
    ) -> Arc<Self> {
        let index = Arc::new(ProjectedIndex::new(projections));
        Self::over(source, words, executor, index, clock, traces, resume_max_frames)
    }

    /// The same over any index.
    pub(in crate::live) fn over(
        source: Arc<dyn EventLog>,
        words: Arc<dyn Words>,
        executor: Arc<Executor>,
        index: Arc<dyn Index>,
        clock: Arc<dyn Clock>,
        traces: Traces,
        resume_max_frames: usize,
    ) -> Arc<Self> {
        let position = source.head();
        Arc::new(Self {
            renderer: Renderer { source, words, executor, clock: clock.clone() },
            index,
            clock,
            traces,
            routes: Mutex::new(Routes::at(position)),
            position: watch::Sender::new(position),
            closing: CancellationToken::new(),
            sockets: TaskTracker::new(),
            resume_max_frames,
            pages: Semaphore::new(PAGES_READ_MAX),
            meters: Arc::new(Meters::default()),
            tickets: Tickets::default(),
            ephemerals: Ephemerals::default(),
            circles: tokio::sync::Mutex::new(Circles::of_accounts(CIRCLES_MAX)),
        })
    }

    /// Starts the tasks that follow the tail of the log and tell what is ephemeral until `stop` fires.
    pub fn run(self: &Arc<Self>, tracker: &TaskTracker, stop: CancellationToken) {
        tracker.spawn(tail::follow(Arc::clone(self), stop.clone()));
        tracker.spawn(ephemeral::follow(Arc::clone(self), stop));
    }

    /// Says goodbye to every socket and waits until all are gone. New ones are turned away from now on.
    pub async fn close(&self) {
        self.closing.cancel();
        self.sockets.close();
        self.sockets.wait().await;
    }

    /// Tickets to the feed.
    pub fn tickets(&self) -> &Tickets {
        &self.tickets
    }

    /// Runs a socket.
    pub fn track(&self, socket: impl Future<Output = ()> + Send + 'static) {
        self.sockets.spawn(socket);
    }

    /// Runs what watches over a stream of events; it ends with the stream.
    pub fn watch(&self, watching: impl Future<Output = ()> + Send + 'static) {
        let closing = self.closing.clone();
        self.sockets.spawn(async move {
            closing.run_until_cancelled(watching).await;
        });
    }

    /// Sockets that are open, also those that did not say yet who they are.
    pub fn open_sockets(&self) -> usize {
        self.sockets.len()
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

/// A connected account.
pub(in crate::live) struct Connected {
    pub(in crate::live) sight: Sight,
    sockets: Vec<Arc<Outbox>>,
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

/// The account has too many sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany;

/// The connected accounts and what they see, as of a position.
pub struct Routes {
    position: Position,
    pub(in crate::live) accounts: HashMap<AccountId, Connected>,
    pub(in crate::live) places: Places,
    changes: Changes,
}

impl Routes {
    /// Nobody, as of a position.
    pub fn at(position: Position) -> Self {
        let (accounts, places) = (HashMap::new(), Places::default());
        Self { position, accounts, places, changes: Changes::after(position) }
    }

    /// Connects a socket of an account whose memberships are known as of a position that was reached here.
    ///
    /// # Errors
    /// When the account has too many sockets.
    pub fn connect(&mut self, account: AccountId, known: &Seen, socket: &Arc<Outbox>) -> Result<Connection, TooMany> {
        if let Some(connected) = self.accounts.get_mut(&account) {
            if connected.sockets.len() >= FEED_SOCKETS_PER_ACCOUNT_MAX {
                return Err(TooMany);
            }
            connected.sockets.push(Arc::clone(socket));
            socket.join(self.position);
            return Ok(Connection::At(self.position));
        }
        let mut sight = known.sight.clone();
        if known.position > self.position || !self.changes.apply(account, known.position, &mut sight) {
            return Ok(Connection::Unknown(self.position));
        }
        sight.places().for_each(|place| self.places.enter(place, account));
        self.accounts.insert(account, Connected { sight, sockets: vec![Arc::clone(socket)] });
        socket.join(self.position);
        Ok(Connection::At(self.position))
    }

    /// Takes a socket out again.
    ///
    /// Gives the conversations of an account whose last socket that was.
    pub fn disconnect(&mut self, account: AccountId, socket: &Arc<Outbox>) -> Option<HashSet<ConversationId>> {
        let connected = self.accounts.get_mut(&account)?;
        connected.sockets.retain(|other| !Arc::ptr_eq(other, socket));
        if !connected.sockets.is_empty() {
            return None;
        }
        let gone = self.accounts.remove(&account)?.sight;
        gone.places().for_each(|place| self.places.exit(place, account));
        Some(gone.conversations)
    }

    /// Takes over the events that follow, and says who is to get each. Nothing is said of events that nobody gets.
    pub fn route(&mut self, events: &[Arc<Recorded>], stories: &Stories, notices: &Notices) -> Vec<Routed> {
        let mut routed: Vec<Routed> = Vec::new();
        // The topic of the last of them; whatever changes who sees what resets it.
        let mut same = None;
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
                same = None;
                if change.joined {
                    self.join(&change);
                }
            }
            if self.route_notices(event, notices, &mut routed) {
                same = None;
            }
            match topic_of(event, stories) {
                // Nothing was routed in between, so the order of each socket's frames stays that of the log.
                topic @ Some(_) if topic == same => {
                    routed.last_mut().into_iter().for_each(|last| last.events.push(Arc::clone(event)));
                }
                // Each for itself: two stories of one author need not reach the same people.
                Some(Topic::Stories(author)) => {
                    self.route_story(event, author, stories, &mut routed);
                    same = None;
                }
                Some(topic @ Topic::Conversation(conversation)) => {
                    let members = self.places.members(conversation);
                    same = self.route_to(event, members, &mut routed).then_some(topic);
                }
                Some(topic @ (Topic::Account(account) | Topic::Author(account))) => {
                    same = self.route_to(event, std::iter::once(account), &mut routed).then_some(topic);
                }
                Some(topic @ Topic::Everyone) => {
                    same = self.route_to(event, self.accounts.keys().copied(), &mut routed).then_some(topic);
                }
                None => {}
            }
            // Who leaves gets that as the last of it.
            if let Some(change) = change.filter(|change| !change.joined) {
                self.leave(&change);
                same = None;
            }
            self.position = event.position;
        }
        routed
    }

    /// Whether a connected account is a member of a conversation.
    pub fn is_member(&self, account: AccountId, conversation: ConversationId) -> bool {
        self.accounts.get(&account).is_some_and(|connected| connected.sight.conversations.contains(&conversation))
    }

    /// Whether some member of a conversation is connected.
    pub fn is_known(&self, conversation: ConversationId) -> bool {
        self.places.members(conversation).next().is_some()
    }

    /// Whether a member of a conversation is connected who is somebody else.
    pub fn has_others(&self, conversation: ConversationId, than: AccountId) -> bool {
        self.places.members(conversation).any(|member| member != than)
    }

    /// Whether an account is there, and its conversations.
    pub fn presence(&self, account: AccountId) -> (Presence, HashSet<ConversationId>) {
        let Some(connected) = self.accounts.get(&account) else { return (Presence::Offline, HashSet::new()) };
        let presence = match connected.sockets.iter().filter_map(|socket| socket.is_visible()).max() {
            Some(true) => Presence::Online,
            Some(false) => Presence::Away,
            None => Presence::Offline,
        };
        (presence, connected.sight.conversations.clone())
    }

    /// The sockets of an account.
    pub fn outboxes(&self, account: AccountId) -> impl Iterator<Item = &Arc<Outbox>> {
        self.accounts.get(&account).into_iter().flat_map(|connected| &connected.sockets)
    }

    /// Whether somebody gets it.
    fn route_to(
        &self,
        event: &Arc<Recorded>,
        accounts: impl Iterator<Item = AccountId>,
        routed: &mut Vec<Routed>,
    ) -> bool {
        let of = |account| self.accounts.get(&account).into_iter().flat_map(|of| of.sockets.iter().cloned());
        let sockets: Vec<_> = accounts.flat_map(of).collect();
        let is_wanted = !sockets.is_empty();
        if is_wanted {
            routed.push(Routed { events: vec![Arc::clone(event)], sockets, notice: None });
        }
        is_wanted
    }

    /// Whether somebody is notified: of those whom the event notifies, the ones who see it.
    fn route_notices(&self, event: &Arc<Recorded>, notices: &Notices, routed: &mut Vec<Routed>) -> bool {
        let Some(conversation) = event.stream.conversation_id() else { return false };
        let before = routed.len();
        for notice in notices.get(&event.position).into_iter().flatten() {
            let members = notice.accounts.iter().copied().filter(|account| self.is_member(*account, conversation));
            if self.route_to(event, members, routed) {
                routed.last_mut().into_iter().for_each(|last| last.notice = Some(notice.kind));
            }
        }
        routed.len() > before
    }

    /// A story's event goes to everybody whom it reaches; to who loses sight of the story, as its deletion.
    fn route_story(&self, event: &Arc<Recorded>, author: AccountId, stories: &Stories, routed: &mut Vec<Routed>) {
        let Some(story) = stories.get(&event.position) else { return };
        let shown = |account: AccountId| {
            let follows = self.accounts.get(&account)?.sight.follows.contains(&author);
            shown_to(event, stories, story.ties(account, follows)).map(|shown| (account, shown))
        };
        let friends = story.circle.friends.iter().copied();
        let circle: HashSet<AccountId> = self.places.followers(author).chain(friends).chain([author]).collect();
        let (as_it_is, otherwise): (Vec<_>, Vec<_>) =
            circle.into_iter().filter_map(shown).partition(|(_, shown)| Arc::ptr_eq(shown, event));
        for group in [as_it_is, otherwise] {
            if let Some((_, shown)) = group.first() {
                let shown = Arc::clone(shown);
                self.route_to(&shown, group.into_iter().map(|(account, _)| account), routed);
            }
        }
    }

    fn join(&mut self, change: &Change) {
        let Some(connected) = self.accounts.get_mut(&change.account) else { return };
        if connected.sight.enter(change.place) {
            self.places.enter(change.place, change.account);
        }
    }

    fn leave(&mut self, change: &Change) {
        let Some(connected) = self.accounts.get_mut(&change.account) else { return };
        if connected.sight.leave(change.place) {
            self.places.exit(change.place, change.account);
        }
    }
}
