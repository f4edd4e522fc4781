//! Who is in as many conversations as one can be, comes into no further one.
//!
//! No stream holds how many conversations an account is in: it would be one that every group of theirs contends for. So
//! whoever commands brings the fact, as a read model has it, and it may be a moment old.

use crate::command::{Command, Decided, Read};
use crate::context::{Context, Names, States};
use crate::refusal::Refusal;
use domain::event::Event;
use domain::ids::AccountId;
use domain::stream::StreamName;
use domain::words::SealedField;

/// A command that may bring accounts into a conversation.
#[derive(Clone, Debug)]
pub struct WithinLimit<C> {
    /// The command.
    pub command: C,
    /// Whom it may bring in.
    pub candidates: Vec<AccountId>,
    /// Those of them who are in as many conversations as one can be.
    pub full: Vec<AccountId>,
}

impl<C> WithinLimit<C> {
    /// As far as nobody has looked yet, nobody is in too many.
    pub fn new(command: C, candidates: Vec<AccountId>) -> Self {
        Self { command, candidates, full: Vec::new() }
    }
}

impl<C: Command> Command for WithinLimit<C> {
    fn name(&self) -> &'static str {
        self.command.name()
    }

    fn stream(&self, names: &Names<'_>) -> StreamName {
        self.command.stream(names)
    }

    fn reads(&self, names: &Names<'_>) -> Vec<Read> {
        self.command.reads(names)
    }

    fn then_reads(&self, names: &Names<'_>, states: &States) -> Vec<Read> {
        self.command.then_reads(names, states)
    }

    fn last_reads(&self, names: &Names<'_>, states: &States) -> Vec<Read> {
        self.command.last_reads(names, states)
    }

    fn opens(&self, states: &States) -> Vec<SealedField> {
        self.command.opens(states)
    }

    /// What is forbidden or so already is told as ever; only who would come in is looked at.
    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let events = self.command.decide(states, context)?;
        let is_beyond =
            |event: &Event| matches!(event, Event::MemberJoined(joined) if self.full.contains(&joined.account));
        if events.iter().any(|(_, event)| is_beyond(event)) {
            return Err(Refusal::ConversationLimitReached);
        }
        Ok(events)
    }

    fn bytes(&self) -> usize {
        self.command.bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::add_member::AddMember;
    use crate::scenario::{ALICE, BOB, CAROL, DAVE, ROOM, given, group, joined, registered};
    use domain::conversation::values::MemberRole;

    fn add(account: AccountId, full: &[AccountId]) -> WithinLimit<AddMember> {
        let command = AddMember { conversation: ROOM, account, role: MemberRole::Member };
        WithinLimit { full: full.to_vec(), ..WithinLimit::new(command, vec![account]) }
    }

    #[test]
    fn who_is_in_as_many_as_one_can_be_comes_into_no_further_one() {
        let room = || group().into_iter().chain([registered(DAVE)]);
        given(room()).by(ALICE).when(add(DAVE, &[])).then([joined(DAVE, MemberRole::Member)]);
        given(room()).by(ALICE).when(add(DAVE, &[ALICE, BOB])).then([joined(DAVE, MemberRole::Member)]);
        given(room()).by(ALICE).when(add(DAVE, &[DAVE])).refused(Refusal::ConversationLimitReached);
    }

    #[test]
    fn who_is_in_already_and_what_is_forbidden_is_told_as_ever() {
        given(group()).by(ALICE).when(add(CAROL, &[CAROL])).then_it_is_already_so();
        given(group().into_iter().chain([registered(DAVE)]))
            .by(CAROL)
            .when(add(DAVE, &[DAVE]))
            .refused(Refusal::NotPermitted);
    }
}
