//! `DeleteMessage`: a message is a tombstone from now on.

use super::target;
use crate::command::{Command, Decided, Read};
use crate::context::{Context, Names, States};
use crate::refusal::Refusal;
use domain::conversation::values::MemberRole;
use domain::ids::MessageId;
use domain::message::event::MessageDeleted;
use domain::stream::StreamName;

/// Deletes a message: its author within the window, the conversation's admins always.
#[derive(Clone, Debug)]
pub struct DeleteMessage {
    /// Which.
    pub message: MessageId,
}

impl Command for DeleteMessage {
    fn name(&self) -> &'static str {
        "DeleteMessage"
    }

    fn stream(&self, _names: &Names<'_>) -> StreamName {
        StreamName::message(self.message)
    }

    fn reads(&self, _names: &Names<'_>) -> Vec<Read> {
        target::reads(self.message)
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let (actor, member, target) = target::visible(self.message, states, context)?;
        let manages = context.is_import() || member.is_some_and(|member| member.role >= MemberRole::Admin);
        if !manages && target.sent.sender != actor {
            return Err(Refusal::NotPermitted);
        }
        if states.message().deleted {
            return Ok(vec![]);
        }
        if !manages && !target::window_is_open(&target, context) {
            return Err(Refusal::EditWindowClosed);
        }
        Ok(vec![(states.primary(), MessageDeleted { deleted_by: actor }.into())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::Missing;
    use crate::scenario::{ALICE, BOB, CAROL, DAVE, Happened, given, group, message, said, then_happened};
    use domain::ids::AccountId;
    use domain::limits::MESSAGE_EDIT_WINDOW_SECONDS;

    const DELETE: DeleteMessage = DeleteMessage { message: message(1) };

    fn talk() -> Vec<Happened> {
        group().into_iter().chain([said(CAROL, "one")]).collect()
    }

    fn deleted(deleted_by: AccountId) -> Happened {
        then_happened(MessageDeleted { deleted_by })
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

    #[test]
    fn what_is_deleted_is_deleted_already() {
        let gone = talk().into_iter().chain([deleted(CAROL)]);
        given(gone).by(CAROL).after_seconds(1_000_000).when(DELETE).then_it_is_already_so();
    }
}
