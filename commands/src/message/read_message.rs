//! `ReadMessage`: a moderator or an auditor reads a message of a conversation that is not theirs.

use super::target;
use crate::command::{Command, Decided, Read};
use crate::context::{Context, Names, States};
use crate::refusal::{Missing, Refusal};
use domain::account::values::Role;
use domain::audit::event::ContentAccessed;
use domain::conversation::state::Conversation;
use domain::conversation::values::PrivacyMode;
use domain::ids::MessageId;
use domain::proto::account::v1::ReasonWords;
use domain::stream::StreamName;
use domain::values::Reason;
use domain::words::Field;

/// Records that a message is read by a role, before it is shown.
#[derive(Clone, Debug)]
pub struct ReadMessage {
    /// Which.
    pub message: MessageId,
    /// As what: a moderator reads it as it is now, an auditor every version of it.
    pub role: Role,
    /// Why.
    pub reason: Option<Reason>,
}

impl Command for ReadMessage {
    fn name(&self) -> &'static str {
        "ReadMessage"
    }

    fn stream(&self, names: &Names<'_>) -> StreamName {
        StreamName::access(names.actor_or_nil())
    }

    fn reads(&self, names: &Names<'_>) -> Vec<Read> {
        let mut reads = target::reads(self.message);
        // Its privacy mode never changes, and members come and go without making a difference.
        reads[0] = Read::Fact(StreamName::conversation(self.message.conversation));
        reads.push(Read::Check(StreamName::account(names.actor_or_nil())));
        reads
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let role = states.account(context.actor()?).role();
        if role != self.role || !matches!(role, Role::Moderator | Role::Auditor) {
            return Err(Refusal::RoleRequired);
        }
        let reason = self.reason.as_ref().ok_or(Refusal::ReasonRequired)?;
        if target::find(self.message, states).is_none() {
            return Err(Refusal::NotFound(Missing::Message));
        }
        match states.conversation() {
            Conversation::Open { privacy_mode: PrivacyMode::Searchable, .. }
            | Conversation::Closed { privacy_mode: PrivacyMode::Searchable, .. } => {}
            Conversation::Open { privacy_mode: PrivacyMode::StrictE2e, .. }
            | Conversation::Closed { privacy_mode: PrivacyMode::StrictE2e, .. } => return Err(Refusal::NotPermitted),
            Conversation::Unknown => return Err(Refusal::NotFound(Missing::Message)),
        }
        let reason = Field::Clear(ReasonWords { reason: reason.as_str().to_owned() });
        Ok(vec![(states.primary(), ContentAccessed { role, message: self.message, reason }.into())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{ALICE, CAROL, DAVE, Happened, direct, given, group, message, registered, said};
    use domain::account::event::RoleGranted;

    fn read(reason: Option<&str>) -> ReadMessage {
        read_as(Role::Moderator, reason)
    }

    fn read_as(role: Role, reason: Option<&str>) -> ReadMessage {
        ReadMessage { message: message(1), role, reason: reason.map(|reason| Reason::parse(reason).unwrap()) }
    }

    fn with_dave_as(role: Role, talk: Vec<Happened>) -> Vec<Happened> {
        let granted = (StreamName::account(DAVE), RoleGranted { role, reason: None }.into());
        talk.into_iter().chain([said(ALICE, "hi"), registered(DAVE), granted]).collect()
    }

    #[test]
    fn a_moderator_reads_with_a_reason_and_every_reading_is_recorded() {
        let reason = Field::Clear(ReasonWords { reason: "a complaint".into() });
        let accessed = ContentAccessed { role: Role::Moderator, message: message(1), reason };
        let event: Happened = (StreamName::access(DAVE), accessed.into());
        let once = || with_dave_as(Role::Moderator, group());
        let outcome = given(once()).by(DAVE).when(read(Some("a complaint")));
        outcome.rests_on(&StreamName::account(DAVE));
        outcome.then([event.clone()]);
        let again = once().into_iter().chain([event.clone()]);
        given(again).by(DAVE).when(read(Some("a complaint"))).then([event]);
        given(once()).by(DAVE).when(read(None)).refused(Refusal::ReasonRequired);
        let no_such = ReadMessage { message: message(2), ..read(Some("a complaint")) };
        given(once()).by(DAVE).when(no_such).refused(Refusal::NotFound(Missing::Message));
    }

    #[test]
    fn an_auditor_reads_so_too_and_neither_as_the_other() {
        let reason = Field::Clear(ReasonWords { reason: "case 4".into() });
        let accessed = ContentAccessed { role: Role::Auditor, message: message(1), reason };
        let audits = || given(with_dave_as(Role::Auditor, group())).by(DAVE);
        audits().when(read_as(Role::Auditor, Some("case 4"))).then([(StreamName::access(DAVE), accessed.into())]);
        audits().when(read_as(Role::Auditor, None)).refused(Refusal::ReasonRequired);
        audits().when(read_as(Role::Moderator, Some("case 4"))).refused(Refusal::RoleRequired);
        let moderates = given(with_dave_as(Role::Moderator, group())).by(DAVE);
        moderates.when(read_as(Role::Auditor, Some("case 4"))).refused(Refusal::RoleRequired);
        for role in [Role::User, Role::Analyst, Role::Admin] {
            let given = given(with_dave_as(role, group())).by(DAVE);
            given.when(read_as(role, Some("case 4"))).refused(Refusal::RoleRequired);
        }
    }

    #[test]
    fn nobody_reads_what_is_strictly_encrypted() {
        let strict = with_dave_as(Role::Moderator, direct(PrivacyMode::StrictE2e));
        given(strict).by(DAVE).when(read(Some("a complaint"))).refused(Refusal::NotPermitted);
    }

    #[test]
    fn no_other_role_reads_so() {
        for role in [Role::User, Role::Analyst, Role::Auditor, Role::Admin] {
            given(with_dave_as(role, group())).by(DAVE).when(read(Some("x"))).refused(Refusal::RoleRequired);
        }
        given(with_dave_as(Role::Moderator, group())).by(CAROL).when(read(Some("x"))).refused(Refusal::RoleRequired);
    }
}
