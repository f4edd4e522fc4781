//! The story that a command is about, for an actor who may see it.

use crate::command::Read;
use crate::context::{Context, Names, States};
use crate::refusal::{Missing, Refusal};
use domain::ids::AccountId;
use domain::relationship::state::ties;
use domain::story::state::Story;
use domain::story::values::StoryPrivacy;
use domain::stream::StreamName;

/// A story that can be seen now.
pub(crate) struct Target {
    pub(crate) actor: AccountId,
    pub(crate) author: AccountId,
    pub(crate) privacy: StoryPrivacy,
    pub(crate) privacy_changes: u32,
}

impl Target {
    /// For what only the author may do by an own right.
    ///
    /// # Errors
    /// [`Refusal::NotPermitted`] for everybody else.
    pub(crate) fn own(self) -> Result<Self, Refusal> {
        if self.actor == self.author { Ok(self) } else { Err(Refusal::NotPermitted) }
    }
}

/// What the author and somebody else are to each other: whether the story may be seen rests on both.
pub(crate) fn then_reads(names: &Names<'_>, states: &States) -> Vec<Read> {
    let actor = names.actor_or_nil();
    match states.story() {
        Story::Posted { author, .. } if *author != actor => {
            vec![Read::Check(StreamName::relationship(*author)), Read::Check(StreamName::relationship(actor))]
        }
        Story::Posted { .. } | Story::Unknown | Story::Expired | Story::Deleted => vec![],
    }
}

/// The story, if its time is not over and the actor may see it.
///
/// # Errors
/// [`Refusal::NotFound`] otherwise: nobody learns of a story that is not for them.
pub(crate) fn visible(states: &States, context: &Context<'_>) -> Result<Target, Refusal> {
    let actor = context.actor()?;
    let missing = Refusal::NotFound(Missing::Story);
    match *states.story() {
        Story::Posted { author, privacy, privacy_changes, expires_at } if context.now < expires_at => {
            let ties = ties((actor, states.relationship(actor)), (author, states.relationship(author)));
            let target = Target { actor, author, privacy, privacy_changes };
            if privacy.admits(ties) { Ok(target) } else { Err(missing) }
        }
        Story::Posted { .. } | Story::Unknown | Story::Expired | Story::Deleted => Err(missing),
    }
}

/// Whether the story is there and its time is not over, whoever may see it.
pub(crate) fn is_running(states: &States, context: &Context<'_>) -> bool {
    matches!(*states.story(), Story::Posted { expires_at, .. } if context.now < expires_at)
}
