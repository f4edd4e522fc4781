//! What a command is, and what surrounds one on its way to the executor.

use crate::context::{Context, Names, States};
use crate::log::Expected;
use crate::refusal::Refusal;
use bytes::Bytes;
use domain::clock::Time;
use domain::event::Event;
use domain::ids::{AccountId, EventId};
use domain::stream::StreamName;
use domain::words::SealedField;
use uuid::Uuid;

/// What a command decided: events, each with its stream; nothing when it is already so; or why not.
pub type Decided = Result<Vec<(StreamName, Event)>, Refusal>;

/// One thing that somebody wants to happen.
pub trait Command: Send + Sync + 'static {
    /// Its name in the API and in the scope of idempotency keys, such as `SendMessage`.
    fn name(&self) -> &'static str;

    /// The stream that it writes. Commands of one stream are decided one after the other.
    fn stream(&self, names: &Names<'_>) -> StreamName;

    /// What else it must know, as far as the command alone tells.
    fn reads(&self, _names: &Names<'_>) -> Vec<Read> {
        Vec::new()
    }

    /// What else it must know, as the states asked for by [`Command::reads`] tell.
    fn then_reads(&self, _names: &Names<'_>, _states: &States) -> Vec<Read> {
        Vec::new()
    }

    /// What else it must know, as the states asked for by [`Command::then_reads`] tell.
    fn last_reads(&self, _names: &Names<'_>, _states: &States) -> Vec<Read> {
        Vec::new()
    }

    /// The words that it must see; it finds them in its context.
    fn opens(&self, _states: &States) -> Vec<SealedField> {
        Vec::new()
    }

    /// Decides. Pure: the same states and context always give the same answer.
    ///
    /// # Errors
    /// Why it must not happen.
    fn decide(&self, states: &States, context: &Context<'_>) -> Decided;

    /// About how many bytes of words it brings; bounds what is decided as one batch.
    fn bytes(&self) -> usize {
        256
    }
}

impl<C: Command + ?Sized> Command for Box<C> {
    fn name(&self) -> &'static str {
        (**self).name()
    }

    fn stream(&self, names: &Names<'_>) -> StreamName {
        (**self).stream(names)
    }

    fn reads(&self, names: &Names<'_>) -> Vec<Read> {
        (**self).reads(names)
    }

    fn then_reads(&self, names: &Names<'_>, states: &States) -> Vec<Read> {
        (**self).then_reads(names, states)
    }

    fn last_reads(&self, names: &Names<'_>, states: &States) -> Vec<Read> {
        (**self).last_reads(names, states)
    }

    fn opens(&self, states: &States) -> Vec<SealedField> {
        (**self).opens(states)
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        (**self).decide(states, context)
    }

    fn bytes(&self) -> usize {
        (**self).bytes()
    }
}

/// Something a decision rests on beside the stream it writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    /// It may write this stream too.
    Write(StreamName),
    /// A change of this stream could alter the decision: the append states its revision.
    Check(StreamName),
    /// Only what can never become untrue again is taken from this stream: the append need not state its revision.
    Fact(StreamName),
    /// One event, which can never change.
    Event(StreamName, u64),
}

impl Read {
    /// The stream that is read.
    pub fn stream(&self) -> &StreamName {
        match self {
            Read::Write(stream) | Read::Check(stream) | Read::Fact(stream) | Read::Event(stream, _) => stream,
        }
    }
}

/// What surrounds a command.
#[derive(Clone, Debug, Default)]
pub struct Envelope {
    /// Who wants it; none for the system itself and for people who are not signed in.
    pub actor: Option<AccountId>,
    /// Shared by everything that one request causes.
    pub correlation_id: Uuid,
    /// The event that made a policy want it.
    pub causation_id: Option<EventId>,
    /// Makes a repeat of the command the same command.
    pub idempotency: Option<Idempotency>,
    /// How the actor saw the stream that the command writes, where that matters to them.
    pub expected: Option<Expected>,
    /// Set by imports only.
    pub import: Option<Import>,
}

impl Envelope {
    /// Of a command that a person wants, without a key.
    pub fn of(actor: AccountId, correlation_id: Uuid) -> Self {
        Self { actor: Some(actor), correlation_id, ..Self::default() }
    }
}

/// What a repeat is recognised by. Both are hashed before they go anywhere.
#[derive(Clone)]
pub struct Idempotency {
    /// The client's key; its scope is (actor, command).
    pub key: String,
    /// What must be the same in a repeat: the body and the path's parameters, in a form of the caller's choice.
    pub body: Bytes,
}

/// Keys are personal: they are never shown.
impl std::fmt::Debug for Idempotency {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Idempotency(..)")
    }
}

/// The item of an import that a command stands for. It lifts the rules that only bind people who act now, sets
/// `occurred_at`, and makes a repeat of the import append nothing.
#[derive(Clone, Debug)]
pub struct Import {
    /// `import-<hash>`: how far the import has come.
    pub stream: StreamName,
    /// When it happened in the source.
    pub at: Time,
    /// Its place among the items of that time. Items come in ascending (at, step), one after the other.
    pub step: u64,
}
