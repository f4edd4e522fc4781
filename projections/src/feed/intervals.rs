//! From where to where an account sees a conversation, or the stories of an author whom it follows or whose close friend it
//! is; from where to where an author hides them from it, and whom it blocks.

use crate::database::bulk::Bulk;
use crate::database::row::DatabaseFault;
use crate::database::tx::Tx;
use crate::database::value::Value;
use crate::feed::topic::Topic;
use crate::projection::{ApplyFault, Step};
use domain::event::Event;
use domain::ids::{AccountId, ConversationId, Position};
use domain::recorded::Recorded;
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

static OPEN: Bulk = Bulk::new("INSERT INTO intervals (account, kind, topic, from_position, to_position)", 5, "");
static CLOSE: Bulk = Bulk::new(
    "WITH v (account, kind, topic, to_position) AS (",
    4,
    ") UPDATE intervals SET to_position = v.to_position FROM v WHERE intervals.account = v.account \
     AND intervals.kind = v.kind AND intervals.topic = v.topic AND intervals.to_position IS NULL",
);
static KEEP_CREATION: Bulk = Bulk::new(
    "INSERT INTO open_creation (slot, conversation, from_position, correlation, last_position)",
    5,
    "ON CONFLICT (slot) DO UPDATE SET conversation = excluded.conversation, \
     from_position = excluded.from_position, correlation = excluded.correlation, \
     last_position = excluded.last_position",
);

/// A creation whose first members are following: they see it from the creation on.
#[derive(Clone, Copy)]
struct Creation {
    conversation: ConversationId,
    from: Position,
    correlation: Uuid,
}

impl Creation {
    /// Whether the event goes on with the creation: nothing but joins to the same conversation by the same command
    /// stand between.
    fn goes_on(&self, recorded: &Recorded) -> bool {
        matches!(recorded.event, Event::MemberJoined(_))
            && recorded.correlation_id == self.correlation
            && recorded.stream.conversation_id() == Some(self.conversation)
    }
}

/// Who sees what.
type Key = (AccountId, Topic);

/// What a batch does to the intervals.
#[derive(Default)]
pub(crate) struct Changes {
    creation: Option<Creation>,
    /// Opened in this batch: from where, and to where if closed in it, too.
    opened: BTreeMap<Key, Vec<(Position, Option<Position>)>>,
    /// The first leave in this batch: it closes what was opened before.
    closed: BTreeMap<Key, Position>,
}

impl Changes {
    /// Whether there is something to write.
    pub(crate) fn is_empty(&self) -> bool {
        self.creation.is_none() && self.opened.is_empty() && self.closed.is_empty()
    }

    /// Begins with a creation that the last batch ended amid, if this batch may go on with it.
    pub(crate) async fn begin(batch: &[Arc<Recorded>], step: &mut Step<'_>) -> Result<Self, ApplyFault> {
        let may_go_on = batch.first().is_some_and(|first| matches!(first.event, Event::MemberJoined(_)));
        let from = step.from();
        let creation = if may_go_on { unfinished(step.tx().await?, from).await? } else { None };
        Ok(Self { creation, ..Self::default() })
    }

    /// Takes over an event.
    pub(crate) fn take(&mut self, recorded: &Recorded) -> Result<(), ApplyFault> {
        let at = recorded.position;
        let unfit = || ApplyFault::Unfit(at, "its stream is no conversation's");
        let owner = || {
            let unfit = ApplyFault::Unfit(at, "its stream is no account's relationships");
            recorded.stream.relationship_id().ok_or(unfit)
        };
        self.creation = self.creation.filter(|creation| creation.goes_on(recorded));
        match &recorded.event {
            Event::ConversationCreated(e) => {
                let creation =
                    Creation { conversation: e.conversation, from: at, correlation: recorded.correlation_id };
                self.creation = Some(creation);
            }
            Event::MemberJoined(e) => {
                let conversation = recorded.stream.conversation_id().ok_or_else(unfit)?;
                let from = self.creation.map_or(at, |creation| creation.from);
                self.open((e.account, Topic::Conversation(conversation)), from);
            }
            Event::MemberLeft(e) => {
                let conversation = recorded.stream.conversation_id().ok_or_else(unfit)?;
                self.close((e.account, Topic::Conversation(conversation)), at);
            }
            Event::AccountFollowed(e) => self.open((owner()?, Topic::Followers(e.account)), at),
            Event::AccountUnfollowed(e) => self.close((owner()?, Topic::Followers(e.account)), at),
            Event::CloseFriendAdded(e) => self.open((e.account, Topic::CloseFriends(owner()?)), at),
            Event::CloseFriendRemoved(e) => self.close((e.account, Topic::CloseFriends(owner()?)), at),
            Event::AccountBlocked(e) => self.open((owner()?, Topic::Blocked(e.account)), at),
            Event::AccountUnblocked(e) => self.close((owner()?, Topic::Blocked(e.account)), at),
            Event::StoriesHidden(e) => self.open((e.account, Topic::HiddenStories(owner()?)), at),
            Event::StoriesShown(e) => self.close((e.account, Topic::HiddenStories(owner()?)), at),
            _ => {}
        }
        Ok(())
    }

    fn open(&mut self, key: Key, from: Position) {
        self.opened.entry(key).or_default().push((from, None));
    }

    fn close(&mut self, key: Key, at: Position) {
        for (_, to) in self.opened.get_mut(&key).into_iter().flatten().filter(|(_, to)| to.is_none()) {
            *to = Some(at);
        }
        // What was open before the batch was closed by the first leave in it.
        self.closed.entry(key).or_insert(at);
    }

    /// Writes them. `last` is the batch's last position.
    pub(crate) async fn write(self, tx: &mut Tx, last: Position) -> Result<(), ApplyFault> {
        let mut closed: Vec<Value> = Vec::with_capacity(self.closed.len() * 4);
        for ((account, topic), to) in self.closed {
            let [kind, topic] = topic.values();
            closed.extend([account.into(), kind, topic, to.into()]);
        }
        // First those from before, so that what opens again in this batch stays open.
        CLOSE.execute(tx, closed).await?;
        let mut opened: Vec<Value> = Vec::with_capacity(self.opened.len() * 5);
        for ((account, topic), intervals) in self.opened {
            for (from, to) in intervals {
                let [kind, topic] = topic.values();
                opened.extend([account.into(), kind, topic, from.into(), to.into()]);
            }
        }
        OPEN.execute(tx, opened).await?;
        if let Some(Creation { conversation, from, correlation }) = self.creation {
            let row = vec![1_i16.into(), conversation.into(), from.into(), correlation.into(), last.into()];
            KEEP_CREATION.execute(tx, row).await?;
        }
        Ok(())
    }
}

async fn unfinished(tx: &mut Tx, checkpoint: Position) -> Result<Option<Creation>, DatabaseFault> {
    let row = tx
        .fetch_optional(
            "SELECT conversation, from_position, correlation FROM open_creation WHERE last_position = $1",
            [checkpoint.into()],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let mut columns = row.columns();
    let (conversation, from, correlation) = (columns.conversation()?, columns.position()?, columns.take()?);
    Ok(Some(Creation { conversation, from, correlation }))
}
