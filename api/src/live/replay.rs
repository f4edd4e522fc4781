//! What a socket missed: up to the index's position from the index, from there to the tail's position from the log.

use crate::live::circles::Circles;
use crate::live::frame::Reset;
use crate::live::join::JoinFault;
use crate::live::membership::{Sight, Topic, Visibility, complete_len, initial_joins, topic_of};
use crate::live::notification::{self, notices};
use crate::live::render::When;
use crate::live::router::Live;
use crate::live::story::{shown_to, stories_and_friends_before, stories_before};
use crate::live::wire::Wire;
use domain::event::Event;
use domain::ids::{AccountId, ConversationId, LogId, Position};
use domain::limits::GROUP_MAX_MEMBERS;
use domain::recorded::Recorded;
use domain::source::{Direction, Filter, SourceFault};
use domain::story::values::Ties;
use domain::stream::StreamName;
use projections::feed::feed_index::Missed;
use std::collections::{HashMap, VecDeque};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

/// Events rendered at once.
const PAGE_EVENTS: usize = 128;
/// Missed events looked up at once: each look-up reads through all that are left, so many small ones cost with the square
/// of what was missed. 64 KiB a socket that catches up.
pub(super) const LOOKED_UP_EVENTS: usize = 4_096;
/// Accounts whose circles are remembered while a socket catches up.
const CIRCLES_MAX: NonZeroUsize = NonZeroUsize::new(16).unwrap();
/// How long a resume waits for an index that is behind.
const INDEX_PATIENCE: Duration = Duration::from_secs(2);

/// Missed events that the index knows.
pub struct FromIndex {
    account: AccountId,
    /// Looked up to here.
    after: Position,
    up_to: Position,
    /// Looked up and not passed on.
    missed: VecDeque<Missed>,
}

impl FromIndex {
    /// Those in `(after, up_to]`.
    pub fn new(account: AccountId, after: Position, up_to: Position) -> Self {
        Self { account, after, up_to, missed: VecDeque::new() }
    }

    /// Where it ends.
    pub fn up_to(&self) -> Position {
        self.up_to
    }

    /// The next frames; none at the end.
    ///
    /// # Errors
    /// When the index, the log or the words do not answer.
    pub async fn next(&mut self, live: &Live) -> Result<Option<Vec<Wire>>, JoinFault> {
        if self.missed.is_empty() {
            self.look_up(live).await?;
        }
        if self.missed.is_empty() {
            return Ok(None);
        }
        let missed: Vec<Missed> = self.missed.drain(..PAGE_EVENTS.min(self.missed.len())).collect();
        let positions: Vec<Position> = missed.iter().map(|missed| missed.position).collect();
        let events = live.renderer.source.read_positions(&positions).await?;
        let stories = stories_before(&*live.renderer.source, &events).await?;
        let ties: HashMap<Position, Ties> = missed.iter().map(|missed| (missed.position, missed.ties)).collect();
        let shown = events.iter().filter_map(|event| match topic_of(event, &stories)? {
            Topic::Stories(_) => shown_to(event, &stories, *ties.get(&event.position)?),
            Topic::Conversation(_) | Topic::Account(_) | Topic::Author(_) | Topic::Everyone => Some(Arc::clone(event)),
        });
        let shown: Vec<_> = shown.collect();
        Ok(Some(live.frames(self.account, &shown).await?))
    }

    async fn look_up(&mut self, live: &Live) -> Result<(), JoinFault> {
        if self.after >= self.up_to {
            return Ok(());
        }
        let missed = live.index.missed(self.account, self.after, self.up_to, LOOKED_UP_EVENTS).await?;
        let may_be_more = missed.last().filter(|_| missed.len() == LOOKED_UP_EVENTS);
        self.after = may_be_more.map_or(self.up_to, |last| last.position);
        self.missed = missed.into();
        Ok(())
    }
}

/// Missed events that the index does not know yet, with visibility folded as they pass.
pub struct FromLog {
    visibility: Visibility,
    /// Only what is after this was missed.
    after: Position,
    read_up_to: Position,
    up_to: Position,
    /// Read and not passed on: a creation whose joins follow.
    waiting: Vec<Arc<Recorded>>,
    circles: Circles,
}

impl FromLog {
    /// Those after `after` in `(from, up_to]`, where neither end may part a unit: `up_to` is where a tail stood, `from`
    /// comes from [`Live::start_of_unit`]. `sight` is what the account saw at the latter's argument.
    pub fn new(account: AccountId, after: Position, from: Position, sight: Sight, up_to: Position) -> Self {
        let (visibility, waiting) = (Visibility::new(account, sight), Vec::new());
        let circles = Circles::of_accounts(CIRCLES_MAX);
        Self { visibility, after, read_up_to: from, up_to, waiting, circles }
    }

    /// The next frames; none at the end.
    ///
    /// # Errors
    /// When the log or the words do not answer.
    pub async fn next(&mut self, live: &Live) -> Result<Option<Vec<Wire>>, JoinFault> {
        if self.read_up_to >= self.up_to && self.waiting.is_empty() {
            return Ok(None);
        }
        self.read(live).await?;
        let at_end = self.read_up_to >= self.up_to;
        let complete = if at_end { self.waiting.len() } else { complete_len(&self.waiting) };
        let events: Vec<_> = self.waiting.drain(..complete).collect();
        let stories = stories_and_friends_before(&*live.renderer.source, &events, &mut self.circles).await?;
        let mut missed = self.visibility.pass(&events, &stories);
        // Of what vanishes by age or count nothing is missed: it is sent once, as it stands in the end.
        missed.retain(|event| event.position > self.after && !event.stream.category().is_transient());
        Ok(Some(live.frames(self.visibility.account(), &missed).await?))
    }

    /// The conversations that the account sees in the end.
    pub fn into_conversations(self) -> Vec<ConversationId> {
        self.visibility.sight.conversations.into_iter().collect()
    }

    async fn read(&mut self, live: &Live) -> Result<(), SourceFault> {
        if self.read_up_to >= self.up_to {
            return Ok(());
        }
        let everything = Filter::default();
        let slice =
            live.renderer.source.read_all(self.read_up_to, Direction::Forward, PAGE_EVENTS, &everything).await?;
        let up_to = self.up_to;
        self.waiting.extend(slice.events.iter().filter(|event| event.position <= up_to).cloned());
        self.read_up_to = if slice.at_end || slice.next <= self.read_up_to { up_to } else { slice.next };
        Ok(())
    }
}

impl Live {
    /// Why what an account missed since a position cannot be sent, if so.
    ///
    /// # Errors
    /// When the index does not answer.
    pub async fn reset(
        &self,
        account: AccountId,
        from: Position,
        log_id: Option<LogId>,
    ) -> Result<Option<Reset>, JoinFault> {
        let head = self.renderer.source.head();
        if log_id.is_some_and(|id| id != self.log_id()) {
            return Ok(Some(Reset::LogChanged));
        }
        if from > head {
            return Ok(Some(Reset::BeyondHead));
        }
        self.index.reach(head, INDEX_PATIENCE).await;
        let known = self.index.seen_by(account).await?.position;
        let missed = self.index.missed_count(account, from, known, self.resume_max_frames + 1).await?;
        // What the index does not know yet is not counted for the account but read for all: that is limited, too.
        let unknown = usize::try_from(head.0.saturating_sub(known.max(from).0)).unwrap_or(usize::MAX);
        Ok((missed.saturating_add(unknown) > self.resume_max_frames).then_some(Reset::TooFar))
    }

    /// What an account was to be sent of events that it sees: of each its notification first, if it notifies the account.
    async fn frames(&self, account: AccountId, events: &[Arc<Recorded>]) -> Result<Vec<Wire>, JoinFault> {
        let mut circles = Circles::of_accounts(CIRCLES_MAX);
        let notices = notices(&*self.renderer.source, events, &mut circles, Some(account)).await?;
        let rendered = self.renderer.render(events, When::Afterwards).await?;
        let mut frames = Vec::with_capacity(rendered.len());
        for (event, frame) in events.iter().zip(rendered) {
            let notice = notices.get(&event.position).and_then(|notices| notices.first());
            frames.extend(notice.and_then(|notice| notification::frame(event, notice.kind)));
            frames.extend(frame);
        }
        Ok(frames)
    }

    /// The index may stand amid the unit that created a conversation, where it does not know all first members yet.
    /// Gives the position before that unit; otherwise the position itself.
    ///
    /// # Errors
    /// When the log does not answer.
    pub(in crate::live) async fn start_of_unit(&self, position: Position) -> Result<Position, SourceFault> {
        let source = &self.renderer.source;
        let next = source.read_all(position, Direction::Forward, 1, &Filter::default()).await?;
        let Some(next) = next.events.first() else { return Ok(position) };
        if !matches!(next.event, Event::MemberJoined(_)) || next.revision >= GROUP_MAX_MEMBERS as u64 {
            return Ok(position);
        }
        let before = usize::try_from(next.revision).unwrap_or(GROUP_MAX_MEMBERS);
        let unit = source.read_stream(&next.stream, 0, Direction::Forward, before).await?.events;
        let Some((created, joins)) = unit.split_first() else { return Ok(position) };
        let is_one_unit = matches!(created.event, Event::ConversationCreated(_))
            && created.correlation_id == next.correlation_id
            && initial_joins(created, joins) == joins.len()
            && unit.last().is_some_and(|last| last.position == position);
        Ok(if is_one_unit { Position(created.position.0 - 1) } else { position })
    }

    /// How far the account has read its conversations. Of these events only the newest is kept, so they are not missed
    /// one by one but sent once as they stand, whatever the client knows already.
    pub(in crate::live) async fn read_marks(
        &self,
        account: AccountId,
        conversations: &[ConversationId],
        up_to: Position,
    ) -> Result<Vec<Wire>, JoinFault> {
        let mut marks = Vec::new();
        for conversation in conversations {
            let stream = StreamName::read(account, *conversation);
            let slice = self.renderer.source.read_stream(&stream, u64::MAX, Direction::Backward, 1).await?;
            // What is newer comes live.
            marks.extend(slice.events.into_iter().filter(|event| event.position <= up_to));
        }
        marks.sort_unstable_by_key(|event| event.position);
        let frames = self.renderer.render(&marks, When::Standing).await?;
        Ok(frames.into_iter().flatten().collect())
    }
}
