//! The message that a command is about: that it exists, who wrote it and when are facts, found in its one event.

use crate::command::Read;
use crate::context::{Context, States};
use crate::conversation::standing::not_open;
use crate::refusal::{Missing, Refusal};
use domain::clock::Time;
use domain::conversation::state::{Conversation, Member};
use domain::event::Event;
use domain::ids::{AccountId, MessageId};
use domain::limits::MESSAGE_EDIT_WINDOW_SECONDS;
use domain::message::event::MessageSent;
use domain::stream::StreamName;

/// A message as it was sent.
pub(crate) struct Target<'a> {
    pub(crate) sent: &'a MessageSent,
    pub(crate) sent_at: Time,
}

/// What every command on a message rests on, beside its `message-…` stream.
pub(crate) fn reads(id: MessageId) -> Vec<Read> {
    vec![Read::Check(StreamName::conversation(id.conversation)), event(id)]
}

/// The message's own event.
pub(crate) fn event(id: MessageId) -> Read {
    Read::Event(StreamName::timeline(id.conversation), revision(id))
}

/// The message as it was sent, if there is one. One that was purged is there no more.
pub(crate) fn find(id: MessageId, states: &States) -> Option<Target<'_>> {
    if id.seq <= states.conversation().kept().through_seq {
        return None;
    }
    let recorded = states.event(&StreamName::timeline(id.conversation), revision(id))?;
    match &recorded.event {
        Event::MessageSent(sent) => Some(Target { sent, sent_at: recorded.occurred_at }),
        _ => None,
    }
}

/// The message, for an actor who may see it, and the actor's place in the conversation. Under import people outside
/// the conversation may have acted too, hence the option.
///
/// # Errors
/// [`Refusal::NotFound`] for people who are not members and when there is no such message,
/// [`Refusal::ConversationClosed`] for members of a closed conversation.
pub(crate) fn visible<'a>(
    id: MessageId,
    states: &'a States,
    context: &Context<'_>,
) -> Result<(AccountId, Option<Member>, Target<'a>), Refusal> {
    let actor = context.actor()?;
    let conversation = states.conversation();
    if let Conversation::Closed { .. } = conversation {
        return Err(not_open(conversation, context, Missing::Message));
    }
    let member = conversation.member(actor);
    if member.is_none() && !context.is_import() {
        return Err(Refusal::NotFound(Missing::Message));
    }
    let target = find(id, states).ok_or(Refusal::NotFound(Missing::Message))?;
    Ok((actor, member, target))
}

/// Whether its author may still change it.
pub(crate) fn window_is_open(target: &Target<'_>, context: &Context<'_>) -> bool {
    context.is_import() || context.now <= target.sent_at.plus_seconds(MESSAGE_EDIT_WINDOW_SECONDS)
}

/// Sequence n stands at revision n - 1. There is no message 0; nothing stands at the revision that it gives here.
fn revision(id: MessageId) -> u64 {
    id.seq.wrapping_sub(1)
}
