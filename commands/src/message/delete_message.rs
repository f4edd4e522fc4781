//! `DeleteMessage`: a message is a tombstone from now on.

use super::target;
use crate::command::{Command, Decided, Read};
use crate::context::{Context, Names, States};
use crate::refusal::{Missing, Refusal};
use domain::account::values::Role;
use domain::conversation::event::MessageUnpinned;
use domain::conversation::state::Conversation;
use domain::conversation::values::MemberRole;
use domain::ids::MessageId;
use domain::message::event::MessageDeleted;
use domain::proto::account::v1::ReasonWords;
use domain::stream::StreamName;
use domain::values::Reason;
use domain::words::Field;

/// Deletes a message: its author within the window, the conversation's admins always, a moderator any with a reason.
/// In a closed group neither author nor admins may. A pinned one loses its pin.
#[derive(Clone, Debug)]
pub struct DeleteMessage {
    /// Which.
    pub message: MessageId,
    /// Why; needed where only the role of a moderator allows it, and kept only then.
    pub reason: Option<Reason>,
}

impl Command for DeleteMessage {
    fn name(&self) -> &'static str {
        "DeleteMessage"
    }

    fn stream(&self, _names: &Names<'_>) -> StreamName {
        StreamName::message(self.message)
    }

    fn reads(&self, names: &Names<'_>) -> Vec<Read> {
        let mut reads = target::reads(self.message);
        // People of an import act in no role.
        if !names.is_import {
            reads.push(Read::Check(StreamName::account(names.actor_or_nil())));
        }
        reads
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let actor = context.actor()?;
        let own_right = self.own_right(states, context);
        let is_moderator = states.account(actor).role() == Role::Moderator;
        if own_right.is_err() && !is_moderator {
            return own_right.map(|()| vec![]);
        }
        if is_moderator && target::find(self.message, states).is_none() {
            return Err(Refusal::NotFound(Missing::Message));
        }
        if states.message().deleted {
            return Ok(vec![]);
        }
        let reason = match (own_right, &self.reason) {
            (Ok(()), _) => None,
            (Err(_), Some(reason)) => Some(Field::Clear(ReasonWords { reason: reason.as_str().to_owned() })),
            (Err(_), None) => return Err(Refusal::ReasonRequired),
        };
        let mut events = vec![(states.primary(), MessageDeleted { deleted_by: actor, reason }.into())];
        if let Conversation::Open { pins, .. } = states.conversation()
            && pins.contains(&self.message.seq)
        {
            let conversation = StreamName::conversation(self.message.conversation);
            events.push((conversation, MessageUnpinned { seq: self.message.seq }.into()));
        }
        Ok(events)
    }
}

impl DeleteMessage {
    /// Whether the actor may delete it as a member of the conversation.
    fn own_right(&self, states: &States, context: &Context<'_>) -> Result<(), Refusal> {
        let (actor, member, target) = target::visible(self.message, states, context)?;
        if context.is_import() || member.is_some_and(|member| member.role >= MemberRole::Admin) {
            return Ok(());
        }
        if target.sent.sender != actor {
            return Err(Refusal::NotPermitted);
        }
        // What is deleted is deleted already, however late.
        if states.message().deleted || target::window_is_open(&target, context) {
            return Ok(());
        }
        Err(Refusal::EditWindowClosed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{
        ALICE, BOB, CAROL, DAVE, Happened, ROOM, closed, given, group, message, registered, said, then_happened,
    };
    use domain::conversation::event::MessagePinned;
    use domain::ids::AccountId;
    use domain::limits::MESSAGE_EDIT_WINDOW_SECONDS;

    const DELETE: DeleteMessage = DeleteMessage { message: message(1), reason: None };

    fn talk() -> Vec<Happened> {
        group().into_iter().chain([said(CAROL, "one")]).collect()
    }

    fn deleted(deleted_by: AccountId) -> Happened {
        then_happened(MessageDeleted { deleted_by, reason: None })
    }

    #[test]
    fn an_author_deletes_within_fifteen_minutes() {
        given(talk()).by(CAROL).when(DELETE).then([deleted(CAROL)]);
        let late = given(talk()).by(CAROL).after_seconds(MESSAGE_EDIT_WINDOW_SECONDS + 1);
        late.when(DELETE).refused(Refusal::EditWindowClosed);
    }

    #[test]
    fn admins_of_the_conversation_delete_always() {
        given(talk()).by(BOB).after_seconds(1_000_000).when(DELETE).then([deleted(BOB)]);
        given(talk()).by(ALICE).after_seconds(1_000_000).when(DELETE).then([deleted(ALICE)]);
    }

    #[test]
    fn others_do_not_delete() {
        let alices = group().into_iter().chain([said(ALICE, "one")]);
        given(alices).by(CAROL).when(DELETE).refused(Refusal::NotPermitted);
        given(talk()).by(DAVE).when(DELETE).refused(Refusal::NotFound(Missing::Message));
    }

    fn moderated_talk() -> Vec<Happened> {
        let granted = domain::account::event::RoleGranted { role: Role::Moderator, reason: None };
        let moderators = [DAVE, CAROL]
            .into_iter()
            .flat_map(|account| [registered(account), (StreamName::account(account), granted.clone().into())]);
        talk().into_iter().chain(moderators).collect()
    }

    #[test]
    fn a_moderator_deletes_any_message_with_a_reason() {
        let reason = || Some(Reason::parse("spam").unwrap());
        let sealed = Some(Field::Clear(ReasonWords { reason: "spam".into() }));
        let outcome = given(moderated_talk()).by(DAVE).when(DeleteMessage { reason: reason(), ..DELETE });
        outcome.rests_on(&StreamName::account(DAVE));
        outcome.then([then_happened(MessageDeleted { deleted_by: DAVE, reason: sealed.clone() })]);
        given(moderated_talk()).by(DAVE).when(DELETE).refused(Refusal::ReasonRequired);
        let no_such = DeleteMessage { message: message(2), reason: reason() };
        given(moderated_talk()).by(DAVE).when(no_such).refused(Refusal::NotFound(Missing::Message));
        let late = || given(moderated_talk()).by(CAROL).after_seconds(MESSAGE_EDIT_WINDOW_SECONDS + 1);
        late().when(DELETE).refused(Refusal::ReasonRequired);
        late()
            .when(DeleteMessage { reason: reason(), ..DELETE })
            .then([then_happened(MessageDeleted { deleted_by: CAROL, reason: sealed })]);
    }

    #[test]
    fn a_reason_is_kept_only_where_the_role_was_needed() {
        let with_reason = DeleteMessage { reason: Some(Reason::parse("mine").unwrap()), ..DELETE };
        given(moderated_talk()).by(CAROL).when(with_reason.clone()).then([deleted(CAROL)]);
        given(talk()).by(BOB).when(with_reason.clone()).then([deleted(BOB)]);
        given(talk()).by(DAVE).when(with_reason).refused(Refusal::NotFound(Missing::Message));
    }

    #[test]
    fn a_deleted_message_loses_its_pin() {
        let pinned = (StreamName::conversation(ROOM), MessagePinned { seq: 1, pinned_by: ALICE }.into());
        let unpinned = (StreamName::conversation(ROOM), MessageUnpinned { seq: 1 }.into());
        given(talk().into_iter().chain([pinned])).by(CAROL).when(DELETE).then([deleted(CAROL), unpinned]);
    }

    #[test]
    fn in_a_closed_conversation_only_a_moderator_deletes() {
        let said = || closed().into_iter().chain([said(CAROL, "one")]);
        for member in [ALICE, BOB, CAROL] {
            given(said()).by(member).when(DELETE).refused(Refusal::ConversationClosed);
        }
        given(said()).by(DAVE).when(DELETE).refused(Refusal::NotFound(Missing::Message));
        let granted = domain::account::event::RoleGranted { role: Role::Moderator, reason: None };
        let moderated = said().chain([registered(DAVE), (StreamName::account(DAVE), granted.into())]);
        let with_reason = DeleteMessage { reason: Some(Reason::parse("spam").unwrap()), ..DELETE };
        let reason = Some(Field::Clear(ReasonWords { reason: "spam".into() }));
        let deleted = then_happened(MessageDeleted { deleted_by: DAVE, reason });
        given(moderated).by(DAVE).when(with_reason).then([deleted]);
    }

    #[test]
    fn what_is_deleted_is_deleted_already() {
        let gone = talk().into_iter().chain([deleted(CAROL)]);
        given(gone).by(CAROL).after_seconds(1_000_000).when(DELETE).then_it_is_already_so();
    }
}
