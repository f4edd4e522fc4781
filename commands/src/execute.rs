//! The executor: loads what a command rests on, decides, appends, and answers once it is durable.
//!
//! Commands for one stream form a lane. Whoever comes first leads it; what arrives while an append is in flight is
//! decided in order on the evolving state and appended as one call, one unit a command, each on what those before it
//! wrote. An append belongs to the lane, not to the caller: a caller that goes away changes nothing.

mod batch;
mod cache;
pub(crate) mod decide;
mod idempotency;
mod job;
mod lanes;
mod load;
mod meters;
mod room;
mod sequence;
mod turns;
mod unit;
mod working;

use crate::command::{Command, Envelope};
use crate::context::Names;
use crate::log::{EventLog, LogFault};
use crate::refusal::Refusal;
use batch::already_so;
use cache::Cache;
use domain::clock::Clock;
use domain::ids::Position;
use domain::limits::CONFLICT_MAX_RETRIES;
use domain::recorded::Recorded;
use domain::source::SourceFault;
use domain::state::State;
use domain::stream::StreamName;
use domain::words::{Words, WordsFault};
use futures_util::future::join_all;
use idempotency::{Claim, Claims};
use job::{Answer, Job};
use lanes::Lanes;
use meters::Meters;
use room::Room;
use sequence::{Link, Sequence};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio_util::task::TaskTracker;
use turns::Turns;
use working::Working;

/// Commands that wait or are under way in one process, at most; further ones are refused as overload. A quarter of a second
/// of work on two processors: whoever would wait longer does better to come back.
pub const PENDING_MAX_COMMANDS: usize = 4_096;
/// Of these, decided at the same time, but for a larger batch, which is decided alone. The others wait in their lanes.
///
/// What is being decided or answered stands in the runtime's queues before the next request that is read, also before one that
/// will be refused. What waits for the log does not, so it is not counted here.
const DECIDING_MAX_COMMANDS: usize = 64;
/// Of these, answered and not taken up yet by whoever waits, with the same exception.
const ANSWERING_MAX_COMMANDS: usize = 64;

/// What came of a command.
#[derive(Clone, Debug)]
pub struct Done {
    /// The events, durable, in the order of the decision; empty when it was already so.
    pub events: Vec<Arc<Recorded>>,
    /// Of the last event, or the head that was decided on when there is none.
    pub position: Position,
    /// Whether this is the answer to a repeat: the events were there before.
    pub replayed: bool,
    /// What the command's own stream was when nothing had to change.
    pub standing: Option<Standing>,
    /// Where the time went.
    pub stages: Stages,
}

/// A stream at a revision.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Of its last event; none of a stream without events.
    pub revision: Option<u64>,
    /// What its events come to.
    pub state: Arc<State>,
}

/// Where a command's time went.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stages {
    /// Waiting for its turn in the lane, and for an earlier command with the same key.
    pub wait: Duration,
    /// Loading states and opening words.
    pub load: Duration,
    /// Deciding.
    pub decide: Duration,
    /// From the decision until it was durable.
    pub append: Duration,
}

/// Why a command has no result. Nothing of it is in the log, except after [`Failure::Log`] and [`Failure::Aborted`],
/// where it may be: a repeat with the same key finds out.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// It must not happen, as of this head of the log.
    #[error("refused")]
    Refused(#[source] Refusal, Position),
    /// Others changed what it rests on each time it was decided.
    #[error("decided {} times and overtaken each time", CONFLICT_MAX_RETRIES + 1)]
    Contended,
    /// The same key came with another body before, as of this head of the log.
    #[error("the idempotency key was used for another request")]
    KeyReused(Position),
    /// [`PENDING_MAX_COMMANDS`] are pending.
    #[error("too many commands are pending")]
    Overloaded,
    /// An event would be larger than the log takes.
    #[error("an event would be too large")]
    TooLarge,
    /// A stream that it would write was deleted for good.
    #[error("a stream was deleted for good")]
    StreamDeleted,
    /// The append has no answer.
    #[error("the append has no answer")]
    Log(#[source] LogFault),
    /// A stream could not be read.
    #[error("a stream could not be read")]
    Source(#[from] SourceFault),
    /// Words could not be opened.
    #[error("words could not be opened")]
    Words(#[from] WordsFault),
    /// The command was given up by a fault of this program.
    #[error("the command was given up by a fault")]
    Aborted,
}

/// A command that cannot be taken back any more.
enum Begun {
    /// Its events were there before.
    Replayed(Done),
    /// It is in its lane.
    UnderWay(oneshot::Receiver<Answer>),
}

/// A command before it is in its lane.
#[expect(clippy::large_enum_variant, reason = "lives for one call; a box would be an allocation for each command")]
enum Prepared {
    /// Its events were there before.
    Replayed(Done),
    /// It can go into its lane; the answer comes here.
    Ready(Job, oneshot::Receiver<Answer>),
}

impl Begun {
    async fn done(self) -> Result<Done, Failure> {
        match self {
            Begun::Replayed(done) => Ok(done),
            Begun::UnderWay(answer) => answer.await.map_or(Err(Failure::Aborted), Answer::take_up),
        }
    }
}

/// Executes commands. One a process and log; every caller shares it.
pub struct Executor {
    log: Arc<dyn EventLog>,
    words: Arc<dyn Words>,
    clock: Arc<dyn Clock>,
    tracker: TaskTracker,
    cache: Cache,
    lanes: Lanes,
    claims: Arc<Claims>,
    room: Arc<Room>,
    deciding: Turns,
    answering: Turns,
    meters: Meters,
}

impl Executor {
    /// An executor over `log`. Appends run as tasks of `tracker`, so waiting for it waits for what is in flight.
    pub fn new(
        log: Arc<dyn EventLog>,
        words: Arc<dyn Words>,
        clock: Arc<dyn Clock>,
        tracker: TaskTracker,
    ) -> Arc<Self> {
        Arc::new(Self {
            log,
            words,
            clock,
            tracker,
            cache: Cache::default(),
            lanes: Lanes::default(),
            claims: Arc::default(),
            room: Room::new(PENDING_MAX_COMMANDS),
            deciding: Turns::new(DECIDING_MAX_COMMANDS),
            answering: Turns::new(ANSWERING_MAX_COMMANDS),
            meters: Meters::default(),
        })
    }

    /// Whether a command would be taken now, for whoever would rather not prepare one that is not.
    pub fn has_room(&self) -> bool {
        self.room.is_free()
    }

    /// Executes a command and answers once what it caused is durable. Dropping the future does not take back a
    /// command that has begun.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn execute(self: &Arc<Self>, command: impl Command, envelope: Envelope) -> Result<Done, Failure> {
        self.begin(command, envelope).await?.done().await
    }

    /// Executes several commands, those that write the same stream in their order. Gives what came of each, in the same
    /// order. After one without a result (it could not begin, was overtaken each time, or the log failed), those for its
    /// stream that come after it are not appended either, so that a repeat of all of them keeps the order; they are
    /// [`Failure::Overloaded`]. What is refused is left out.
    pub async fn execute_in_order<C: Command>(
        self: &Arc<Self>,
        commands: Vec<(C, Envelope)>,
    ) -> Vec<Result<Done, Failure>> {
        let (mut begun, mut sequences) = (Vec::with_capacity(commands.len()), BTreeMap::new());
        for (index, (command, envelope)) in commands.into_iter().enumerate() {
            let primary = command.stream(&Names::new(envelope.actor, self.words()));
            let link = sequences.entry(primary).or_insert_with(Sequence::new).link(index);
            begun.push(self.begin_in_order(command, envelope, link).await);
        }
        // All at once: an answer that is not taken up keeps those of others waiting.
        join_all(begun.into_iter().map(async |one| one?.done().await)).await
    }

    async fn begin_in_order(
        self: &Arc<Self>,
        command: impl Command,
        envelope: Envelope,
        mut link: Link,
    ) -> Result<Begun, Failure> {
        if link.is_cut_off() {
            return Err(Failure::Overloaded);
        }
        match self.prepare(command, envelope).await {
            Ok(Prepared::Replayed(done)) => {
                let done = Ok(done);
                link.settle(&done);
                done.map(Begun::Replayed)
            }
            Ok(Prepared::Ready(job, answer)) => {
                self.enqueue(job.linked(link));
                Ok(Begun::UnderWay(answer))
            }
            Err(failure) => {
                let failed = Err(failure);
                link.settle(&failed);
                failed
            }
        }
    }

    /// Puts a command into its lane, or finds that it is a repeat.
    async fn begin(self: &Arc<Self>, command: impl Command, envelope: Envelope) -> Result<Begun, Failure> {
        Ok(match self.prepare(command, envelope).await? {
            Prepared::Replayed(done) => Begun::Replayed(done),
            Prepared::Ready(job, answer) => {
                self.enqueue(job);
                Begun::UnderWay(answer)
            }
        })
    }

    async fn prepare(&self, command: impl Command, envelope: Envelope) -> Result<Prepared, Failure> {
        let arrived = Instant::now();
        let place = self.room.take().ok_or(Failure::Overloaded)?;
        let claim = match &envelope.idempotency {
            None => None,
            Some(idempotency) => match self.claim(command.name(), envelope.actor, idempotency).await? {
                Claim::Ours(claim) => Some(claim),
                Claim::Replayed(mut done) => {
                    done.stages.wait = arrived.elapsed();
                    return Ok(Prepared::Replayed(done));
                }
            },
        };
        let primary = command.stream(&Names::new(envelope.actor, self.words()));
        let (job, answer) = Job::new(Box::new(command), envelope, primary, claim, place, arrived);
        Ok(Prepared::Ready(job, answer))
    }

    /// The state of a stream as of the log's current revision of it.
    ///
    /// # Errors
    /// When the log does not answer, or the stream changes faster than it can be read.
    pub async fn current(&self, stream: &StreamName) -> Result<Arc<State>, Failure> {
        for _ in 0..=CONFLICT_MAX_RETRIES {
            let loaded = self.load(stream).await?;
            if self.are_current(&[(stream.clone(), loaded.revision)]).await? {
                return Ok(loaded.state);
            }
        }
        Err(Failure::Contended)
    }

    /// What a command would do now, without doing it: whether it has something to append, and the answer if not.
    pub(crate) async fn preview(&self, command: &dyn Command, envelope: &Envelope) -> Result<(bool, Done), Failure> {
        let primary = command.stream(&Names::new(envelope.actor, self.words()));
        for _ in 0..=CONFLICT_MAX_RETRIES {
            let mut stages = Stages::default();
            let mut working = Working::default();
            let decision = self.decide(command, envelope, &primary, &mut working, &mut stages).await?;
            let head = self.log.head();
            if let Ok(events) = &decision.decided
                && !events.is_empty()
            {
                return Ok((true, already_so(head, None, stages)));
            }
            if self.are_current(&decision.revisions()).await? {
                let so = already_so(head, decision.standing, stages);
                return match decision.decided {
                    Ok(_) => Ok((false, so)),
                    Err(refusal) => Err(Failure::Refused(refusal, so.position)),
                };
            }
        }
        Err(Failure::Contended)
    }

    /// The log that it appends to.
    pub fn log(&self) -> &Arc<dyn EventLog> {
        &self.log
    }

    /// The words of that log.
    pub fn words(&self) -> &dyn Words {
        &*self.words
    }

    /// The clock that it decides by.
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }
}
